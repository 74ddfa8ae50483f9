"""A training step on JAX as a function of arrays, without Keras' adapters, metrics and logs.

Shape letters: B batch, T time, C classes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["step_of", "variables_of"]


def variables_of(model: Any) -> list[Any]:
    """All that a step changes: weights, random states, optimizer."""
    return [
        *model.trainable_variables,
        *model.non_trainable_variables,
        *model.optimizer.variables,
    ]


def step_of(model: Any) -> Callable[..., Any]:
    """One step: (state, ids [B, T], targets [B, C], weights [B]) to (state, mean loss before it).

    The state is the values of `variables_of`.
    """
    import jax

    weights, others = len(model.trainable_variables), len(model.non_trainable_variables)
    optimizer = model.optimizer
    metrics = [variable.value for variable in model.metrics_variables]

    def step(state: list[Any], ids: Any, targets: Any, sample_weight: Any) -> Any:
        trainable, random = state[:weights], state[weights : weights + others]
        slots = state[weights + others :]
        slope = jax.value_and_grad(model.compute_loss_and_updates, has_aux=True)
        (_, found), gradients = slope(
            trainable,
            random,
            metrics,
            ids,
            targets,
            sample_weight,
            training=True,
            optimizer_variables=slots,
        )
        loss, _, random, _ = found
        trainable, slots = optimizer.stateless_apply(slots, gradients, trainable)
        return [*trainable, *random, *slots], loss

    return step
