"""Which recurrence runs in each layer, and why: decided once, before the model is built.

=========== ======== ================================ ============================================
backend     device   path                             for
=========== ======== ================================ ============================================
tensorflow  GPU      fused (cuDNN), mask right-padded LSTM, GRU with `reset_after: true`
jax         GPU      fused (cuDNN), by length (ours)  LSTM in float32 without `return_state`; one
                                                      seed at a time, on one device
tensorflow  CPU      compiled (ours, XLA)             SimpleRNN, LSTM, GRU with `reset_after: true`,
                                                      peephole LSTM; float32; long trainings
any         any      one product                      dense: no recurrence
any         any      stepwise (Keras' loop)           all else: `recurrent_dropout`, `reset_after:
                                                      false`, half precision on a CPU
=========== ======== ================================ ============================================

On TensorFlow the rules of the fused path are those of the installed Keras (3.15). On JAX and
PyTorch Keras has fused kernels only without a mask, and texts of different lengths share a batch
here, so that a mask is always there; on JAX `rnncli.layers.ragged` calls cuDNN itself. Compiling
takes about a second for each length of a chunk: `auto` does it where Keras' loop would run for
longer than `WORTH_COMPILING`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rnncli.errors import ConfigError

if TYPE_CHECKING:
    from rnncli.backend import Device
    from rnncli.cells import CellSpec
    from rnncli.experiment import Experiment

__all__ = ["WORTH_COMPILING", "Kernel", "Path", "Work", "compiled_layers", "kernels"]

WORTH_COMPILING = 15.0
"""Seconds that Keras' loop must be expected to take in a layer for the compiler to pay off."""

_LOOP_FLOPS = 9e10
"""What Keras' loop reaches on two cores, in floating point operations a second."""
_LOOP_STEP = 1.5e-4
"""What a step of Keras' loop takes beside that, forwards and back, in seconds."""

Path = Literal["fused", "compiled", "stepwise", "product"]
_WORDS: dict[Path, str] = {
    "fused": "fused kernel",
    "compiled": "compiled",
    "stepwise": "step by step",
    "product": "fused kernel",
}


@dataclass(frozen=True)
class Kernel:
    """How one layer will run."""

    layer: int
    """Position from the embedding upwards, from 0."""
    cell: str
    path: Path
    reason: str
    """What makes the path possible, or what stands in the way of a faster one."""

    def __str__(self) -> str:
        """One line for the terminal."""
        return f"layer {self.layer} {self.cell}: {_WORDS[self.path]} ({self.reason})"


@dataclass(frozen=True)
class Work:
    """What a training goes through, as far as it is known before it begins."""

    tokens: int
    """Of all epochs."""
    batch_size: int


def kernels(
    experiment: Experiment, device: Device, work: Work | None = None, seeds: int = 1
) -> tuple[Kernel, ...]:
    """The kernel of every layer on a device.

    Args:
        experiment: the config.
        device: where it runs.
        work: how much there is to train; None for a few steps or a prediction.
        seeds: how many are trained as one program.

    Raises:
        ConfigError: `train.recurrence: compiled` cannot be had.
    """
    features = experiment.model.embedding.dim
    found = []
    for index, layer in enumerate(experiment.model.layers):
        found.append(_kernel(index, layer, features, experiment, device, work, seeds))
        features = layer.output_units
    return tuple(found)


def compiled_layers(found: tuple[Kernel, ...]) -> frozenset[int]:
    """The layers that `rnncli.model.build_model` is to have compiled."""
    return frozenset(kernel.layer for kernel in found if kernel.path == "compiled")


def _kernel(
    index: int,
    layer: CellSpec,
    features: int,
    experiment: Experiment,
    device: Device,
    work: Work | None,
    seeds: int,
) -> Kernel:
    if not layer.recurrent:
        return Kernel(index, layer.cell, "product", "one matrix product over all steps")
    choice = experiment.train.recurrence
    obstacle = layer.compiled_obstacle() or _setting_obstacle(experiment, device)
    if choice == "compiled" and obstacle is not None:
        raise ConfigError(
            [
                f"train.recurrence: compiled cannot be had for model.layers.{index} "
                f"({layer.cell}): {obstacle}; use auto or keras"
            ]
        )
    if device.kind == "gpu":
        obstacle = layer.fused_obstacle() or _fused_obstacle(layer, experiment, device, seeds)
        path: Path = "fused" if obstacle is None else "stepwise"
        return Kernel(index, layer.cell, path, obstacle or _FUSED[device.backend])
    if choice == "auto" and obstacle is None:
        seconds = 0.0 if work is None else _loop_seconds(layer, features, work)
        if seconds < WORTH_COMPILING:
            obstacle = "too little work to be worth compiling"
    elif choice == "keras":
        obstacle = "train.recurrence: keras"
    if obstacle is None:
        return Kernel(index, layer.cell, "compiled", "XLA, in chunks of time, a shard a core")
    return Kernel(index, layer.cell, "stepwise", obstacle)


def _loop_seconds(layer: CellSpec, features: int, work: Work) -> float:
    """What Keras' loop would take for a layer, forwards and back."""
    flops = 6.0 * (features + layer.units) * layer.gates * layer.units * work.tokens
    steps = work.tokens / work.batch_size
    return layer.directions * (flops / _LOOP_FLOPS + steps * _LOOP_STEP)


def _setting_obstacle(experiment: Experiment, device: Device) -> str | None:
    if device.kind == "gpu":
        return "it is for CPUs"
    if device.backend != "tensorflow":
        return f"Keras on {device.backend} runs its own loop"
    if device.count > 1:
        return f"devices: {device.count} run Keras' loop"
    if experiment.train.precision != "float32":
        return f"train.precision: {experiment.train.precision}"
    return None


_FUSED = {
    "tensorflow": "cuDNN with a right-padded mask",
    "jax": "cuDNN, outputs picked by length",
}


def _fused_obstacle(
    layer: CellSpec, experiment: Experiment, device: Device, seeds: int
) -> str | None:
    if device.backend == "torch":
        return "Keras on torch has no fused kernel for masked texts"
    if device.backend == "tensorflow":
        return None
    if layer.cell == "gru":
        return "Keras has no fused GRU on jax"
    if layer.return_state:
        return "return_state: true, and cuDNN on jax reads the padding into the last state"
    if experiment.train.precision != "float32":
        return f"train.precision: {experiment.train.precision}"
    if device.count > 1:
        return f"devices: {device.count} run Keras' loop"
    return None if seeds == 1 else f"{seeds} seeds in one program"
