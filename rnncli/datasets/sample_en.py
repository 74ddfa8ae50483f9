"""Synthetic English reviews, generated here, in which the order of the words decides.

Every review holds as many praising as blaming words, in both classes. What is meant hangs on
where "not" stands, and on which clause comes after "but": a bag of words is near chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING, ClassVar, Literal

from rnncli.datasets.generated import GeneratedSpec

if TYPE_CHECKING:
    from rnncli.corpus import Corpus

__all__ = ["LABELS", "SampleEn"]

LABELS = ("neg", "pos")

_GOOD = ["good", "great", "funny", "moving", "clever", "fresh", "gripping", "charming", "superb"]
_BAD = ["bad", "dull", "boring", "clumsy", "weak", "stale", "tedious", "shallow", "awful"]
_THINGS = ["plot", "acting", "film", "ending", "music", "script", "cast", "story", "sound"]
_OPENINGS = ["", "i saw it twice . ", "we went on a sunday . ", "my friends insisted . "]
_CLOSINGS = ["", " see for yourself .", " that is all .", " two hours long ."]


class SampleEn(GeneratedSpec):
    """Synthetic English reviews by sentiment."""

    summary: ClassVar[str] = "synthetic English reviews where word order decides, built in"

    name: Literal["sample-en"]

    def load(self) -> Corpus:
        """See `DataSpec.load`."""
        return self.generated(LABELS, "en", _reviews(Random(self.generator_seed)))


def _reviews(random: Random) -> Iterator[tuple[str, int]]:
    """Reviews without end, with their label."""
    while True:
        label = random.randrange(2)
        praise, blame = random.choice(_GOOD), random.choice(_BAD)
        one, other = random.sample(_THINGS, 2)
        liked, disliked = (praise, blame) if label else (blame, praise)
        body = random.choice(
            (
                f"the {one} is not {disliked} , it is {liked} .",
                f"the {one} is {liked} , not {disliked} .",
                f"the {one} was {disliked} , but the {other} is {liked} and that is what counts .",
                f"people call the {one} {disliked} , but they are wrong : it is {liked} .",
                f"although the {other} seemed {disliked} , the {one} is {liked} .",
                f"{liked} {one} , whoever finds the {other} {disliked} .",
            )
        )
        yield random.choice(_OPENINGS) + body + random.choice(_CLOSINGS), label
