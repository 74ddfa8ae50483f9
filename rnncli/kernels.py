"""Which recurrence runs: Keras' fused (cuDNN) kernel, or its step-by-step loop, and why.

The rules are those of the installed Keras (3.15), which has fused kernels for LSTM and GRU alone:

=========== ============================================ =================================
backend     LSTM                                         GRU (`reset_after: true`)
=========== ============================================ =================================
tensorflow  on a GPU; a right-padded mask is fine        on a GPU; a right-padded mask is fine
jax         on a GPU without a mask                      never
torch       on a GPU without a mask                      on a GPU without a mask
=========== ============================================ =================================

Texts of different lengths share a batch here, so a mask is always there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnncli.backend import Device
    from rnncli.cells import CellSpec

__all__ = ["Kernel", "kernels"]


@dataclass(frozen=True)
class Kernel:
    """How one layer will run."""

    layer: int
    """Position from the embedding upwards, from 0."""
    cell: str
    fused: bool
    reason: str
    """What stands in the way of the fused kernel, or what makes it possible."""

    def __str__(self) -> str:
        """One line for the terminal."""
        path = "fused kernel" if self.fused else "step by step"
        return f"layer {self.layer} {self.cell}: {path} ({self.reason})"


def kernels(layers: Sequence[CellSpec], device: Device) -> tuple[Kernel, ...]:
    """The kernel of every layer on a device."""
    return tuple(_kernel(index, layer, device) for index, layer in enumerate(layers))


def _kernel(index: int, layer: CellSpec, device: Device) -> Kernel:
    cell = layer.cell
    if not layer.recurrent:
        return Kernel(index, cell, True, "one matrix product over all steps")
    obstacle = layer.fused_obstacle() or _device_obstacle(cell, device)
    return Kernel(index, cell, obstacle is None, obstacle or "cuDNN with a right-padded mask")


def _device_obstacle(cell: str, device: Device) -> str | None:
    if device.kind == "cpu":
        return "fused kernels need a GPU"
    if device.backend == "jax" and cell == "gru":
        return "Keras has no fused GRU on jax"
    if device.backend != "tensorflow":
        return f"Keras on {device.backend} has no fused kernel for masked texts"
    return None
