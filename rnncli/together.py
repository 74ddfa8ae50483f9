"""Several seeds of one experiment as one program, on JAX.

One small recurrent network leaves a GPU idle: most of a step is waiting for the step before. Here
a step trains all seeds side by side (`jax.vmap` over weights, optimizer, dropout's random state and
batches), each seed on batches of its own order, padded to the longest among them; masks are exact,
so that a seed's result is what it would be alone, up to rounding.

Shape letters: S seeds, B batch, T time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli.epochs import Batch, Stopwatch, batches, one_behind, require_finite, reseed
from rnncli.fitting import Pass, Progress, end_epoch, finished
from rnncli.layers.jax_step import step_of, variables_of
from rnncli.scoring import length_multiple

if TYPE_CHECKING:
    from rnncli.experiment import Experiment
    from rnncli.interrupt import StopRequest
    from rnncli.preparation import Prepared
    from rnncli.progress import Reporter
    from rnncli.run import Run

__all__ = ["Seed", "fit_together"]

Arrays = list[Any]


@dataclass(frozen=True)
class Seed:
    """One of the seeds, ready to be trained."""

    experiment: Experiment
    run: Run
    model: Any
    """With the seed's weights and optimizer, as new or as its last checkpoint has them."""
    progress: Progress


def fit_together(
    seeds: Sequence[Seed], prepared: Prepared, reporter: Reporter, stop: StopRequest
) -> None:
    """Train all seeds until the last epoch, early stopping, or a stop request.

    Each run gets after every epoch what `rnncli.fitting.fit` gives it. Seeds that are behind, since
    they were killed before an epoch was saved, catch up first; one that stops early drops out.

    Raises:
        Interrupted: a stop was asked for; the last finished epoch is saved.
        Diverged: a loss is no longer finite.
        StorageError: a run directory cannot be written.
    """
    with stop.deferred():
        while going := [seed for seed in seeds if not finished(seed.experiment, seed.progress)]:
            epoch = min(seed.progress.epoch for seed in going)
            group = [seed for seed in going if seed.progress.epoch == epoch]
            reporter.epoch_started(epoch + 1)
            began = time.perf_counter()
            passes = _train_epoch(group, prepared, epoch, reporter, stop)
            seconds = (time.perf_counter() - began) / len(group)
            for seed, passed in zip(group, passes, strict=True):
                row = end_epoch(
                    seed.model,
                    seed.experiment,
                    prepared,
                    seed.run,
                    seed.progress,
                    passed,
                    seconds,
                )
                reporter.epoch_ended(row)
            if stop:
                raise stop.error()


def _train_epoch(
    group: Sequence[Seed],
    prepared: Prepared,
    epoch: int,
    reporter: Reporter,
    stop: StopRequest,
) -> list[Pass]:
    import jax.numpy as jnp

    encoded = prepared.encoded["train"]
    multiple = length_multiple(encoded, group[0].model)
    for seed in group:
        reseed(seed.model, seed.experiment.seed, epoch)
    state = [jnp.stack(arrays) for arrays in zip(*map(_values, group), strict=True)]
    step = _step(group[0].model)
    began = time.perf_counter()
    total, texts, rate, inside = np.zeros(len(group)), 0, 0.0, Stopwatch()

    def steps() -> Iterator[tuple[int, Sequence[Batch], Any]]:
        nonlocal state
        orders = (batches(seed.experiment, prepared, epoch) for seed in group)
        for index, side_by_side in enumerate(zip(*orders, strict=True)):
            rows = np.concatenate([batch.rows for batch in side_by_side])
            ids = encoded.padded(rows, multiple)
            with inside:
                state, losses = step(
                    state,
                    ids.reshape(len(group), -1, *ids.shape[1:]),
                    np.stack([batch.targets for batch in side_by_side]),
                    np.stack([batch.weights for batch in side_by_side]),
                    np.float32(side_by_side[0].learning_rate),
                )
            yield index, side_by_side, losses

    for index, side_by_side, losses in one_behind(steps()):
        with inside:
            found = np.asarray(losses, np.float64)
        rate = side_by_side[0].learning_rate
        for loss in found:
            require_finite(float(loss), epoch, index, rate)
        total += found * [batch.texts for batch in side_by_side]
        texts += side_by_side[0].texts
        reporter.step(texts, float(total.mean()) / texts)
        if stop:
            raise stop.error()
    for number, seed in enumerate(group):
        for variable, values in zip(variables_of(seed.model), state, strict=True):
            variable.assign(values[number])
    seconds = time.perf_counter() - began
    share = 1 / len(group)
    in_steps = inside.seconds * share
    return [Pass(float(sum_) / texts, rate, seconds * share, in_steps) for sum_ in total]


def _values(seed: Seed) -> Arrays:
    return [variable.value for variable in variables_of(seed.model)]


def _step(model: Any) -> Callable[..., Any]:
    """One step of all seeds: (state, ids [S, B, T], targets, weights, rate) to (state, losses [S]).

    Compiled once for a number of seeds, a size and a length.
    """
    functions = model.__dict__.setdefault("_functions", {})
    if "together" not in functions:
        functions["together"] = _compiled_step(model)
    step: Callable[..., Any] = functions["together"]
    return step


def _compiled_step(model: Any) -> Callable[..., Any]:
    import jax

    step_of_one = step_of(model)
    at = next(
        index
        for index, variable in enumerate(variables_of(model))
        if variable is model.optimizer.learning_rate  # of the inner one, where losses are scaled
    )

    def one(state: Arrays, ids: Any, targets: Any, sample_weight: Any, rate: Any) -> Any:
        state[at] = rate
        return step_of_one(state, ids, targets, sample_weight)

    step: Callable[..., Any] = jax.jit(jax.vmap(one, (0, 0, 0, 0, None)), donate_argnums=0)
    return step
