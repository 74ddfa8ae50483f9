"""Some texts of a batch, walked over in chunks of time: the work of one core in `recurrence`.

Shape letters: b texts of a shard, T time, L steps of a chunk, U units, K copies of what a kernel
reads (see `rnncli.layers.equations`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from rnncli.layers.chunk_programs import Sizes, as_rows, backwards_program, forwards_program
from rnncli.layers.equations import Equations, Tensors
from rnncli.layers.inputs import Inputs

__all__ = ["Shard", "chunk_length"]

_CHUNKS = (16, 20, 24, 28, 32)
"""Lengths a chunk may have: the one is taken that covers a batch's texts with the least waste."""
_CHUNK_COST = 1.5
"""What it costs to begin a chunk, in steps."""


class Shard:
    """Some texts, walked over in chunks of time.

    What walks over them is traced once for all shards alike, of the other direction and of other
    layers too.
    """

    def __init__(
        self, equations: Equations, weights: Tensors, inputs: Inputs, mask: Any, dropped: Any
    ) -> None:
        self._equations = equations
        self._weights = list(weights)
        self._texts = inputs, mask, dropped
        self._kept: Any = None

    def forwards(self, states: list[Any], *, outputs: bool) -> tuple[Any, list[Any]]:
        """The state h after every step [T, b, U] if wanted, and the final states [b, U].

        What `backwards` needs is kept.
        """
        walk = _forwards(self._equations, outputs)
        every, final, self._kept = walk(self._weights, *self._texts, states)
        return every, list(final)

    def backwards(self, by_output: Any, slopes: list[Any]) -> tuple[list[Any], ...]:
        """The gradients by what the inputs hold, by the initial state and by the weights.

        Args:
            by_output: those by every h [b, T, U], or None.
            slopes: those by the final states [b, U].
        """
        walk = _backwards(self._equations)
        found = walk(self._weights, *self._kept, by_output, slopes)
        return tuple(map(list, found))


@functools.cache
def _forwards(equations: Equations, outputs: bool) -> Callable[..., Any]:
    """A shard's way forwards; traced for a first shard, it serves all that have its shapes."""
    import tensorflow as tf

    def forwards(weights: Any, inputs: Any, mask: Any, dropped: Any, states: Any) -> Any:
        steps = tf.shape(mask)[1]
        inputs = inputs._replace(texts=_by_time(inputs.texts, steps))
        texts = steps, inputs, _by_time(mask, steps), dropped
        walk = _Walk(equations, weights, *texts)
        final, kept = walk.forwards(states)
        return walk.outputs(kept[0]) if outputs else None, final, (texts, kept)

    return tf.function(forwards, autograph=False)


@functools.cache
def _backwards(equations: Equations) -> Callable[..., Any]:
    """Its way back, from what `_forwards` answered last: the texts by time, and what was kept."""
    import tensorflow as tf

    def backwards(weights: Any, texts: Any, kept: Any, by_output: Any, slopes: Any) -> Any:
        return _Walk(equations, weights, *texts).backwards(kept, by_output, slopes)

    return tf.function(backwards, autograph=False)


