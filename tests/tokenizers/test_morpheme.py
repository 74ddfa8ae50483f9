"""Morphemes: Kiwi's analysis as form/tag, and the message without kiwipiepy."""

from __future__ import annotations

import sys

import pytest

from rnncli.errors import UsageError
from rnncli.tokenizers import Morpheme, morpheme


def test_form_and_tag() -> None:
    pytest.importorskip("kiwipiepy")
    tokens = Morpheme(tokenizer="morpheme").split("나는 학교에 갔다.")
    assert tokens == ["나/NP", "는/JX", "학교/NNG", "에/JKB", "가/VV", "었/EP", "다/EF", "./SF"]


def test_without_kiwipiepy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kiwipiepy", None)
    morpheme._analyser.cache_clear()
    with pytest.raises(UsageError, match=r"install rnncli\[ko\], or use tokenizer: character"):
        Morpheme(tokenizer="morpheme").fit(["한국"])
