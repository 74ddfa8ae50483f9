"""What do two marked numbers add up to? After Hochreiter & Schmidhuber 1997, experiment 4.

Long short-term memory, Neural Computation 9(8), 1997, section 5.4. The paper's inputs are pairs of
a real number and a marker, and the target is the sum itself: a regression. Here it is put as a
classification: numbers are whole, 0 to 3; a marked one is written with an x before it, number and
marker being one symbol as they are one input there; the class is the sum, 0 to 6. Every sum is as
frequent as every other, so that one number alone says something of it: who knows only one of the
two is right in 3 of 7 cases at best. A bag of words that counts marked numbers can add
them: what is hard is not to add but to remember.
"""

from __future__ import annotations

from random import Random
from typing import ClassVar, Literal

from rnncli.datasets.memory_task import LONGEST_LEAD, MemoryTask, lead, noise

__all__ = ["Adding"]

_NUMBERS = "0123"


class Adding(MemoryTask):
    """The sum of the two numbers marked with x: `2 x3 0 1 x1 3` is `4`."""

    summary: ClassVar[str] = "memory task: the sum of two marked numbers, as a class, synthetic"
    labels: ClassVar[tuple[str, ...]] = tuple("0123456")
    source: ClassVar[str] = "Hochreiter & Schmidhuber 1997, experiment 4, as a classification"

    name: Literal["adding"]

    @property
    def longest_text(self) -> int:
        """See `DataSpec.longest_text`."""
        return LONGEST_LEAD + 1 + self.lag + self.slack

    def write(self, label: int, random: Random) -> list[str]:
        """See `MemoryTask.write`; the second number stands in the first half of what follows."""
        first = random.choice([n for n in range(4) if 0 <= label - n < 4])
        rest = noise(random, _NUMBERS, self.stretched(self.lag, random))
        rest[random.randrange(self.lag // 2)] = f"x{label - first}"
        return [*lead(random, _NUMBERS), f"x{first}", *rest]
