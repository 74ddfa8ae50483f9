"""What a cell writes down to be compiled: one step forwards, one back, the weights' gradients.

They are written in Keras' operations, and run in `rnncli.layers.recurrence` on TensorFlow and in
`rnncli.layers.scanning` on JAX.
Shape letters: b texts of a shard, L steps of a chunk, U units, G columns of the kernel (U for each
gate).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

__all__ = ["Equations", "Tensors", "product_over_steps"]

Tensors = Sequence[Any]


class Equations(ABC):
    """One step of a cell, forwards and back, in Keras' operations.

    Subclasses are functions under a name: what they compute depends on their arguments alone.
    """

    states: int = 1
    """How many states the cell carries."""
    kept: tuple[int, ...] = ()
    """The arrays that `forward` keeps for `backward`, by how many times U columns they have."""
    carries: bool = False
    """Whether h is also read beside the recurrent kernel, which makes a difference where what that
    reads is dropped: then h as it is comes last among the states before, and its gradient too."""
    sums: int = 1
    """How many arrays `backward` answers first."""

    @abstractmethod
    def forward(self, z: Any, before: Tensors, weights: Tensors) -> tuple[Tensors, Tensors]:
        """One step.

        Args:
            z: what the input brings, kernel and bias applied [b, G].
            before: the states, h first [b, U].
            weights: the cell's beyond kernel and bias.

        Returns:
            the states after the step, and what is kept of it, each [b, ·].
        """

    @abstractmethod
    def backward(
        self, kept: Tensors, before: Tensors, after: Tensors, slopes: Tensors, turned: Tensors
    ) -> tuple[Tensors, Tensors]:
        """The gradients of one step.

        Args:
            kept: what `forward` kept.
            before: the states before the step.
            after: the states after it.
            slopes: the gradients by the states after it.
            turned: the weights of `forward`, matrices transposed.

        Returns:
            the gradients by z [b, G], and others that `weight_slopes` needs; and those by the
            states before the step.
        """

    @abstractmethod
    def weight_slopes(
        self, slopes: Tensors, kept: Tensors, before: Tensors, after: Tensors
    ) -> Tensors:
        """The gradients by the weights of `forward`.

        Args:
            slopes: what `backward` returned first, of all steps of a chunk [L·b, ·].
            kept: what `forward` kept [L·b, ·].
            before: the states before each step [L·b, U].
            after: the states after each step [L·b, U].
        """


def product_over_steps(states: Any, slopes: Any) -> Any:
    """A matrix's gradient: statesᵀ · slopes, over all steps and texts [L·b, ·]."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.matmul(states, slopes, transpose_a=True)
    return ops.matmul(ops.transpose(states), slopes)
