"""What every tokenizer is: a spec (its YAML), `fit` on training texts, and what was fitted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from rnncli.spec import Spec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["PADDING", "UNKNOWN", "FittedTokenizer", "TokenizerSpec"]

PADDING = 0
UNKNOWN = 1


class TokenizerSpec(Spec):
    """The `text:` section of a config: how texts become ids."""

    summary: ClassVar[str]
    """One line for `rnn list tokenizers`."""

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
        """Rebuild a fitted tokenizer from what its `state` returned."""


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
        With n-grams, column 0 holds the 1-grams (never 0), the others 0 where the n-gram
        is unknown or would pass the end of the text.
        """

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Everything learned, as JSON-ready data; `spec.restore` reads it back."""
