"""A run in a few fields, as far as its files can be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rnncli.errors import StorageError

if TYPE_CHECKING:
    from rnncli.run import Record, Run, Status

__all__ = ["model_line", "summarize"]


def summarize(run: Run, status: Status) -> dict[str, Any]:
    """One row of `rnn runs`; what is not there, or cannot be read, is None.

    Keys: `run`, `state`, `reason`, `data`, `model`, `seed`, `epoch`, `epochs`,
    `validation_macro_f1` (the best epoch's), `test_macro_f1`, `test_accuracy`, `parameters`,
    `seconds`, `started`.
    """
    config, metrics, cost = _config(run), _record(run, "metrics"), _record(run, "cost")
    best = _at(metrics, "validation", "macro_f1")
    return {
        "run": str(run.path),
        "state": status.state,
        "reason": status.reason,
        "data": _at(config, "data", "name"),
        "model": model_line(config),
        "seed": _at(config, "seed"),
        "epoch": status.epoch,
        "epochs": _at(config, "train", "epochs"),
        "validation_macro_f1": _number(_best_validation(run) if best is None else best),
        "test_macro_f1": _number(_at(metrics, "test", "macro_f1")),
        "test_accuracy": _number(_at(metrics, "test", "accuracy")),
        "parameters": _number(_at(cost, "parameters", "total")),
        "seconds": _number(_at(cost, "seconds")),
        "started": status.started or None,
    }


def model_line(config: Mapping[str, Any]) -> str | None:
    """`2×bi-lstm 64, max`: layers from the bottom up, alike ones counted, and the readout."""
    layers = _at(config, "model", "layers")
    if not isinstance(layers, list):
        return None
    parts: list[tuple[str, int]] = []
    for layer in layers:
        both = "bi-" if _at(layer, "bidirectional") else ""
        name = f"{both}{_at(layer, 'cell')} {_at(layer, 'units')}"
        if parts and parts[-1][0] == name:
            parts[-1] = (name, parts[-1][1] + 1)
        else:
            parts.append((name, 1))
    readout = _at(config, "model", "readout", "name") or _at(config, "model", "readout")
    stack = " + ".join(f"{count}×{name}" if count > 1 else name for name, count in parts)
    return f"{stack}, {readout}" if isinstance(readout, str) else stack


def _config(run: Run) -> Mapping[str, Any]:
    import yaml

    try:
        return dict(yaml.safe_load(run.config_text()))
    except StorageError:
        return {}


def _record(run: Run, record: Record) -> Mapping[str, Any]:
    try:
        return run.read(record)
    except StorageError:
        return {}


def _best_validation(run: Run) -> float | None:
    try:
        return max((epoch.validation_macro_f1 for epoch in run.history()), default=None)
    except StorageError:
        return None


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) else None
