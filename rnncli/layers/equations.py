"""What a cell writes down to be compiled: one step forwards, one back, the weights' gradients.

They are written in Keras' operations, and run in `rnncli.layers.recurrence` on TensorFlow and in
`rnncli.layers.scanning` on JAX.
Shape letters: b texts of a shard, L steps of a chunk, U units, G columns of the kernel (U for each
gate), K copies of what a kernel reads, one for each gate's columns, where it drops others for each.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

__all__ = ["Equations", "Tensors", "by_what_is_read", "product", "product_over_steps"]

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
            before: the states as `read` gives them, h first.
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
            before: the states before the step, as in `forward`.
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
            before: the states before each step, as in `forward` [L·b, ·].
            after: the states after each step [L·b, U].
        """

    def read(self, states: Tensors, dropped: Any) -> Tensors:
        """The states, h [·, U] as the recurrent kernel reads it, some of it dropped [·, K·U].

        Args:
            states: h first.
            dropped: its factors [b, K·U]; None if none is.
        """
        if dropped is None:
            return states
        copies = dropped.shape[-1] // states[0].shape[-1]
        read = ops.concatenate([states[0]] * copies, axis=-1) * dropped
        return [read, *states[1:], *states[: int(self.carries)]]

    def unread(self, slopes: Tensors, dropped: Any) -> Tensors:
        """The gradients by the states, of those by what `read` made of them."""
        if dropped is None:
            return slopes
        by_read, *others = slopes
        units = others[-1].shape[-1] if others else by_read.shape[-1]
        by_h = ops.split(by_read * dropped, dropped.shape[-1] // units, axis=-1)
        if self.carries:
            by_h.append(others.pop())
        return [functools.reduce(ops.add, by_h), *others]


def product(read: Any, kernel: Any) -> Any:
    """What a kernel [U, G] makes of what it reads, [·, U] or [·, K·U]: [·, G]."""
    copies = read.shape[-1] // kernel.shape[0]
    if copies == 1:
        return ops.matmul(read, kernel)
    pairs = zip(*(ops.split(array, copies, axis=-1) for array in (read, kernel)), strict=True)
    return ops.concatenate([ops.matmul(*pair) for pair in pairs], axis=-1)


def by_what_is_read(slopes: Any, turned: Any, read: Any) -> Any:
    """The gradient by what `product` read, of that by what it made [·, G].

    Args:
        slopes: the latter.
        turned: the kernel, transposed [G, U].
        read: what it read.
    """
    copies = read.shape[-1] // turned.shape[1]
    if copies == 1:
        return ops.matmul(slopes, turned)
    parts = ops.split(slopes, copies, axis=-1), ops.split(turned, copies)
    return ops.concatenate([ops.matmul(*pair) for pair in zip(*parts, strict=True)], axis=-1)


def product_over_steps(read: Any, slopes: Any, rows: int | None = None) -> Any:
    """A kernel's gradient: readᵀ · slopes, over all steps and texts [L·b, ·].

    Args:
        read: what it read.
        slopes: the gradients by what it made [L·b, G].
        rows: how many the kernel has; by default as many as what it read has columns.
    """
    copies = read.shape[-1] // rows if rows else 1
    if copies > 1:
        pairs = zip(*(ops.split(array, copies, axis=-1) for array in (read, slopes)), strict=True)
        return ops.concatenate([product_over_steps(*pair) for pair in pairs], axis=-1)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.matmul(read, slopes, transpose_a=True)
    return ops.matmul(ops.transpose(read), slopes)
