"""What a sweep's trials may take, judged by those that are finished."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from rnncli.errors import StorageError
from rnncli.run import runs_under
from rnncli.sweep import Trial

__all__ = ["expected_seconds", "usual_seconds"]


def expected_seconds(trials: Sequence[Trial], out: Path) -> list[float | None]:
    """For each trial the median time of its finished seeds, else of all finished runs there.

    None where nothing is finished yet.
    """
    by_point = _times(out)
    overall = _median(by_point)
    return [
        median(times) if (times := by_point.get(_point(trial.run(out).path))) else overall
        for trial in trials
    ]


def usual_seconds(out: Path) -> float | None:
    """The median time of all finished runs there, None if there is none."""
    return _median(_times(out))


def _median(by_point: Mapping[str, Sequence[float]]) -> float | None:
    every = [seconds for times in by_point.values() for seconds in times]
    return median(every) if every else None


def _times(out: Path) -> dict[str, list[float]]:
    """How long the finished runs there took, by point."""
    by_point: defaultdict[str, list[float]] = defaultdict(list)
    if not out.is_dir():
        return by_point
    for run, status in runs_under(out):
        if status.state == "done":
            try:
                by_point[_point(run.path)].append(float(run.read("cost")["seconds"]))
            except (StorageError, KeyError, TypeError):
                continue
    return by_point


def _point(run: Path) -> str:
    """A run directory's name without its seed."""
    return run.name.rpartition("-s")[0]
