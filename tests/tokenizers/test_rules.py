"""Splitting rules against hand-written tokens, and vocabularies counted by hand."""

from __future__ import annotations

import unicodedata

import pytest

from rnncli.tokenizers import Character, Jamo, Word

MIXED = "Don\u2019t — it's 1,000억 LG전자's 'U.S.' _x_ 3.5% e\u0301te\u0301 ²…  ... 한국은행이 n't"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("I don't, can't and WON'T.", "i do n't , ca n't and wo n't ."),
        ("It\u2019s they're we've I'd he'll I'm", "it 's they 're we 've i 'd he 'll i 'm"),
        ("3.5% of 1,000 in the 1980s: 8/10", "3.5 % of 1,000 in the 1980s : 8 / 10"),
        ("so... good!!", "so ... good ! !"),
        ("'quoted' well-made (x)", "' quoted ' well - made ( x )"),
        ("美 금리인상…코스피 2,000선 LG전자", "美 금리인상 … 코스피 2,000선 lg전자"),
        ('\u2018한국은행이\u2019 "발표"', '\u2018 한국은행이 \' " 발표 "'),
        ("a_b", "a _ b"),
    ],
)
def test_words(text: str, tokens: str) -> None:
    assert Word(tokenizer="word").split(text) == tokens.split(" ")


def test_words_keep_case_on_request() -> None:
    assert Word(tokenizer="word", lowercase=False).split("The DON'T") == ["The", "DO", "N'T"]


def test_words_lose_nothing_but_whitespace() -> None:
    expected = unicodedata.normalize("NFC", MIXED).replace("\u2019", "'")
    tokens = Word(tokenizer="word", lowercase=False).split(MIXED)
    assert "".join(tokens) == "".join(expected.split())


def test_word_vocabulary_by_hand() -> None:
    fitted = Word(tokenizer="word", vocabulary_size=6).fit(["b a b", "c a d b !"])
    assert fitted.vocabulary == ("<pad>", "<unk>", "b", "a", "!", "c")
    assert fitted.encode("a d b").tolist() == [3, 1, 2]
    assert fitted.oov_count("a d b") == (1, 3)
    frequent = Word(tokenizer="word", minimum_count=2).fit(["b a b", "c a d b !"])
    assert frequent.vocabulary == ("<pad>", "<unk>", "b", "a")


def test_characters() -> None:
    spec = Character(tokenizer="character")
    assert spec.split("  가\u1100\u1161 \n e\u0301 ") == ["가", "가", " ", "é"]
    assert spec.fit(["나나 가"]).vocabulary == ("<pad>", "<unk>", "나", " ", "가")


def test_surrogates() -> None:
    spec = Character(tokenizer="character")
    assert spec.split("\ud83d\ude00\ud800") == ["😀", "\ufffd"]


def test_jamo_are_unicode_decompositions() -> None:
    spec = Jamo(tokenizer="jamo")
    syllables = "".join(map(chr, range(0xAC00, 0xD7A4)))
    assert "".join(spec.split(syllables)) == unicodedata.normalize("NFD", syllables)
    assert spec.split("각") == ["\u1100", "\u1161", "\u11a8"]
    assert spec.split("ㅋé 美") == ["ㅋ", "é", " ", "美"]
