"""Scope: the checks of cells find what is wrong: each is shown a fault, and has to name it.

That they pass where nothing is wrong is `tests/cells/test_contract.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import pytest

from rnncli.cells import GRU, LSTM, PeepholeLSTM, SimpleRNN
from rnncli.cells.base import Step
from rnncli.study.trial import Layout, Trial, expected_values
from rnncli.study.verify import (
    CHECKS,
    EXACT,
    SINGLE,
    applies,
    finding,
    missing_extra,
    verify_cells,
    verify_one,
)

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="in float64")
RNN = SimpleRNN(cell="simple_rnn", units=2)
PEEPHOLE = PeepholeLSTM(cell="peephole_lstm", units=2)
with_onnx = pytest.mark.skipif(missing_extra("ONNX") is not None, reason="needs the extra onnx")


def failed(check: str, spec: Any = RNN) -> set[str]:
    return {
        found.quantity for found in verify_one(spec, check, "tensorflow", "it") if not found.passed
    }


def test_nothing_is_wrong() -> None:
    assert failed("forwards") == set()


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(check, marks=[with_onnx] if check == "ONNX" else [])
        for check in CHECKS
        if check != "reloaded"
    ],
)
def test_another_equation_is_found(check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A millionth in the recurrence is enough, in float64."""
    step = SimpleRNN.step
    error = 1e-2 if check in ("compiled", "ONNX") else 1e-6

    def other(self: Any, x: Any, state: Sequence[Any], *rest: Any) -> Step:
        return step(self, x, [(1 + error) * part for part in state], *rest)

    monkeypatch.setattr(SimpleRNN, "step", other)
    anew = {"values"} if check in ("exported", "ONNX") else {"values", "gradients"}
    assert failed(check) == anew


def test_a_wrong_gradient_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """With right values: Keras' tanh is given another derivative."""
    import tensorflow as tf

    @tf.custom_gradient
    def tanh(x: Any) -> Any:
        y = tf.tanh(x)
        return y, lambda slope: slope * (1 - y * y) * (1 + 1e-6)

    layer_of = SimpleRNN.make_layer

    def other(self: Any, **layout: Any) -> Any:
        layer = layer_of(self, **layout)
        layer.cell.activation = tanh
        return layer

    monkeypatch.setattr(SimpleRNN, "make_layer", other)
    assert failed("forwards") == {"gradients"}


def test_a_mask_that_is_passed_over_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    compute = Trial.compute

    def unmasked(self: Trial, tensors: list[Any]) -> list[Any]:
        mask, self.mask = self.mask, None
        try:
            return compute(self, tensors)
        finally:
            self.mask = mask

    monkeypatch.setattr(Trial, "compute", unmasked)
    assert failed("backwards") == {"values", "gradients"}


def test_swapped_states_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    compute = Trial.compute

    def swapped(self: Trial, tensors: list[Any]) -> list[Any]:
        outputs, h, c = compute(self, tensors)
        return [outputs, c, h]

    monkeypatch.setattr(Trial, "compute", swapped)
    assert failed("forwards", LSTM(cell="lstm", units=2)) == {"values", "gradients"}


def test_initial_states_that_are_passed_over_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def from_zeros(*arguments: Any) -> list[Any]:
        return expected_values(*arguments[:5])

    monkeypatch.setattr("rnncli.study.trial.expected_values", from_zeros)
    assert failed("initial state") == {"values", "gradients"}


def test_weights_that_are_not_saved_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnncli.study.trial.load_weights", lambda *_: None)
    assert failed("reloaded") == {"values"}


def test_an_export_that_computes_something_else_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    load = tf.saved_model.load

    class Other:
        """Everything as it is, but the last of the outputs and states."""

        def __init__(self, folder: str) -> None:
            self.model = load(folder)

        def serve(self, x: Any) -> Any:
            *first, last = self.model.serve(x)
            return [*first, last + 1e-6]

    assert failed("exported") == set()
    monkeypatch.setattr(tf.saved_model, "load", Other)
    assert failed("exported") == {"values"}


def test_the_error_of_an_export_to_onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its runtime computes in float32: what that leaves passes, ten times as much does not."""
    trial_of: list[Trial] = []

    def exported(self: Trial, error: float) -> list[tuple[Any, Any]]:
        trial_of.append(self)
        return [(np.full(3, 0.5 + error), np.full(3, 0.5))]

    for error, wanted in ((SINGLE.values / 2, set()), (SINGLE.values * 10, {"values"})):
        monkeypatch.setattr(Trial, "exported", lambda trial, _, by=error: exported(trial, by))
        assert failed("ONNX") == wanted
    assert {trial.dtype for trial in trial_of} == {"float32"}
    assert {trial.mask is None for trial in trial_of} == {True, False}


@with_onnx
@pytest.mark.parametrize("spec", [RNN, LSTM(cell="lstm", units=2), PEEPHOLE], ids=str)
def test_exports_to_onnx_pass(spec: Any) -> None:
    (found,) = verify_one(spec, "ONNX", "tensorflow", "it")
    assert found.passed
    assert 0 < found.absolute < 1e-6


def test_nan_never_passes() -> None:
    found = finding("b", "s", "forwards", "values", [(np.array([np.nan]), np.ones(1))], 1e9)
    assert not found.passed


def test_the_allowed_error_grows_with_the_values_alone() -> None:
    pair = (np.array([200.0, 3.0]), np.array([200.0, 3.5]))
    found = finding("b", "s", "forwards", "values", [pair], 1e-3)
    assert (found.absolute, found.relative, found.allowed) == (0.5, 0.0025, 0.2)
    small = finding("b", "s", "forwards", "values", [(np.zeros(1), np.full(1, 1e-6))], 1e-9)
    assert small.allowed == 1e-9


def test_what_applies() -> None:
    from rnncli.cells import Dense

    assert not applies(Dense(cell="dense", units=2), "initial state")
    assert not applies(Dense(cell="dense", units=2), "compiled")
    assert applies(GRU(cell="gru", units=2, reset_after=False), "compiled")
    assert applies(RNN, "compiled")
    assert applies(RNN, "ONNX") is (missing_extra("ONNX") is None)


def test_every_check_of_a_cell_is_made() -> None:
    found = list(verify_cells(["dense"]))
    onnx = ["ONNX"] if missing_extra("ONNX") is None else []
    assert len(found) == 4 * (2 * 4 + 2 + len(onnx))
    assert {f.check for f in found} == {
        *("forwards", "backwards", "bidirectional", "stacked"),
        *("reloaded", "exported", *onnx),
    }
    assert {f.subject for f in found} == {
        f"dense activation={name}" for name in ("tanh", "sigmoid", "relu", "linear")
    }
    assert all(f.passed for f in found)


def test_a_stack_reads_the_layer_below() -> None:
    """Two layers are not one, and not two of the same weights."""
    trial = Trial(RNN, Layout(depth=2))
    one, two = (np.asarray(layer.get_weights()[0]) for layer in trial.layers)
    assert one.shape == (3, 2)
    assert two.shape == (2, 2)
    assert EXACT.values < 1e-10
