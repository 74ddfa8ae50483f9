"""What a cell remembers over how many steps: test accuracy by lag, and what is to be said of it.

Pure numbers: `rnncli.lags` trains, `rnncli.lag_page` draws.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

__all__ = ["SOLVED", "LagCurve", "Point", "csv_text", "sentences"]

SOLVED = 0.95
"""A lag counts as solved if the seeds' mean accuracy on test is at least this."""


@dataclass(frozen=True)
class Point:
    """A cell at a lag."""

    lag: int
    accuracies: Mapping[int, float]
    """On test, by seed."""

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return fmean(self.accuracies.values())

    @property
    def band(self) -> tuple[float, float]:
        """The worst and the best seed."""
        return min(self.accuracies.values()), max(self.accuracies.values())

    @property
    def solved(self) -> bool:
        """Whether the mean reaches `SOLVED`."""
        return self.mean >= SOLVED

    @property
    def hopeless(self) -> bool:
        """Whether no seed reaches `SOLVED`, so that longer lags need not be tried."""
        return self.band[1] < SOLVED


@dataclass(frozen=True)
class LagCurve:
    """A cell over the lags that were tried, in rising order."""

    cell: str
    points: Sequence[Point]
    skipped: Sequence[int] = ()
    """Longer lags, left out since every seed had failed at a shorter one."""

    @property
    def solved_up_to(self) -> int | None:
        """The longest lag that is solved as all shorter ones are; None if the first is not."""
        longest = None
        for point in self.points:
            if not point.solved:
                break
            longest = point.lag
        return longest

    @property
    def fails_at(self) -> Point | None:
        """The first point that is not solved."""
        return next((point for point in self.points if not point.solved), None)

    def to_dict(self) -> dict[str, Any]:
        """All numbers, ready for JSON."""
        return {
            "cell": self.cell,
            "solved_up_to": self.solved_up_to,
            "skipped": list(self.skipped),
            "points": [
                {
                    "lag": point.lag,
                    "mean": point.mean,
                    "lowest": point.band[0],
                    "highest": point.band[1],
                    "solved": point.solved,
                    "accuracies": {str(seed): a for seed, a in point.accuracies.items()},
                }
                for point in self.points
            ],
        }


def csv_text(curves: Sequence[LagCurve]) -> str:
    """A row for each training: cell, lag, seed, test accuracy."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["cell", "lag", "seed", "test_accuracy"])
    for curve in curves:
        for point in curve.points:
            for seed, accuracy in point.accuracies.items():
                writer.writerow([curve.cell, point.lag, seed, accuracy])
    return buffer.getvalue()


def sentences(task: str, chance: float, curves: Sequence[LagCurve]) -> list[str]:
    """What the curves say: who solves the task up to where, and the lag that tells cells apart."""
    return [_reach(task, curves), *_contrast(chance, curves)]


def _reach(task: str, curves: Sequence[LagCurve]) -> str:
    longest = max(point.lag for curve in curves for point in curve.points)
    by_reach: dict[int | None, list[str]] = {}
    for curve in sorted(curves, key=lambda curve: curve.solved_up_to or 0):
        by_reach.setdefault(curve.solved_up_to, []).append(curve.cell)
    told = []
    for reach, cells in by_reach.items():
        verb = "solves" if len(cells) == 1 else "solve"
        if reach is None:
            told.append(f"{_listed(cells)} {verb} it at no lag tried")
        else:
            last = ", the longest tried" if reach == longest else ""
            told.append(f"{_listed(cells)} {verb} it up to lag {reach}{last}")
    return f"{task}: {'; '.join(told)}."


def _contrast(chance: float, curves: Sequence[LagCurve]) -> list[str]:
    """The shortest lag at which one cell fails and others do not, if there is one."""
    failing = [(point.lag, curve, point) for curve in curves if (point := curve.fails_at)]
    for lag, curve, point in sorted(failing, key=lambda item: item[0]):
        solving = [other.cell for other in curves if (other.solved_up_to or 0) >= lag]
        if solving:
            verb = "has" if len(solving) == 1 else "have"
            return [
                f"At lag {lag} {curve.cell} gets {point.mean:.2f} of the texts right (guessing: "
                f"{chance:.2f}), where {_listed(solving)} {verb} at least {SOLVED:.2f}: with as "
                "many units and texts, what gates keep is there when it is asked for."
            ]
    return []


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
