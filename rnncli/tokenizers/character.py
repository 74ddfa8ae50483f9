"""Unicode characters, whitespace included."""

from __future__ import annotations

from typing import ClassVar, Literal

from rnncli.tokenizers.cleaning import single_spaced
from rnncli.tokenizers.splitting import NgramSpec

__all__ = ["Character"]


class Character(NgramSpec):
    """Characters after NFC (a Hangul syllable is one); a run of whitespace is one space.

    With n-grams the text gets a space at both ends, so that the n-grams at a word's edge are
    the same at the edge of the text.
    """

    summary: ClassVar[str] = "Unicode characters after NFC, whitespace as one space; n-grams"
    joiner: ClassVar[Literal["", " "]] = ""

    tokenizer: Literal["character"]

    def split(self, text: str) -> list[str]:
        """See `SplittingSpec.split`."""
        text = single_spaced(text)
        return list(f" {text} " if text and self.ngrams > 1 else text)
