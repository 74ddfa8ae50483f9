"""A chunk of time compiled by XLA: its steps forwards, and back through a cell's `Equations`.

Shape letters: b texts of a shard, L steps of a chunk, D features, U units, G columns of the kernel.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from rnncli.layers.equations import Equations, Tensors

__all__ = ["Sizes", "as_rows", "backwards_program", "forwards_program"]


class Sizes(NamedTuple):
    """What tells the programs of a cell apart."""

    columns: int
    """G."""
    units: int
    """U."""
    shapes: tuple[tuple[int, ...], ...]
    """Of the weights beyond kernel and bias."""
    dtype: str
    copies: int
    """Of h, of which the recurrent kernel reads some; 0 if nothing is dropped."""

    @classmethod
    def of(cls, columns: int, units: int, own: Tensors, copies: int = 0) -> Sizes:
        """Those of a cell whose weights beyond kernel and bias are these."""
        shapes = tuple(tuple(weight.shape.as_list()) for weight in own)
        return cls(columns, units, shapes, own[0].dtype.name, copies)


class _Specs:
    """What the programs of a cell are given, whatever L and b are."""

    def __init__(self, equations: Equations, sizes: Sizes) -> None:
        import tensorflow as tf

        columns, units, shapes, dtype, copies = sizes

        def array(columns: int) -> Any:
            return tf.TensorSpec([None, None, columns], dtype)

        self.count = tf.TensorSpec([], tf.int32)
        self.z = array(columns)
        self.mask = tf.TensorSpec([None, None], tf.bool)
        self.by_output = array(units)
        self.past = [array(units)] * equations.states
        self.kept = [array(times * units) for times in equations.kept]
        self.states = [tf.TensorSpec([None, units], dtype)] * equations.states
        self.dropped = tf.TensorSpec([None, copies * units], dtype) if copies else None
        self.own = [tf.TensorSpec(shape, dtype) for shape in shapes]


@functools.cache
def forwards_program(equations: Equations, sizes: Sizes) -> Callable[..., Any]:
    """A chunk's first `count` steps, of what its inputs bring [L, b, G].

    The states after them, then every state [L + 1, b, U] and all that is kept.
    """
    import tensorflow as tf

    specs = _Specs(equations, sizes)

    def program(count: Any, z: Any, mask: Any, before: Any, dropped: Any, own: Any) -> Any:
        length = tf.shape(z)[0]
        z, real = _unstacked(z), _unstacked(_real(mask, z.dtype))

        def step(t: Any, states: Any, made: Any) -> Any:
            after, kept = equations.forward(z.read(t), equations.read(states, dropped), own)
            went = real.read(t) > 0
            after = [tf.where(went, *pair) for pair in zip(after, states, strict=True)]
            made = [a.write(t, x) for a, x in zip(made, [*after, *kept], strict=True)]
            return t + 1, after, made

        made = [tf.TensorArray(z.dtype, length) for _ in (*before, *equations.kept)]
        _, after, made = tf.while_loop(lambda t, *_: t < count, step, (0, before, made))
        arrays = [array.stack() for array in made]
        for index, first in enumerate(before):
            arrays[index] = tf.concat([first[None], arrays[index]], 0)
        return after, arrays

    return _compiled(
        program, specs.count, specs.z, specs.mask, specs.states, specs.dropped, specs.own
    )


@functools.cache
def backwards_program(equations: Equations, sizes: Sizes, outputs: bool) -> Callable[..., Any]:
    """A chunk's steps back: the gradients by the states before.

    Then what the cell's `backward` answers first of every step [L·b, ·], for the gradients by the
    inputs and the weights.
    """
    import tensorflow as tf

    specs = _Specs(equations, sizes)

    def program(
        count: Any,
        mask: Any,
        by_output: Any,
        states: Any,
        kept: Any,
        slopes: Any,
        dropped: Any,
        own: Any,
    ) -> Any:
        length, dtype = tf.shape(mask)[0], slopes[0].dtype
        turned = [tf.transpose(weight) if weight.shape.rank == 2 else weight for weight in own]
        real = _unstacked(_real(mask, dtype))
        past, keeps = [_unstacked(a) for a in states], [_unstacked(a) for a in kept]
        by_output = None if by_output is None else _unstacked(by_output)

        def step(left: Any, slopes: Any, sums: Any) -> Any:
            t = left - 1
            if by_output is not None:
                slopes = [slopes[0] + by_output.read(t), *slopes[1:]]
            went = real.read(t) > 0
            by_sums, by_before = equations.backward(
                [a.read(t) for a in keeps],
                equations.read([a.read(t) for a in past], dropped),
                [a.read(t + 1) for a in past],
                slopes,
                turned,
            )
            by_before = equations.unread(by_before, dropped)
            by_sums = [tf.where(went, slope, 0) for slope in by_sums]
            by_before = [tf.where(went, *pair) for pair in zip(by_before, slopes, strict=True)]
            sums = [a.write(t, slope) for a, slope in zip(sums, by_sums, strict=True)]
            return t, by_before, sums

        empty = [tf.TensorArray(dtype, length) for _ in range(equations.sums)]
        _, slopes, sums = tf.while_loop(lambda left, *_: left > 0, step, (count, slopes, empty))
        return slopes, [as_rows(array.stack()) for array in sums]

    return _compiled(
        program,
        specs.count,
        specs.mask,
        specs.by_output if outputs else None,
        specs.past,
        specs.kept,
        specs.states,
        specs.dropped,
        specs.own,
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
