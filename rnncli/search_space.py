"""What a sweep's `search:` may say: how many points, judged by what, over which keys of a config.

```yaml
search:
  trials: 30
  metric: macro_f1
  space:
    model.layers.0.units: {low: 8, high: 64, step: 8, log: true}
    train.optimizer.learning_rate: {low: 1.0e-4, high: 1.0e-2, log: true}
    model.layers.0.cell: [lstm, gru]
  sampler: tpe
  pruning: median
```
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from rnncli.experiment import SEEDS, Monitor
from rnncli.spec import Spec

__all__ = ["LARGEST", "Choices", "Point", "Range", "SearchSpec", "Space", "corners", "size"]

LARGEST = 10_000
"""As many trials as a sweep may have."""
_CORNERS = 256
"""Up to so many corners of a space are all tried out; of more, those along its edges."""

_BEYOND = 1e300
"""What no number of a range may reach."""

Point = dict[str, Any]
"""A value for each key."""
Number = int | float


class Range(Spec):
    """The numbers from `low` to `high`, both included."""

    low: Number
    """The smallest."""
    high: Number
    """The largest."""
    log: bool = False
    """Whether their logarithm is spread evenly, as befits learning rates and sizes."""
    step: Number | None = None
    """Only every so many: from `low`, or with `log` the multiples of this."""

    @model_validator(mode="after")
    def _is_a_range(self) -> Range:
        for number in (self.low, self.high, self.step or 1):
            if not abs(number) < _BEYOND:
                raise ValueError(f"{str(number)[:20]}… is too large a number")
        if not self.low < self.high:
            raise ValueError(f"low {self.low} is not below high {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"log: true needs a low above 0, got {self.low}")
        if self.step is None:
            return self
        if self.step <= 0:
            raise ValueError(f"step {self.step} is not above 0")
        if not _whole((self.high - self.low) / self.step):
            raise ValueError(
                f"step {self.step} does not lead from low {self.low} to high {self.high}"
            )
        if self.log and not _whole(self.low / self.step):
            raise ValueError(f"with log and step, low {self.low} must be a multiple of {self.step}")
        return self

    @property
    def whole(self) -> bool:
        """Whether it has integers alone."""
        return all(isinstance(n, int) for n in (self.low, self.high, self.step or 0))

    def __str__(self) -> str:
        """As a table shows it."""
        step = "" if self.step is None else f", step {self.step:g}"
        return f"{self.low:g} to {self.high:g}{step}{', log' if self.log else ''}"


Choices = Annotated[tuple[Any, ...], Field(strict=False, min_length=2)]
"""Values without an order, in a list."""
Space = dict[str, Range | Choices]


class SearchSpec(Spec):
    """A search for the point of a space whose validation score is best."""

    trials: Annotated[int, Field(ge=1, le=LARGEST)]
    """How many points to try, those pruned included."""
    space: Annotated[Space, Field(min_length=1)]
    """By key of the config: a range of numbers, or a list of values."""
    metric: Monitor = "macro_f1"
    """What is sought, on validation: that of the epoch whose weights a run keeps."""
    sampler: Literal["tpe", "random"] = "tpe"
    """`tpe` learns from the points before (Bergstra et al. 2011, multivariate)."""
    pruning: Literal["median", "none"] = "median"
    """`median` stops a training that is worse than the median at the same epoch."""
    seed: Annotated[int, Field(ge=0, lt=SEEDS)] = 0
    """Of the sampler."""


def corners(space: Space) -> Iterator[Point]:
    """The points at the ends of all ranges, with every choice; of very many, the outermost."""
    ends = {
        key: (axis.low, axis.high) if isinstance(axis, Range) else axis
        for key, axis in space.items()
    }
    if math.prod(map(len, ends.values())) <= _CORNERS:
        for values in itertools.product(*ends.values()):
            yield dict(zip(ends, values, strict=True))
        return
    for start in (0, -1):
        home = {key: values[start] for key, values in ends.items()}
        yield home
        for key, values in ends.items():
            yield from ({**home, key: value} for value in values if value != home[key])


def size(space: Mapping[str, Range | Choices]) -> float:
    """How many points a space has; infinite where a range has no step."""
    return math.prod(_length(axis) for axis in space.values())


def _length(axis: Range | Choices) -> float:
    if not isinstance(axis, Range):
        return len(axis)
    step = axis.step or (1 if axis.whole else None)
    return math.inf if step is None else round((axis.high - axis.low) / step) + 1


def _whole(number: float) -> bool:
    return math.isfinite(number) and abs(number - round(number)) < 1e-9 * max(1.0, abs(number))
