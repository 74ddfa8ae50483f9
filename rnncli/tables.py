"""The tables of a run: epochs and confusion as CSV, predictions as Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from rnncli.atomic import read_bytes, read_text, write_bytes, write_text
from rnncli.errors import StorageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "Epoch",
    "Predictions",
    "read_confusion",
    "read_history",
    "read_predictions",
    "write_confusion",
    "write_history",
    "write_predictions",
]


@dataclass(frozen=True)
class Epoch:
    """One line of `history.csv`; the fields are its columns."""

    epoch: int
    """Counted from 1."""
    loss: float
    """Mean training loss over the epoch."""
    validation_loss: float
    validation_accuracy: float
    validation_macro_f1: float
    learning_rate: float
    """At the epoch's end."""
    seconds: float
    """Of the whole epoch, validation included."""
    texts_per_second: float
    """Of training alone."""
    improved: bool
    """Whether this was the best epoch so far on the monitored metric."""


@dataclass(frozen=True)
class Predictions:
    """What a model said about labelled texts; labels are indices into `label_names`."""

    ids: Sequence[str]
    texts: Sequence[str]
    gold: NDArray[np.integer]
    """[N]."""
    probabilities: NDArray[np.floating]
    """[N, C]; the predicted label is the row's argmax."""
    label_names: tuple[str, ...]

    @property
    def predicted(self) -> NDArray[np.integer]:
        """[N], index of the most probable label."""
        best: NDArray[np.integer] = self.probabilities.argmax(axis=1)
        return best


def write_history(path: Path, epochs: Sequence[Epoch]) -> None:
    """Write the whole table, floats so that they read back exactly.

    Raises:
        StorageError: the file cannot be written.
    """
    rows = [[int(v) if isinstance(v, bool) else v for v in astuple(epoch)] for epoch in epochs]
    _write_csv(path, [[field.name for field in fields(Epoch)], *rows])


def read_history(path: Path) -> list[Epoch]:
    """Read the epochs back, in order.

    Raises:
        StorageError: the file is missing or damaged.
    """
    header, *rows = _read_csv(path)
    expected = [field.name for field in fields(Epoch)]
    if header != expected:
        raise StorageError(f"{path}: line 1 is {header}, expected {expected}: not a history file")
    epochs = []
    for line, row in enumerate(rows, start=2):
        try:
            cells = dict(zip(expected, row, strict=True))
            number, improved = int(cells.pop("epoch")), bool(int(cells.pop("improved")))
            values = {name: float(text) for name, text in cells.items()}
            epochs.append(Epoch(epoch=number, improved=improved, **values))
        except ValueError as error:
            message = f"{path}, line {line}: {','.join(row)!r} is not an epoch: damaged; restore it"
            raise StorageError(message) from error
    return epochs


def write_confusion(
    path: Path, label_names: Sequence[str], counts: Sequence[Sequence[int]]
) -> None:
    """Write counts [C gold, C predicted] with the label names around them.

    Raises:
        StorageError: the file cannot be written.
    """
    rows = [[name, *map(int, row)] for name, row in zip(label_names, counts, strict=True)]
    _write_csv(path, [["gold \\ predicted", *label_names], *rows])


def read_confusion(path: Path) -> tuple[tuple[str, ...], list[list[int]]]:
    """Read label names and counts [C gold, C predicted].

    Raises:
        StorageError: the file is missing or damaged.
    """
    (_, *names), *rows = _read_csv(path)
    try:
        counts = [[int(value) for value in row[1:]] for row in rows]
    except ValueError as error:
        raise StorageError(f"{path}: {error}: damaged; restore it") from error
    if [row[0] for row in rows] != names or any(len(row) != len(names) for row in counts):
        raise StorageError(f"{path}: rows and columns do not match: damaged; restore it")
    return tuple(names), counts


def write_predictions(path: Path, predictions: Predictions) -> None:
    """Write id, text, gold, predicted (names) and the list `probabilities`, in label order.

    The label order stands in the schema's metadata under `labels`, as JSON.

    Raises:
        StorageError: the file cannot be written.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = pa.array(predictions.label_names, pa.string())
    flat = np.ascontiguousarray(predictions.probabilities, dtype=np.float32).ravel()
    columns = {
        "id": pa.array([_encodable(value) for value in predictions.ids], pa.string()),
        "text": pa.array([_encodable(value) for value in predictions.texts], pa.string()),
        "gold": names.take(pa.array(predictions.gold)),
        "predicted": names.take(pa.array(predictions.predicted)),
        "probabilities": pa.FixedSizeListArray.from_arrays(pa.array(flat), len(names)),
    }
    labels = json.dumps(predictions.label_names, ensure_ascii=False)
    table = pa.table(columns).replace_schema_metadata({"labels": labels})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    write_bytes(path, buffer.getvalue())


def read_predictions(path: Path) -> Predictions:
    """Read predictions back; probabilities are float32.

    Raises:
        StorageError: the file is missing or damaged.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = read_bytes(path)
    try:
        table = pq.read_table(io.BytesIO(data), use_threads=False).combine_chunks()
        names: list[str] = json.loads(table.schema.metadata[b"labels"])
        index = {name: position for position, name in enumerate(names)}
        flat = np.array([p for row in table["probabilities"].to_pylist() for p in row], np.float32)
        return Predictions(
            ids=table["id"].to_pylist(),
            texts=table["text"].to_pylist(),
            gold=np.array([index[name] for name in table["gold"].to_pylist()], np.int64),
            probabilities=flat.reshape(-1, len(names)),
            label_names=tuple(names),
        )
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        detail = str(error).partition("\n")[0]
        raise StorageError(f"{path}: not a predictions file ({detail}): restore it") from error


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _write_csv(path: Path, rows: Sequence[Sequence[object]]) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    write_text(path, buffer.getvalue())


def _read_csv(path: Path) -> list[list[str]]:
    try:
        rows = list(csv.reader(io.StringIO(read_text(path), newline=""), strict=True))
    except csv.Error as error:
        raise StorageError(f"{path}: not CSV ({error}): damaged; restore it") from error
    if not rows or not all(rows):
        raise StorageError(f"{path}: empty table or line: damaged; restore it")
    return rows
