"""A chunk of time compiled by XLA: its steps forwards, and back through a cell's `Equations`.

Shape letters: b texts of a shard, L steps of a chunk, D features, U units, G columns of the kernel.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from rnncli.layers.equations import Equations, Tensors

__all__ = ["Shapes", "as_rows", "backwards_program", "forwards_program", "sizes_of"]

Shapes = tuple[tuple[int, ...], ...]


class _Specs:
    """What the programs of a cell are given, whatever L and b are."""

    def __init__(self, equations: Equations, shapes: Shapes, units: int, dtype: str) -> None:
        import tensorflow as tf

        def array(columns: int) -> Any:
            return tf.TensorSpec([None, None, columns], dtype)

        self.count = tf.TensorSpec([], tf.int32)
        self.inputs = array(shapes[0][0])
        self.mask = tf.TensorSpec([None, None], tf.bool)
        self.by_output = array(units)
        self.past = [array(units)] * equations.states
        self.kept = [array(times * units) for times in equations.kept]
        self.states = [tf.TensorSpec([None, units], dtype)] * equations.states
        self.weights = [tf.TensorSpec(shape, dtype) for shape in shapes]


def sizes_of(weights: Tensors, units: int) -> tuple[Shapes, int, str]:
    """What tells a cell's programs apart: the weights' shapes, U and the type."""
    return tuple(tuple(w.shape.as_list()) for w in weights), units, weights[0].dtype.name


@functools.cache
def forwards_program(
    equations: Equations, shapes: Shapes, units: int, dtype: str
) -> Callable[..., Any]:
    """A chunk's first `count` steps: the states after them, every state [L + 1, b, U], all kept."""
    import tensorflow as tf

    specs = _Specs(equations, shapes, units, dtype)

    def program(count: Any, inputs: Any, mask: Any, before: Any, weights: Any) -> Any:
        kernel, bias, *own = weights
        length = tf.shape(inputs)[0]
        rows = tf.shape(inputs)[1]
        z = tf.reshape(as_rows(inputs) @ kernel + bias, [length, rows, kernel.shape[1]])
        z, real = _unstacked(z), _unstacked(_real(mask, z.dtype))

        def step(t: Any, states: Any, made: Any) -> Any:
            after, kept = equations.forward(z.read(t), states, own)
            went = real.read(t) > 0
            after = [tf.where(went, *pair) for pair in zip(after, states, strict=True)]
            made = [a.write(t, x) for a, x in zip(made, [*after, *kept], strict=True)]
            return t + 1, after, made

        made = [
            tf.TensorArray(kernel.dtype, length) for _ in range(len(before) + len(equations.kept))
        ]
        _, after, made = tf.while_loop(lambda t, *_: t < count, step, (0, before, made))
        arrays = [array.stack() for array in made]
        for index, first in enumerate(before):
            arrays[index] = tf.concat([first[None], arrays[index]], 0)
        return after, arrays

    return _compiled(program, specs.count, specs.inputs, specs.mask, specs.states, specs.weights)


@functools.cache
def backwards_program(
    equations: Equations, shapes: Shapes, units: int, dtype: str, outputs: bool
) -> Callable[..., Any]:
    """A chunk's steps back: the gradients by inputs [L, b, D] and by the states before.

    Then the inputs as rows [L·b, D] and what the cell's `backward` answers first of every step,
    for the weights' gradients: TensorFlow's own product of two tall matrices is quicker than
    XLA's.
    """
    import tensorflow as tf

    specs = _Specs(equations, shapes, units, dtype)

    def program(
        count: Any, mask: Any, by_output: Any, states: Any, kept: Any, slopes: Any, weights: Any
    ) -> Any:
        kernel, _, *own = weights
        length, rows = tf.shape(mask)[0], tf.shape(mask)[1]
        turned = [tf.transpose(weight) if weight.shape.rank == 2 else weight for weight in own]
        real = _unstacked(_real(mask, kernel.dtype))
        past, keeps = [_unstacked(a) for a in states], [_unstacked(a) for a in kept]
        by_output = None if by_output is None else _unstacked(by_output)

        def step(left: Any, slopes: Any, sums: Any) -> Any:
            t = left - 1
            if by_output is not None:
                slopes = [slopes[0] + by_output.read(t), *slopes[1:]]
            went = real.read(t) > 0
            by_sums, by_before = equations.backward(
                [a.read(t) for a in keeps],
                [a.read(t) for a in past],
                [a.read(t + 1) for a in past],
                slopes,
                turned,
            )
            by_sums = [tf.where(went, slope, 0) for slope in by_sums]
            by_before = [tf.where(went, *pair) for pair in zip(by_before, slopes, strict=True)]
            sums = [a.write(t, slope) for a, slope in zip(sums, by_sums, strict=True)]
            return t, by_before, sums

        empty = [tf.TensorArray(kernel.dtype, length) for _ in range(equations.sums)]
        _, slopes, sums = tf.while_loop(lambda left, *_: left > 0, step, (count, slopes, empty))
        sums = [as_rows(array.stack()) for array in sums]
        by_inputs = tf.reshape(sums[0] @ tf.transpose(kernel), [length, rows, kernel.shape[0]])
        return by_inputs, slopes, sums

    return _compiled(
        program,
        specs.count,
        specs.mask,
        specs.by_output if outputs else None,
        specs.past,
        specs.kept,
        specs.states,
        specs.weights,
    )


def _compiled(program: Callable[..., Any], *signature: Any) -> Callable[..., Any]:
    """Traced once, in a graph of its own, so that all callers share what XLA makes of it."""
    import tensorflow as tf

    with tf.init_scope():
        function = tf.function(program, jit_compile=True, autograph=False)
        return function.get_concrete_function(*signature)


def as_rows(array: Any) -> Any:
    """[L, b, ·] as [L·b, ·]."""
    import tensorflow as tf

    return tf.reshape(array, [tf.shape(array)[0] * tf.shape(array)[1], array.shape[-1]])


def _real(mask: Any, dtype: Any) -> Any:
    """A mask [L, b] as numbers [L, b, 1]."""
    import tensorflow as tf

    return tf.cast(mask, dtype)[..., None]


def _unstacked(array: Any) -> Any:
    import tensorflow as tf

    return tf.TensorArray(
        array.dtype, tf.shape(array)[0], element_shape=array.shape[1:], clear_after_read=False
    ).unstack(array)
