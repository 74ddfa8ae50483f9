"""Derivatives by finite differences, of whatever NumPy function."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["finite_differences"]

Array = NDArray[np.float64]


def finite_differences(
    f: Callable[[Sequence[Array]], float], point: Sequence[Array], step: float = 1e-5
) -> list[Array]:
    """Central differences of a scalar function of several arrays."""
    results = []
    for number, array in enumerate(point):
        slope = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            values = []
            for sign in (1, -1):
                moved = array.copy()
                moved[index] += sign * step
                values.append(f([*point[:number], moved, *point[number + 1 :]]))
            slope[index] = (values[0] - values[1]) / (2 * step)
        results.append(slope)
    return results
