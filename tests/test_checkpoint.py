"""Scope: checkpoints read back bit for bit, and no damage to the file goes unnoticed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

from rnncli.checkpoint import latest, load, save, save_epoch
from rnncli.errors import StorageError

ARRAYS: dict[str, NDArray[Any]] = {
    "layers/0/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "file": np.array(7, dtype=np.int64),
    "씨앗": np.array([1, 2], dtype=np.uint32),
    "half": np.array([[1.5, -2.0]], dtype=ml_dtypes.bfloat16),
    "scalar": np.array(0.1, dtype=ml_dtypes.bfloat16),
    "flags": np.array([True, False]),
    "empty": np.zeros((0, 4), dtype=np.float64),
}
META = {"epoch": 3, "best": float("-inf"), "loss": [0.1, 1e-300], "라벨": "정치", "none": None}


def test_arrays_and_meta_read_back_exactly(tmp_path: Path) -> None:
    save(tmp_path / "a.npz", ARRAYS, META)
    arrays, meta = load(tmp_path / "a.npz")
    assert meta == META
    assert list(arrays) == list(ARRAYS)
    for name, expected in ARRAYS.items():
        assert arrays[name].dtype == expected.dtype
        assert arrays[name].shape == expected.shape
        assert arrays[name].tobytes() == expected.tobytes()


def test_plain_numpy_reads_it_too(tmp_path: Path) -> None:
    save(tmp_path / "a.npz", ARRAYS, META)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["array-0"], ARRAYS["layers/0/kernel"])


def test_the_same_state_is_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(tmp_path / name, ARRAYS, META)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_pickle_is_never_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        save(tmp_path / "a.npz", {"x": np.array([object()])}, {})
    assert not list(tmp_path.iterdir())


def test_arrays_are_written_as_they_come(tmp_path: Path) -> None:
    """One after the other; what breaks off on the way leaves the file that was there."""
    path = tmp_path / "a.npz"
    save(path, ARRAYS, META)
    before = path.read_bytes()
    written: list[int] = []

    def coming(broken: bool) -> Iterator[tuple[str, NDArray[Any]]]:
        for name, array in ARRAYS.items():
            written.append(max(file.stat().st_size for file in tmp_path.iterdir()))
            yield name, np.resize(array, 40_000)
            if broken and name == "half":
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save(path, coming(broken=True), META)
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz"]
    assert path.read_bytes() == before
    assert written == sorted(written)
    assert written[-1] > len(before)
    save(path, coming(broken=False), META)
    assert load(path)[0]["file"].shape == (40_000,)


def test_every_truncation_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    save(path, ARRAYS, META)
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(StorageError, match="truncated or damaged"):
            load(path)


def test_every_flipped_bit_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    save(path, ARRAYS, META)
    whole = path.read_bytes()
    for position in range(0, len(whole), 5):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << (position % 8)
        path.write_bytes(damaged)
        with pytest.raises(StorageError, match="truncated or damaged"):
            load(path)


def test_the_last_two_epochs_stay_and_later_ones_of_another_history_go(tmp_path: Path) -> None:
    for epoch in (1, 2, 3, 4):
        save_epoch(tmp_path, epoch, {"w": np.array(epoch)}, {})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["epoch-0003.npz", "epoch-0004.npz"]
    save_epoch(tmp_path, 2, {"w": np.array(2)}, {})
    assert [p.name for p in tmp_path.iterdir()] == ["epoch-0002.npz"]


def test_latest_is_the_newest_and_ignores_leftovers(tmp_path: Path) -> None:
    assert latest(tmp_path / "missing") is None
    assert latest(tmp_path) is None
    save_epoch(tmp_path, 9, {"w": np.array(9)}, {"e": 9})
    save_epoch(tmp_path, 10, {"w": np.array(10)}, {"e": 10})
    (tmp_path / ".tmp-00-epoch-0011.npz").write_bytes(b"half")
    found = latest(tmp_path)
    assert found is not None
    assert (found.epoch, found.meta, int(found.arrays["w"])) == (10, {"e": 10}, 10)
    assert found.warning == ""


def test_a_damaged_newest_falls_back_and_says_so(tmp_path: Path) -> None:
    save_epoch(tmp_path, 1, {"w": np.array(1)}, {})
    newest = save_epoch(tmp_path, 2, {"w": np.array(2)}, {})
    newest.write_bytes(newest.read_bytes()[:-1])
    found = latest(tmp_path)
    assert found is not None
    assert found.epoch == 1
    assert "epoch-0002.npz" in found.warning
    assert "continuing from epoch 1" in found.warning


def test_nothing_but_damaged_ones_is_an_error(tmp_path: Path) -> None:
    save_epoch(tmp_path, 1, {"w": np.array(1)}, {}).write_bytes(b"")
    with pytest.raises(StorageError, match="--force"):
        latest(tmp_path)
