"""Scope: the checks of a trained run pass on it, and name what is wrong with another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest

from rnncli import Run
from rnncli.study.verify_run import verify_run

TEXTS = 12


def failed(run: Run) -> set[str]:
    return {found.check for found in verify_run(run, texts=TEXTS) if not found.passed}


def test_a_run_as_it_was_trained(trained: Run) -> None:
    found = list(verify_run(trained, texts=TEXTS))
    checks = [finding.check for finding in found]
    assert checks[:4] == ["embedding", "layer_0", "readout", "logits"]
    assert {"alone or in a batch", "extra padding", "recorded probabilities"} < set(checks)
    assert ("compiled" in checks) is (keras.backend.backend() == "tensorflow")
    assert ("exported" in checks) is (keras.backend.backend() == "tensorflow")
    assert all(finding.passed for finding in found)
    assert max(finding.absolute for finding in found) < 1e-5


def test_probabilities_that_are_not_the_models(run_copy: Run) -> None:
    predictions = run_copy.predictions()
    other = np.roll(predictions.probabilities, 1, axis=0)
    run_copy.write_predictions(replace(predictions, probabilities=other))
    assert failed(run_copy) == {"recorded probabilities"}


def test_a_readout_that_lets_the_padding_in(trained: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The layer's last step is the last of the batch, whatever the text's length."""
    from rnncli.cells.gru import GRU

    make = GRU.make_layer

    def unmasked(self: Any, **layout: Any) -> Any:
        layer = make(self, **layout)
        call = layer.call
        layer.call = lambda x, mask=None, **rest: call(x, mask=None, **rest)
        return layer

    monkeypatch.setattr(GRU, "make_layer", unmasked)
    assert failed(trained) >= {"extra padding", "alone or in a batch", "logits"}


def test_the_part_that_is_wrong_is_named(trained: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from rnncli.cells.gru import GRU

    step = GRU.step

    def other(self: Any, x: Any, state: Any, *rest: Any) -> Any:
        return step(self, x, [1.01 * part for part in state], *rest)

    monkeypatch.setattr(GRU, "step", other)
    found = failed(trained)
    assert "layer_0" in found
    assert "embedding" not in found
    assert "extra padding" not in found
