"""Scope: one place that chooses backend and device, and says what it took and why."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from rnncli import backend
from rnncli.backend import Device, activate, trouble_told
from rnncli.cli.bench import bench
from rnncli.errors import DeviceError, StorageError
from rnncli.experiment import BACKENDS

USED = keras.backend.backend()


def test_auto_and_cpu_here() -> None:
    """Tests run without a GPU (see conftest)."""
    device = activate(USED)
    assert (device.backend, device.kind, device.reason) == (USED, "cpu", "no GPU found")
    assert activate(USED, "cpu").reason == "asked for"
    assert str(device).startswith("CPU (")


def test_a_gpu_that_is_not_there() -> None:
    with pytest.raises(DeviceError, match=r"^device gpu: .* finds no GPU here; use --device auto"):
        activate(USED, "gpu")


def test_a_gpu_that_is_there_is_taken_unless_cpu_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(backend._GPU, USED, lambda wanted: "H100" if wanted else None)
    assert activate(USED) == Device(USED, "gpu", "H100", "a GPU was found")
    assert activate(USED, "gpu").reason == "asked for"
    assert activate(USED, "cpu").kind == "cpu"


def test_determinism_is_asked_of_a_gpu_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setitem(backend._DETERMINISM, USED, lambda: asked.append(USED))
    monkeypatch.setattr(backend, "_ask_for_determinism", lambda name: None)
    activate(USED, deterministic=True)
    assert asked == []
    monkeypatch.setitem(backend._GPU, USED, lambda wanted: "H100" if wanted else None)
    activate(USED)
    assert asked == []
    activate(USED, deterministic=True)
    assert asked == [USED]


def test_what_has_to_be_said_before_a_gpu_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLA_FLAGS", "--xla_a=1")
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    for name in BACKENDS:
        backend._ask_for_determinism(name)
    assert os.environ["XLA_FLAGS"] == "--xla_a=1 --xla_gpu_deterministic_ops=true"
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"


def test_an_operation_that_cannot_repeat_itself_is_named() -> None:
    message = (
        "Detected at node 'step'\nDeterministic GPU implementation of unsorted segment reduction "
        "op not available.\n\t [[{{node}}]]"
    )
    expected = "train.deterministic: Deterministic GPU implementation of unsorted segment reduction"
    with pytest.raises(DeviceError, match=expected), trouble_told():
        raise RuntimeError(message)


def test_a_second_backend_needs_another_process() -> None:
    other = "torch" if USED != "torch" else "jax"
    with pytest.raises(DeviceError, match="start a new process for another backend"):
        activate(other)


def test_a_backend_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DeviceError, match=r"torch is not installed; pip install 'rnncli\[torch\]'"):
        activate("torch")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes"),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    ],
)
def test_a_lack_of_memory_is_told_with_what_to_lower(error: Exception) -> None:
    with (
        pytest.raises(DeviceError, match="not enough memory for this model; lower"),
        trouble_told(),
    ):
        raise error


def test_an_error_that_is_told_already_stays_what_it_is() -> None:
    told = StorageError("runs/deterministic_gpu-1-s1/history.csv: cannot write: disk full")
    with pytest.raises(StorageError) as caught, trouble_told():
        raise told
    assert caught.value is told


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), trouble_told():
        raise ZeroDivisionError


def test_cpu_hides_the_gpu_before_keras_is_imported() -> None:
    code = (
        "import logging, os\nfrom rnncli.backend import activate\nactivate('tensorflow', 'cpu')\n"
        "print(os.environ['KERAS_BACKEND'], os.environ['CUDA_VISIBLE_DEVICES'])\n"
        "logging.getLogger('tensorflow').warning('to a stream that is still open')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_plain()
    )
    assert done.stdout.split() == ["tensorflow", "-1"]
    assert "Logging error" not in done.stderr


@pytest.mark.parametrize(("in_use", "thorough"), [(False, False), (False, True), (True, False)])
def test_tensorflow_is_prepared_for_cpus_unless_it_is_in_use(in_use: bool, thorough: bool) -> None:
    code = (
        f"if {in_use}:\n    import tensorflow\n    tensorflow.constant(1)\n"
        "from rnncli.backend import activate\n"
        f"activate('tensorflow', 'cpu', thorough={thorough})\n"
        "import tensorflow\nfrom tensorflow.python.eager import context\n"
        "options = context.context().config\n"
        "print(options.experimental.disable_thread_spinning)\n"
        "print(options.graph_options.rewrite_options.meta_optimizer_iterations == 1)\n"
        "print(tensorflow.executing_eagerly(), tensorflow.constant(2).numpy())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_plain()
    )
    assert done.stdout.split() == [str(not in_use), str(not in_use and not thorough), "True", "2"]


def _plain() -> dict[str, str]:
    from tests.terminal import environment

    changed = environment()
    del changed["CUDA_VISIBLE_DEVICES"]
    return changed


@pytest.mark.parametrize("installed", [True, False])
def test_triton_comes_before_tensorflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    """Loaded after it, PyTorch's Triton ends the process."""
    # Set before it is deleted, so that what the test imports is taken away again.
    monkeypatch.setitem(sys.modules, "triton", backend)
    monkeypatch.delitem(sys.modules, "triton")
    if installed:
        (tmp_path / "triton.py").touch()
        monkeypatch.syspath_prepend(tmp_path)
    else:
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    def no_further(*asked: object, **how: object) -> None:
        assert ("triton" in sys.modules) == installed
        raise DeviceError("reached")

    monkeypatch.setattr(backend, "activate", no_further)
    with pytest.raises(DeviceError, match=r"^reached$"):
        bench()
