"""Scope: the kernel of every layer in every place, and the fewest settings that make it fast."""

from __future__ import annotations

from typing import Any

import pytest

from rnncli.config import load_config
from rnncli.experiment import BACKENDS
from rnncli.study.kernel_table import DEVICES, KernelChoice, kernel_table
from tests.synthetic import experiment_of


def table_of(*layers: dict[str, Any], **train: Any) -> dict[tuple[int, str, str], KernelChoice]:
    rows = [{"units": 4, **layer} for layer in layers]
    found = kernel_table(experiment_of(model={"layers": rows, "readout": "last"}, train=train))
    return {(choice.layer, choice.backend, choice.device): choice for choice in found}


def test_every_layer_in_every_place() -> None:
    found = table_of({"cell": "lstm"}, {"cell": "dense"})
    assert len(found) == 2 * len(BACKENDS) * len(DEVICES)
    assert found[0, "tensorflow", "gpu"].path == "fused"
    assert found[0, "tensorflow", "cpu"].path == "compiled"
    assert {found[1, backend, device].path for backend in BACKENDS for device in DEVICES} == {
        "product"
    }
    assert (found[0, "jax", "gpu"].path, found[0, "jax", "gpu"].change) == ("compiled", ())
    assert found[0, "torch", "gpu"].change == ("backend=tensorflow",)


@pytest.mark.parametrize(
    ("layer", "train", "device", "change"),
    [
        ({"cell": "gru", "reset_after": False}, {}, "gpu", ("reset_after=true",)),
        ({"cell": "lstm", "recurrent_dropout": 0.1}, {}, "gpu", ("recurrent_dropout=0",)),
        ({"cell": "simple_rnn"}, {}, "gpu", ("backend=jax",)),
        ({"cell": "peephole_lstm"}, {}, "gpu", ("backend=jax",)),
        ({"cell": "gru"}, {"precision": "mixed_float16"}, "cpu", ("train.precision=float32",)),
        ({"cell": "lstm"}, {"recurrence": "keras"}, "cpu", ("train.recurrence=auto",)),
        (
            {"cell": "lstm", "recurrent_dropout": 0.1},
            {"precision": "mixed_float16"},
            "cpu",
            ("train.precision=float32",),
        ),
        (
            {"cell": "gru", "reset_after": False, "recurrent_dropout": 0.1},
            {},
            "gpu",
            ("backend=jax",),
        ),
        (
            {"cell": "lstm", "recurrent_dropout": 0.1},
            {"recurrence": "keras", "precision": "mixed_float16"},
            "cpu",
            ("train.precision=float32", "train.recurrence=auto"),
        ),
    ],
)
def test_the_smallest_change(
    layer: dict[str, Any], train: dict[str, Any], device: str, change: tuple[str, ...]
) -> None:
    found = table_of(layer, **train)[0, "tensorflow", device]
    assert not found.fast
    assert tuple(c.removeprefix("model.layers.0.") for c in found.change) == change


def test_a_config_that_cannot_run_somewhere() -> None:
    found = table_of({"cell": "lstm"}, recurrence="compiled")[0, "tensorflow", "gpu"]
    assert found.path == "refused"
    assert "cannot be had" in found.reason
    assert found.change == ("train.recurrence=auto",)


def test_the_changes_do_what_they_promise() -> None:
    """Given to a config with `--set`, they make each layer fast."""
    name, settings = "gru_textbook_klue", ["model.layers.0.recurrent_dropout=0.2"]
    for choice in kernel_table(load_config(name, settings)):
        changed = load_config(name, [*settings, *choice.change])
        moved = any(change.startswith("backend=") for change in choice.change)
        place = changed.backend if moved else choice.backend
        again = next(
            other
            for other in kernel_table(changed)
            if (other.backend, other.device) == (place, choice.device)
        )
        assert bool(choice.change) != choice.fast
        assert again.fast
