"""Synthetic Korean headlines, generated here: no network, no licence, no news.

Actor, object and action of a headline mostly belong to its topic, but each may be borrowed from
another one, and the rest is shared by all (places, days, words such as 경쟁 and 역전): no single
word decides, and a few headlines cannot be told. Hanja stand where newspapers put them.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING, ClassVar, Literal

from rnncli.datasets.generated import GeneratedSpec

if TYPE_CHECKING:
    from rnncli.corpus import Corpus

__all__ = ["LABELS", "SampleKo"]

LABELS = ("정치", "경제", "스포츠")

_PLACES = ["서울", "부산", "대구", "광주", "인천", "美", "中", "日", "北", "獨", "英", "佛"]
_DAYS = ["오늘", "내일", "이번주", "다음달", "연내", "하반기", "올해"]
_ENDINGS = ["전망", "주목", "논란", "기대", "우려", "확정", "발표", "속보", "종합"]
_SHARED = ["경쟁", "승부", "반격", "약진", "위기", "돌파", "선두", "역전", "신기록", "협상"]
_ACTORS = {
    "정치": ["與", "野", "與野", "靑", "前 장관", "국회", "여당 대표", "야당 의원", "총리"],
    "경제": ["증시", "코스피", "은행", "수출기업", "車업계", "반도체", "한은", "中企", "유통업계"],
    "스포츠": [
        "女배구",
        "男축구",
        "프로야구",
        "국가대표",
        "감독",
        "투수",
        "신인왕",
        "육상",
        "구단",
    ],
}
_OBJECTS = {
    "정치": ["예산안", "법안", "청문회", "개헌", "공천", "선거구", "국정감사", "외교 현안"],
    "경제": ["금리", "물가", "환율", "株價", "투자", "실적", "세금", "공급망"],
    "스포츠": ["결승", "개막전", "연패", "이적", "선발 명단", "연장전", "전지훈련", "순위"],
}
_ACTIONS = {
    "정치": ["합의", "처리", "대치", "표결", "촉구", "비판"],
    "경제": ["인상", "급등", "하락", "동결", "확대", "둔화"],
    "스포츠": ["진출", "탈락", "출전", "복귀", "완승", "부상"],
}


class SampleKo(GeneratedSpec):
    """Synthetic Korean headlines in three topics."""

    summary: ClassVar[str] = "synthetic Korean headlines in three topics, built in"
    suits: ClassVar[str] = "character"

    name: Literal["sample-ko"]
    hanja: Literal["hangul", "keep"] = "hangul"
    """Read hanja as hangul, or keep them."""

    def clean(self, text: str) -> str:
        """With `hanja: hangul`, hanja read as hangul."""
        from rnncli.hanja_reading import to_hangul

        return to_hangul(text) if self.hanja == "hangul" else text

    @property
    def known_labels(self) -> tuple[str, ...]:
        """See `DataSpec.known_labels`."""
        return LABELS

    def load(self) -> Corpus:
        """See `DataSpec.load`."""
        return self.generated(LABELS, "ko", _headlines(Random(self.generator_seed)))


def _headlines(random: Random) -> Iterator[tuple[str, int]]:
    """Headlines without end, with their label."""
    while True:
        label = random.randrange(len(LABELS))
        topic = LABELS[label]
        other = random.choice([name for name in LABELS if name != topic])
        actor = random.choice(_ACTORS[topic if random.random() < 0.8 else other])
        subject = random.choice(_OBJECTS[topic if random.random() < 0.9 else other])
        action = random.choice(_ACTIONS[topic if random.random() < 0.7 else other])
        shared, ending = random.choice(_SHARED), random.choice(_ENDINGS)
        place, day = random.choice(_PLACES), random.choice(_DAYS)
        pattern = random.choice(
            (
                f"{actor}, {day} {subject} {action}…{ending}",
                f"{place} {actor} {subject} {shared}…{action} {ending}",
                f"{subject} {action}에 {actor} {shared} {ending}",
                f"[{ending}] {actor} {place}서 {subject} {action}",
                f"{shared} 속 {actor} {subject} {day} {action}",
            )
        )
        yield pattern, label
