"""Scope: weights go to a file and back, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from rnncli.errors import StorageError
from rnncli.weights import load_weights, save_weights


def network(units: int = 3, layers: int = 2, *, compiled: bool = True) -> Any:
    inputs = keras.Input((None,), dtype="int32")
    outputs = keras.layers.Embedding(7, 4)(inputs)
    for index in range(layers):
        outputs = keras.layers.GRU(units, return_sequences=index < layers - 1)(outputs)
    model = keras.Model(inputs, keras.layers.Dense(2)(outputs))
    if compiled:
        model.compile("adam", "mse")
    return model


def test_every_weight_comes_back(tmp_path: Path) -> None:
    model, other = network(), network()
    save_weights(model, tmp_path / "model.weights.h5")
    load_weights(other, tmp_path / "model.weights.h5")
    for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    assert [path.name for path in tmp_path.iterdir()] == ["model.weights.h5"]


def test_the_same_weights_are_the_same_file(tmp_path: Path) -> None:
    """However many models the process made before: a resumed run makes fewer."""
    model = network()
    for name in ("one", "two"):
        save_weights(model, tmp_path / f"{name}.weights.h5")
    one, two = (tmp_path / f"{name}.weights.h5" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_the_optimizer_stays_out(tmp_path: Path) -> None:
    model = network()
    model.train_on_batch(np.ones((2, 3), np.int32), np.ones((2, 2)))
    save_weights(model, tmp_path / "model.weights.h5")
    found: list[int] = []
    with h5py.File(tmp_path / "model.weights.h5") as file:
        file.visititems(
            lambda _, item: found.append(item.size) if isinstance(item, h5py.Dataset) else None
        )
    assert sum(found) == model.count_params()


def test_plain_keras_reads_the_file(tmp_path: Path) -> None:
    model, other = network(), network(compiled=False)
    save_weights(model, tmp_path / "model.weights.h5")
    other.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(model.get_weights()[0], other.get_weights()[0])


@pytest.mark.parametrize("other", [{"units": 4}, {"layers": 1}, {"layers": 3}])
def test_another_architecture_is_refused(tmp_path: Path, other: dict[str, int]) -> None:
    path = tmp_path / "model.weights.h5"
    save_weights(network(), path)
    with pytest.raises(StorageError, match="weights of another architecture"):
        load_weights(network(**other), path)


@pytest.mark.parametrize("keep", [0, 10, 2000, -1])
def test_a_cut_file_is_damaged(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "model.weights.h5"
    save_weights(network(), path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(StorageError, match="damaged weights"):
        load_weights(network(), path)


def test_a_file_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.weights.h5"
    save_weights(network(), path)
    before = path.read_bytes()

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError, match="no space left on device; free some space"):
        save_weights(network(), path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1
