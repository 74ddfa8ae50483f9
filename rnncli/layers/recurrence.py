"""A recurrence of our own for TensorFlow on CPUs, in place of Keras' loop over steps.

The batch is cut into shards that run side by side, a core each. A shard walks over its texts in
chunks of time; XLA compiles a chunk's steps forwards, and the steps back through it that each
cell writes by hand. Gates or their derivatives are kept from the way forwards, and a weight's
gradient is one product over all steps of a chunk. As a chunk has one of a few lengths, texts of any
length share a few compiled programs.

Shape letters: B batch, b texts of a shard, T time, L steps of a chunk, D features,
U units, G columns of the kernel, K copies of what a kernel reads (see `rnncli.layers.equations`).
"""

from __future__ import annotations

import functools
import itertools
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli.layers.chunk_programs import Sizes, backwards_program, forwards_program
from rnncli.layers.equations import Equations, Tensors
from rnncli.layers.inputs import Inputs, Vectors, rows_of
from rnncli.layers.lookup import Lookup
from rnncli.layers.shard import Shard, chunk_length
from rnncli.machine import cores

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ahead", "distinct_tokens", "recur"]

_SHARD = 16
"""Texts a shard has at least, where there are that many: smaller products are slow."""


def ahead(layer: Any, batch: int, steps: int) -> Callable[[], Any]:
    """What compiles a layer's programs for texts of that many steps, by running them on zeros.

    It may be called in another thread; the programs themselves are traced here and now.
    """
    import tensorflow as tf

    equations, weights = layer.recurrence()
    kernel, _, *own = (tf.convert_to_tensor(weight) for weight in weights)
    columns, dtype = kernel.shape[1], kernel.dtype
    copies = layer.copies_dropped
    sizes = Sizes.of(columns, layer.units, own, copies)
    forwards = forwards_program(equations, sizes)
    backwards = backwards_program(equations, sizes, layer.return_sequences)

    rows, length = batch // _shards(batch), int(chunk_length(tf.constant(steps)))

    # In a graph, as the layer's call will be: XLA keeps programs of eager calls apart.
    def run(own: Any) -> Any:
        zeros = functools.partial(tf.zeros, dtype=dtype)
        real = tf.zeros([length, rows], tf.bool)
        states = [zeros([rows, layer.units])] * equations.states
        z = zeros([length, rows, columns])
        count = tf.constant(length)
        dropped = zeros([rows, copies * layer.units]) if copies else None
        _, arrays = forwards(count, z, real, states, dropped, own)
        past, kept = list(arrays[: equations.states]), list(arrays[equations.states :])
        by_output = zeros([length, rows, layer.units]) if layer.return_sequences else None
        return backwards(count, real, by_output, past, kept, states, dropped, own)

    traced = tf.function(run, autograph=False).get_concrete_function(own)
    return lambda: traced(*own)


