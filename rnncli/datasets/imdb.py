"""IMDB: English film reviews, positive or negative, half of them for training.

Maas et al., Learning word vectors for sentiment analysis, ACL 2011.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import model_validator

from rnncli.corpus import Source, Split
from rnncli.datasets.base import DataSpec

if TYPE_CHECKING:
    from rnncli.corpus import Corpus

__all__ = ["LABELS", "Imdb"]

LABELS = ("neg", "pos")
"""The labels in the order of their numbers."""

_BREAK = re.compile(r"(?:<br\s*/?>\s*)+", re.IGNORECASE)
_CONTROL = re.compile("[\x80-\x9f]")
_WINDOWS = {
    code: bytes([code]).decode("cp1252", errors="replace").replace("\ufffd", " ")
    for code in range(0x80, 0xA0)
}
_FILTERED = str.maketrans(dict.fromkeys('!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n', " "))
"""What Keras' text preprocessing took for a space; the apostrophe stays."""


class Imdb(DataSpec):
    """English film reviews by sentiment."""

    summary: ClassVar[str] = "IMDB: 50,000 English film reviews, positive or negative"

    name: Literal["imdb"]
    source: Literal["hub", "keras"] = "hub"
    """The raw texts of the hub, or Keras' word ids turned back into words."""
    path: str | None = None
    """A folder with train and test files, instead of the hub or `RNN_DATA`."""

    @model_validator(mode="after")
    def _path_takes_effect(self) -> Imdb:
        if self.path is not None and self.source == "keras":
            raise ValueError("path has no effect with source: keras; remove one of them")
        return self

    @property
    def known_labels(self) -> tuple[str, ...]:
        """See `DataSpec.known_labels`."""
        return LABELS

    def clean(self, text: str) -> str:
        """`<br />` as a space; Windows' control characters as what they were meant to be.

        With `source: keras`, also as Keras' word ids were made: lower case, no punctuation.
        """
        if not text.isascii() and _CONTROL.search(text):
            text = text.translate(_WINDOWS)
        while "<" in text and _BREAK.search(text):
            text = _BREAK.sub(" ", text)
        if self.source == "keras":
            return " ".join(text.lower().translate(_FILTERED).split())
        return text

    def load(self) -> Corpus:
        """See `DataSpec.load`."""
        from rnncli.datasets.assembly import assemble

        if self.source == "keras":
            parts, location, files = self._from_keras()
        else:
            found = self.files()
            parts, location, files = self._from_files(found) if found else self._from_hub()
        cleaning = "<br /> to a space, cp1252 control characters to what they meant"
        details = {"source": self.source, "cleaning": cleaning, "files": files}
        source = Source(self.name, location, "en", details=details)
        return assemble(self, LABELS, source, *parts)

    def files(self) -> dict[str, Path]:
        """See `DataSpec.files`."""
        from rnncli.datasets.local_copy import local_folder, split_file

        folder = None if self.source == "keras" else local_folder(self.name, self.path)
        if folder is None:
            return {}
        found = {
            split: split_file(folder, split, required=split != "validation")
            for split in ("train", "test", "validation")
        }
        return {split: file for split, file in found.items() if file is not None}

    def _from_files(self, files: dict[str, Path]) -> tuple[list[Split], str, dict[str, str]]:
        from rnncli.datasets.records import file_checksum

        parts = [self.read_labelled(file, LABELS)[0] for file in files.values()]
        checksums = {file.name: file_checksum(file) for file in files.values()}
        return parts, str(files["train"].parent), checksums

    def _from_hub(self) -> tuple[list[Split], str, dict[str, str]]:
        from rnncli.datasets.hub import load_from_hub

        loaded = load_from_hub(
            self.name,
            "stanfordnlp/imdb",
            None,
            splits=("train", "test"),
            columns=("text", "label"),
            labels=LABELS,
        )
        parts = [
            Split(
                [self.clean(text) for text in columns["text"]],
                columns["label"],
                [f"{name}-{number}" for number in range(len(columns["label"]))],
            )
            for name, columns in loaded.columns.items()
        ]
        return parts, loaded.location, {}

    def _from_keras(self) -> tuple[list[Split], str, dict[str, str]]:
        from rnncli.datasets.keras_imdb import INDEX_FROM, decoded, keras_imdb

        halves, ranks = keras_imdb(self.name)
        words = {rank + INDEX_FROM: word for word, rank in ranks.items()}
        parts = [
            Split(
                [decoded(ids, words) for ids in sequences],
                [int(label) for label in labels],
                [f"{name}-{number}" for number in range(len(labels))],
            )
            for name, (sequences, labels) in zip(("train", "test"), halves, strict=True)
        ]
        return parts, "keras.datasets.imdb", {}
