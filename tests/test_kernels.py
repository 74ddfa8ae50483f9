"""Scope: which kernel a layer is said to run, held against the installed Keras' own rules."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path
from typing import Any

import keras
import pytest
from pydantic import TypeAdapter

from rnncli.backend import Device
from rnncli.cells import CELLS, Cell, CellSpec
from rnncli.errors import ConfigError
from rnncli.experiment import BACKENDS
from rnncli.kernels import Kernel, Work, compiled_layers, kernels, predicting
from tests.synthetic import experiment_of
from tests.variants import named, variants

CASES = named(case for cell in CELLS for case in variants(cell, CellSpec, units=4))
every_cell = pytest.mark.parametrize("case", CASES)


MUCH = Work(tokens=100_000_000, batch_size=64)


def kernel_of(
    case: dict[str, Any], backend: Any, kind: Any = "gpu", work: Work | None = None, **train: Any
) -> Kernel:
    experiment = experiment_of(model={"layers": [case]}, train=train)
    (kernel,) = kernels(experiment, Device(backend, kind, "", ""), work)
    return kernel


def sources(backend: str) -> str:
    """Keras' recurrence on a backend."""
    folder = Path(inspect.getfile(keras)).parent / "src" / "backend" / backend
    return (folder / "rnn.py").read_text(encoding="utf-8")


@every_cell
def test_on_a_cpu_long_trainings_are_compiled(case: dict[str, Any]) -> None:
    short, long = (kernel_of(case, "tensorflow", "cpu", work) for work in (None, MUCH))
    if case["cell"] == "dense":
        assert str(short) == "layer 0 dense: fused kernel (one matrix product over all steps)"
        assert long == short
        return
    assert str(short).startswith(f"layer 0 {case['cell']}: step by step (")
    compiles = TypeAdapter(Cell).validate_python(case).compiles
    assert long.path == ("compiled" if compiles else "stepwise")
    assert compiles or long.reason == f"no compiled recurrence for {case['cell']}"
    assert compiled_layers((long,)) == ({0} if compiles else set())
    for backend in ("jax", "torch"):
        assert kernel_of(case, backend, "cpu", MUCH).path == "stepwise"
    half = kernel_of(case, "tensorflow", "cpu", MUCH, precision="mixed_bfloat16")
    assert half.path == "stepwise"


def test_what_is_worth_compiling() -> None:
    """More texts, more units and smaller batches all make Keras' loop take longer."""

    def path(tokens: int, units: int = 16, batch: int = 64) -> str:
        case = {"cell": "lstm", "units": units}
        return kernel_of(case, "tensorflow", "cpu", Work(tokens, batch)).path

    assert path(1_000_000) == "stepwise"
    assert path(20_000_000) == "compiled"
    assert path(1_000_000, batch=4) == "compiled"
    assert path(1_000_000, units=512) == "compiled"


