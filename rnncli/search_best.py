"""The best point of a search, by validation alone, and its config."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rnncli.atomic import write_text
from rnncli.config import to_yaml
from rnncli.search import Search
from rnncli.search_study import StudyPoint

__all__ = ["best_of", "write_best"]


def best_of(search: Search, points: Sequence[StudyPoint]) -> StudyPoint | None:
    """The point of the best value, the earliest of equals; None if none is done."""
    sign = 1.0 if search.spec.metric == "loss" else -1.0
    done = [
        (sign * p.value, p.number, p) for p in points if p.state == "done" and p.value is not None
    ]
    return min(done)[2] if done else None


def write_best(search: Search, best: StudyPoint, trials: int, folder: Path) -> Path:
    """Write the point's config, complete, as `best.yaml` in a folder.

    Raises:
        StorageError: it cannot be written.
    """
    path = folder / "best.yaml"
    seeds = f", mean of {len(search.seeds)} seeds" if len(search.seeds) > 1 else ""
    head = (
        f"# rnn train --config {path}\n"
        f"# the best of {trials} points of a search from {Path(search.base).name}: trial "
        f"{best.number}, validation {search.spec.metric} {best.value:.4f}{seeds}\n"
    )
    write_text(path, head + to_yaml(search.trials(best.point)[0].experiment))
    return path
