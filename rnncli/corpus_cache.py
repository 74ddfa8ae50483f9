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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from rnncli import checkpoint
from rnncli.atomic import A_DAY, make_folder, remove_leftovers
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
        remove_leftovers(folder, older=A_DAY)
        checkpoint.save(entry, *_packed(corpus))
    return corpus


def _packed(corpus: Corpus) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    checksums: dict[str, str] = {}
    parts = [*((name, corpus[name]) for name in SPLITS), (_AUXILIARY, corpus.auxiliary)]
    for name, split in parts:
        arrays[f"{name}/labels"] = np.asarray(split.labels, np.int64)
        checksums[name] = split.checksum()
        for what, strings in (("texts", split.texts), ("ids", split.ids)):
            arrays[f"{name}/{what}"] = _bytes("".join(strings))
            sizes = np.fromiter(map(len, strings), np.int64, len(strings))
            arrays[f"{name}/{what}/sizes"] = sizes
    return arrays, {
        "label_names": corpus.label_names,
        "auxiliary_names": corpus.auxiliary_names,
        "source": asdict(corpus.source),
        "checksums": checksums,
        "overlap": corpus.train_test_overlap(),
    }


def _unpacked(arrays: Mapping[str, NDArray[Any]], meta: Any) -> Corpus:
    def split(name: str) -> Split:
        return Split(
            _Strings(arrays[f"{name}/texts"], arrays[f"{name}/texts/sizes"]),
            arrays[f"{name}/labels"].tolist(),
            _Strings(arrays[f"{name}/ids"], arrays[f"{name}/ids/sizes"]),
            meta["checksums"][name],
        )

    return Corpus(
        tuple(meta["label_names"]),
        {name: split(name) for name in SPLITS},
        Source(**meta["source"]),
        tuple(meta["auxiliary_names"]),
        split(_AUXILIARY),
        meta["overlap"],
    )


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)


class _Strings(Sequence[str]):
    """Strings that lie side by side as UTF-8, and are cut apart when the first is asked for.

    A training that finds its tokens in their cache reads no text before its first epoch is over.
    """

    def __init__(self, data: NDArray[np.uint8], sizes: NDArray[np.int64]) -> None:
        """Take the bytes [total] and the characters of each string [N]."""
        self._data = data
        self._sizes = sizes

    @cached_property
    def _all(self) -> list[str]:
        whole = self._data.tobytes().decode("utf-8", "surrogatepass")
        del self._data
        ends = np.cumsum(self._sizes).tolist()
        return [whole[start:end] for start, end in zip([0, *ends], ends, strict=False)]

    def __len__(self) -> int:
        return len(self._sizes)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        return self._all[index]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)


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
