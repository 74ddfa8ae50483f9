"""Specs of tokenizers that split a text by rule and count what they find."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from rnncli.tokenizers.base import FittedTokenizer, TokenizerSpec

__all__ = ["NgramSpec", "SplittingSpec"]

NGRAM_MINIMUM_COUNT = 2


class SplittingSpec(TokenizerSpec):
    """A rule, `split`, and a vocabulary of its most frequent tokens."""

    @abstractmethod
    def split(self, text: str) -> list[str]:
        """The text's tokens, in order; none for an empty text."""

    def fit(self, texts: Iterable[str]) -> FittedTokenizer:
        """See `TokenizerSpec.fit`: the most frequent tokens; ties in the order of their text."""
        from rnncli.tokenizers.counted import CountedTokenizer

        return CountedTokenizer.fit(self, texts)

    def restore(self, state: dict[str, Any]) -> FittedTokenizer:
        """See `TokenizerSpec.restore`."""
        from rnncli.tokenizers.counted import CountedTokenizer
        from rnncli.tokenizers.state import read_vocabulary

        return CountedTokenizer(self, read_vocabulary(state, self))


class NgramSpec(SplittingSpec):
    """A rule whose tokens may also be counted in n-grams, all in one vocabulary.

    The vocabulary ranks 1..N-grams together by count (ties: the shorter first). As no n-gram
    is more frequent than its parts, whatever is in the vocabulary has its parts there too.
    """

    joiner: ClassVar[Literal["", " "]]
    """What stands between the tokens of an n-gram in the vocabulary, never inside a token."""

    ngrams: Annotated[int, Field(ge=1, le=6)] = 1
    """N: each position's embedding is the sum over its known 1..N-grams."""
    ngram_minimum_count: Annotated[int, Field(ge=1)] = NGRAM_MINIMUM_COUNT
    """Rarer 2..N-grams are left out (and those rarer than `minimum_count`)."""

    @model_validator(mode="after")
    def _no_setting_without_effect(self) -> Self:
        if self.ngram_minimum_count != NGRAM_MINIMUM_COUNT:
            if self.ngrams == 1:
                raise ValueError(
                    f"ngram_minimum_count: {self.ngram_minimum_count} has no effect with "
                    "ngrams: 1; remove it or set ngrams to 2..6"
                )
            if self.ngram_minimum_count < self.minimum_count:
                raise ValueError(
                    f"ngram_minimum_count: {self.ngram_minimum_count} has no effect below "
                    f"minimum_count: {self.minimum_count}; remove one of the two"
                )
        return self

    @property
    def ids_per_position(self) -> int:
        """N."""
        return self.ngrams

    def fit(self, texts: Iterable[str]) -> FittedTokenizer:
        """See `TokenizerSpec.fit`."""
        if self.ngrams == 1:
            return super().fit(texts)
        from rnncli.tokenizers.ngrams import NgramTokenizer

        return NgramTokenizer.fit(self, texts)

    def restore(self, state: dict[str, Any]) -> FittedTokenizer:
        """See `TokenizerSpec.restore`."""
        if self.ngrams == 1:
            return super().restore(state)
        from rnncli.tokenizers.ngrams import NgramTokenizer
        from rnncli.tokenizers.state import read_vocabulary

        return NgramTokenizer(self, read_vocabulary(state, self))
