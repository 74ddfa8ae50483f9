"""Tokenized corpora kept on disk by content, shared by all runs of a folder.

An entry is a folder named by a checksum over the texts, the `text:` section, the tokenizers' own
source and the packages behind them; it is filled under a temporary name and then renamed, so that
parallel runs see it whole or not at all. The ids are memory-mapped. Deleting it loses nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli.atomic import (
    A_DAY,
    TEMPORARY_PREFIX,
    make_folder,
    read_text,
    remove_leftovers,
    replacing,
    write_text,
)
from rnncli.batching import Encoded
from rnncli.corpus import SPLITS, Corpus, SplitName
from rnncli.errors import StorageError
from rnncli.tokenizers.state import from_json, to_json

if TYPE_CHECKING:
    from rnncli.tokenizers import FittedTokenizer
    from rnncli.tokenizers.base import TokenizerSpec

    Tokenized = tuple[FittedTokenizer, Mapping[SplitName, Encoded]]

__all__ = ["tokens_of"]

_TOKENIZER = "tokenizer.json"


def tokens_of(
    spec: TokenizerSpec, corpus: Corpus, folder: Path, tokenize: Callable[[], Tokenized]
) -> Tokenized:
    """The tokenizer fitted on train and the ids of every split, from the cache if it has them.

    Args:
        spec: the `text:` section.
        corpus: the texts.
        folder: where entries lie; made if need be. A full or read-only disk is no error.
        tokenize: does the work when the cache has no whole entry.
    """
    entry = folder / _key(spec, corpus)
    found = _read(spec, entry)
    if found is not None:
        return found
    tokenized = tokenize()
    with contextlib.suppress(OSError, StorageError):
        _write(entry, tokenized)
        return _read(spec, entry) or tokenized
    return tokenized


def _read(spec: TokenizerSpec, entry: Path) -> Tokenized | None:
    """The entry; None, and no entry any more, if it is missing or damaged."""
    if not entry.is_dir():
        return None
    try:
        tokenizer = from_json(spec, read_text(entry / _TOKENIZER))
        return tokenizer, {name: _load(entry, name) for name in SPLITS}
    except (OSError, EOFError, ValueError, StorageError):
        shutil.rmtree(entry, ignore_errors=True)
        return None


def _load(entry: Path, name: SplitName) -> Encoded:
    ids = np.load(entry / f"{name}.ids.npy", mmap_mode="r", allow_pickle=False)
    offsets = np.load(entry / f"{name}.offsets.npy", allow_pickle=False)
    if offsets[-1] != len(ids):
        raise ValueError(f"{entry}: {name} is cut")
    return Encoded(ids, offsets)


def _write(entry: Path, tokenized: Tokenized) -> None:
    tokenizer, encoded = tokenized
    make_folder(entry.parent)
    remove_leftovers(entry.parent, older=A_DAY)
    temporary = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=entry.parent))
    try:
        for name, split in encoded.items():
            for part, array in (("ids", split.ids), ("offsets", split.offsets)):
                with replacing(temporary / f"{name}.{part}.npy") as path:
                    np.save(path, array)
        write_text(temporary / _TOKENIZER, to_json(tokenizer))
        temporary.rename(entry)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _key(spec: TokenizerSpec, corpus: Corpus) -> str:
    parts: list[Any] = [
        spec.model_dump(mode="json"),
        [split.checksum() for split in (*map(corpus.__getitem__, SPLITS), corpus.auxiliary)],
        _source(),
        [_version("tokenizers"), _version("kiwipiepy")],
        [sys.version_info[:2], unicodedata.unidata_version],
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _source() -> str:
    """A checksum of the tokenizers' own code: a changed rule is another entry."""
    digest = hashlib.sha256()
    for path in sorted((Path(__file__).parent / "tokenizers").glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
