"""Whether Keras computes what the cells' equations say: outputs, states and gradients."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from pydantic import TypeAdapter

from rnncli.cells import CELL_NAMES, Cell, CellSpec
from rnncli.preparation import dtype_policy
from rnncli.study.autodiff import uncompiled
from rnncli.study.exports import EXPORTS
from rnncli.study.trial import UNITS, Layout, Trial
from rnncli.study.variants import variant_name, variants

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = [
    "CHECKS",
    "EXTRAS",
    "Finding",
    "applies",
    "finding",
    "missing_extra",
    "verify_cells",
    "verify_one",
]

_MERGE_MODES = ("concat", "sum", "mul", "ave")

Quantity = Literal["values", "gradients"]


@dataclass(frozen=True)
class Finding:
    """The largest error of one check."""

    backend: str
    subject: str
    """The cell with its settings, or a part of a run's network."""
    check: str
    quantity: Quantity
    absolute: float
    relative: float
    """The absolute error over the largest value expected."""
    allowed: float
    """The largest absolute error that passes."""

    @property
    def passed(self) -> bool:
        """False for NaN, too."""
        return self.absolute <= self.allowed


class Tolerance(NamedTuple):
    """What rounding leaves, where the largest value is 1 or less."""

    values: float
    gradients: float


EXACT = Tolerance(1e-12, 1e-11)
"""In float64."""
SINGLE = Tolerance(5e-6, 3e-5)
"""In float32."""


def finding(
    backend: str,
    subject: str,
    check: str,
    quantity: Quantity,
    pairs: Sequence[tuple[Any, Any]],
    tolerance: float,
) -> Finding:
    """The largest error among pairs of found and expected arrays."""
    largest = max(float(np.abs(expected).max()) for _, expected in pairs)
    errors = [float(np.abs(np.asarray(found) - expected).max()) for found, expected in pairs]
    absolute = float("nan") if np.isnan(errors).any() else max(errors)
    allowed = tolerance * max(1.0, largest)
    return Finding(backend, subject, check, quantity, absolute, absolute / largest, allowed)


CHECKS: dict[str, tuple[Layout, ...]] = {
    "forwards": (Layout(),),
    "backwards": (Layout(backwards=True),),
    "bidirectional": tuple(Layout(bidirectional=True, merge_mode=mode) for mode in _MERGE_MODES),
    "stacked": (Layout(depth=2),),
    "initial state": (Layout(given_states=True), Layout(bidirectional=True, given_states=True)),
    "compiled": (Layout(bidirectional=True, compiled=True),),
    "reloaded": (Layout(bidirectional=True),),
    "exported": (Layout(bidirectional=True),),
    "ONNX": (Layout(bidirectional=True),),
}
"""What is checked, and in which layouts."""
EXTRAS = {"ONNX": ("onnx", ("onnx", "onnxruntime", "tf2onnx"))}
"""By check: the extra that it needs, and the packages of that extra."""


def verify_cells(names: Sequence[str] = ()) -> Iterator[Finding]:
    """Check cells in each of their variants, on the backend of this process.

    Args:
        names: cells as a config names them; all if empty.

    Yields:
        a finding for every variant, check and quantity.
    """
    import keras

    backend = keras.backend.backend()
    for name in names or CELL_NAMES:
        for case in variants(CELL_NAMES[name], CellSpec):
            spec: CellSpec = TypeAdapter(Cell).validate_python({**case, "units": UNITS})
            for check in CHECKS:
                if applies(spec, check):
                    yield from verify_one(spec, check, backend, variant_name(case))


def applies(spec: CellSpec, check: str) -> bool:
    """Whether a cell can be checked so, on the backend of this process."""
    import keras

    if check == "initial state":
        return spec.recurrent
    backend = keras.backend.backend()
    if check in EXPORTS:
        return backend == "tensorflow" and missing_extra(check) is None
    if check == "compiled":
        ours = backend == "jax" or (backend == "tensorflow" and _on_a_cpu())
        return ours and spec.compiles
    return True


def missing_extra(check: str) -> str | None:
    """The extra that a check needs and that is not installed."""
    extra, packages = EXTRAS.get(check, ("", ()))
    absent = any(importlib.util.find_spec(package) is None for package in packages)
    return extra if absent else None


def verify_one(spec: CellSpec, check: str, backend: str, subject: str) -> list[Finding]:
    """One cell's values, masked and not, and their gradients where they are computed anew."""
    exact = backend == "tensorflow" and check not in ("compiled", "ONNX")
    tolerance = EXACT if exact else SINGLE
    values: list[tuple[Any, Any]] = []
    slopes: list[tuple[Any, Any]] = []
    way = contextlib.nullcontext() if check == "compiled" else uncompiled()
    with dtype_policy("float64" if exact else "float32"), way:
        for layout in CHECKS[check]:
            if check == "reloaded" or check in EXPORTS:
                for masked in (True, False):
                    trial = Trial(spec, layout, masked=masked)
                    values += trial.exported(check) if check in EXPORTS else trial.reloaded()
                continue
            for masked in (True, False) if layout.merge_mode == "concat" else (True,):
                if layout.compiled and not masked:
                    continue
                trial = Trial(spec, layout, masked=masked)
                found, moved = trial.pairs()
                values, slopes = values + found, slopes + moved
                if layout.depth == 1 and not layout.given_states and not layout.compiled:
                    values.append(trial.last_alone())
    found_values = finding(
        backend, subject, check, "values", values, 0.0 if check == "reloaded" else tolerance.values
    )
    if not slopes:
        return [found_values]
    gradients = finding(backend, subject, check, "gradients", slopes, tolerance.gradients)
    return [found_values, gradients]


def _on_a_cpu() -> bool:
    import tensorflow as tf

    return not tf.config.get_visible_devices("GPU")
