"""The measurement: the same work checked first, then interleaved rounds, medians and ratios."""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli.bench.contestants import (
    Contestant,
    PlainKeras,
    ThisProgram,
    initial_weights,
    telling_weights,
)
from rnncli.bench.workload import Network
from rnncli.errors import CheckFailed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.bench.workload import Workload
    from rnncli.progress import Reporter

__all__ = ["NOT_INSTALLED", "Row", "check_same_work", "contestants", "measure", "peak_gflops"]

NOT_INSTALLED = "not installed"
_SAME = {"cpu": 1e-4, "gpu": 2e-3}
"""How far the losses and logits of two contestants may lie apart after `_STEPS` steps; more where
products are rounded more. On a CPU honest ones lie 1e-6 apart, one that leaves its embedding
untrained 8e-4, one that reads the last ten tokens of its texts alone 0.09."""
_STEPS = 4
_TIMED = 12
_PATIENCE = 60.0
_SINGLE = 40
"""Texts classified one by one."""


@dataclass(frozen=True)
class Row:
    """One measured quantity of one contestant."""

    data: str
    cell: str
    units: int
    bidirectional: bool
    measure: str
    """`step` and `epoch` of training; `predict` many texts; `single_p50`, `single_p95` one."""
    variant: str
    median_ms: float | None
    """None where the contestant is not installed."""
    ratio_to_keras: float | None
    """How many times faster than the plain Keras script."""
    share_of_peak: float | None
    """Of the machine's matrix products, those that the equations ask for, padding not counted as
    work; of steps and epochs."""
    note: str = ""
    flops: float | None = None
    """Of the matrix products that the equations ask for."""
    products_made: float | None = None
    """Of them the share that was made: some are needed once for several tokens."""
    peak_memory_bytes: int | None = None
    """Of a process that trains this epoch and nothing else."""
    samples: int = 0
    """Rounds that the median is of: fewer for who takes long."""

    def of_peak(self, gflops: float) -> Row:
        """The row with its share of the machine's peak."""
        if self.median_ms is None or self.flops is None:
            return self
        return replace(self, share_of_peak=self.flops / (self.median_ms / 1e3) / (gflops * 1e9))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    @property
    def share_made(self) -> float | None:
        """Of the machine's peak, the products made; None where all were, or nothing is known."""
        if self.share_of_peak is None or self.products_made is None or self.products_made == 1:
            return None
        return self.share_of_peak * self.products_made

    @property
    def network(self) -> Network:
        """Whose cost it is."""
        return Network(self.cell, self.units, self.bidirectional)


def contestants() -> dict[str, type[Contestant] | None]:
    """By variant; None for those whose package is missing."""
    found: dict[str, type[Contestant] | None] = {"rnn": ThisProgram, "keras": PlainKeras}
    if importlib.util.find_spec("torch") is None:
        return {**found, "torch-padded": None, "torch-packed": None}
    from rnncli.bench.torch_contestants import TorchPacked, TorchPadded

    return {**found, "torch-padded": TorchPadded, "torch-packed": TorchPacked}


def check_same_work(
    network: Network, load: Workload, kinds: Sequence[type[Contestant]], *, gpu: bool = False
) -> None:
    """Train each with plain SGD on the same batches from the same weights.

    SGD, because Keras' Adam updates repeated rows of an embedding otherwise than the others.

    Raises:
        CheckFailed: the losses or logits differ: the contestants do not do the same work.
    """
    weights = telling_weights(network, load)
    rows = load.batches[:_STEPS]
    same = _SAME["gpu" if gpu else "cpu"]
    expected: NDArray[np.float64] | None = None
    for kind in kinds:
        contestant = kind(network, load, "sgd", weights)
        losses = [contestant.step(batch) for batch in rows]
        found = np.concatenate([losses, contestant.answer(rows[0]).ravel()])
        expected = found if expected is None else expected
        if not np.allclose(found, expected, rtol=same, atol=same):
            raise CheckFailed(
                f"bench: {kind.variant} does not do the same work as {kinds[0].variant} "
                f"({network.cell}): losses {losses} against {expected[:_STEPS].tolist()}"
            )


