"""Which recurrence runs in each layer, and why: decided once, before the model is built.

=========== ======== ================================ ============================================
backend     device   path                             for
=========== ======== ================================ ============================================
tensorflow  GPU      fused (cuDNN), mask right-padded LSTM, GRU with `reset_after: true`
jax         GPU      compiled (ours, a scan)          every recurrent cell; on one device
tensorflow  CPU      compiled (ours, XLA)             every recurrent cell; float32; long trainings
any         any      one product                      dense: no recurrence
any         any      stepwise (Keras' loop)           all else
=========== ======== ================================ ============================================

On TensorFlow the rules of the fused path are those of the installed Keras (3.15). On JAX and
PyTorch Keras has fused kernels only without a mask, and texts of different lengths share a batch
here, so that a mask is always there. Our scan for JAX (`rnncli.layers.scanning`) takes 0.4 of the
time of cuDNN's LSTM for a training step on an H100 (4.1 ms against 10.3; LSTM-128, 64 reviews), and
as long as Keras' loop on a CPU. On TensorFlow compiling takes about a second for each length of a
chunk: `auto` does it where Keras' loop would run for longer than `WORTH_COMPILING`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rnncli.errors import ConfigError

if TYPE_CHECKING:
    from rnncli.backend import Device
    from rnncli.cells import CellSpec
    from rnncli.experiment import Experiment

__all__ = [
    "WORTH_COMPILING",
    "Kernel",
    "Path",
    "Work",
    "compiled_layers",
    "gains",
    "kernels",
    "predicting",
]

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


def kernels(experiment: Experiment, device: Device, work: Work | None = None) -> tuple[Kernel, ...]:
    """The kernel of every layer on a device.

    Args:
        experiment: the config.
        device: where it runs.
        work: how much there is to train; None for a few steps or a prediction.

    Raises:
        ConfigError: `train.recurrence: compiled` cannot be had.
    """
    features = experiment.model.embedding.dim
    found = []
    for index, layer in enumerate(experiment.model.layers):
        found.append(_kernel(index, layer, features, experiment, device, work))
        features = layer.output_units
    return tuple(found)


def gains(backend: str, kind: str) -> bool:
    """Whether our own recurrence is faster than Keras' loop there, in a long training."""
    return backend == "tensorflow" or (backend, kind) == ("jax", "gpu")


def predicting(experiment: Experiment, device: Device) -> frozenset[int]:
    """The layers to be compiled of a network that only answers: those on a GPU that can be."""
    if device.kind != "gpu":
        return frozenset()
    auto = experiment.train.model_copy(update={"recurrence": "auto"})
    return compiled_layers(kernels(experiment.model_copy(update={"train": auto}), device))


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
) -> Kernel:
    if not layer.recurrent:
        return Kernel(index, layer.cell, "product", "one matrix product over all steps")
    choice = experiment.train.recurrence
    obstacle = _setting_obstacle(experiment, device)
    if not layer.compiles:
        obstacle = f"no compiled recurrence for {layer.cell}"
    if choice == "compiled" and obstacle is not None:
        raise ConfigError(
            [
                f"train.recurrence: compiled cannot be had for model.layers.{index} "
                f"({layer.cell}): {obstacle}; use auto or keras"
            ]
        )
    if choice == "keras":
        obstacle = "train.recurrence: keras"
    if device.kind == "gpu" and device.backend != "jax":
        obstacle = layer.fused_obstacle() or _FUSED_OBSTACLE.get(device.backend)
        path: Path = "fused" if obstacle is None else "stepwise"
        return Kernel(index, layer.cell, path, obstacle or "cuDNN with a right-padded mask")
    if device.kind == "cpu" and choice == "auto" and obstacle is None:
        seconds = 0.0 if work is None else _loop_seconds(layer, features, work)
        if not gains(device.backend, device.kind):
            obstacle = "on a CPU Keras' loop is as fast on jax"
        elif seconds < WORTH_COMPILING:
            obstacle = "too little work to be worth compiling"
    if obstacle is None:
        return Kernel(index, layer.cell, "compiled", _COMPILED[device.backend])
    return Kernel(index, layer.cell, "stepwise", obstacle)


def _loop_seconds(layer: CellSpec, features: int, work: Work) -> float:
    """What Keras' loop would take for a layer, forwards and back."""
    flops = 6.0 * (features + layer.units) * layer.gates * layer.units * work.tokens
    steps = work.tokens / work.batch_size
    return layer.directions * (flops / _LOOP_FLOPS + steps * _LOOP_STEP)


def _setting_obstacle(experiment: Experiment, device: Device) -> str | None:
    if device.backend == "torch":
        return "Keras on torch runs its own loop"
    if device.count > 1:
        return f"devices: {device.count} run Keras' loop"
    if device.backend == "jax":
        return None
    if device.kind == "gpu":
        return "on tensorflow it is for CPUs"
    if experiment.train.precision != "float32":
        return f"train.precision: {experiment.train.precision}"
    return None


_COMPILED = {
    "tensorflow": "XLA, in chunks of time, a shard a core",
    "jax": "XLA, several steps at a time, up to the longest text",
}
_FUSED_OBSTACLE = {"torch": "Keras on torch has no fused kernel for masked texts"}
