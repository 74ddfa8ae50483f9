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
from rnncli.kernels import Kernel, Work, compiled_layers, kernels
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
    obstacle = TypeAdapter(Cell).validate_python(case).compiled_obstacle()
    assert long.path == ("compiled" if obstacle is None else "stepwise")
    assert obstacle is None or long.reason == obstacle
    assert compiled_layers((long,)) == ({0} if obstacle is None else set())
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
    for backend, kind in (("tensorflow", "gpu"), ("jax", "cpu")):
        with pytest.raises(ConfigError, match="recurrence: compiled cannot be had"):
            kernel_of(case, backend, kind, MUCH, recurrence="compiled")
    case["reset_after"] = False
    with pytest.raises(ConfigError, match=r"layers\.0 \(gru\): reset_after: false"):
        kernel_of(case, "tensorflow", "cpu", MUCH, recurrence="compiled")


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
    assert kernel_of({"cell": "gru", "units": 4}, "jax").reason == "Keras has no fused GRU on jax"
    assert "masked" in kernel_of({"cell": "lstm", "units": 4}, "torch").reason
    assert "its own loop" in kernel_of({"cell": "lstm", "units": 4}, "torch", "cpu").reason


@pytest.mark.parametrize("backend", [b for b in BACKENDS if b != "tensorflow"])
def test_masks_forbid_fusing_elsewhere(backend: str) -> None:
    """In the installed sources the fused LSTM of JAX and PyTorch gives up at a mask.

    On JAX ours does not: what it cannot do is told.
    """
    body = sources(backend).split("\ndef lstm(")[1].split("\ndef ")[0]
    assert "if mask is not None:\n        raise NotImplementedError" in body
    path = "fused" if backend == "jax" else "stepwise"
    assert kernel_of({"cell": "lstm", "units": 4}, backend).path == path


@pytest.mark.parametrize(
    ("layer", "train", "seeds", "reason"),
    [
        ({"return_state": True}, {}, 1, "return_state: true"),
        ({"recurrent_dropout": 0.1}, {}, 1, "recurrent_dropout > 0"),
        ({}, {"precision": "mixed_bfloat16"}, 1, "train.precision: mixed_bfloat16"),
        ({}, {}, 3, "3 seeds in one program"),
    ],
)
def test_what_keeps_an_lstm_on_jax_from_cudnn(
    layer: dict[str, Any], train: dict[str, Any], seeds: int, reason: str
) -> None:
    experiment = experiment_of(
        model={"layers": [{"cell": "lstm", "units": 4, **layer}], "readout": "state"}
        if layer.get("return_state")
        else {"layers": [{"cell": "lstm", "units": 4, **layer}]},
        train=train,
    )
    (kernel,) = kernels(experiment, Device("jax", "gpu", "", ""), None, seeds)
    assert kernel.path == "stepwise"
    assert kernel.reason.startswith(reason)


def test_several_devices_on_jax_run_keras_loop() -> None:
    experiment = experiment_of(model={"layers": [{"cell": "lstm", "units": 4}]})
    (kernel,) = kernels(experiment, Device("jax", "gpu", "", "", count=2))
    assert (kernel.path, kernel.reason) == ("stepwise", "devices: 2 run Keras' loop")


def test_jax_has_no_fused_gru() -> None:
    """Keras' own loop over steps stands there, and that only without a mask."""
    body = sources("jax").split("\ndef gru(")[1].split("\ndef ")[0]
    assert "lax.scan(step" in body
    assert "cudnn" not in body.lower()
    assert "mask is not None:\n        raise NotImplementedError" in body


def test_layers_are_numbered() -> None:
    experiment = experiment_of(
        model={"layers": [{"cell": cell, "units": 2} for cell in ("lstm", "dense")]}
    )
    assert [k.layer for k in kernels(experiment, Device("jax", "cpu", "", ""))] == [0, 1]


def test_the_three_backends_are_keras_own() -> None:
    for backend in BACKENDS:
        assert importlib.util.find_spec(f"keras.src.backend.{backend}")
