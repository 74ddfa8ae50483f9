"""Shared by all tests: the backend of the process, quiet libraries, float64 and the real data."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rnncli.backend import beside_torch

if TYPE_CHECKING:
    from rnncli import Run

os.environ.setdefault("KERAS_BACKEND", os.environ.get("RNN_TEST_BACKEND", "tensorflow"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# Tests compare bits: they run on the CPU whatever the machine has, unless it is the GPU's turn.
if os.environ.get("RNN_TEST_DEVICE") == "gpu":
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    os.environ.setdefault("JAX_DEFAULT_MATMUL_PRECISION", "highest")
else:
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["KERAS_TORCH_DEVICE"] = "cpu"
# pytest-xdist sets it, and tables would be cut to it.
os.environ.pop("COLUMNS", None)

# What processes compile they share with each other, and with no other session.
_programs = tempfile.TemporaryDirectory(prefix="rnn-programs-", ignore_cleanup_errors=True)
os.environ.setdefault("RNN_PROGRAMS", _programs.name)

beside_torch()

REAL_DATA = Path(os.environ.get("RNN_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture
def real_data() -> Path:
    """The folder of real data, for tests marked `data`; skips where it is not."""
    if not REAL_DATA.is_dir():
        pytest.skip("no real data: set RNN_DATA to a folder that has it")
    return REAL_DATA


@pytest.fixture
def float64() -> Iterator[None]:
    """Keras layers made in this test compute in float64, or float32 where Keras has no float64.

    Keras 3.15 turns float64 into float32 between layers on JAX and PyTorch.
    """
    import keras

    before = keras.config.dtype_policy()
    exact = keras.backend.backend() == "tensorflow"
    keras.config.set_dtype_policy("float64" if exact else "float32")
    yield
    keras.config.set_dtype_policy(before)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run of `tests.synthetic.TINY`; whoever changes it works on a copy."""
    from rnncli import train
    from tests.synthetic import tiny

    return train(tiny(), out=tmp_path_factory.mktemp("trained"))


@pytest.fixture
def run_copy(trained: Run, tmp_path: Path) -> Run:
    """A finished run that may be damaged."""
    import shutil

    from rnncli import Run

    return Run(Path(shutil.copytree(trained.path, tmp_path / "runs" / trained.path.name)))
