"""What every tokenizer is: a spec (its YAML), `fit` on training texts, and what was fitted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import Field

from rnncli.spec import Spec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["PADDING", "RESERVED", "UNKNOWN", "FittedTokenizer", "TokenizerSpec"]

PADDING = 0
UNKNOWN = 1
RESERVED = ("<pad>", "<unk>")
"""How the two reserved ids are written in a vocabulary."""

Item = TypeVar("Item")


class TokenizerSpec(Spec):
    """The `text:` section of a config: how texts become ids."""

    summary: ClassVar[str]
    """One line for `rnn list tokenizers`."""

    tokenizer: str
    """The tokenizer's name."""
    vocabulary_size: Annotated[int, Field(ge=3)] = 20_000
    """Number of ids, the two reserved ones (0 padding, 1 unknown) included."""
    minimum_count: Annotated[int, Field(ge=1)] = 1
    """Rarer tokens of the training texts are unknown."""
    max_length: Annotated[int, Field(ge=1)] = 256
    """Longer texts are cut to this many tokens."""
    truncating: Literal["pre", "post"] = "post"
    """Which end of a long text is cut: `pre` the beginning, `post` the end."""

    @property
    def ids_per_position(self) -> int:
        """How many ids each position carries: 1, or N with `ngrams: N`."""
        return 1

    @abstractmethod
    def fit(self, texts: Iterable[str]) -> FittedTokenizer:
        """Learn the vocabulary from the training texts alone."""

    @abstractmethod
    def restore(self, state: dict[str, Any]) -> FittedTokenizer:
        """Rebuild a fitted tokenizer from what its `state` returned.

        Raises:
            StorageError: the state is malformed or belongs to another tokenizer.
        """

    def cut(self, tokens: list[Item]) -> list[Item]:
        """The `max_length` tokens, or ids, that `truncating` leaves of a text."""
        return tokens[-self.max_length :] if self.truncating == "pre" else tokens[: self.max_length]


class FittedTokenizer(ABC):
    """A tokenizer with its vocabulary. Ids: 0 padding, 1 unknown, then tokens."""

    spec: TokenizerSpec

    @property
    @abstractmethod
    def vocabulary(self) -> tuple[str, ...]:
        """Tokens by id; `vocabulary[0]` is `<pad>` and `vocabulary[1]` is `<unk>`."""

    @abstractmethod
    def tokens(self, text: str) -> list[str]:
        """The text's tokens before the vocabulary and before truncation; may be empty."""

    @abstractmethod
    def encode(self, text: str) -> NDArray[np.int32]:
        """Ids of a text, truncated: int32 [T], or [T, N] with `ngrams: N`; T ≥ 1 always.

        An empty text is the single id `UNKNOWN`, so that no row of a batch is ever empty.
        With n-grams, column n - 1 holds the n-gram that starts at the position: column 0 is
        never 0, the others are 0 where the n-gram is unknown or would pass the end of what
        truncation left.
        """

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Everything learned, as JSON-ready data; `spec.restore` reads it back."""

    def encode_many(self, texts: Iterable[str]) -> list[NDArray[np.int32]]:
        """`encode` of every text, in order."""
        return [self.encode(text) for text in texts]

    def relaid(self, rows: Sequence[NDArray[np.int32]]) -> list[NDArray[np.int32]]:
        """What `encode` would give for tokens in another order, or other tokens.

        Args:
            rows: for each text the ids of its single tokens [T], T ≥ 1.
        """
        return list(rows)

    @cached_property
    def known(self) -> frozenset[str]:
        """The tokens that have an id of their own."""
        return frozenset(self.vocabulary[len(RESERVED) :])

    def oov_count(self, text: str) -> tuple[int, int]:
        """How many of the text's tokens are unknown, and how many it has; not truncated."""
        tokens = self.tokens(text)
        return sum(token not in self.known for token in tokens), len(tokens)

    def oov_rate(self, text: str) -> float:
        """Share of the text's tokens that are unknown, 0…1; 0 for an empty text."""
        unknown, total = self.oov_count(text)
        return unknown / total if total else 0.0
