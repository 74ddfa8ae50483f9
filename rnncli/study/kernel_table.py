"""Which kernel each layer runs on every backend and device, and what would make it a fast one.

Asked of `rnncli.kernels` alone, so that neither the device nor the backend need be here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from rnncli.backend import Device
from rnncli.cells import CELL_NAMES
from rnncli.errors import ConfigError
from rnncli.experiment import BACKENDS, Backend
from rnncli.kernels import Work, kernels

if TYPE_CHECKING:
    from rnncli.experiment import Experiment

__all__ = ["DEVICES", "KernelChoice", "kernel_table"]

DeviceKind = Literal["cpu", "gpu"]
DEVICES: tuple[DeviceKind, ...] = get_args(DeviceKind)
_LONG = Work(tokens=10**12, batch_size=64)
"""A training long enough for whatever pays off in the end."""


@dataclass(frozen=True)
class KernelChoice:
    """How one layer trains in one place, if it trains long enough for compiling to pay."""

    layer: int
    backend: str
    device: str
    path: str
    """`fused`, `compiled`, `product`, `stepwise`, or `refused` where the config cannot run."""
    reason: str
    change: tuple[str, ...] = ()
    """The fewest settings (`key=value`) that make it fast; empty if it is, or if none does."""

    @property
    def fast(self) -> bool:
        """Whether something better than a loop of single steps runs."""
        return self.path not in ("stepwise", "refused")


def kernel_table(experiment: Experiment) -> tuple[KernelChoice, ...]:
    """For every layer, backend and device."""
    found = []
    for backend, device in itertools.product(BACKENDS, DEVICES):
        for layer in range(len(experiment.model.layers)):
            choice = _choice(experiment, layer, backend, device)
            if not choice.fast:
                change = _smallest_change(experiment, layer, backend, device)
                choice = KernelChoice(layer, backend, device, choice.path, choice.reason, change)
            found.append(choice)
    return tuple(sorted(found, key=lambda choice: choice.layer))


def _choice(
    experiment: Experiment, layer: int, backend: Backend, device: DeviceKind
) -> KernelChoice:
    try:
        kernel = kernels(experiment, Device(backend, device, "", ""), _LONG)[layer]
    except ConfigError as error:
        return KernelChoice(layer, backend, device, "refused", error.lines[0])
    return KernelChoice(layer, backend, device, kernel.path, kernel.reason)


def _smallest_change(
    experiment: Experiment, layer: int, backend: Backend, device: DeviceKind
) -> tuple[str, ...]:
    """The first of the changes, the smallest first, after which the layer is fast."""
    here = experiment.model_copy(update={"backend": backend})
    for change in _changes(here, layer):
        changed = here
        for key, value in change:
            changed = _changed(changed, key.split("."), value)
        if _choice(changed, layer, changed.backend, device).fast:
            return tuple(f"{key}={_word(value)}" for key, value in change)
    return ()


Change = tuple[tuple[str, Any], ...]


def _changes(experiment: Experiment, layer: int) -> Iterator[Change]:
    """One setting, then two, …; those that make it another cell last."""
    spec = experiment.model.layers[layer]
    above = f"model.layers.{layer}"
    settings: list[tuple[str, Any]] = [
        (f"{above}.{name}", not getattr(spec, name))
        for name, field in type(spec).model_fields.items()
        if field.annotation is bool and name != "bidirectional"
    ]
    if "recurrent_dropout" in type(spec).model_fields:
        settings.append((f"{above}.recurrent_dropout", 0.0))
    settings += [("train.precision", "float32"), ("train.recurrence", "auto")]
    settings += [("backend", backend) for backend in BACKENDS]
    settings = [(key, value) for key, value in settings if _value(experiment, key) != value]
    cells = [
        (f"{above}.cell", name)
        for name, kind in CELL_NAMES.items()
        if kind.recurrent and set(spec.state_names) <= set(kind.state_names)
    ]
    for keep in (((),), tuple((cell,) for cell in cells)):
        for size in range(len(settings) + 1):
            for first in keep:
                for rest in itertools.combinations(settings, size):
                    if sum(key == "backend" for key, _ in rest) <= 1:
                        yield (*first, *rest)


def _value(experiment: Experiment, key: str) -> Any:
    value: Any = experiment
    for step in key.split("."):
        value = value[int(step)] if step.isdigit() else getattr(value, step)
    return value


def _changed(spec: Any, path: list[str], value: Any) -> Any:
    """A copy with another value at a path; a cell is replaced by a new one of its size."""
    step, *rest = path
    if isinstance(spec, tuple):
        items = list(spec)
        items[int(step)] = _changed(items[int(step)], rest, value)
        return tuple(items)
    if step == "cell":
        return CELL_NAMES[value].model_validate({"cell": value, "units": spec.units})
    if rest:
        value = _changed(getattr(spec, step), rest, value)
    return spec.model_copy(update={step: value})


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