class _Walk:
    """The chunks of a shard, one after the other."""

    def __init__(
        self,
        equations: Equations,
        weights: Tensors,
        steps: Any,
        inputs: Inputs,
        mask: Any,
        dropped: Any,
    ) -> None:
        self.equations = equations
        self.weights = weights
        self.steps = steps
        self.length, self.chunks = _chunks(steps)
        self.inputs = inputs
        self.mask = mask
        self.dropped = dropped

    def forwards(self, states: list[Any]) -> tuple[list[Any], list[Any]]:
        """The final states [b, U], and by chunk every state and all that the cell keeps."""
        import tensorflow as tf

        program = forwards_program(self.equations, self._sizes(states[0].shape[1]))
        shapes = [state.shape for state in states]

        def chunk(number: Any, states: Any, kept: Any) -> Any:
            states, made = program(
                self._count(number),
                self._brought(number),
                self._chunk(self.mask, number),
                states,
                self.dropped,
                self.weights,
            )
            states = [tf.ensure_shape(*pair) for pair in zip(states, shapes, strict=True)]
            return number + 1, states, [a.write(number, m) for a, m in zip(kept, made, strict=True)]

        empty = [self._array() for _ in range(len(states) + len(self.equations.kept))]
        _, final, kept = tf.while_loop(
            lambda number, *_: number < self.chunks, chunk, (0, states, empty)
        )
        return list(final), [array.flow for array in kept]

    def _brought(self, number: Any) -> Any:
        """What a chunk's inputs bring [L, b, G]."""
        import tensorflow as tf

        z = self.inputs.brought(self._chunk(self.inputs.texts, number))
        return tf.reshape(z, [self.length, -1, z.shape[1]])

    def outputs(self, kept: Any) -> Any:
        """The state h after every step [T, b, U], of those kept by chunk."""
        import tensorflow as tf

        kept = self._array(kept)
        every = self._array()
        _, every = tf.while_loop(
            lambda number, _: number < self.chunks,
            lambda number, every: (number + 1, every.write(number, kept.read(number)[1:])),
            (0, every),
        )
        return every.concat()[: self.steps]

    def backwards(
        self, kept: list[Any], by_output: Any, slopes: list[Any]
    ) -> tuple[list[Any], ...]:
        """See `Shard.backwards`; `kept` is what `forwards` did."""
        import tensorflow as tf

        rows, units = slopes[0].shape
        program = backwards_program(self.equations, self._sizes(units), by_output is not None)
        by_output = None if by_output is None else _by_time(by_output, self.steps)
        kept = [self._array(flow) for flow in kept]
        columns = [units] * len(slopes) + [times * units for times in self.equations.kept]

        def restored(number: Any) -> tuple[list[Any], list[Any]]:
            arrays = [
                tf.ensure_shape(array.read(number), [None, rows, width])
                for array, width in zip(kept, columns, strict=True)
            ]
            return arrays[: len(slopes)], arrays[len(slopes) :]

        def chunk(count: Any, slopes: Any, totals: Any, by_texts: Any) -> Any:
            number = self.chunks - 1 - count
            states, made = restored(number)
            slopes, sums = program(
                self._count(number),
                self._chunk(self.mask, number),
                None if by_output is None else self._chunk(by_output, number),
                states,
                made,
                slopes,
                self.dropped,
                self.weights,
            )
            by_text = self.inputs.slopes_kept(sums[0])
            # The layer below waits for this product, nobody for the others.
            with tf.control_dependencies([by_text]):
                read = self.equations.read([array[:-1] for array in states], self.dropped)
                by_own = self.equations.weight_slopes(
                    sums,
                    [as_rows(array) for array in made],
                    [as_rows(array) for array in read],
                    [as_rows(array[1:]) for array in states],
                )
                texts = self._chunk(self.inputs.texts, number)
                by_inputs = self.inputs.weight_slopes(texts, sums[0])
            by_text = tf.reshape(by_text, [self.length, rows, by_text.shape[1]])
            return (
                count + 1,
                [tf.ensure_shape(slope, [rows, units]) for slope in slopes],
                [t + slope for t, slope in zip(totals, [*by_inputs, *by_own], strict=True)],
                by_texts.write(number, by_text),
            )

        totals = [tf.zeros_like(weight) for weight in (*self.inputs.weights, *self.weights)]
        _, slopes, totals, by_texts = tf.while_loop(
            lambda count, *_: count < self.chunks,
            chunk,
            (0, slopes, totals, self._array()),
        )
        by_texts = self.inputs.slopes(by_texts.concat(), self.steps)
        count = len(self.inputs.weights)
        return [by_texts, *totals[:count]], list(slopes), list(totals[count:])

    def _sizes(self, units: int) -> Sizes:
        copies = 0 if self.dropped is None else self.dropped.shape[-1] // units
        return Sizes.of(self.inputs.columns, units, self.weights, copies)

    def _array(self, flow: Any = None) -> Any:
        """A place for each chunk; empty, or with what a `flow` of one holds."""
        import tensorflow as tf

        size = self.chunks if flow is None else None
        return tf.TensorArray(self.weights[0].dtype, size, flow=flow, infer_shape=False)

    def _count(self, number: Any) -> Any:
        """Steps of chunk `number` that are not filled up."""
        import tensorflow as tf

        return tf.minimum(self.length, self.steps - number * self.length)

    def _chunk(self, array: Any, number: Any) -> Any:
        """Chunk `number` [L, b, ·] of [T′, b, ·]."""
        return array[number * self.length : (number + 1) * self.length]


def _chunks(steps: Any) -> tuple[Any, Any]:
    """How long the chunks are, and how many."""
    length = chunk_length(steps)
    return length, -(-steps // length)


def _by_time(array: Any, steps: Any) -> Any:
    """[b, T, ·] as [T′, b, ·], T′ whole chunks, filled up with zeros.

    A chunk of that is a part of it, not a copy.
    """
    import tensorflow as tf

    length, chunks = _chunks(steps)
    missing = chunks * length - steps
    order = [1, 0, 2][: array.shape.rank]
    edges = [[0, 0], [0, missing], [0, 0]][: array.shape.rank]
    whole = tf.cond(missing > 0, lambda: tf.pad(array, edges), lambda: array)
    return tf.transpose(tf.ensure_shape(whole, [array.shape[0], None, *array.shape[2:]]), order)


def chunk_length(steps: Any) -> Any:
    """Of `_CHUNKS` the one that covers so many steps at the least cost."""
    import tensorflow as tf

    sizes = tf.constant(_CHUNKS)
    costs = tf.cast(-(-steps // sizes), tf.float32) * (tf.cast(sizes, tf.float32) + _CHUNK_COST)
    return tf.gather(sizes, tf.argmin(costs))
