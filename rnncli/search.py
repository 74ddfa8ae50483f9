"""A sweep's search, checked against its config before anything runs."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnncli.config import load_config
from rnncli.errors import ConfigError, UsageError
from rnncli.experiment import Experiment
from rnncli.search_space import Point, Range, SearchSpec, Space, corners, size
from rnncli.shipped import find_config
from rnncli.spec_shapes import shape_at, shape_of
from rnncli.sweep import SweepSpec, Trial, base_configs, trial_of

__all__ = ["Search", "search_of"]

_NO_RESULT = {
    "seed": "; give seeds in seeds",
    "name": "",
    "device": "",
    "devices": "",
    "baselines": "",
}
"""Keys of a config that a search cannot judge, and what to do instead."""


@dataclass(frozen=True)
class Search:
    """A search that can begin."""

    spec: SearchSpec
    """Its ranges are of integers where the config's keys are, and of floats elsewhere."""
    base: str
    """The config's file."""
    named: str
    """The base in the words of the sweep's file, where they lead to it from anywhere."""
    seeds: tuple[int, ...]
    epochs: int
    """Of the base."""
    digest: str
    """Equal for searches whose points can stand beside each other."""

    def trials(self, point: Point) -> list[Trial]:
        """The trainings of a point, one a seed.

        Raises:
            ConfigError: it is no valid config.
        """
        return [trial_of(self.base, point, seed) for seed in self.seeds]


def search_of(spec: SweepSpec, path: Path) -> Search:
    """The search of a sweep's file, its space tried out at the corners.

    Args:
        spec: what `read_sweep` gave, with a search.
        path: its file.

    Raises:
        ConfigError: every problem found, one line each.
    """
    search = spec.search
    if search is None:
        raise UsageError(f"{path}: has no search")
    (base,) = base_configs(spec, path)
    experiment = load_config(base)
    problems: dict[str, None] = {}
    space: Space = {}
    for key, axis in search.space.items():
        if key in _NO_RESULT:
            problems[f"{path}: search.space.{key}: changes no result{_NO_RESULT[key]}"] = None
            continue
        try:
            space[key] = _typed(axis, key, experiment) if isinstance(axis, Range) else axis
        except ValueError as error:
            problems[f"{path}: search.space.{key}: {error}"] = None
    if problems:
        raise ConfigError(list(problems))
    for corner in corners(space):
        try:
            trial_of(base, corner, spec.seeds[0])
        except (ConfigError, UsageError) as error:
            problems |= dict.fromkeys(f"{path}: search.space: {line}" for line in error.lines)
    if (points := size(space)) < search.trials:
        problems[
            f"{path}: search.trials: {search.trials}, but the space has {points:.0f} points; "
            "lower it, or train them all with grid"
        ] = None
    if problems:
        raise ConfigError(list(problems))
    search = search.model_copy(update={"space": space})
    digest = _digest(experiment, search, spec.seeds)
    named = spec.base if isinstance(spec.base, str) else spec.base[0]
    with suppress(UsageError):
        if str(find_config(named)) == base:
            return Search(search, base, named, spec.seeds, experiment.train.epochs, digest)
    return Search(search, base, base, spec.seeds, experiment.train.epochs, digest)


def _typed(axis: Range, key: str, experiment: Experiment) -> Range:
    """The range in the numbers that a key takes."""
    path = tuple(int(step) if step.isdecimal() else step for step in key.split("."))
    shape = shape_at(shape_of(Experiment), experiment.to_dict(), path)
    if shape is None or shape.number is None:
        return axis
    if shape.number is float:
        numbers = {name: _float(getattr(axis, name)) for name in ("low", "high", "step")}
        return axis.model_copy(update=numbers)
    if not axis.whole:
        raise ValueError(f"takes integers; low, high and step must be, got {axis}")
    return axis


def _float(number: float | None) -> float | None:
    return None if number is None else float(number)


def _digest(experiment: Experiment, search: SearchSpec, seeds: tuple[int, ...]) -> str:
    facts: dict[str, Any] = {
        "base": experiment.digest(),
        "space": search.model_dump(mode="json")["space"],
        "metric": search.metric,
        "seeds": seeds,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
