"""A fitted tokenizer whose every position carries the ids of its 1..N-grams.

An n-gram is handled as a pair of integers, the n-1-gram it begins with and its last token, so
that counting and lookup run in NumPy over a whole corpus. A vocabulary holds it as one string:
characters side by side, words with a space between, so that it names its order by itself.
"""

from __future__ import annotations

import itertools
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from rnncli.tokenizers.base import RESERVED, UNKNOWN, FittedTokenizer
from rnncli.tokenizers.counted import TokenIds
from rnncli.tokenizers.state import damaged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.tokenizers.splitting import NgramSpec

__all__ = ["NgramTokenizer", "count_ngrams"]


class _Grams(NamedTuple):
    """The frequent n-grams of one order n, G of them."""

    prefix: NDArray[np.int64]
    """[G] index of the n-1-gram it begins with, among those of order n - 1."""
    last: NDArray[np.int64]
    """[G] index of its last token among the 1-grams."""
    counts: NDArray[np.int64]
    """[G] occurrences."""


def _remaining(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """[sum of lengths] how many tokens a text has from each position to its end."""
    return np.repeat(np.cumsum(lengths), lengths) - np.arange(lengths.sum())


def count_ngrams(spec: NgramSpec, texts: Iterable[str]) -> list[tuple[int, int, str]]:
    """The n-grams that may enter the vocabulary: (-count, order, n-gram), sorted."""
    types: defaultdict[str, int] = defaultdict(itertools.count().__next__)
    flat, lengths = array("q"), array("q")
    for text in texts:
        tokens = spec.split(text)
        flat.extend(map(types.__getitem__, tokens))
        lengths.append(len(tokens))
    if not flat:
        return []
    first = np.frombuffer(flat, np.int64)
    remaining = _remaining(np.frombuffer(lengths, np.int64))
    counts = np.bincount(first, minlength=len(types))
    frequent = counts >= spec.minimum_count
    first = np.where(frequent, np.cumsum(frequent) - 1, -1)[first]
    unigrams = list(itertools.compress(types, frequent))
    orders = [_Grams(np.zeros(0, np.int64), np.zeros(0, np.int64), counts[frequent])]
    code = first
    for n in range(2, spec.ngrams + 1):
        start = np.flatnonzero((remaining >= n) & (code >= 0))
        start = start[first[start + n - 1] >= 0]
        keys = code[start] * len(unigrams) + first[start + n - 1]
        keys, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
        frequent = counts >= max(spec.minimum_count, spec.ngram_minimum_count)
        code = np.full(len(first), -1)
        code[start] = np.where(frequent, np.cumsum(frequent) - 1, -1)[inverse]
        prefix, last = np.divmod(keys[frequent], max(len(unigrams), 1))
        orders.append(_Grams(prefix, last, counts[frequent]))
    return sorted(_named(orders, unigrams, spec))


def _named(
    orders: list[_Grams], unigrams: list[str], spec: NgramSpec
) -> list[tuple[int, int, str]]:
    """(-count, order, n-gram) of those n-grams frequent enough for the vocabulary's size."""
    every = np.concatenate([grams.counts for grams in orders])
    room = spec.vocabulary_size - len(RESERVED)
    least = np.partition(every, -room)[-room] if len(every) > room else 0
    named: list[tuple[int, int, str]] = []
    names = dict(enumerate(unigrams))
    for order, grams in enumerate(orders, start=1):
        chosen = np.flatnonzero(grams.counts >= least).tolist()
        if order > 1:
            prefixes, lasts = grams.prefix.tolist(), grams.last.tolist()
            names = {i: names[prefixes[i]] + spec.joiner + unigrams[lasts[i]] for i in chosen}
        named += [(-int(grams.counts[i]), order, names[i]) for i in chosen]
    return named


class NgramTokenizer(FittedTokenizer):
    """A splitting rule with one vocabulary of 1..N-grams, N ≥ 2."""

    def __init__(self, spec: NgramSpec, vocabulary: tuple[str, ...]) -> None:
        """Take the vocabulary; it is indexed when the first text comes."""
        self.spec: NgramSpec = spec
        self._vocabulary = vocabulary

    @classmethod
    def fit(cls, spec: NgramSpec, texts: Iterable[str]) -> Self:
        """Count the n-grams of the texts; no n-gram spans two texts."""
        ranked = count_ngrams(spec, texts)[: spec.vocabulary_size - len(RESERVED)]
        return cls(spec, (*RESERVED, *(ngram for _, _, ngram in ranked)))

    @cached_property
    def _ids(self) -> TokenIds:
        return TokenIds(self._vocabulary)

    @cached_property
    def _tables(self) -> list[tuple[NDArray[np.int64], NDArray[np.int32]]]:
        """For each order 2..N: sorted keys (prefix id · V + last id), and the n-grams' ids.

        Raises:
            StorageError: an n-gram is longer than `ngrams`, or a part of it has no id.
        """
        rows: list[list[tuple[int, int]]] = [[] for _ in range(self.spec.ngrams + 1)]
        for token, identifier in self._ids.items():
            parts = token.split(self.spec.joiner) if self.spec.joiner else list(token)
            if not 1 <= len(parts) <= self.spec.ngrams:
                raise damaged(f"{token!r} is no 1..{self.spec.ngrams}-gram of `ngrams`")
            if len(parts) > 1:
                prefix, last = self._ids[self.spec.joiner.join(parts[:-1])], self._ids[parts[-1]]
                if UNKNOWN in (prefix, last):
                    raise damaged(f"`vocabulary` has {token!r} without its parts")
                rows[len(parts)].append((prefix * len(self._vocabulary) + last, identifier))
        tables = []
        for order in rows[2:]:
            table = np.array(sorted(order), np.int64).reshape(-1, 2)
            tables.append((table[:, 0].copy(), table[:, 1].astype(np.int32)))
        return tables

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """See `FittedTokenizer.vocabulary`; n-grams of all orders."""
        return self._vocabulary

    def tokens(self, text: str) -> list[str]:
        """See `FittedTokenizer.tokens`; the 1-grams."""
        return self.spec.split(text)

    def encode(self, text: str) -> NDArray[np.int32]:
        """See `FittedTokenizer.encode`: int32 [T, N]."""
        return self.encode_many([text])[0]

    def encode_many(self, texts: Iterable[str]) -> list[NDArray[np.int32]]:
        """See `FittedTokenizer.encode_many`; the arrays are views of one."""
        flat, sizes = array("i"), array("q")
        for text in texts:
            tokens = self.spec.cut(self.spec.split(text))
            flat.extend(map(self._ids.__getitem__, tokens) if tokens else (UNKNOWN,))
            sizes.append(max(len(tokens), 1))
        if not sizes:
            return []
        return self._laid_out(np.frombuffer(flat, np.int32), np.frombuffer(sizes, np.int64))

    def relaid(self, rows: Sequence[NDArray[np.int32]]) -> list[NDArray[np.int32]]:
        """See `FittedTokenizer.relaid`; the n-grams are those of the new order."""
        if not rows:
            return []
        lengths = np.array([len(row) for row in rows], np.int64)
        return self._laid_out(np.concatenate(rows), lengths)

    def _laid_out(
        self, flat: NDArray[np.int32], lengths: NDArray[np.int64]
    ) -> list[NDArray[np.int32]]:
        """Texts of so many 1-grams each, with the n-grams that begin at each: [T, N]."""
        remaining = _remaining(lengths)
        ids = np.zeros((len(flat), self.spec.ngrams), np.int32)
        ids[:, 0] = flat
        for n, (keys, values) in enumerate(self._tables, start=2):
            start = np.flatnonzero((remaining >= n) & (ids[:, n - 2] > UNKNOWN))
            if len(start) and len(keys):
                wanted = ids[start, n - 2].astype(np.int64) * len(self._vocabulary)
                wanted += ids[start + n - 1, 0]
                found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
                ids[start, n - 1] = np.where(keys[found] == wanted, values[found], 0)
        return np.split(ids, np.cumsum(lengths)[:-1])

    def state(self) -> dict[str, Any]:
        """See `FittedTokenizer.state`."""
        return {"tokenizer": self.spec.tokenizer, "vocabulary": list(self._vocabulary)}
