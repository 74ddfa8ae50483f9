"""What a sweep's trials may take, judged by those that are finished."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from rnncli.errors import StorageError
from rnncli.run import runs_under
from rnncli.sweep import Trial

__all__ = ["expected_seconds"]


def expected_seconds(trials: Sequence[Trial], out: Path) -> list[float | None]:
    """For each trial the median time of its finished seeds, else of all finished runs there.

    None where nothing is finished yet.
    """
    if not out.is_dir():
        return [None] * len(trials)
    by_point: defaultdict[str, list[float]] = defaultdict(list)
    for run, status in runs_under(out):
        if status.state == "done":
            try:
                by_point[_point(run.path)].append(float(run.read("cost")["seconds"]))
            except (StorageError, KeyError, TypeError):
                continue
    every = [seconds for times in by_point.values() for seconds in times]
    overall = median(every) if every else None
    return [
        median(times) if (times := by_point.get(_point(trial.run(out).path))) else overall
        for trial in trials
    ]


def _point(run: Path) -> str:
    """A run directory's name without its seed."""
    return run.name.rpartition("-s")[0]
