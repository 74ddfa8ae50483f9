"""Scope: derivatives from three sides: complex steps, finite differences, and the backend's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import pytest
from pydantic import TypeAdapter

from rnncli.cells import CELLS, Cell, CellSpec
from rnncli.cells.replay import replay
from rnncli.study.autodiff import complex_step, values_and_gradients
from tests.autodiff import finite_differences
from tests.variants import named, variants

CASES = named(case for cell in CELLS for case in variants(cell, CellSpec, units=2))


def test_by_hand() -> None:
    """d/dt of sin(x + t d) y² at t = 0, and in y's direction."""
    x, y, d = np.array([0.3, -1.0]), np.array([2.0, 0.5]), np.array([1.0, 3.0])
    by_x, by_y = complex_step(lambda p: (np.sin(p[0]) * p[1] ** 2).sum(), [x, y], [d, d])
    assert by_x == pytest.approx((np.cos(x) * d * y**2).sum(), rel=1e-15)
    assert by_y == pytest.approx((np.sin(x) * 2 * y * d).sum(), rel=1e-15)


@pytest.mark.parametrize("case", CASES)
def test_every_cells_step_can_be_continued_to_complex_numbers(case: dict[str, Any]) -> None:
    """Central differences, which need no complex numbers, find the same slopes."""
    spec: CellSpec = TypeAdapter(Cell).validate_python(case)
    layer = spec.make_layer(return_sequences=True, return_state=False, name="l")
    layer.build((3, 4, 2))
    random = np.random.default_rng(1)
    point = [random.normal(size=shape) for shape in ((3, 4, 2), *(w.shape for w in layer.weights))]
    mask = np.arange(4) < np.array([4, 1, 3])[:, None]
    factor = random.normal(size=(3, 4, 2))

    def loss(point: Sequence[Any]) -> Any:
        return (replay(spec, point[1:], point[0], mask).outputs * factor).sum()

    directions = [random.normal(size=array.shape) for array in point]
    found = complex_step(loss, point, directions)
    slopes = finite_differences(loss, point)
    expected = [(slope * d).sum() for slope, d in zip(slopes, directions, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("graph", [False, True])
def test_of_the_backend(graph: bool) -> None:
    weight = keras.Variable(np.array([[1.0, -2.0]], "float32"), name="w")
    x = np.array([[0.5, 1.5]], "float32")
    factor = np.array([[2.0, 3.0]], "float32")
    values, (by_x, by_weight) = values_and_gradients(
        lambda tensors: [tensors[0] * weight * weight], [x], [weight], [factor], graph=graph
    )
    np.testing.assert_allclose(values[0], [[0.5, 6.0]])
    np.testing.assert_allclose(by_x, [[2.0, 12.0]])
    np.testing.assert_allclose(by_weight, [[2.0, -18.0]])
