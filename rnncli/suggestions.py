"""Guess what a mistyped word was meant to be."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable

__all__ = ["closest", "did_you_mean"]


def closest(word: object, options: Iterable[str]) -> str | None:
    """The option most like `word`, or None if none is alike.

    Case does not count, and Hangul is compared by its letters (jamo), so that 정지 is like 정치.
    """
    folded = {_folded(option): option for option in options}
    given = _folded(str(word)[:100])
    found = difflib.get_close_matches(given, folded, n=1, cutoff=0.6)
    if not found and len(given) > 1:
        found = [option for option in folded if given in option]
    return folded[found[0]] if found else None


def did_you_mean(word: object, options: Iterable[str]) -> str:
    """`; did you mean X?` to end a message with, or nothing."""
    near = closest(word, options)
    return f"; did you mean {near}?" if near else ""


def _folded(word: str) -> str:
    return unicodedata.normalize("NFD", word.casefold())