def recur(
    equations: Equations,
    weights: Tensors,
    sequences: Any,
    mask: Any,
    initial_state: Tensors,
    *,
    outputs: bool,
    dropped: Any = None,
    lookup: Lookup | None = None,
    shards: int | None = None,
) -> tuple[Any, list[Any]]:
    """Run a cell over texts; a masked step changes nothing and repeats the output before it.

    Before a text's first token that is the initial h.

    Args:
        equations: the cell's.
        weights: kernel [D, G], bias [G], and the equations' own.
        sequences: [B, T, D], or of a copy for each gate's columns of the kernel [B, T, K·D].
        mask: True at real tokens [B, T], or None.
        initial_state: the states [B, U].
        outputs: whether every step's output is wanted.
        dropped: factors of the h that the recurrent kernel reads [B, U], or of a copy of it for
            each gate's columns [B, K·U]; None if none is dropped.
        lookup: where the sequences come from, if each distinct vector is to be multiplied once.
        shards: into how many the batch is cut; by default one for each core.

    Returns:
        h after every step [B, T, U] (or None), and the final states [B, U].
    """
    import tensorflow as tf

    if mask is None:
        mask = tf.ones(tf.shape(sequences)[:2], tf.bool)
    shards = shards or _shards(sequences.shape[0])
    kernel, bias, *own = (tf.convert_to_tensor(weight) for weight in weights)
    cut = functools.partial(_cut, shards=shards)
    looked_up = [rows_of(lookup, ids, kernel, bias) for ids in cut(lookup.ids)] if lookup else []
    given = [part.rows for part in looked_up] or [sequences, kernel, bias]

    def inputs_of(given: Tensors) -> Sequence[Inputs]:
        if looked_up:
            return [part._replace(rows=rows) for part, rows in zip(looked_up, given, strict=True)]
        return [Vectors(texts, *given[1:]) for texts in cut(given[0])]

    @tf.custom_gradient  # type: ignore[untyped-decorator, unused-ignore]
    def run(given: Tensors, initial_state: Tensors, own: Tensors) -> Any:
        factors = [None] * shards if dropped is None else cut(dropped)
        parts = [
            Shard(equations, own, *arrays)
            for arrays in zip(inputs_of(given), cut(mask), factors, strict=True)
        ]
        states = [cut(state) for state in initial_state]
        found = [
            part.forwards(list(state), outputs=outputs)
            for part, state in zip(parts, zip(*states, strict=True), strict=True)
        ]
        every, final = zip(*found, strict=True)

        def gradient(*slopes: Any) -> Any:
            by_outputs = cut(slopes[0]) if outputs else [None] * shards
            by_states = [cut(slope) for slope in slopes[1 if outputs else 0 :]]
            found = [
                part.backwards(by_output, list(by_state))
                for part, by_output, by_state in zip(
                    parts, by_outputs, zip(*by_states, strict=True), strict=True
                )
            ]
            by_inputs, by_initial, by_weights = zip(*found, strict=True)
            by_given, *by_both = zip(*by_inputs, strict=True)
            return (
                list(by_given) if looked_up else [_batch_first(by_given), *map(tf.add_n, by_both)],
                [tf.concat(state, 0) for state in zip(*by_initial, strict=True)],
                [tf.add_n(weight) for weight in zip(*by_weights, strict=True)],
            )

        joined = [tf.concat(state, 0) for state in zip(*final, strict=True)]
        if outputs:
            joined.insert(0, _batch_first(every))
        return joined, gradient

    with _gradients_of_this_graph():
        found = run(given, list(initial_state), own)
    every = found[0] if outputs else None
    states = list(found[1:]) if outputs else list(found)
    for state, first in zip(states, initial_state, strict=True):
        state.set_shape([sequences.shape[0], first.shape[1]])
    if every is not None:
        every.set_shape([*sequences.shape[:2], initial_state[0].shape[1]])
    return every, states


def distinct_tokens(ids: NDArray[Any]) -> int:
    """How many vectors a kernel is applied to where each shard multiplies distinct ones, [B, T]."""
    return sum(len(np.unique(part)) for part in _cut(ids, _shards(len(ids))))


@contextmanager
def _gradients_of_this_graph() -> Iterator[None]:
    """Let the custom gradients that the block defines live as long as the graph they are part of.

    TensorFlow's registry would keep them for good, and by them the graph and all of its variables:
    every model trained, to the end of the process.
    """
    import tensorflow as tf
    from tensorflow.python.framework.ops import gradient_registry as registry

    before = set(registry.list())
    yield
    graph = tf.compat.v1.get_default_graph()
    graph._recurrences = held = getattr(graph, "_recurrences", [])
    for name in set(registry.list()) - before:
        entry = registry._registry[name]
        held.append(entry["type"])
        entry["type"] = _held_elsewhere(
            entry["type"], functools.partial(registry._registry.pop, name)
        )


def _held_elsewhere(function: Any, ended: Callable[[], Any]) -> Callable[..., Any]:
    """A function without a hold on it; `ended` is called when it is gone."""
    held = weakref.ref(function, lambda _: ended())
    return lambda *arguments: held()(*arguments)  # type: ignore[misc]


def _shards(batch: int | None) -> int:
    return cores() if batch is None else max(1, min(cores(), batch // _SHARD))


def _cut(array: Any, shards: int) -> list[Any]:
    import tensorflow as tf

    if array.shape[0] is not None:
        edges = [array.shape[0] * part // shards for part in range(shards + 1)]
    else:
        edges = [tf.shape(array)[0] * part // shards for part in range(shards + 1)]
    return [array[start:stop] for start, stop in itertools.pairwise(edges)]


def _batch_first(parts: Tensors) -> Any:
    """Shards [T, b, ·] as [B, T, ·]."""
    import tensorflow as tf

    return tf.transpose(tf.concat(parts, 1), [1, 0, 2])
