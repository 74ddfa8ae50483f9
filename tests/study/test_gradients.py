"""Scope: gradients of the backend in use against finite differences, and by a text's vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import ops

from rnncli.model import build_model
from rnncli.study.gradients import by_vectors, differentiated, vectors_of
from rnncli.topology import ModelSpec


def test_values_and_gradients_row_by_row() -> None:
    x = np.array([[1.0, 2.0], [3.0, -1.0]], np.float32)
    scale = np.array([[2.0], [5.0]], np.float32)
    both = differentiated(lambda x, scale: ops.sum(x * x * scale, axis=-1))
    for _ in range(2):
        values, slopes = both(x, scale)
        np.testing.assert_allclose(values, [10, 50])
        np.testing.assert_allclose(slopes, 2 * x * scale)


def test_what_is_not_read_has_no_gradient() -> None:
    x = np.ones((2, 3), np.float32)
    values, slopes = differentiated(lambda x, y: ops.sum(y, axis=-1))(x, 2 * x)
    np.testing.assert_allclose(values, [6, 6])
    np.testing.assert_allclose(slopes, 0 * x)


@pytest.mark.parametrize("ngrams", [1, 2])
def test_by_vectors_is_the_slope_of_the_score(ngrams: int) -> None:
    layers = [{"cell": "lstm", "units": 3, "bidirectional": True}]
    spec = ModelSpec.model_validate(
        {"layers": layers, "embedding": {"dim": 2}, "readout": "attention"}
    )
    model = build_model(spec, vocabulary_size=9, classes=3, ids_per_position=ngrams)
    ids = np.array([[2, 3, 4], [5, 6, 0]], np.int32)
    if ngrams == 2:
        ids = np.stack([ids, np.array([[7, 0, 0], [8, 0, 0]], np.int32)], axis=-1)

    def score(logits: Any) -> Any:
        return logits[:, 0] - logits[:, 1]

    slope = by_vectors(model, score)
    still = np.zeros((2, 3, 2), np.float32)
    values, gradient = slope(still, ids)
    np.testing.assert_allclose(values, score(np.asarray(model.predict_on_batch(ids))), atol=1e-6)
    expected = np.zeros_like(gradient)
    for place in np.ndindex(3, 2):
        step = still.copy()
        step[:, place[0], place[1]] = 1e-2
        expected[:, place[0], place[1]] = (slope(step, ids)[0] - slope(-step, ids)[0]) / 2e-2
    np.testing.assert_allclose(gradient, expected, atol=2e-4)
    assert not gradient[1, 2].any()
    table = np.asarray(model.get_layer("embedding").embeddings)
    wanted = (
        table[ids] if ngrams == 1 else table[ids[..., 0]] + table[ids[..., 1]] * (ids[..., 1:] > 0)
    )
    np.testing.assert_allclose(vectors_of(model, ids)[0], wanted[0], atol=1e-6)
