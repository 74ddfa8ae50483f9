"""What every data set loads into: texts and labels in three splits, and where they came from."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["SPLITS", "Corpus", "Source", "Split", "SplitName"]

SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Texts with their labels (indices into `Corpus.label_names`) and stable ids."""

    texts: Sequence[str]
    labels: Sequence[int]
    ids: Sequence[str]
    known_checksum: str = field(default="", compare=False, repr=False)
    """What `checksum` finds, where that has been done before."""

    def __len__(self) -> int:
        """Number of texts."""
        return len(self.texts)

    def checksum(self) -> str:
        """SHA-256 over ids, texts and labels, in order: equal exactly when the split is equal."""
        if self.known_checksum:
            return self.known_checksum
        digest = hashlib.sha256()
        for identifier, text, label in zip(self.ids, self.texts, self.labels, strict=True):
            digest.update(f"{identifier}\x1f{text}\x1f{label}\x1e".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()


@dataclass(frozen=True)
class Source:
    """Where a corpus came from, as it is recorded with a run."""

    name: str
    """The data set's name in a config, `klue-tc` for one."""
    location: str
    """What was read: a hub id with its revision, a folder, or `built in`."""
    language: str
    """`ko`, `en`, or `und` when unknown."""
    synthetic: bool = False
    """Whether the texts were generated rather than written by people."""
    details: Mapping[str, object] = field(default_factory=dict)
    """Further facts worth recording: file checksums, topics, cleaning done."""


@dataclass(frozen=True)
class Corpus:
    """A data set ready for a tokenizer. `validation` is always carved from train unless given."""

    label_names: tuple[str, ...]
    splits: Mapping[SplitName, Split]
    source: Source
    auxiliary_names: tuple[str, ...] = ()
    """Further labels that a model learns to tell apart, but is not asked for."""
    auxiliary: Split = field(default_factory=lambda: Split([], [], []))
    """Training texts of those labels, which are numbered after `label_names`."""
    known_overlap: int | None = field(default=None, compare=False, repr=False)
    """What `train_test_overlap` finds, where that has been done before."""

    def __getitem__(self, split: SplitName) -> Split:
        """The split of that name."""
        return self.splits[split]

    @property
    def training_names(self) -> tuple[str, ...]:
        """All labels a model learns: those it is asked for, then the auxiliary ones."""
        return self.label_names + self.auxiliary_names

    @property
    def training(self) -> Split:
        """All texts a model learns from: `train`, then `auxiliary`."""
        if not len(self.auxiliary):
            return self["train"]
        parts = (self["train"], self.auxiliary)
        return Split(
            [text for part in parts for text in part.texts],
            [label for part in parts for label in part.labels],
            [identifier for part in parts for identifier in part.ids],
        )

    def train_test_overlap(self) -> int:
        """How many test texts stand verbatim in train, auxiliary texts included."""
        if self.known_overlap is not None:
            return self.known_overlap
        train = set(self.training.texts)
        return sum(text in train for text in self["test"].texts)

    def label_counts(self, split: SplitName) -> dict[str, int]:
        """How many texts each label has in a split, labels in their fixed order."""
        counts = Counter(self.splits[split].labels)
        return {name: counts.get(index, 0) for index, name in enumerate(self.label_names)}
