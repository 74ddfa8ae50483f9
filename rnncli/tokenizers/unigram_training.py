"""Training of a unigram subword model, deterministic and vectorised over all words.

Kudo 2018, section 3.2: begin with many substrings, then in turns estimate their probabilities
by EM over all segmentations of every word, and drop the pieces whose loss would cost the
likelihood least, until the vocabulary has its size. Two liberties are taken. What replaces a
dropped piece is the sum over its other segmentations, not the best of them; and the M-step
takes expected count - 1/2, close to the exp(digamma) of the variational Bayes in SentencePiece.
"""

from __future__ import annotations

import itertools
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Lattices", "train_pieces"]

MAXIMUM_LENGTH = 16
"""Longest piece, in characters; longer words are trained on in parts of this length."""
SEEDS_PER_PIECE = 8
"""Size of the seed vocabulary, relative to the final one."""
KEPT_PER_ROUND = 0.75
EM_STEPS = 2
LEAST_PROBABILITY = 1e-12
"""Keeps a word's probability, a product of at most 16 pieces', above the least float."""


class Lattices:
    """All segmentations of many words: nodes between characters, edges that are pieces."""

    def __init__(self, words: Sequence[str], index: Mapping[str, int]) -> None:
        """Enumerate the edges; `index` maps a piece to its place in a probability vector."""
        start, end, piece, word, offset = (array("q") for _ in range(5))
        lengths = np.array([len(w) for w in words], np.int64)
        self.last = np.cumsum(lengths + 1) - 1
        """[W] every word's last node."""
        self.first = self.last - lengths
        """[W] every word's first node."""
        for number, (string, base) in enumerate(zip(words, self.first.tolist(), strict=True)):
            for i in range(len(string)):
                for j in range(i + 1, min(len(string), i + MAXIMUM_LENGTH) + 1):
                    known = index.get(string[i:j])
                    if known is not None:
                        start.append(base + i)
                        end.append(base + j)
                        piece.append(known)
                        word.append(number)
                        offset.append(j)
        edges = np.array([start, end, piece, word, offset], np.int64)
        self.edges = edges[:, np.argsort(edges[4], kind="stable")]
        """[5, E] start node, end node, piece, word, characters before the end; by the last."""

    def restrict(self, keep: NDArray[np.bool_]) -> None:
        """Drop the edges whose piece is not kept."""
        self.edges = self.edges[:, keep[self.edges[2]]]

    def forward(self, probabilities: Floats) -> Floats:
        """[nodes] probability of reaching each node from its word's first."""
        start, end, piece, _, offset = self.edges
        weight = probabilities[piece]
        alpha = np.zeros(self._nodes)
        alpha[self.first] = 1.0
        for edges in _groups(offset):
            np.add.at(alpha, end[edges], alpha[start[edges]] * weight[edges])
        return alpha

    def backward(self, probabilities: Floats) -> Floats:
        """[nodes] probability of reaching the word's last node from each."""
        start, end, piece, word, _ = self.edges
        before = start - self.first[word]
        order = np.argsort(-before, kind="stable")
        weight = probabilities[piece]
        beta = np.zeros(self._nodes)
        beta[self.last] = 1.0
        for group in _groups(before[order]):
            edges = order[group]
            np.add.at(beta, start[edges], beta[end[edges]] * weight[edges])
        return beta

    def expected(self, probabilities: Floats, counts: Floats) -> Floats:
        """[pieces] expected count of each piece, the words standing `counts` [W] times."""
        start, end, piece, word, _ = self.edges
        alpha, beta = self.forward(probabilities), self.backward(probabilities)
        path = alpha[start] * probabilities[piece] * beta[end] / alpha[self.last][word]
        return np.bincount(piece, path * counts[word], len(probabilities)).astype(np.float64)

    @property
    def _nodes(self) -> int:
        return int(self.last[-1]) + 1 if len(self.last) else 0


def _groups(ordered: NDArray[np.int64]) -> list[slice]:
    """The runs of equal values."""
    bounds = np.flatnonzero(np.diff(ordered)) + 1
    edges = [0, *bounds.tolist(), len(ordered)]
    return [slice(a, b) for a, b in itertools.pairwise(edges) if b > a]


def train_pieces(
    words: Mapping[str, int], characters: Sequence[str], size: int, minimum_count: int
) -> list[tuple[str, float]]:
    """At most `size` pieces with their log probability, the most probable first.

    Every one of `characters`, which are all that the words consist of, is a piece.
    """
    parts: Counter[str] = Counter()
    for word, count in words.items():
        for i in range(0, len(word), MAXIMUM_LENGTH):
            parts[word[i : i + MAXIMUM_LENGTH]] += count
    strings = sorted(parts)
    if not strings:
        return []
    counts = np.array([parts[string] for string in strings], np.float64)
    occurrences = _substrings(parts)
    seeds = _seeds(occurrences, SEEDS_PER_PIECE * size, max(2, minimum_count))
    pieces = [*characters, *seeds]
    index = {piece: i for i, piece in enumerate(pieces)}
    single = np.arange(len(pieces)) < len(characters)
    lattices = Lattices(strings, index)
    others = Lattices(pieces, index)
    # A piece's own edge spans its whole lattice: without it, the other segmentations remain.
    others.edges = others.edges[:, others.edges[2] != others.edges[3]]
    keep = np.ones(len(pieces), np.bool_)
    probabilities = np.array([occurrences[piece] for piece in pieces], np.float64)
    probabilities /= probabilities.sum()
    while True:
        for _ in range(EM_STEPS):
            expected = lattices.expected(probabilities, counts)
            probabilities = np.where(keep, np.maximum(expected - 0.5, 0.0), 0.0)
            probabilities /= probabilities.sum()
            probabilities = np.where(keep, np.maximum(probabilities, LEAST_PROBABILITY), 0.0)
        alive = int(keep.sum())
        if alive <= size:
            break
        alternative = others.forward(probabilities)[others.last]
        with np.errstate(divide="ignore", invalid="ignore"):
            loss = expected * (np.log(probabilities) - np.log(alternative))
        loss = np.where(single, np.inf, np.where(keep, np.round(loss, 6), -np.inf))
        order = np.argsort(-loss, kind="stable")
        keep = np.zeros(len(pieces), np.bool_)
        keep[order[: max(size, int(KEPT_PER_ROUND * alive))]] = True
        probabilities = np.where(keep, probabilities, 0.0)
        lattices.restrict(keep)
        others.restrict(keep)
    scores = np.round(np.log(probabilities[keep]), 6)
    return sorted(
        zip((p for p, k in zip(pieces, keep, strict=True) if k), scores.tolist(), strict=True),
        key=lambda piece: (-piece[1], piece[0]),
    )


def _substrings(parts: Mapping[str, int]) -> Counter[str]:
    """How often every substring occurs."""
    counts: Counter[str] = Counter()
    for string, count in parts.items():
        for i in range(len(string)):
            for j in range(i + 1, len(string) + 1):
                counts[string[i:j]] += count
    return counts


def _seeds(occurrences: Mapping[str, int], size: int, minimum: int) -> list[str]:
    """The substrings of two characters and more that cover most text."""
    frequent = [
        (-count * len(piece), piece)
        for piece, count in occurrences.items()
        if len(piece) > 1 and count >= minimum
    ]
    return sorted(piece for _, piece in sorted(frequent)[:size])
