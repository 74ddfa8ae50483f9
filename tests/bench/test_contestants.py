"""Scope: the weights that all contestants begin with."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rnncli.bench.contestants import initial_weights
from rnncli.bench.workload import CELLS, Network

LOAD: Any = SimpleNamespace(vocabulary_size=50, classes=3)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_recurrent_kernels_keep_the_length_of_a_state(cell: str, bidirectional: bool) -> None:
    weights = initial_weights(Network(cell, 16, bidirectional), LOAD)
    recurrent = weights[2:-2:3]
    assert len(recurrent) == 1 + bidirectional
    for kernel in recurrent:
        assert kernel.shape == (16, 16 * CELLS[cell])
        np.testing.assert_allclose(kernel @ kernel.T, np.eye(16), atol=1e-6)
