"""The next point of a search, by what is known of those before it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rnncli.search_space import Choices, Point, Range, SearchSpec

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

__all__ = ["distributions", "parameters", "propose"]

_OTHERS = 50
"""So often the sampler is asked for a point that was not tried before; then chance is."""
_DIGITS = 4
"""Significant digits of a float that has no step."""


def distributions(spec: SearchSpec) -> dict[str, BaseDistribution]:
    """The space in Optuna's words."""
    return {key: _distribution(axis) for key, axis in spec.space.items()}


def parameters(spec: SearchSpec, point: Point) -> dict[str, Any]:
    """A point in Optuna's words."""
    return {key: _parameter(spec.space[key], value) for key, value in point.items()}


def propose(spec: SearchSpec, trials: Sequence[FrozenTrial], number: int) -> Point:
    """The point of a trial, a function of the trials before it and the sampler's seed.

    So a search that was killed goes on with the points an undisturbed one would have tried, as
    long as one point is trained at a time. No point is proposed twice.

    Args:
        spec: the space, larger than the trials.
        trials: all that were begun; those that run count as bad, so that others are sought.
        number: of the new trial.
    """
    import numpy as np
    import optuna

    space = distributions(spec)
    known = [trial.params for trial in trials]
    seed = int(np.random.SeedSequence([spec.seed, number]).generate_state(1)[0])
    chance = optuna.samplers.RandomSampler(seed=seed)
    sampler = chance if spec.sampler == "random" else optuna.samplers.TPESampler(seed=seed)
    # A copy in memory: the journal gets the whole point in one line, or nothing.
    direction = "minimize" if spec.metric == "loss" else "maximize"
    study = optuna.create_study(direction=direction, sampler=sampler)
    study.add_trials(trials)
    attempts = 0
    while True:
        if attempts == _OTHERS:
            study.sampler = chance
        drawn = study.ask(space).params
        digits = min(_DIGITS + attempts // (2 * _OTHERS), 17)  # a narrow range has few of four
        point = {key: _value(axis, drawn[key], digits) for key, axis in spec.space.items()}
        attempts += 1
        if parameters(spec, point) not in known:
            return point


def _distribution(axis: Range | Choices) -> BaseDistribution:
    from optuna import distributions as of

    if not isinstance(axis, Range):
        return of.CategoricalDistribution([json.dumps(v, ensure_ascii=False) for v in axis])
    if axis.log and axis.step is not None:  # Optuna has one or the other: multiples of the step
        return of.IntDistribution(
            round(axis.low / axis.step), round(axis.high / axis.step), log=True
        )
    if axis.whole:
        step = 1 if axis.step is None else int(axis.step)
        return of.IntDistribution(int(axis.low), int(axis.high), log=axis.log, step=step)
    return of.FloatDistribution(axis.low, axis.high, log=axis.log, step=axis.step)


def _value(axis: Range | Choices, drawn: Any, digits: int) -> Any:
    """What the config gets for what Optuna drew, a number without steps to so many digits."""
    if not isinstance(axis, Range):
        return json.loads(drawn)
    if axis.log and axis.step is not None:
        number = drawn * axis.step
        return number if axis.whole else float(f"{number:.12g}")
    if axis.whole:
        return drawn
    digits = digits if axis.step is None else 12
    return min(max(float(f"{drawn:.{digits}g}"), axis.low), axis.high)


def _parameter(axis: Range | Choices, value: Any) -> Any:
    if not isinstance(axis, Range):
        return json.dumps(value, ensure_ascii=False)
    return round(value / axis.step) if axis.log and axis.step is not None else value