def measure(
    network: Network, load: Workload, rounds: int, reporter: Reporter, *, gpu: bool = False
) -> Iterator[Row]:
    """Rows of one network on one data set, their share of a peak still open.

    Each round measures every contestant once, another one first each time, so that a slow moment
    of the machine hits all; one whose rounds have taken `_PATIENCE` seconds is left out of the
    further ones, and one that takes half of that for an epoch does not warm up with a whole one.

    Raises:
        CheckFailed: the contestants do not do the same work.
    """
    found = contestants()
    kinds = {name: kind for name, kind in found.items() if kind is not None}
    where = f"{load.data}, {network.cell} {network.units}"
    reporter.finishing(f"{where}: the same work")
    check_same_work(network, load, list(kinds.values()), gpu=gpu)
    weights = initial_weights(network, load)
    ready = {name: kind(network, load, "adam", weights) for name, kind in kinds.items()}
    times: dict[str, dict[str, list[float]]] = {}
    spent = dict.fromkeys(ready, 0.0)
    for number in range(rounds + 1):
        reporter.finishing(f"{where}: {f'round {number} of {rounds}' if number else 'warming up'}")
        names = list(ready)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            if spent[name] > _PATIENCE:
                continue
            began = time.perf_counter()
            for quantity, milliseconds in _once(ready[name], load, warming_up=not number).items():
                if number:
                    times.setdefault(quantity, {}).setdefault(name, []).append(milliseconds)
            spent[name] += time.perf_counter() - began if number else 0.0
    for quantity, by_name in times.items():
        medians = {name: statistics.median(values) for name, values in by_name.items()}
        for name in found:
            row = _row(network, load, quantity, name, medians, ready.get(name))
            yield replace(row, samples=len(by_name.get(name, ())))


def _once(contestant: Contestant, load: Workload, *, warming_up: bool) -> dict[str, float]:
    """One round. A first step, not timed, brings back its threads and its part of the memory."""
    contestant.step(_chosen(load)[0])
    step = [_milliseconds(partial(contestant.step, rows)) for rows in _chosen(load)]
    epoch = statistics.mean(step) * len(load.batches)
    if not warming_up or epoch < 1e3 * _PATIENCE / 2:
        epoch = 1e3 * contestant.seconds_of_epoch()
    many = np.arange(min(len(load.encoded), 1024))
    predict = _milliseconds(partial(contestant.answer, many))
    single = [_milliseconds(partial(contestant.answer, row)) for row in many[:_SINGLE, None]]
    return {
        "step": statistics.mean(step),
        "epoch": epoch,
        "predict": predict,
        "single_p50": float(np.percentile(single, 50)),
        "single_p95": float(np.percentile(single, 95)),
    }


def _chosen(load: Workload) -> list[NDArray[np.int64]]:
    """The batches whose steps are timed: a dozen of all lengths."""
    return load.batches[:: max(1, len(load.batches) // _TIMED)][:_TIMED]


def _row(
    network: Network,
    load: Workload,
    quantity: str,
    name: str,
    medians: dict[str, float],
    contestant: Contestant | None,
) -> Row:
    mine = medians.get(name)
    flops = made = None
    if quantity in {"step", "epoch"}:
        batches = load.batches if quantity == "epoch" else _chosen(load)
        tokens = sum(int(load.encoded.lengths[rows].sum()) for rows in batches)
        flops = network.flops(tokens) / (1 if quantity == "epoch" else len(batches))
        made = None if contestant is None else contestant.products_made(batches)
    return Row(
        load.data,
        network.cell,
        network.units,
        network.bidirectional,
        quantity,
        name,
        mine,
        None if mine is None else medians["keras"] / mine,
        None,
        "" if mine is not None else NOT_INSTALLED,
        flops,
        made,
    )


def peak_gflops() -> float:
    """The device's float32 matrix products, the best of several; larger ones on a GPU."""
    import keras

    size = 2048 if keras.backend.backend() == "tensorflow" else 4096
    matrix = keras.random.uniform((size, size), seed=0)

    def product() -> None:
        keras.ops.convert_to_numpy(keras.ops.matmul(matrix, matrix)[0, 0])

    product()
    best = min(_milliseconds(product) for _ in range(20))
    return 2 * size**3 / (best / 1e3) / 1e9


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - began)
