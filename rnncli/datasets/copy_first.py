"""Which symbol came first? The latch problem: one bit or two to be held against all that follows.

Bengio, Simard & Frasconi, Learning long-term dependencies with gradient descent is difficult, IEEE
Transactions on Neural Networks 5(2), 1994, section III: the class is in the first steps, what
follows is noise. The paper has two classes, real-valued inputs and Gaussian noise; here there are
four symbols, and the noise is made of the same four, so that a bag of words is close to chance.
Pairs of words give some of it away: the first symbol is the one that follows none.
"""

from __future__ import annotations

from random import Random
from typing import ClassVar, Literal

from rnncli.datasets.memory_task import MemoryTask, noise

__all__ = ["CopyFirst"]


class CopyFirst(MemoryTask):
    """The class of a text is its first symbol: `c a d d b` is `c`."""

    summary: ClassVar[str] = "memory task: the first symbol of a text, synthetic"
    labels: ClassVar[tuple[str, ...]] = ("a", "b", "c", "d")
    source: ClassVar[str] = "the latch problem, Bengio et al. 1994"

    name: Literal["copy-first"]

    @property
    def longest_text(self) -> int:
        """See `DataSpec.longest_text`."""
        return 1 + self.lag + self.slack

    def write(self, label: int, random: Random) -> list[str]:
        """See `MemoryTask.write`."""
        return [self.labels[label], *noise(random, "abcd", self.stretched(self.lag, random))]
