"""Korean morphemes with their part of speech, by the Kiwi analyser (extra `ko`)."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, ClassVar, Literal

from rnncli.errors import UsageError
from rnncli.tokenizers.cleaning import clean
from rnncli.tokenizers.splitting import SplittingSpec

__all__ = ["Morpheme"]


@cache
def _analyser() -> Any:
    """Kiwi with its model, loaded once (about 2 s)."""
    try:
        kiwipiepy: Any = import_module("kiwipiepy")
    except ImportError:
        raise UsageError(
            "tokenizer: morpheme needs the package kiwipiepy, which is not installed; "
            "install rnncli[ko], or use tokenizer: character"
        ) from None
    return kiwipiepy.Kiwi(num_workers=1)


class Morpheme(SplittingSpec):
    """Morphemes as form/tag in the Sejong tag set (갔다: 가/VV 었/EP 다/EF).

    Lee, Kiwi: developing a Korean morphological analyzer based on statistical language models
    and skip-bigram, Korean Journal of Digital Humanities 1(1), 2024.
    """

    summary: ClassVar[str] = "Korean morphemes as form/tag, by kiwipiepy (extra ko)"

    tokenizer: Literal["morpheme"]

    def split(self, text: str) -> list[str]:
        """See `SplittingSpec.split`.

        Raises:
            UsageError: kiwipiepy is not installed.
        """
        text = clean(text)
        if not text.strip():
            return []
        return [f"{morpheme.form}/{morpheme.tag}" for morpheme in _analyser().tokenize(text)]
