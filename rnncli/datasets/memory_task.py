"""What the memory tasks share: the lag, balanced classes, and words that survive a tokenizer.

A text of such a task is a sequence of symbols of which one or two decide the class; all others are
drawn at random and only take up time. A network that answers after the last symbol has to carry
what it read over at least `lag` steps.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from itertools import cycle
from random import Random
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from rnncli.datasets.generated import GeneratedSpec

if TYPE_CHECKING:
    from rnncli.corpus import Corpus

__all__ = ["LONGEST_LEAD", "MemoryTask", "lead", "noise"]

LONGEST_LEAD = 9
"""Before the first symbol that matters stand at most so many others."""


class MemoryTask(GeneratedSpec):
    """A task that is solved by remembering; every class has as many texts, to one or two.

    Texts differ in length (by about a tenth of the lag), so that no position gives the answer away.
    """

    labels: ClassVar[tuple[str, ...]]
    """The classes. Guessing gets one in so many right: that is the level of chance."""
    source: ClassVar[str]
    """The paper."""

    size: Annotated[int, Field(ge=20, le=100_000)] = 6_000
    """How many texts train and validation have together."""
    test_size: Annotated[int, Field(ge=10, le=10_000)] = 1_000
    """How many texts test has."""
    lag: Annotated[int, Field(ge=10, le=1_000)] = 50
    """Steps from the first symbol that matters to the end of the text, at least. Fewer than 10
    would leave too few different texts."""

    @property
    @abstractmethod
    def longest_text(self) -> int:
        """See `DataSpec.longest_text`."""

    @property
    def slack(self) -> int:
        """As many steps a stretch of a text may be longer than it has to."""
        return self.lag // 10

    @abstractmethod
    def write(self, label: int, random: Random) -> list[str]:
        """The symbols of a text of that class, the first that matters in the beginning."""

    @property
    def known_labels(self) -> tuple[str, ...]:
        """See `DataSpec.known_labels`."""
        return self.labels

    @property
    def stem(self) -> str:
        """See `GeneratedSpec.stem`."""
        return f"{super().stem}-lag{self.lag}"

    def load(self) -> Corpus:
        """See `DataSpec.load`."""
        details = {"lag": self.lag, "chance": 1 / len(self.labels), "task": self.source}
        return self.generated(self.labels, "und", self._texts(), details)

    def _texts(self) -> Iterator[tuple[str, int]]:
        random = Random(self.generator_seed)
        for label in cycle(range(len(self.labels))):
            yield " ".join(self.write(label, random)), label

    def stretched(self, steps: int, random: Random) -> int:
        """So many steps, or up to `slack` more."""
        return steps + random.randint(0, self.slack)


def lead(random: Random, symbols: str) -> list[str]:
    """What stands before the first symbol that matters."""
    return noise(random, symbols, random.randint(0, LONGEST_LEAD))


def noise(random: Random, symbols: str, count: int) -> list[str]:
    """Symbols that do not matter."""
    return random.choices(symbols, k=count)
