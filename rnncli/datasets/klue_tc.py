"""KLUE-TC (YNAT): Korean headlines of the Yonhap news agency, 2016 to 2020, in seven topics.

Park et al., KLUE: Korean language understanding evaluation, NeurIPS Datasets and Benchmarks 2021.
CC-BY-SA-4.0. The official test labels are not public: the official validation split is our test.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from rnncli.corpus import Source, Split
from rnncli.datasets.base import DataSpec
from rnncli.spec import Names

if TYPE_CHECKING:
    from rnncli.corpus import Corpus

__all__ = ["TOPICS", "KlueTc"]

TOPICS = ("IT과학", "경제", "사회", "생활문화", "세계", "스포츠", "정치")
"""The topics in the order of their numbers on the hub."""


class KlueTc(DataSpec):
    """Korean headlines by topic."""

    summary: ClassVar[str] = "KLUE-TC: Korean headlines, seven topics (정치·경제·스포츠 by default)"
    suits: ClassVar[str] = "character"

    name: Literal["klue-tc"]
    topics: Annotated[Names, Field(min_length=2)] = ("정치", "경제", "스포츠")
    """Which topics to tell apart, in the order of the labels."""
    auxiliary_topics: Names = ()
    """Further topics to learn beside them, from their training texts; never predicted."""
    hanja: Literal["hangul", "keep"] = "hangul"
    """Read hanja as hangul, or keep them."""
    path: str | None = None
    """A folder with train and test files, instead of the hub or `RNN_DATA`."""

    @field_validator("topics", "auxiliary_topics")
    @classmethod
    def _known_topics(cls, topics: tuple[str, ...]) -> tuple[str, ...]:
        for topic in topics:
            if topic not in TOPICS:
                near = difflib.get_close_matches(topic, TOPICS, n=1, cutoff=0.3)
                hint = f"did you mean {near[0]}? " if near else ""
                raise ValueError(f"unknown topic {topic!r}; {hint}there are {', '.join(TOPICS)}")
        repeated = sorted({topic for topic in topics if topics.count(topic) > 1})
        if repeated:
            raise ValueError(f"topic {repeated[0]} is given twice; name each once")
        return topics

    @field_validator("auxiliary_topics")
    @classmethod
    def _further_topics(cls, further: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for topic in further:
            if topic in info.data.get("topics", ()):
                raise ValueError(f"topic {topic} stands in topics already; name it once")
        return further

    @property
    def known_labels(self) -> tuple[str, ...]:
        """See `DataSpec.known_labels`."""
        return self.topics

    @property
    def auxiliary_labels(self) -> tuple[str, ...]:
        """See `DataSpec.auxiliary_labels`."""
        return self.auxiliary_topics

    def clean(self, text: str) -> str:
        """NFC; with `hanja: hangul`, hanja read as hangul."""
        from rnncli.hanja_reading import to_hangul

        return to_hangul(text) if self.hanja == "hangul" else unicodedata.normalize("NFC", text)

    def load(self) -> Corpus:
        """See `DataSpec.load`."""
        from rnncli.datasets.assembly import assemble
        from rnncli.datasets.splitting import divided

        found = self.files()
        parts, location, files = self._from_files(found) if found else self._from_hub()
        read, test, *validation = parts
        train, auxiliary = divided(read, len(self.topics))
        details = {
            "topics": list(self.topics),
            "auxiliary_topics": list(self.auxiliary_topics),
            "hanja": self.hanja,
            "cleaning": "NFC",
            "files": files,
        }
        source = Source(self.name, location, "ko", details=details)
        given = validation[0] if validation else None
        return assemble(self, self.topics, source, train, test, given, auxiliary)

    def files(self) -> dict[str, Path]:
        """See `DataSpec.files`."""
        from rnncli.datasets.local_copy import local_folder, split_file

        folder = local_folder(self.name, self.path)
        if folder is None:
            return {}
        validation = split_file(folder, "validation", required=False)
        test = split_file(folder, "test", required=False)
        if test is None:  # as on the hub, where the official validation is our test
            test, validation = validation or split_file(folder, "test"), None
        found = {"train": split_file(folder, "train"), "test": test, "validation": validation}
        return {split: file for split, file in found.items() if file is not None}

    def _from_files(self, files: dict[str, Path]) -> tuple[list[Split], str, dict[str, str]]:
        from rnncli.datasets.records import file_checksum

        parts = [self.read_labelled(file, self._names(split))[0] for split, file in files.items()]
        checksums = {file.name: file_checksum(file) for file in files.values()}
        return parts, str(files["train"].parent), checksums

    def _from_hub(self) -> tuple[list[Split], str, dict[str, str]]:
        from rnncli.datasets.hub import load_from_hub

        loaded = load_from_hub(
            self.name,
            "klue/klue",
            "ynat",
            splits=("train", "validation"),
            columns=("guid", "title", "label"),
            labels=TOPICS,
        )
        parts = []
        for split, columns in loaded.columns.items():
            index = {TOPICS.index(topic): label for label, topic in enumerate(self._names(split))}
            kept = [row for row, label in enumerate(columns["label"]) if label in index]
            parts.append(
                Split(
                    [self.clean(columns["title"][row]) for row in kept],
                    [index[columns["label"][row]] for row in kept],
                    [columns["guid"][row] for row in kept],
                )
            )
        return parts, loaded.location, {}

    def _names(self, split: str) -> tuple[str, ...]:
        """The topics read of a split, in the order of their numbers."""
        return self.topics + self.auxiliary_topics if split == "train" else self.topics

    def _columns(self) -> tuple[Sequence[str], Sequence[str]]:
        return ("text", "title"), ("label",)

    def _numbered(self, label_names: Sequence[str]) -> Sequence[str]:
        return TOPICS

    def _other_labels(self) -> Sequence[str]:
        return TOPICS
