"""Hanja read as hangul: 美 → 미, with corrections on top of the `hanja` package.

The package reads character by character and knows the initial-sound rule, but neither second
readings nor names. Corrected here, each hanja still giving exactly one syllable:

- `READINGS`: whole words it reads wrongly (敗北 is 패배, not 패북);
- 率, 列, 烈, 裂, 劣 and 律 after a syllable: 율 and 열 after a vowel or ㄴ, else 률 and 렬
  (Hangul orthography, article 11);
- 不 before a syllable that begins with ㄷ or ㅈ is 부;
- `SURNAMES` before an office: 金위원장 is 김위원장, while 金값 stays 금값.

Compatibility ideographs (U+F900–FAFF) are left alone by the package: NFC comes first.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["READINGS", "SURNAMES", "has_hanja", "to_hangul"]

READINGS = {
    "復活": "부활",
    "復興": "부흥",
    "敗北": "패배",
    "遊說": "유세",
    "更新": "갱신",
    "更生": "갱생",
    "降伏": "항복",
    "降服": "항복",
    "投降": "투항",
    "省略": "생략",
    "憎惡": "증오",
    "嫌惡": "혐오",
    "暴惡": "포악",
    "標識": "표지",
    "容易": "용이",
    "簡易": "간이",
    "安易": "안이",
    "難易": "난이",
    "洞察": "통찰",
    "拓本": "탁본",
    "龜裂": "균열",
    "相殺": "상쇄",
    "殺到": "쇄도",
    "減殺": "감쇄",
    "不實": "부실",
    "閉塞": "폐색",
    "便所": "변소",
    "小便": "소변",
    "大便": "대변",
    "茶禮": "차례",
    "綠茶": "녹차",
    "紅茶": "홍차",
    "雪糖": "설탕",
    "砂糖": "사탕",
    "令狀": "영장",
    "賞狀": "상장",
    "宅內": "댁내",
    "自轉車": "자전거",
    "人力車": "인력거",
    "停車場": "정거장",
    "議論": "의논",
    "困難": "곤란",
    "丁寧": "정녕",
    "智異山": "지리산",
    "契丹": "거란",
    "牡丹": "모란",
    "初八日": "초파일",
    "六月": "유월",
    "十月": "시월",
    "五六月": "오뉴월",
    "音樂": "음악",
    "國樂": "국악",
    "聲樂": "성악",
    "器樂": "기악",
    "農樂": "농악",
    "樂器": "악기",
    "樂團": "악단",
    "樂譜": "악보",
    "率先": "솔선",
    "率直": "솔직",
    "引率": "인솔",
    "統率": "통솔",
    "輕率": "경솔",
    "眞率": "진솔",
    "金正恩": "김정은",
    "金正日": "김정일",
    "金日成": "김일성",
    "金大中": "김대중",
    "金泳三": "김영삼",
}
"""Words the package, or a rule here, would read wrongly."""

SURNAMES = {"金": "김", "沈": "심"}
"""Family names whose reading differs from the character's usual one."""

_OFFICES = (
    "대통령|위원장|부위원장|총리|부총리|장관|차관|의원|의장|대표|원내대표|지사|감독|회장|부회장|사장|"
    "총장|원장|실장|수석|특보|총재|여사|후보|교수|기자|검사|판사|선수|특사|대사|비서|씨|측|前"
)
_HANJA = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_WORD = re.compile("|".join(sorted(READINGS, key=len, reverse=True)))
_SURNAME = re.compile(rf"(?<!\w)[{''.join(SURNAMES)}](?=\s?(?:{_OFFICES}))")
_AFTER_SYLLABLE = {
    **dict.fromkeys("率律", ("율", "률")),
    **dict.fromkeys("列烈裂劣", ("열", "렬")),
}
"""Readings after a vowel or ㄴ, and after any other consonant."""


def has_hanja(text: str) -> bool:
    """Whether any hanja stands in the text."""
    return _HANJA.search(text) is not None


def to_hangul(text: str) -> str:
    """The text in NFC with every hanja read as hangul; all other characters stay.

    A character the package does not know stays as it is. Reading twice changes nothing more.
    """
    text = unicodedata.normalize("NFC", text)
    if not has_hanja(text):
        return text
    import hanja

    read: list[str] = list(hanja.translate(text, "substitution"))
    if len(read) != len(text):
        return "".join(read)
    for match in _SURNAME.finditer(text):
        read[match.start()] = SURNAMES[match[0]]
    for position, character in enumerate(text):
        if character in _AFTER_SYLLABLE and position and _is_syllable(read[position - 1]):
            open_, closed = _AFTER_SYLLABLE[character]
            read[position] = open_ if _final(read[position - 1]) in (0, 4) else closed
        elif character == "不" and position + 1 < len(text):
            read[position] = "부" if _initial(read[position + 1]) in (3, 12) else "불"
    for match in _WORD.finditer(text):
        read[match.start() : match.end()] = READINGS[match[0]]
    return "".join(read)


def _is_syllable(character: str) -> bool:
    return "가" <= character <= "힣"


def _initial(syllable: str) -> int:
    """Index of the initial consonant: 3 is ㄷ, 12 is ㅈ; -1 if it is no syllable."""
    return (ord(syllable) - 0xAC00) // 588 if _is_syllable(syllable) else -1


def _final(syllable: str) -> int:
    """Index of the final consonant: 0 is none, 4 is ㄴ."""
    return (ord(syllable) - 0xAC00) % 28
