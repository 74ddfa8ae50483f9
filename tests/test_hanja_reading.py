"""Hanja read as hangul: the rules of orthography, the word table, and what has to stay."""

from __future__ import annotations

import unicodedata

import pytest

from rnncli.hanja_reading import READINGS, has_hanja, to_hangul


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("美·中 정상회담", "미·중 정상회담"),
        ("與野 합의…靑 환영", "여야 합의…청 환영"),
        ("李대통령", "이대통령"),
        ("成功率", "성공률"),
        ("성공率", "성공률"),
        ("百分率", "백분율"),
        ("打率", "타율"),
        ("失點率 換率", "실점률 환율"),
        ("統率", "통솔"),
        ("系列 先烈 熱烈", "계열 선열 열렬"),
        ("不足 不正 不動産", "부족 부정 부동산"),
        ("不安 不法", "불안 불법"),
        ("不實", "부실"),
        ("音樂 敗北 六月", "음악 패배 유월"),
        ("金위원장 金 총리", "김위원장 김 총리"),
        ("金값 上昇", "금값 상승"),
        ("現金 총액", "현금 총액"),
        ("不", "불"),
        ("", ""),
    ],
)
def test_readings(text: str, expected: str) -> None:
    assert to_hangul(text) == expected


def test_every_word_of_the_table_is_needed_and_read() -> None:
    for word, reading in READINGS.items():
        assert len(word) == len(reading)
        assert to_hangul(f"{word}의") == f"{reading}의"


def test_compatibility_ideographs_are_normalised_first() -> None:
    """U+F9E1 looks like 李 and is left alone by the package."""
    assert to_hangul("\uf9e1대표") == "이대표"
    assert to_hangul(unicodedata.normalize("NFD", "한국")) == "한국"


@pytest.mark.parametrize(
    "text", ["plain", "한글만 있다", "日本 かな カナ", "\u9fff 없는 글자", "é😀"]
)
def test_reading_twice_changes_nothing_and_other_characters_stay(text: str) -> None:
    once = to_hangul(text)
    assert to_hangul(once) == once
    assert len(once) == len(text)
    kept = [character for character in text if not has_hanja(character)]
    assert [character for character in kept if character not in once] == []
