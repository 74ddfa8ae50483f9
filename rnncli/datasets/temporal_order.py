"""In which order did two symbols come? After Hochreiter & Schmidhuber 1997, experiment 6a.

Long short-term memory, Neural Computation 9(8), 1997, section 5.6. The paper's texts have 100 to
110 symbols, the two that matter at steps 10 to 20 and 50 to 60, and symbols of their own for the
beginning and the end; here both distances follow from `lag`, and the text begins and ends without
a sign. A bag of words tells `xx` and `yy` from the rest, and so gets three in four right.
"""

from __future__ import annotations

from random import Random
from typing import ClassVar, Literal

from rnncli.datasets.memory_task import LONGEST_LEAD, MemoryTask, lead, noise

__all__ = ["TemporalOrder"]


class TemporalOrder(MemoryTask):
    """Two symbols, each x or y, far apart among a, b, c and d: `b x d a y c` is `xy`."""

    summary: ClassVar[str] = "memory task: which of x and y came first, which second, synthetic"
    labels: ClassVar[tuple[str, ...]] = ("xx", "xy", "yx", "yy")
    source: ClassVar[str] = "Hochreiter & Schmidhuber 1997, experiment 6a"

    name: Literal["temporal-order"]

    @property
    def longest_text(self) -> int:
        """See `DataSpec.longest_text`."""
        return LONGEST_LEAD + 1 + self.lag + 2 * self.slack

    def write(self, label: int, random: Random) -> list[str]:
        """See `MemoryTask.write`; the second symbol stands halfway to the end."""
        first, second = "xy"[label // 2], "xy"[label % 2]
        half = self.lag // 2
        return [
            *lead(random, "abcd"),
            first,
            *noise(random, "abcd", self.stretched(half - 1, random)),
            second,
            *noise(random, "abcd", self.stretched(self.lag - half, random)),
        ]
