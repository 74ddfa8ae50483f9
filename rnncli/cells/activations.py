"""The activation functions a config may name, in NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rnncli.cells.base import Array

__all__ = ["Activation", "activate"]

Activation = Literal["tanh", "sigmoid", "relu", "linear"]


def activate(name: Activation, x: Array) -> Array:
    """The named function, elementwise."""
    import numpy as np

    from rnncli.cells.base import sigmoid

    if name == "tanh":
        return np.asarray(np.tanh(x))
    if name == "sigmoid":
        return sigmoid(x)
    return np.asarray(np.maximum(x, 0)) if name == "relu" else x
