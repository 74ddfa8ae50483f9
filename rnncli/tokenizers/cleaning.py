"""What every tokenizer does to a text first."""

from __future__ import annotations

import unicodedata

__all__ = ["clean", "single_spaced"]


def clean(text: str) -> str:
    """The text in Unicode's form NFC and encodable as UTF-8.

    Surrogate pairs, as JSON escapes may leave them, become their character; a lone surrogate
    becomes U+FFFD.
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return unicodedata.normalize("NFC", text)


def single_spaced(text: str) -> str:
    """The cleaned text with every run of whitespace as one space, none at the ends."""
    return " ".join(clean(text).split())
