"""What is worth knowing of a corpus before a model sees it: balance, lengths, gaps, duplicates."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli.corpus import SPLITS, Corpus, Split
from rnncli.hanja_reading import has_hanja

if TYPE_CHECKING:
    from rnncli.tokenizers import FittedTokenizer

__all__ = [
    "CorpusStatistics",
    "Duplicates",
    "LabelStatistics",
    "Lengths",
    "Overlap",
    "SplitStatistics",
    "corpus_statistics",
    "duplicates",
    "lengths",
    "overlaps",
]


@dataclass(frozen=True)
class Lengths:
    """Percentiles of how long texts are; every one is a length that occurs."""

    mean: float
    p50: int
    p75: int
    p90: int
    p95: int
    p99: int
    max: int


@dataclass(frozen=True)
class LabelStatistics:
    """One label's texts in one split, or all texts of a split."""

    texts: int
    share: float
    """Of the split's texts, 0…1."""
    oov_rate: float
    """Share of the tokens that are not in the vocabulary, before truncation, 0…1."""
    truncation_rate: float
    """Share of the texts longer than the tokenizer's `max_length`, 0…1."""


@dataclass(frozen=True)
class Duplicates:
    """Texts that stand more than once in a split."""

    texts: int
    """How many could go without losing a different text."""
    contradicting: int
    """Different texts that stand there with more than one label."""


@dataclass(frozen=True)
class Overlap:
    """Texts of one split that also stand, letter for letter, in another."""

    texts: int
    """Texts of the second split, repetitions counted, that stand in the first."""
    share: float
    """Of the second split, 0…1."""
    contradicting: int
    """Those of them whose label there is none that the text has in the first."""


@dataclass(frozen=True)
class SplitStatistics:
    """One split."""

    all: LabelStatistics
    labels: Mapping[str, LabelStatistics]
    tokens: Lengths
    """Length in tokens, before truncation."""
    characters: Lengths
    empty: int
    """Texts without a token."""
    hanja_texts: int
    """Texts with at least one hanja, as the corpus has them: 0 once they are read as hangul."""
    duplicates: Duplicates


@dataclass(frozen=True)
class CorpusStatistics:
    """A corpus under a tokenizer."""

    vocabulary: int
    """Ids of the tokenizer, the two reserved ones included."""
    max_length: int
    splits: Mapping[str, SplitStatistics]
    overlaps: Mapping[str, Overlap]
    """By `first/second`, as `train/test`."""

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data, ready for JSON."""
        return asdict(self)


def corpus_statistics(corpus: Corpus, tokenizer: FittedTokenizer) -> CorpusStatistics:
    """Describe every split under a tokenizer fitted on its train split."""
    return CorpusStatistics(
        vocabulary=len(tokenizer.vocabulary),
        max_length=tokenizer.spec.max_length,
        splits={name: _split(corpus[name], corpus.label_names, tokenizer) for name in SPLITS},
        overlaps=overlaps(corpus),
    )


def lengths(values: Sequence[int]) -> Lengths:
    """Mean and percentiles of lengths; all 0 if there are none."""
    if not values:
        return Lengths(0.0, 0, 0, 0, 0, 0, 0)
    points = np.percentile(values, (50, 75, 90, 95, 99, 100), method="inverted_cdf")
    return Lengths(float(np.mean(values)), *(int(point) for point in points))


def duplicates(split: Split) -> Duplicates:
    """Count a split's repeated texts."""
    labels = _labels_by_text(split)
    return Duplicates(len(split) - len(labels), sum(len(found) > 1 for found in labels.values()))


def overlaps(corpus: Corpus) -> dict[str, Overlap]:
    """Count the texts that stand in two splits, for each pair of splits."""
    by_text = {name: _labels_by_text(corpus[name]) for name in SPLITS}
    found = {}
    for first, second in combinations(SPLITS, 2):
        split, known = corpus[second], by_text[first]
        pairs = zip(split.texts, split.labels, strict=True)
        shared = [(text, label) for text, label in pairs if text in known]
        found[f"{first}/{second}"] = Overlap(
            len(shared),
            _ratio(len(shared), len(split)),
            sum(label not in known[text] for text, label in shared),
        )
    return found


def _split(split: Split, names: Sequence[str], tokenizer: FittedTokenizer) -> SplitStatistics:
    known, limit = tokenizer.known, tokenizer.spec.max_length
    sizes: list[int] = []
    unknown: list[int] = []
    for text in split.texts:
        tokens = tokenizer.tokens(text)
        sizes.append(len(tokens))
        unknown.append(sum(token not in known for token in tokens))
    rows: dict[int, list[int]] = defaultdict(list)
    for row, label in enumerate(split.labels):
        rows[label].append(row)

    def described(chosen: Sequence[int]) -> LabelStatistics:
        return LabelStatistics(
            texts=len(chosen),
            share=_ratio(len(chosen), len(split)),
            oov_rate=_ratio(sum(unknown[row] for row in chosen), sum(sizes[row] for row in chosen)),
            truncation_rate=_ratio(sum(sizes[row] > limit for row in chosen), len(chosen)),
        )

    return SplitStatistics(
        all=described(range(len(split))),
        labels={name: described(rows[index]) for index, name in enumerate(names)},
        tokens=lengths(sizes),
        characters=lengths([len(text) for text in split.texts]),
        empty=sizes.count(0),
        hanja_texts=sum(map(has_hanja, split.texts)),
        duplicates=duplicates(split),
    )


def _labels_by_text(split: Split) -> dict[str, Counter[int]]:
    found: dict[str, Counter[int]] = defaultdict(Counter)
    for text, label in zip(split.texts, split.labels, strict=True):
        found[text][label] += 1
    return found


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
