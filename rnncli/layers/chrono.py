"""Biases of gates that remember at first: chrono initialisation.

Tallec & Ollivier, Can recurrent neural networks warp time?, ICLR 2018. A gate of constant value
σ(b) forgets within 1 / (1 − σ(b)) = 1 + e^b steps; b = log u with u uniform in 1…T − 1 lets the
units of a layer begin with memories of 2 to T steps.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

__all__ = ["ChronoBias"]


@keras.saving.register_keras_serializable(package="rnncli")
class ChronoBias(keras.initializers.Initializer):
    """A cell's bias [GU], or [2, GU] whose first row is the input's, zero but for the gates.

    Args:
        units: U.
        steps: T.
        keeping: position of the gate that keeps the old state, whose bias is log u.
        taking: position of the gate that takes the new one in, whose bias is −log u; None where
            the cell has none of its own.
    """

    def __init__(self, units: int, steps: int, keeping: int, taking: int | None = None) -> None:
        self.units = units
        self.steps = steps
        self.keeping = keeping
        self.taking = taking

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        """Draw the bias."""
        uniform = keras.initializers.RandomUniform(1.0, self.steps - 1.0)
        drawn = ops.log(uniform((self.units,), dtype))
        bias = ops.zeros((shape[-1],), dtype)
        bias = ops.slice_update(bias, (self.keeping * self.units,), drawn)
        if self.taking is not None:
            bias = ops.slice_update(bias, (self.taking * self.units,), -drawn)
        if len(shape) == 1:
            return bias
        return ops.stack([bias, *[ops.zeros_like(bias)] * (shape[0] - 1)])

    def get_config(self) -> dict[str, Any]:
        """What Keras needs to make the initialiser again."""
        return {
            "units": self.units,
            "steps": self.steps,
            "keeping": self.keeping,
            "taking": self.taking,
        }
