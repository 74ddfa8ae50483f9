"""Tokens of a text as a study edits them, and as it shows them."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import numpy as np

from rnncli.tokenizers.base import UNKNOWN

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["part_read", "readable", "without"]

_PARTS = ("CHOSEONG", "JUNGSEONG", "JONGSEONG")


def without(row: NDArray[np.int32], place: int) -> NDArray[np.int32]:
    """A text's ids [T] less one of them; of the only one, the unknown token is left."""
    rest = np.delete(row, place)
    return rest if len(rest) else np.array([UNKNOWN], np.int32)


def part_read(read: int, unread: int) -> str:
    """How much of a text a network reads that leaves out some of its tokens."""
    return f"The network reads {read:,} of the text's {read + unread:,} tokens (text.max_length)."


def readable(token: str) -> str:
    """A token by itself: ▁ as the space it stands for, and jamo as letters that stand alone."""
    return "".join(map(_letter, token.replace("▁", " ")))


def _letter(character: str) -> str:
    """A conjoining jamo (U+1100…) as its letter (U+3131…), which needs no neighbours to show."""
    if not "\u1100" <= character <= "\u11ff":
        return character
    name = unicodedata.name(character, "")
    for part in _PARTS:
        name = name.replace(part, "LETTER")
    try:
        return unicodedata.lookup(name)
    except KeyError:
        return character
