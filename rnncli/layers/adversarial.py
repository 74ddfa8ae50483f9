"""Word vectors moved to where the loss rises fastest (adversarial training).

Miyato, Dai & Goodfellow, Adversarial training methods for semi-supervised text classification,
ICLR 2017, equation 5: a text's vectors e [T, D] are moved by r = ε g / ‖g‖₂, with g the gradient
of the loss by e, and the loss there is added to the loss at e. Otherwise than there, e is not
normalised, and dropout is drawn anew for the second loss: r is steepest for another draw of it.

Shape letters: B batch, T time, D features.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from keras import ops

from rnncli.layers.embedding import TokenEmbedding

__all__ = ["jax_loss_and_updates", "moved", "standing_still", "steepest", "torch_train_step"]


@contextmanager
def moved(model: Any, perturbation: Any) -> Iterator[None]:
    """Within the block the model's word vectors stand elsewhere by `perturbation` [B, T, D]."""
    embedding = model.get_layer("embedding")
    embedding.perturbation = perturbation
    try:
        yield
    finally:
        embedding.perturbation = None


def standing_still(model: Any, ids: Any) -> Any:
    """A perturbation of zeros [B, T, D] for ids [B, T] or [B, T, N]."""
    embedding: TokenEmbedding = model.get_layer("embedding")
    shape = (*ops.shape(ids)[:2], embedding.output_dim)
    return ops.zeros(shape, embedding.compute_dtype)


def steepest(gradient: Any, epsilon: float) -> Any:
    """Each text's gradient [B, T, D] at the length ε; a text without one is not moved."""
    wide = ops.cast(gradient, "float32")
    # By the largest element first: squares of small gradients vanish in float32.
    wide = wide / (ops.max(ops.abs(wide), axis=(1, 2), keepdims=True) + 1e-30)
    length = ops.sqrt(ops.sum(ops.square(wide), axis=(1, 2), keepdims=True) + 1e-12)
    return ops.cast(epsilon * wide / length, gradient.dtype)


def jax_loss_and_updates(
    model: Any,
    compute: Callable[..., Any],
    trainable: Any,
    non_trainable: Any,
    metrics: Any,
    x: Any,
    *rest: Any,
    **kwargs: Any,
) -> Any:
    """Keras' `compute_loss_and_updates` on JAX, the loss at the worst place added."""
    import jax

    def standing(perturbation: Any) -> Any:
        with moved(model, perturbation):
            weights = jax.lax.stop_gradient(trainable)
            return compute(weights, non_trainable, metrics, x, *rest, **kwargs)[0]

    slope = jax.grad(standing)(standing_still(model, x))
    loss, found = compute(trainable, non_trainable, metrics, x, *rest, **kwargs)
    with moved(model, steepest(slope, model.adversarial_epsilon)):
        there, after = compute(trainable, found[2], metrics, x, *rest, **kwargs)
    return loss + there, (*found[:2], *after[2:])


def torch_train_step(model: Any, data: tuple[Any, Any, Any]) -> Any:
    """Keras' `train_step` on PyTorch, the loss at the worst place added."""
    import torch

    x, y, sample_weight = data

    def loss_at(perturbation: Any) -> Any:
        with moved(model, perturbation):
            return model.compute_loss(x, y, model(x, training=True), sample_weight, training=True)

    model.zero_grad()
    still = standing_still(model, x).requires_grad_()
    loss = loss_at(still)
    model.optimizer.scale_loss(loss).backward()
    there = loss_at(steepest(still.grad, model.adversarial_epsilon))
    model.optimizer.scale_loss(there).backward()
    variables = model.trainable_weights
    with torch.no_grad():
        model.optimizer.apply([variable.value.grad for variable in variables], variables)
    model._loss_tracker.update_state(loss.detach(), sample_weight=len(x))
    return {"loss": model._loss_tracker.result()}
