"""Hangul letters: every syllable taken apart."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import ClassVar, Literal

from rnncli.tokenizers.cleaning import single_spaced
from rnncli.tokenizers.splitting import SplittingSpec

__all__ = ["Jamo"]

FIRST_SYLLABLE, LAST_SYLLABLE = 0xAC00, 0xD7A3


@cache
def _jamo() -> dict[int, str]:
    """The jamo of every Hangul syllable, for `str.translate`."""
    syllables = range(FIRST_SYLLABLE, LAST_SYLLABLE + 1)
    return {syllable: unicodedata.normalize("NFD", chr(syllable)) for syllable in syllables}


class Jamo(SplittingSpec):
    """Syllables as initial, medial and final jamo, as Unicode decomposes them (TUS, 3.12).

    The initial ㄱ (U+1100) and the final ㄱ (U+11A8) are different tokens, so that the syllable
    can be put together again. Other characters stay as they are; whitespace is one space.
    """

    summary: ClassVar[str] = "Hangul syllables as initial, medial and final jamo"

    tokenizer: Literal["jamo"]

    def split(self, text: str) -> list[str]:
        """See `SplittingSpec.split`."""
        return list(single_spaced(text).translate(_jamo()))
