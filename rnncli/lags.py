"""Training a memory task at rising lags, cell by cell: from a question to `LagCurve`s.

Every training is an `rnn train` process with a run directory of its own, as in a sweep: the same
question, asked again, passes over what is finished and resumes what is not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from rnncli.cells import CELLS
from rnncli.config import load_config
from rnncli.datasets import DATASETS
from rnncli.datasets.memory_task import MemoryTask
from rnncli.errors import CheckFailed, UsageError
from rnncli.interrupt import StopRequest
from rnncli.lag_curve import LagCurve, Point
from rnncli.suggestions import did_you_mean
from rnncli.sweep import Trial, as_trained
from rnncli.sweep_plan import FixedPlan
from rnncli.sweeping import Watcher, run_plan

__all__ = ["CELL_NAMES", "TASKS", "Question", "chance", "curves", "planned"]

TASKS: Mapping[str, type[MemoryTask]] = {
    get_args(spec.model_fields["name"].annotation)[0]: spec
    for spec in DATASETS
    if issubclass(spec, MemoryTask)
}
_CELLS = {get_args(spec.model_fields["cell"].annotation)[0]: spec for spec in CELLS}
CELL_NAMES = tuple(_CELLS)

_RATES = {"simple_rnn": 1e-3}
"""Adam's learning rate where the config's, which suits gated cells, does not suit. On validation
texts of temporal-order, SimpleRNN had at lag 50 an accuracy of 0.98 with 1e-3, 0.90 with 3e-3 and
0.25 with 1e-2 (3 seeds, 63,000 texts), at lag 100 of 0.46 with 3e-4, 0.52 with 1e-3 and 0.24 with
3e-3 (2 seeds, 27,000 texts)."""


@dataclass(frozen=True)
class Question:
    """Which cells solve a task up to which lag?"""

    task: str
    cells: tuple[str, ...]
    lags: tuple[int, ...]
    """In rising order."""
    seeds: tuple[int, ...]
    units: int | None = None
    """Instead of the config's."""
    settings: tuple[str, ...] = ()
    """Further ones, of every training, as `rnn train --set` takes them."""

    def trial(self, cell: str, lag: int, seed: int) -> Trial:
        """One training.

        A gated cell begins with memories of up to the lag (`chrono`); a cell without gates has
        its orthogonal recurrent matrix, which at first forgets nothing.

        Raises:
            ConfigError: a setting is wrong.
            UsageError: a setting changes what is varied.
        """
        base = self.task.replace("-", "_")
        layer: dict[str, object] = {"cell": cell, "units": self.units or _units_of(base)}
        if "chrono" in _CELLS[cell].model_fields:
            layer["chrono"] = lag
        changes: dict[str, object] = {
            "name": f"{self.task}.{cell}.lag-{lag}",
            "data.lag": lag,
            "model.layers": [layer],
            "baselines": False,
        }
        if cell in _RATES:
            changes["train.optimizer.learning_rate"] = _RATES[cell]
        written = [f"{key}={json.dumps(value)}" for key, value in changes.items()]
        settings = (*written, *self.settings)
        experiment = as_trained(base, settings, seed)
        chosen = {"name": experiment.data.name, "lag": getattr(experiment.data, "lag", None)}
        if chosen != {"name": self.task, "lag": lag} or experiment.model.layers[0].cell != cell:
            raise UsageError(
                "--set: `rnn lags` varies data.name, data.lag and the lowest layer's cell itself; "
                "choose them by TASK, --lags and --cells"
            )
        return Trial(base, settings, seed, f"{cell}, lag {lag}", experiment)


def _units_of(base: str) -> int:
    return load_config(base).model.layers[0].units


def planned(question: Question) -> list[Trial]:
    """Every training that may be needed, each config validated.

    Raises:
        UsageError: an unknown task or cell, or a value that stands twice.
        ConfigError: a setting is wrong, or a lag out of bounds.
    """
    if question.task not in TASKS:
        hint = did_you_mean(question.task, TASKS) or f"; expected one of {', '.join(TASKS)}"
        raise UsageError(f"{question.task}: no such memory task{hint}")
    for cell in question.cells:
        if cell not in _CELLS:
            hint = did_you_mean(cell, _CELLS) or f"; expected some of {', '.join(_CELLS)}"
            raise UsageError(f"--cells {cell}: no such cell{hint}")
    return [
        question.trial(cell, lag, seed)
        for lag in question.lags
        for cell in question.cells
        for seed in question.seeds
    ]


def chance(task: str) -> float:
    """The accuracy of guessing."""
    return 1 / len(TASKS[task].labels)


def curves(
    question: Question,
    out: Path,
    *,
    jobs: int,
    every_lag: bool,
    stop: StopRequest,
    watcher: Watcher | None = None,
    arguments: Sequence[str] = (),
) -> list[LagCurve]:
    """Train what is not trained yet, lag by lag, and read off the curves.

    Args:
        question: what is asked.
        out: the folder of the runs.
        jobs: how many trainings at a time.
        every_lag: also train a cell at lags longer than one at which all its seeds failed.
        stop: asks the running trainings to save and end.
        watcher: told of each training.
        arguments: further arguments of `rnn train`.

    Raises:
        CheckFailed: a training failed.
        Interrupted: a stop was asked for; the same question goes on from there.
    """
    points: dict[str, list[Point]] = {cell: [] for cell in question.cells}
    skipped: dict[str, list[int]] = {cell: [] for cell in question.cells}
    for lag in question.lags:
        alive = []
        for cell, found in points.items():
            if found and found[-1].hopeless and not every_lag:
                skipped[cell].append(lag)
            else:
                alive.append(cell)
        trials = [question.trial(cell, lag, seed) for cell in alive for seed in question.seeds]
        ended = run_plan(
            FixedPlan(trials, out, keep_going=False),
            out,
            jobs=jobs,
            stop=stop,
            watcher=watcher,
            arguments=arguments,
        )
        for one in ended:
            if one.state != "done":
                why = one.reason or one.state
                raise CheckFailed(f"{one.trial.label}, seed {one.trial.seed}: {why}")
        scores: dict[str, dict[int, float]] = {cell: {} for cell in alive}
        for trial in trials:
            cell = trial.experiment.model.layers[0].cell
            scores[cell][trial.seed] = trial.run(out).read("metrics")["test"]["accuracy"]
        for cell in alive:
            points[cell].append(Point(lag, scores[cell]))
    return [LagCurve(cell, points[cell], skipped[cell]) for cell in question.cells]
