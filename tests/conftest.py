"""Shared by all tests: the backend of the process, quiet libraries, float64 and the real data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("KERAS_BACKEND", os.environ.get("RNN_TEST_BACKEND", "tensorflow"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# Tests compare bits: they run on the CPU whatever the machine has.
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["KERAS_TORCH_DEVICE"] = "cpu"

REAL_DATA = Path(os.environ.get("RNN_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture
def real_data() -> Path:
    """The folder of real data, for tests marked `data`; skips where it is not."""
    if not REAL_DATA.is_dir():
        pytest.skip("no real data: set RNN_DATA to a folder that has it")
    return REAL_DATA


@pytest.fixture
def float64() -> Iterator[None]:
    """Keras layers made in this test compute in float64."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        if not jax.config.jax_enable_x64:
            pytest.skip("JAX without JAX_ENABLE_X64 has no float64")
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_dtype_policy(before)
