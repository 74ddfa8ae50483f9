"""How the cost of training grows with length, units, layers, batch size and number of texts."""

from __future__ import annotations

import statistics
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli.batching import Encoded, training_batches
from rnncli.bench.contestants import worth_compiling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnncli.progress import Reporter

__all__ = ["Growth", "fitted_exponent", "growth"]

_VALUES: dict[str, tuple[int, ...]] = {
    "length": (64, 128, 256, 512),
    "units": (32, 64, 128, 256),
    "layers": (1, 2, 3, 4),
    "batch_size": (16, 32, 64, 128),
    "texts": (1024, 2048, 4096, 8192),
}
_ROUNDS = 7
_DIM = 64
_VOCABULARY = 2000


@dataclass(frozen=True)
class Size:
    """A network and its texts."""

    length: int = 64
    units: int = 64
    layers: int = 1
    batch_size: int = 64
    texts: int = 512


@dataclass(frozen=True)
class Growth:
    """An epoch's time at some values of one quantity, the others fixed."""

    cell: str
    quantity: str
    values: tuple[int, ...]
    median_ms: tuple[float, ...]
    exponent: float
    """p of the law time ~ quantity to the power of p: the median of those fitted in each round."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def growth(cell: str, reporter: Reporter) -> list[Growth]:
    """Measure a cell's training of one epoch; rounds are interleaved over a quantity's values."""
    found = []
    for quantity, values in _VALUES.items():
        reporter.finishing(f"{cell}: growth with {quantity}")
        trainings = [_Training(cell, replace(Size(), **{quantity: value})) for value in values]
        for training in trainings:
            training.epoch()
        times = [[training.epoch() for training in trainings] for _ in range(_ROUNDS)]
        medians = tuple(statistics.median(column) for column in zip(*times, strict=True))
        # Fitted in each round, since a machine's pace changes from one to the next.
        exponent = statistics.median(fitted_exponent(values, row) for row in times)
        found.append(Growth(cell, quantity, values, medians, exponent))
    return found


def fitted_exponent(values: Sequence[float], times: Sequence[float]) -> float:
    """The slope of the line through the logarithms, by least squares."""
    return float(np.polyfit(np.log(values), np.log(times), 1)[0])


class _Training:
    """Random texts of one length, trained as `rnn train` does."""

    def __init__(self, cell: str, size: Size) -> None:
        from rnncli.experiment import TrainSpec
        from rnncli.fitting import compile_model
        from rnncli.model import build_model
        from rnncli.topology import ModelSpec

        layers = [{"cell": cell, "units": size.units} for _ in range(size.layers)]
        spec = ModelSpec.model_validate({"embedding": {"dim": _DIM}, "layers": layers})
        compiled = worth_compiling(range(size.layers))
        self._model = build_model(spec, vocabulary_size=_VOCABULARY, classes=2, compiled=compiled)
        compile_model(self._model, TrainSpec())
        ids = np.random.default_rng(0).integers(2, _VOCABULARY, (size.texts, size.length))
        self._encoded = Encoded.of(list(ids.astype(np.int32)))
        self._targets = np.eye(2, dtype=np.float32)[ids[:, 0] % 2]
        self._batches = training_batches(self._encoded.lengths, size.batch_size, seed=1, epoch=0)

    def epoch(self) -> float:
        """Milliseconds."""
        began = time.perf_counter()
        for rows in self._batches:
            weights = np.ones(len(rows), np.float32)
            self._model.train_on_batch(self._encoded.padded(rows), self._targets[rows], weights)
        return 1e3 * (time.perf_counter() - began)