def test_the_choice_may_be_made_by_hand() -> None:
    case = {"cell": "gru", "units": 4}
    by_hand = kernel_of(case, "tensorflow", "cpu", MUCH, recurrence="keras")
    assert (by_hand.path, by_hand.reason) == ("stepwise", "train.recurrence: keras")
    assert kernel_of(case, "tensorflow", "cpu", recurrence="compiled").path == "compiled"
    assert kernel_of(case, "jax", "cpu", recurrence="compiled").path == "compiled"
    for backend, kind in (("tensorflow", "gpu"), ("torch", "cpu")):
        with pytest.raises(ConfigError, match="recurrence: compiled cannot be had"):
            kernel_of(case, backend, kind, MUCH, recurrence="compiled")


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's rules")
@every_cell
@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_tensorflow_gpu_agrees_with_keras(
    case: dict[str, Any], rate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keras is asked with a GPU pretended, for the layer that the spec builds."""
    rnn = importlib.import_module("keras.src.backend.tensorflow.rnn")
    monkeypatch.setattr(rnn, "_is_gpu_available", lambda: True)
    spec = TypeAdapter(Cell).validate_python(case)
    if rate and "recurrent_dropout" not in type(spec).model_fields:
        pytest.skip("has no recurrent dropout")
    if rate:
        case = {**case, "recurrent_dropout": rate}
    layer = (
        TypeAdapter(Cell)
        .validate_python(case)
        .make_layer(return_sequences=False, return_state=False, name="l")
    )
    fusable = False
    if isinstance(layer, keras.layers.LSTM | keras.layers.GRU):
        cell = layer.cell
        arguments = [cell.activation, cell.recurrent_activation, layer.unroll, cell.use_bias]
        if isinstance(layer, keras.layers.GRU):
            arguments.append(cell.reset_after)
        fusable = rnn.cudnn_ok(*arguments) and not layer.recurrent_dropout
        kind = next(kind for kind in type(layer).mro() if kind.__module__.startswith("keras."))
        assert "if not self.recurrent_dropout:" in inspect.getsource(kind.inner_loop)
    assert kernel_of(case, "tensorflow").path == (
        "product" if case["cell"] == "dense" else "fused" if fusable else "stepwise"
    )


def test_reasons_name_the_setting() -> None:
    def reason(**case: Any) -> str:
        return kernel_of({"units": 4, **case}, "tensorflow").reason

    assert reason(cell="gru", reset_after=False) == "reset_after: false"
    assert reason(cell="lstm", recurrent_dropout=0.1) == "recurrent_dropout > 0"
    assert reason(cell="lstm") == "cuDNN with a right-padded mask"
    assert reason(cell="simple_rnn") == "Keras has no fused kernel for simple_rnn"
    assert "masked" in kernel_of({"cell": "lstm", "units": 4}, "torch").reason
    assert "its own loop" in kernel_of({"cell": "lstm", "units": 4}, "torch", "cpu").reason


@pytest.mark.parametrize("backend", [b for b in BACKENDS if b != "tensorflow"])
def test_masks_forbid_fusing_elsewhere(backend: str) -> None:
    """In the installed sources the fused LSTM of JAX and PyTorch gives up at a mask."""
    body = sources(backend).split("\ndef lstm(")[1].split("\ndef ")[0]
    assert "if mask is not None:\n        raise NotImplementedError" in body
    path = "compiled" if backend == "jax" else "stepwise"
    assert kernel_of({"cell": "lstm", "units": 4}, backend).path == path


@every_cell
@pytest.mark.parametrize("settings", [{}, {"recurrent_dropout": 0.1}], ids=["plain", "dropped"])
@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_a_gpu_with_jax_runs_our_scan(
    case: dict[str, Any], settings: dict[str, Any], precision: str
) -> None:
    """Whatever the settings and the precision, and however short the training."""
    if case["cell"] == "dense":
        pytest.skip("no recurrence")
    kernel = kernel_of({**case, **settings}, "jax", precision=precision)
    assert kernel.path == "compiled"
    by_hand = kernel_of({**case, **settings}, "jax", precision=precision, recurrence="keras")
    assert (by_hand.path, by_hand.reason) == ("stepwise", "train.recurrence: keras")


def test_a_network_that_only_answers() -> None:
    """It is compiled on a GPU alone, also where its training was told to be compiled on a CPU."""
    layers = [{"cell": "lstm", "units": 4}, {"cell": "dense", "units": 4}]
    experiment = experiment_of(model={"layers": layers[:1]}, train={"recurrence": "compiled"})
    for backend, kind, expected in (
        ("jax", "gpu", {0}),
        ("jax", "cpu", set()),
        ("tensorflow", "gpu", set()),
        ("tensorflow", "cpu", set()),
        ("torch", "gpu", set()),
    ):
        assert predicting(experiment, Device(backend, kind, "", "")) == expected
    both = experiment_of(model={"layers": layers})
    assert predicting(both, Device("jax", "gpu", "", "")) == {0}


def test_several_devices_on_jax_run_keras_loop() -> None:
    experiment = experiment_of(model={"layers": [{"cell": "lstm", "units": 4}]})
    (kernel,) = kernels(experiment, Device("jax", "gpu", "", "", count=2))
    assert (kernel.path, kernel.reason) == ("stepwise", "devices: 2 run Keras' loop")


def test_layers_are_numbered() -> None:
    experiment = experiment_of(
        model={"layers": [{"cell": cell, "units": 2} for cell in ("lstm", "dense")]}
    )
    assert [k.layer for k in kernels(experiment, Device("jax", "cpu", "", ""))] == [0, 1]


def test_the_three_backends_are_keras_own() -> None:
    for backend in BACKENDS:
        assert importlib.util.find_spec(f"keras.src.backend.{backend}")
