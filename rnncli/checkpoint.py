"""Checkpoints that cannot be half there: arrays and JSON in one npz, sealed with a SHA-256.

The file is an uncompressed npz without pickles, as `numpy.load` reads it, followed by
`sha256:<digest>` of all bytes before: a truncated or flipped byte anywhere is found on loading.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from rnncli.atomic import make_folder, read_bytes, replacing
from rnncli.errors import StorageError

__all__ = ["KEPT", "Checkpoint", "latest", "load", "save", "save_epoch"]

KEPT = 2
"""How many epochs' checkpoints stay, so that a damaged newest one has a predecessor."""

_SEAL = b"sha256:"
_SEAL_LENGTH = len(_SEAL) + 64
_NAME = re.compile(r"epoch-(\d{4,})\.npz")

Arrays = dict[str, NDArray[Any]]
Named = Mapping[str, NDArray[Any]] | Iterable[tuple[str, NDArray[Any]]]


@dataclass(frozen=True)
class Checkpoint:
    """The state at the end of an epoch."""

    epoch: int
    arrays: Arrays
    meta: Any
    path: Path
    warning: str = ""
    """Set when a newer checkpoint was damaged and passed over."""


def save(path: Path, arrays: Named, meta: object) -> None:
    """Write arrays of any shape and number type, and JSON-ready data, atomically.

    They go to the file one by one: a model's whole state is large, and a copy of it tells in the
    peak of memory. `bfloat16` and its kin, which NumPy cannot store, go in as unsigned integers of
    their size. JSON keeps floats exactly, ±∞ and NaN included, and turns tuples into lists.

    Raises:
        StorageError: the file cannot be written.
    """
    index: list[tuple[str, str]] = []
    pairs = arrays.items() if isinstance(arrays, Mapping) else arrays
    with replacing(path) as temporary, temporary.open("wb") as file:
        sealing = _Sealing(file)
        with zipfile.ZipFile(sealing, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]
            for number, (name, array) in enumerate(pairs):
                index.append((name, array.dtype.name))
                _add(archive, f"array-{number}", _storable(array))
            head = json.dumps({"index": index, "meta": meta}, ensure_ascii=True).encode()
            _add(archive, "head", np.frombuffer(head, np.uint8))
        file.write(_SEAL + sealing.digest.hexdigest().encode())


class _Sealing:
    """A file that is only written on, and the digest of what was."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def write(self, data: bytes | memoryview) -> int:
        self.digest.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


def load(path: Path) -> tuple[Arrays, Any]:
    """Read what `save` wrote: the arrays by name, with their types, and the JSON data.

    Raises:
        StorageError: the file is missing, truncated or changed.
    """
    data = read_bytes(path)
    payload, seal = data[:-_SEAL_LENGTH], data[-_SEAL_LENGTH:]
    if seal != _SEAL + hashlib.sha256(payload).hexdigest().encode():
        message = "its checksum does not fit its content: truncated or damaged"
        raise StorageError(f"{path}: {message}; delete it to resume from an earlier epoch")
    try:
        with np.load(io.BytesIO(payload), allow_pickle=False) as archive:
            head = json.loads(archive["head"].tobytes())
            arrays = {
                name: _restored(archive[f"array-{number}"], dtype)
                for number, (name, dtype) in enumerate(head["index"])
            }
            return arrays, head["meta"]
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise StorageError(f"{path}: not a checkpoint of this program ({error})") from error


def save_epoch(folder: Path, epoch: int, arrays: Named, meta: object) -> Path:
    """Write `epoch-0003.npz` and drop all but the last two, and any of later epochs.

    Raises:
        StorageError: the file cannot be written; the earlier ones are still there.
    """
    make_folder(folder)
    path = folder / f"epoch-{epoch:04d}.npz"
    save(path, arrays, meta)
    for other, old in _epochs(folder).items():
        if not epoch - KEPT < other <= epoch:
            with suppress(OSError):
                old.unlink()
    return path


def latest(folder: Path) -> Checkpoint | None:
    """The newest whole checkpoint, with a warning if newer ones were damaged; None without any.

    Raises:
        StorageError: there are checkpoints, and all of them are damaged.
    """
    problems: list[str] = []
    for epoch, path in sorted(_epochs(folder).items(), reverse=True):
        try:
            arrays, meta = load(path)
        except StorageError as error:
            problems.append(str(error))
            continue
        passed = "; ".join(problems)
        warning = f"{passed}; continuing from epoch {epoch} instead" if problems else ""
        return Checkpoint(epoch, arrays, meta, path, warning)
    if problems:
        message = "no checkpoint can be read; train with --force to start from nothing"
        raise StorageError(f"{folder}: {message} ({'; '.join(problems)})")
    return None


def _epochs(folder: Path) -> dict[int, Path]:
    paths = folder.iterdir() if folder.is_dir() else ()
    return {int(match[1]): path for path in paths if (match := _NAME.fullmatch(path.name))}


def _add(archive: zipfile.ZipFile, name: str, array: NDArray[Any]) -> None:
    entry = zipfile.ZipInfo(f"{name}.npy")
    with archive.open(entry, "w", force_zip64=True) as file:
        np.lib.format.write_array(file, array, allow_pickle=False)


def _is_foreign(dtype: np.dtype[Any]) -> bool:
    """Whether the type comes from ml_dtypes: NumPy would store it as nameless bytes."""
    return dtype.type.__module__.startswith("ml_dtypes")


def _storable(array: NDArray[Any]) -> NDArray[Any]:
    return array.view(f"u{array.dtype.itemsize}") if _is_foreign(array.dtype) else array


def _restored(array: NDArray[Any], dtype: str) -> NDArray[Any]:
    if array.dtype.name == dtype:
        return array
    import ml_dtypes

    return array.view(np.dtype(getattr(ml_dtypes, dtype)))
