"""Synthetic English reviews, generated here, in which the order of the words decides.

Every review holds one praising and one blaming word, each between neutral words. What is meant
hangs on where "not", "but" and "although" stand: words and pairs of words are at chance, and the
last of the two is what is meant in two reviews of three, which gives learning something to hold.
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
_ADVERBS = ["really", "quite", "very", "truly", "rather"]
_FILLERS = ["indeed", "to me", "in a way", "as they say", "for once"]
_THINGS = ["plot", "acting", "film", "ending", "music", "script", "cast", "story", "sound"]
_OPENINGS = ["", "i saw it twice . ", "we went on a sunday . ", "my friends insisted . "]
_CLOSINGS = ["", " see for yourself .", " that is all .", " two hours long ."]


class SampleEn(GeneratedSpec):
    """Synthetic English reviews by sentiment."""

    summary: ClassVar[str] = "synthetic English reviews where word order decides, built in"

    name: Literal["sample-en"]

    @property
    def known_labels(self) -> tuple[str, ...]:
        """See `DataSpec.known_labels`."""
        return LABELS

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
        liked = f"{random.choice(_ADVERBS)} {liked} {random.choice(_FILLERS)}"
        disliked = f"{random.choice(_ADVERBS)} {disliked} {random.choice(_FILLERS)}"
        body = random.choice(
            (
                f"the {one} is not {disliked} , it is {liked} .",
                f"people call the {one} {disliked} , but they are wrong : it is {liked} .",
                f"although the {other} seemed {disliked} , the {one} is {liked} .",
                f"the {one} is {liked} , not {disliked} .",
                f"the {other} was {disliked} , but the {one} is {liked} .",
                f"it is {liked} , they are wrong who call the {one} {disliked} .",
            )
        )
        yield random.choice(_OPENINGS) + body + random.choice(_CLOSINGS), label
