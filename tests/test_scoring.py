"""Scope: logits of many texts in their order, and probabilities."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rnncli.batching import Encoded
from rnncli.scoring import length_multiple, logits, softmax


class Summing:
    """A model whose logits are the number of tokens and their sum."""

    output_shape = (None, 2)

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def predict_on_batch(self, ids: Any) -> Any:
        self.shapes.append(ids.shape)
        return np.stack([(ids != 0).sum(axis=1), ids.sum(axis=1)], axis=1).astype(np.float32)


def test_answers_stand_in_the_order_of_the_texts() -> None:
    random = np.random.default_rng(4)
    rows = [random.integers(1, 50, random.integers(1, 30)).astype(np.int32) for _ in range(101)]
    model = Summing()
    found = logits(model, Encoded.of(rows), batch_size=8)
    np.testing.assert_array_equal(found[:, 0], [len(row) for row in rows])
    np.testing.assert_array_equal(found[:, 1], [row.sum() for row in rows])
    assert all(batch <= 8 for batch, _ in model.shapes)
    longest = [length for _, length in model.shapes]
    assert len(set(longest)) > 3  # texts of like length share a batch


def test_no_texts() -> None:
    assert logits(Summing(), Encoded.of([])).shape == (0, 2)


def test_softmax_is_stable_and_sums_to_one() -> None:
    scores = np.array([[0.0, 1.0], [1000.0, -1000.0], [-1e30, -1e30]], np.float32)
    found = softmax(scores)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-15)
    assert found[0, 1] == pytest.approx(np.e / (1 + np.e))
    assert found[1].tolist() == [1.0, 0.0]
    assert found[2].tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("backend", "longest", "multiple", "single"),
    [
        ("tensorflow", 400, 1, 1),
        ("jax", 400, 56, 400),
        ("jax", 45, 8, 48),
        ("jax", 3, 8, 8),
        ("torch", 9, 1, 1),
    ],
)
def test_jax_gets_few_lengths(
    monkeypatch: pytest.MonkeyPatch, backend: str, longest: int, multiple: int, single: int
) -> None:
    monkeypatch.setattr("keras.backend.backend", lambda: backend)
    encoded = Encoded.of([np.ones(longest, np.int32), np.ones(1, np.int32)])
    walks, passes = (SimpleNamespace(passes_over_padding=passes) for passes in (False, True))
    assert length_multiple(encoded, walks) == multiple
    assert -(-longest // multiple) <= 8 or backend != "jax"
    assert length_multiple(encoded, passes) == single
    assert longest <= single or backend != "jax"
    assert length_multiple(Encoded.of([]), walks) == 1
