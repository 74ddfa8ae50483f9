"""An LSTM on a GPU with JAX: cuDNN's kernel for texts of different lengths.

Keras 3.15 leaves cuDNN aside wherever there is a mask. Texts are padded on the right here, so that
what a step computes never depends on the padding after it: the kernel runs over the padding too,
and what it makes of it is replaced afterwards, by each text's length. A layer that reads backwards
is given each text turned around within its own length. Keras' own flips (its cuDNN path and its
loop return a backwards layer's outputs in opposite orders) are not gone through.

Shape letters: B batch, T time, D features, U units.
"""

from __future__ import annotations

from typing import Any

import keras

__all__ = ["run", "suits"]


def suits(layer: Any, mask: Any, training: bool) -> bool:
    """Whether a layer's loop over time is `run`'s where it is called.

    Not where the last cell state is asked for, which has the padding in it; nor inside `vmap`
    (`layer.fused` is False then) or over several devices, for which cuDNN's operation has no rule.
    """
    if keras.backend.backend() != "jax" or mask is None or not layer.fused:
        return False
    import jax

    return (
        jax.default_backend() == "gpu"
        and keras.distribution.distribution() is None
        and layer.compute_dtype == "float32"
        and not layer.return_state
        and not (training and layer.recurrent_dropout)
    )


def run(layer: Any, sequences: Any, initial_state: Any, mask: Any) -> tuple[Any, Any, Any]:
    """The last output [B, U], all outputs [B, T, U] in the order they are made, the states.

    Args:
        layer: a `keras.layers.LSTM` with its defaults of activation.
        sequences: [B, T, D], features dropped already.
        initial_state: h and c [B, U].
        mask: True at real tokens [B, T], right-padded.
    """
    import jax.numpy as jnp
    from jax.experimental import rnn

    cell = layer.cell
    kernel, recurrent_kernel, bias = (
        jnp.asarray(weight.value) for weight in (cell.kernel, cell.recurrent_kernel, cell.bias)
    )
    batch, steps = sequences.shape[:2]
    lengths = jnp.maximum(jnp.sum(mask, axis=1, dtype=jnp.int32), 1)[:, None]
    time = jnp.arange(steps)[None]
    if layer.go_backwards:
        turned = jnp.where(time < lengths, lengths - 1 - time, time)
        sequences = _at(sequences, turned)
    flat = [kernel.T.ravel(), recurrent_kernel.T.ravel(), bias, jnp.zeros_like(bias)]
    every, _, last_cell = rnn.lstm(
        sequences,
        initial_state[0][None],
        initial_state[1][None],
        jnp.concatenate(flat),
        jnp.full((batch,), steps, jnp.int32),
        input_size=kernel.shape[0],
        hidden_size=layer.units,
        num_layers=1,
        dropout=0.0,
        bidirectional=False,
    )
    last = _at(every, lengths - 1)
    if layer.go_backwards:
        # As Keras' loop has it, which walks over the padding first.
        padding = steps - lengths
        made = _at(every, jnp.maximum(time - padding, 0))
        every = jnp.where((time < padding)[..., None], initial_state[0][:, None], made)
    else:
        every = jnp.where((time < lengths)[..., None], every, last)
    last = last[:, 0]
    outputs = every if layer.return_sequences else last[:, None]
    return last, outputs, [last, last_cell[0]]


def _at(array: Any, steps: Any) -> Any:
    """[B, T, ·] at steps [B, S]: [B, S, ·]."""
    import jax.numpy as jnp

    return jnp.take_along_axis(array, steps[..., None], axis=1)
