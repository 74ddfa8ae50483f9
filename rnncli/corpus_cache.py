"""Corpora read from files and cleaned, kept on disk by content, shared by all runs of a folder.

Reading and cleaning a corpus takes seconds (hanja, `<br />`, gzip, JSON), its texts in one array a
fraction of one. An entry is a sealed file as `rnncli.checkpoint` writes them, named by a checksum
over the files' content, the `data:` section and the source that reads them. Deleting it loses
nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli import checkpoint
from rnncli.atomic import make_folder
from rnncli.corpus import SPLITS, Corpus, Source, Split
from rnncli.datasets.records import file_checksum
from rnncli.errors import StorageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.datasets.base import DataSpec

__all__ = ["corpus_of"]

_AUXILIARY = "auxiliary"
_READERS = ("datasets", "hanja_reading.py", "tokenizers/cleaning.py")
"""The source behind a corpus; a changed rule is another entry."""


def corpus_of(spec: DataSpec, folder: Path) -> Corpus:
    """The data set, from the cache if it has it.

    Args:
        spec: the `data:` section.
        folder: where entries lie; made if need be. A full or read-only disk is no error.

    Raises:
        DataError: see `DataSpec.load`.
    """
    files = spec.files()
    try:
        entry = folder / f"{_key(spec, files)}.npz" if files else None
    except OSError:  # `load` tells what is wrong with a file
        entry = None
    if entry is None:
        return spec.load()
    if entry.is_file():
        with contextlib.suppress(StorageError, KeyError, ValueError, TypeError):
            return _unpacked(*checkpoint.load(entry))
    corpus = spec.load()
    with contextlib.suppress(OSError, StorageError):
        make_folder(folder)
        checkpoint.save(entry, *_packed(corpus))
    return corpus


def _packed(corpus: Corpus) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    parts = [*((name, corpus[name]) for name in SPLITS), (_AUXILIARY, corpus.auxiliary)]
    for name, split in parts:
        arrays[f"{name}/labels"] = np.asarray(split.labels, np.int64)
        for what, strings in (("texts", split.texts), ("ids", split.ids)):
            arrays[f"{name}/{what}"] = _bytes("".join(strings))
            sizes = np.fromiter(map(len, strings), np.int64, len(strings))
            arrays[f"{name}/{what}/sizes"] = sizes
    names = {"label_names": corpus.label_names, "auxiliary_names": corpus.auxiliary_names}
    return arrays, {**names, "source": asdict(corpus.source)}


def _unpacked(arrays: Mapping[str, NDArray[Any]], meta: Any) -> Corpus:
    return Corpus(
        tuple(meta["label_names"]),
        {name: _split(arrays, name) for name in SPLITS},
        Source(**meta["source"]),
        tuple(meta["auxiliary_names"]),
        _split(arrays, _AUXILIARY),
    )


def _split(arrays: Mapping[str, NDArray[Any]], name: str) -> Split:
    return Split(
        _strings(arrays[f"{name}/texts"], arrays[f"{name}/texts/sizes"]),
        arrays[f"{name}/labels"].tolist(),
        _strings(arrays[f"{name}/ids"], arrays[f"{name}/ids/sizes"]),
    )


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)


def _strings(data: NDArray[np.uint8], sizes: NDArray[np.int64]) -> Sequence[str]:
    whole = data.tobytes().decode("utf-8", "surrogatepass")
    ends = np.cumsum(sizes).tolist()
    return [whole[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _key(spec: DataSpec, files: Mapping[str, Path]) -> str:
    source = hashlib.sha256()
    here = Path(__file__).parent
    for name in _READERS:
        paths = sorted((here / name).glob("*.py")) if (here / name).is_dir() else [here / name]
        for path in paths:
            source.update(path.read_bytes())
    parts: list[Any] = [
        spec.model_dump(mode="json"),
        {split: [str(path), file_checksum(path)] for split, path in files.items()},
        source.hexdigest(),
        version("hanja"),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
