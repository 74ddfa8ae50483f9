"""A recurrence of our own for JAX, in place of Keras' scan over steps.

Keras leaves the way back to automatic differentiation, which walks over the padding too and sums a
weight's gradient step by step. Here the steps back are what each cell writes by hand, gates or
their derivatives are kept from the way forwards, a weight's gradient is one product over all steps,
and several steps are written out in a row, so that a GPU is given more than one at a time. Chunks
of time in which no text has a token are not walked over: how many there are is known when the batch
is, so that one program serves texts of any length that are padded to one.

Shape letters: B batch, T time, L steps of a chunk, D features, U units, G columns of the kernel,
K copies of h that a cell's recurrent kernel reads.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from rnncli.layers.equations import Equations, Tensors

__all__ = ["recur"]

_WRITTEN_OUT = 8
"""Steps in a row."""
_CHUNKS = 12
"""Into how many chunks a batch's time is cut, at most."""


def recur(
    equations: Equations,
    weights: Tensors,
    z: Any,
    mask: Any,
    initial_state: Tensors,
    *,
    outputs: bool,
    dropped: Any = None,
) -> tuple[Any, list[Any]]:
    """Run a cell over texts; a masked step changes nothing and repeats the output before it.

    Args:
        equations: the cell's.
        weights: the equations' own, without kernel and bias.
        z: what the inputs bring, kernel and bias applied [B, T, G].
        mask: True at real tokens [B, T], or None.
        initial_state: the states [B, U].
        outputs: whether every step's output is wanted.
        dropped: factors of the h that the recurrent kernel reads [B, U], or of a copy of it for
            each gate [B, K·U].

    Returns:
        h after every step [B, T, U] (or None), and the final states [B, U].
    """
    batch, steps = z.shape[:2]
    length = _WRITTEN_OUT * -(-steps // (_WRITTEN_OUT * _CHUNKS))
    real = jnp.ones((batch, steps), bool) if mask is None else jnp.asarray(mask, bool)
    states = tuple(jnp.asarray(state, z.dtype) for state in initial_state)
    own = tuple(jnp.asarray(weight, z.dtype) for weight in weights)
    every, final = _walk(
        equations,
        length,
        _by_time(z, length),
        _by_time(real[..., None], length),
        states,
        own,
        dropped,
    )
    return jnp.swapaxes(every[:steps], 0, 1) if outputs else None, list(final)


def _by_time(array: Any, length: int) -> Any:
    """[B, T, ·] as [T′, B, ·], T′ whole chunks, filled up with zeros."""
    missing = -array.shape[1] % length
    return jnp.pad(jnp.swapaxes(array, 0, 1), ((0, missing), (0, 0), (0, 0)))


def _of_all_copies(own: Any, dropped: Any) -> Any:
    """The weights, the recurrent kernel [U, G] as one that reads all copies of h [K·U, G].

    A GPU is quicker at one product, of zeros too, than at one for each gate.
    """
    if dropped is None:
        return own
    blocks = jnp.split(own[0], dropped.shape[-1] // own[0].shape[0], axis=-1)
    return (jax.scipy.linalg.block_diag(*blocks), *own[1:])


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _walk(equations: Equations, length: int, *arrays: Any) -> tuple[Any, tuple[Any, ...]]:
    """H after every step [T′, B, U] and the final states; `arrays` are those of `_forwards`."""
    return _forwards(equations, length, *arrays)[0]


def _forwards(
    equations: Equations, length: int, z: Any, real: Any, initial: Any, own: Any, dropped: Any
) -> Any:
    first, end = _chunks_with_tokens(real, length)
    reading = _of_all_copies(own, dropped)

    def step(states: Any, inputs: Any) -> Any:
        z, went = inputs
        after, kept = equations.forward(z, equations.read(states, dropped), reading)
        after = tuple(jnp.where(went, *pair) for pair in zip(after, states, strict=True))
        return after, (after, tuple(kept))

    def chunk(number: Any, carried: Any) -> Any:
        states, made = carried
        inputs = [_part(array, number * length, length) for array in (z, real)]
        states, parts = lax.scan(step, states, tuple(inputs), unroll=_WRITTEN_OUT)
        return states, jax.tree.map(
            lambda array, part: lax.dynamic_update_slice_in_dim(array, part, number * length, 0),
            made,
            parts,
        )

    def room(columns: int) -> Any:
        return jnp.zeros((*z.shape[:2], columns), z.dtype)

    units = initial[0].shape[-1]
    # Before the first token lies the initial state.
    made = (
        tuple(jnp.broadcast_to(state, (len(z), *state.shape)) for state in initial),
        tuple(room(times * units) for times in equations.kept),
    )
    final, (states, kept) = lax.fori_loop(first, end, chunk, (tuple(initial), made))
    after_all = jnp.arange(len(z))[:, None, None] >= end * length
    outputs = jnp.where(after_all, final[0], states[0])
    return (outputs, final), (real, initial, own, dropped, states, kept)


def _backwards(equations: Equations, length: int, found: Any, slopes: Any) -> Any:
    real, initial, own, dropped, states, kept = found
    by_outputs, by_final = slopes
    first, end = _chunks_with_tokens(real, length)
    reading = _of_all_copies(own, dropped)
    turned = [weight.T if weight.ndim == 2 else weight for weight in reading]
    before = tuple(
        jnp.concatenate([state[None], after[:-1]])
        for state, after in zip(initial, states, strict=True)
    )

    def step(slopes: Any, inputs: Any) -> Any:
        went, kept, before, after, by_output = inputs
        slopes = (slopes[0] + by_output, *slopes[1:])
        read = equations.read(before, dropped)
        sums, by_before = equations.backward(kept, read, after, slopes, turned)
        by_before = equations.unread(by_before, dropped)
        slopes = tuple(jnp.where(went, *pair) for pair in zip(by_before, slopes, strict=True))
        return slopes, tuple(jnp.where(went, array, 0) for array in sums)

    def chunk(count: Any, carried: Any) -> Any:
        slopes, sums = carried
        start = (end - 1 - count) * length
        arrays = (real, kept, before, states, by_outputs)
        inputs = jax.tree.map(lambda array: _part(array, start, length), arrays)
        slopes, parts = lax.scan(step, slopes, inputs, reverse=True, unroll=_WRITTEN_OUT)
        return slopes, tuple(
            lax.dynamic_update_slice_in_dim(array, part, start, 0)
            for array, part in zip(sums, parts, strict=True)
        )

    time = jnp.arange(len(real))[:, None, None]
    afterwards = jnp.sum(jnp.where(time >= end * length, by_outputs, 0), axis=0)
    slopes = (by_final[0] + afterwards, *by_final[1:])
    room = jnp.zeros((*real.shape[:2], own[0].shape[-1]), by_outputs.dtype)
    slopes, sums = lax.fori_loop(0, end - first, chunk, (slopes, (room,) * equations.sums))
    beforehand = jnp.sum(jnp.where(time < first * length, by_outputs, 0), axis=0)
    rows = functools.partial(jax.tree.map, lambda a: a.reshape(-1, a.shape[-1]))
    read = equations.read(before, dropped)
    by_own = equations.weight_slopes(rows(sums), rows(kept), rows(read), rows(states))
    by_initial = (slopes[0] + beforehand, *slopes[1:])
    return sums[0], None, by_initial, tuple(by_own), None


_walk.defvjp(_forwards, _backwards)


def _part(array: Any, start: Any, length: int) -> Any:
    return lax.dynamic_slice_in_dim(array, start, length)


@jax.custom_batching.custom_vmap  # type: ignore[untyped-decorator, unused-ignore]
def _tokens_at(real: Any) -> Any:
    """Whether any text has a token at a step [T′], of [T′, B, 1]; of all seeds side by side."""
    return jnp.any(real, axis=(1, 2))


@_tokens_at.def_vmap  # type: ignore[untyped-decorator, unused-ignore]
def _tokens_of_all(seeds: int, batched: Any, real: Any) -> Any:
    return _tokens_at(jnp.any(real, axis=0) if batched[0] else real), False


def _chunks_with_tokens(real: Any, length: int) -> tuple[Any, Any]:
    """The first chunk that has a token, and the one after the last; all if there is none."""
    chunks = jnp.any(_tokens_at(real).reshape(-1, length), axis=1)
    return jnp.argmax(chunks), len(chunks) - jnp.argmax(chunks[::-1])
