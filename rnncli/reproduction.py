"""`reproduce`: train a run's record again, and find where the two first differ."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rnncli.classifier import recorded_experiment
from rnncli.errors import UsageError
from rnncli.run import Run
from rnncli.training import train

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.progress import Reporter

__all__ = ["Reproduction", "compare", "reproduce"]

_MEASURED = ("epoch", "seconds", "texts_per_second", "improved")
"""Columns of the history that are counted or timed, not computed."""


@dataclass(frozen=True)
class Reproduction:
    """What came of training a run again."""

    verdict: Literal["identical", "within tolerance", "different"]
    where: str
    """The first place that differs, in the order of a training; empty if identical."""
    largest: float
    """The largest difference between two numbers; infinite where they cannot be compared."""
    changed: dict[str, tuple[Any, Any]]
    """What differs in the environment, by name: then and now."""


def reproduce(
    run: Run,
    out: Path,
    *,
    tolerance: float = 1e-4,
    device: str | None = None,
    backend: str | None = None,
    reporter: Reporter | None = None,
) -> Reproduction:
    """Train from the run's own record into another folder, and compare.

    Args:
        run: a finished run.
        out: the folder for the second training.
        tolerance: how far numbers may lie apart, absolutely, and still count as the same.
        device: instead of the record's.
        backend: instead of the record's.
        reporter: told what happens.

    Raises:
        UsageError: the run is not finished.
        RnnError: it cannot be read, or not be trained again.
    """
    state = run.status.state
    if state != "done":
        raise UsageError(f"{run.path}: is not finished (status: {state}); resume it with rnn train")
    experiment = recorded_experiment(run, device, backend)
    alone = experiment.train.model_copy(update={"tracker": None})
    again = train(
        experiment.model_copy(update={"baselines": False, "train": alone}),
        out=out,
        force=True,
        reporter=reporter,
    )
    return compare(run, again, tolerance)


def compare(run: Run, again: Run, tolerance: float) -> Reproduction:
    """Two trainings of one experiment: data first, then epoch by epoch, then the predictions."""
    found = [*_texts(run, again), *_epochs(run, again), *_predictions(run, again)]
    differing = [(where, size) for where, size in found if size > 0]
    largest = max((size for _, size in differing), default=0.0)
    beyond = next((where for where, size in differing if size > tolerance), "")
    return Reproduction(
        "different" if beyond else "within tolerance" if differing else "identical",
        beyond or (differing[0][0] if differing else ""),
        largest,
        _changed(run, again),
    )


def _texts(run: Run, again: Run) -> list[tuple[str, float]]:
    then, now = run.read("data")["splits"], again.read("data")["splits"]
    return [
        (
            f"data: the {name} texts",
            0.0 if then[name]["sha256"] == now[name]["sha256"] else math.inf,
        )
        for name in then
    ]


def _epochs(run: Run, again: Run) -> list[tuple[str, float]]:
    found = []
    then, now = run.history(), again.history()
    for one, other in zip(then, now, strict=False):
        for name, value in vars(one).items():
            if name not in _MEASURED:
                second = getattr(other, name)
                told = f"epoch {one.epoch}, {name}: {value!r} then, {second!r} now"
                found.append((told, float(_apart(value, second))))
    if len(then) != len(now):
        found.append((f"epochs: {len(then)} then, {len(now)} now", math.inf))
    return found


def _predictions(run: Run, again: Run) -> list[tuple[str, float]]:
    then, now = run.predictions(), again.predictions()
    if list(then.ids) != list(now.ids) or then.label_names != now.label_names:
        return [("predictions: of other texts or labels", math.inf)]
    if not len(then.ids):
        return []
    apart = _apart(then.probabilities, now.probabilities).max(axis=1)
    worst = int(apart.argmax())
    return [(f"test text {then.ids[worst]}: a probability", float(apart[worst]))]


def _apart(then: Any, now: Any) -> NDArray[np.float64]:
    """How far numbers lie apart: not at all if none is any, endlessly if one of them is none."""
    then, now = np.asarray(then, np.float64), np.asarray(now, np.float64)
    nothing = np.isnan(then) & np.isnan(now)
    with np.errstate(invalid="ignore"):  # of one infinity and another
        gap = np.nan_to_num(np.abs(then - now), nan=math.inf)
    return np.where(nothing | (then == now), 0.0, gap)


def _changed(run: Run, again: Run) -> dict[str, tuple[Any, Any]]:
    then, now = _facts(run), _facts(again)
    names = [*then, *(name for name in now if name not in then)]
    return {
        name: (then.get(name), now.get(name)) for name in names if then.get(name) != now.get(name)
    }


def _facts(run: Run) -> dict[str, Any]:
    """What a run was trained on; `2 and later 1` where it was resumed on something else."""
    recorded = run.read("environment")
    places = [_place(one) for one in (*(recorded.get("earlier") or []), recorded)]
    facts = {}
    for name in {name: None for place in places for name in place}:
        values = [place.get(name) for place in places]
        changes = [value for value, _ in itertools.groupby(values)]
        facts[name] = " and later ".join(map(str, changes)) if len(changes) > 1 else changes[0]
    return facts


def _place(recorded: dict[str, Any]) -> dict[str, Any]:
    facts = {name: recorded.get(name) for name in ("python", "platform", "cpu", "cores")}
    device = recorded.get("device") or {}
    return {
        **facts,
        "backend": device.get("backend"),
        "device": device.get("name"),
        **(recorded.get("packages") or {}),
    }
