"""Some texts of a batch, walked over in chunks of time: the work of one core in `recurrence`.

Shape letters: b texts of a shard, T time, L steps of a chunk, D features, U units.
"""

from __future__ import annotations

from typing import Any

from rnncli.layers.chunk_programs import as_rows, backwards_program, forwards_program, sizes_of
from rnncli.layers.equations import Equations, Tensors

__all__ = ["Shard", "chunk_length"]

_CHUNKS = (16, 20, 24, 28, 32)
"""Lengths a chunk may have: the one is taken that covers a batch's texts with the least waste."""
_CHUNK_COST = 1.5
"""What it costs to begin a chunk, in steps."""


class Shard:
    """Some texts, walked over in chunks of time."""

    def __init__(self, equations: Equations, weights: Tensors, sequences: Any, mask: Any) -> None:
        import tensorflow as tf

        self.equations = equations
        self.weights = weights
        self.steps = tf.shape(sequences)[1]
        self.length = chunk_length(self.steps)
        self.chunks = -(-self.steps // self.length)
        self.sequences = self._by_time(sequences)
        self.mask = self._by_time(mask)

    def _by_time(self, array: Any) -> Any:
        """[b, T, ·] as [T′, b, ·], T′ whole chunks, filled up with zeros.

        A chunk of that is a part of it, not a copy.
        """
        import tensorflow as tf

        missing = self.chunks * self.length - self.steps
        order = [1, 0, 2][: array.shape.rank]
        edges = [[0, 0], [0, missing], [0, 0]][: array.shape.rank]
        whole = tf.cond(missing > 0, lambda: tf.pad(array, edges), lambda: array)
        return tf.transpose(tf.ensure_shape(whole, [array.shape[0], None, *array.shape[2:]]), order)

    def forwards(self, states: list[Any]) -> list[Any]:
        """The final states [b, U]; what `outputs` and `backwards` need is kept."""
        import tensorflow as tf

        program = forwards_program(self.equations, *sizes_of(self.weights, states[0].shape[1]))
        shapes = [state.shape for state in states]

        def chunk(number: Any, states: Any, kept: Any) -> Any:
            states, made = program(
                self._count(number),
                self._brought(number),
                self._chunk(self.mask, number),
                states,
                self.weights[2:],
            )
            self._made = [array.shape for array in made]
            states = [tf.ensure_shape(*pair) for pair in zip(states, shapes, strict=True)]
            return number + 1, states, [a.write(number, m) for a, m in zip(kept, made, strict=True)]

        empty = [self._array(states[0]) for _ in range(len(states) + len(self.equations.kept))]
        _, final, self._kept = tf.while_loop(
            lambda number, *_: number < self.chunks, chunk, (0, states, empty)
        )
        return list(final)

    def _brought(self, number: Any) -> Any:
        """What a chunk's inputs bring, kernel and bias applied [L, b, G].

        It and the other products over all steps of a chunk are TensorFlow's own: half as quick
        again as XLA's for tall matrices.
        """
        import tensorflow as tf

        kernel, bias = self.weights[:2]
        inputs = self._chunk(self.sequences, number)
        z = tf.nn.bias_add(tf.matmul(as_rows(inputs), kernel), bias)
        return tf.reshape(z, [self.length, -1, kernel.shape[1]])

    def outputs(self) -> Any:
        """The state h after every step [T, b, U]."""
        import tensorflow as tf

        every = self._array(self.sequences)
        _, every = tf.while_loop(
            lambda number, _: number < self.chunks,
            lambda number, every: (number + 1, every.write(number, self._restored(0, number)[1:])),
            (0, every),
        )
        return every.concat()[: self.steps]

    def backwards(self, by_output: Any, slopes: list[Any]) -> tuple[Any, list[Any], list[Any]]:
        """The gradients by sequences [T, b, D], initial state and weights.

        Args:
            by_output: those by `outputs` [b, T, U], or None.
            slopes: those by the final states [b, U].
        """
        import tensorflow as tf

        sizes = sizes_of(self.weights, slopes[0].shape[1])
        program = backwards_program(self.equations, *sizes, by_output is not None)
        by_output = None if by_output is None else self._by_time(by_output)
        shapes = [slope.shape for slope in slopes]

        def chunk(count: Any, slopes: Any, totals: Any, by_inputs: Any) -> Any:
            number = self.chunks - 1 - count
            states = [self._restored(index, number) for index in range(len(shapes))]
            kept = [self._restored(index, number) for index in range(len(shapes), len(self._kept))]
            slopes, sums = program(
                self._count(number),
                self._chunk(self.mask, number),
                None if by_output is None else self._chunk(by_output, number),
                states,
                kept,
                slopes,
                self.weights[2:],
            )
            inputs = self._chunk(self.sequences, number)
            by_input = tf.matmul(sums[0], self.weights[0], transpose_b=True)
            # The layer below waits for this product, nobody for the others.
            with tf.control_dependencies([by_input]):
                by_own = self.equations.weight_slopes(
                    sums,
                    [as_rows(array) for array in kept],
                    [as_rows(array[:-1]) for array in states],
                    [as_rows(array[1:]) for array in states],
                )
                by_kernel = tf.matmul(as_rows(inputs), sums[0], transpose_a=True)
            by_weights = [by_kernel, tf.reduce_sum(sums[0], 0), *by_own]
            return (
                count + 1,
                [tf.ensure_shape(*pair) for pair in zip(slopes, shapes, strict=True)],
                [total + slope for total, slope in zip(totals, by_weights, strict=True)],
                by_inputs.write(number, tf.reshape(by_input, tf.shape(inputs))),
            )

        _, slopes, totals, by_inputs = tf.while_loop(
            lambda count, *_: count < self.chunks,
            chunk,
            (0, slopes, [tf.zeros_like(w) for w in self.weights], self._array(self.sequences)),
        )
        return by_inputs.concat()[: self.steps], list(slopes), list(totals)

    def _array(self, like: Any) -> Any:
        import tensorflow as tf

        return tf.TensorArray(like.dtype, self.chunks, infer_shape=False)

    def _restored(self, index: int, number: Any) -> Any:
        import tensorflow as tf

        return tf.ensure_shape(self._kept[index].read(number), self._made[index])

    def _count(self, number: Any) -> Any:
        """Steps of chunk `number` that are not filled up."""
        import tensorflow as tf

        return tf.minimum(self.length, self.steps - number * self.length)

    def _chunk(self, array: Any, number: Any) -> Any:
        """Chunk `number` [L, b, ·] of [T′, b, ·]."""
        return array[number * self.length : (number + 1) * self.length]


def chunk_length(steps: Any) -> Any:
    """Of `_CHUNKS` the one that covers so many steps at the least cost."""
    import tensorflow as tf

    sizes = tf.constant(_CHUNKS)
    costs = tf.cast(-(-steps // sizes), tf.float32) * (tf.cast(sizes, tf.float32) + _CHUNK_COST)
    return tf.gather(sizes, tf.argmin(costs))
