"""A fitted tokenizer that looks the tokens of a splitting rule up in a counted vocabulary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rnncli.tokenizers.base import RESERVED, UNKNOWN, FittedTokenizer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.tokenizers.splitting import SplittingSpec

__all__ = ["CountedTokenizer", "TokenIds", "most_frequent"]


class TokenIds(dict[str, int]):
    """The id of every token of a vocabulary; of any other, `UNKNOWN`."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        """Number the tokens after the reserved ones."""
        super().__init__(zip(vocabulary[len(RESERVED) :], range(2, len(vocabulary)), strict=True))

    def __missing__(self, token: str) -> int:
        """`UNKNOWN`."""
        return UNKNOWN


def most_frequent(counts: Mapping[str, int], size: int, minimum: int) -> tuple[str, ...]:
    """A vocabulary of at most `size` ids: reserved, then by falling count; ties by code point."""
    frequent = [(-count, token) for token, count in counts.items() if count >= minimum]
    return (*RESERVED, *(token for _, token in sorted(frequent)[: size - len(RESERVED)]))


class CountedTokenizer(FittedTokenizer):
    """A splitting rule with the vocabulary of its most frequent tokens."""

    def __init__(self, spec: SplittingSpec, vocabulary: tuple[str, ...]) -> None:
        """Index the vocabulary, which begins with the reserved tokens."""
        self.spec: SplittingSpec = spec
        self._vocabulary = vocabulary
        self._ids = TokenIds(vocabulary)

    @classmethod
    def fit(cls, spec: SplittingSpec, texts: Iterable[str]) -> Self:
        """Count the tokens of the texts."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(spec.split(text))
        return cls(spec, most_frequent(counts, spec.vocabulary_size, spec.minimum_count))

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """See `FittedTokenizer.vocabulary`."""
        return self._vocabulary

    def tokens(self, text: str) -> list[str]:
        """See `FittedTokenizer.tokens`."""
        return self.spec.split(text)

    def encode(self, text: str) -> NDArray[np.int32]:
        """See `FittedTokenizer.encode`."""
        tokens = self.spec.cut(self.spec.split(text))
        if not tokens:
            return np.array([UNKNOWN], np.int32)
        return np.fromiter(map(self._ids.__getitem__, tokens), np.int32, len(tokens))

    def state(self) -> dict[str, Any]:
        """See `FittedTokenizer.state`."""
        return {"tokenizer": self.spec.tokenizer, "vocabulary": list(self._vocabulary)}
