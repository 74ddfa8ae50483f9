"""A run's companion without recurrence: the same experiment, its layers one dense layer.

What it lacks of the run on the same texts is what the order of the tokens was worth to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rnncli.cells.dense import Dense
from rnncli.classifier import recorded_experiment
from rnncli.matching import layer_parameters, matched_units
from rnncli.run import Run
from rnncli.study.order import Ordered, Score, scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnncli.experiment import Experiment

__all__ = ["Worth", "best_match", "companion", "shallow", "worth"]


@dataclass(frozen=True)
class Worth:
    """A network without recurrence beside a run, on the texts as written."""

    name: str
    """The companion's."""
    score: Score
    """`lost` is the run minus the companion: what order, and the recurrence, was worth."""


def shallow(experiment: Experiment) -> Experiment:
    """The experiment with one dense layer of as many weights, and a readout of every step."""
    config = experiment.to_dict()
    model = config["model"]
    dense: dict[str, object] = {"cell": "dense"}
    if model["match"] is None:
        dim = experiment.model.embedding.dim
        weights = layer_parameters(experiment.model.layers, dim)
        dense["units"] = matched_units([Dense(cell="dense", units=1)], dim, weights)
    model["layers"] = [dense]
    if model["readout"]["name"] in ("last", "state"):
        model["readout"] = {"name": "mean", "dropout": model["readout"]["dropout"]}
    config["name"] = f"{experiment.name}_dense"
    return type(experiment).model_validate(config)


def companion(run: Run) -> Run | None:
    """The finished companion beside a run, whatever it is called."""
    experiment = shallow(recorded_experiment(run))
    pattern = f"*-{experiment.digest()[:8]}-s{experiment.seed}"
    found = sorted(path for path in run.path.resolve().parent.glob(pattern) if Run(path).exists)
    return next((Run(path) for path in found if Run(path).status.state == "done"), None)


def worth(one: Ordered, dense: Run) -> Worth | None:
    """What a run without recurrence lacks on the same texts; None if it was tested on others."""
    told = dense.predictions()
    place = {identifier: row for row, identifier in enumerate(told.ids)}
    if told.label_names != one.labels or not set(one.ids) <= set(place):
        return None
    rows = np.array([place[identifier] for identifier in one.ids])
    if not np.array_equal(told.gold[rows], one.gold):
        return None
    answers = {"run": [one.predicted], "dense": [told.predicted[rows]]}
    return Worth(dense.name, scores(one.gold, answers, len(one.labels))["dense"])


def best_match(one: Ordered, runs: Sequence[Run]) -> Worth | None:
    """The first of some runs without recurrence that read the same tokens of the same texts."""
    text = recorded_experiment(Run(Path(one.run))).text
    for run in runs:
        if recorded_experiment(run).text == text and (found := worth(one, run)) is not None:
            return found
    return None
