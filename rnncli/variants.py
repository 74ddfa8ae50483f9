"""Runs gathered into variants: one a config, its seeds together."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rnncli.classifier import recorded_experiment
from rnncli.errors import DataError, StorageError, UsageError
from rnncli.run import Run, runs_under
from rnncli.run_summary import model_line
from rnncli.significance import Spread, spread
from rnncli.tables import Predictions

__all__ = ["METRICS", "Metric", "Variant", "finished_runs", "variants"]

Metric = Literal["macro_f1", "accuracy"]
METRICS: tuple[Metric, ...] = ("macro_f1", "accuracy")


@dataclass(frozen=True)
class Variant:
    """The finished runs of one config."""

    name: str
    model: str
    runs: tuple[str, ...]
    seeds: tuple[int, ...]
    parameters: int
    """Of the whole model."""
    layer_parameters: int
    """Of its recurrent layers."""
    scores: dict[Metric, Spread]
    """On the test split."""
    seconds: float
    """The median run's, for training and predictions."""
    seconds_per_epoch: float
    """The median run's."""
    text_latency: float | None = None
    """Seconds for a single text; the median run's median. None for runs that have not timed it."""
    text_latency_p95: float | None = None
    """What 95 of 100 texts stay under; the median run's."""
    peak_memory_bytes: float | None = None
    """The most that the median run's process held at once; on a GPU, of the host's memory."""


def finished_runs(paths: Iterable[Path]) -> list[Run]:
    """The finished runs among and below some paths, each once, in the order given.

    Raises:
        UsageError: a path is neither a run nor a folder of runs, or none of them is finished.
    """
    found: dict[Path, Run] = {}
    for path in paths:
        if Run(path).exists:
            run = Run.open(path)
            if run.status.state != "done":
                raise UsageError(f"{path}: {run.status.state}; `rnn train` finishes it")
            found.setdefault(path.resolve(), run)
            continue
        if not path.is_dir():
            raise UsageError(f"{path}: no such run or folder of runs")
        below = [run for run, status in runs_under(path) if status.state == "done"]
        if not below:
            raise UsageError(
                f"{path}: holds no finished run; `rnn runs {path}` lists what is there"
            )
        for run in below:
            found.setdefault(run.path.resolve(), run)
    return list(found.values())


def variants(runs: Sequence[Run]) -> list[Variant]:
    """The runs' configs, in the order in which they first occur, seeds in order.

    Configs of one name get the beginning of their digest after it, as run directories have it.

    Raises:
        UsageError: two runs are of one config and seed, and would count as two seeds.
        DataError: the runs were not tested on the same texts, or do not know the same labels.
        StorageError: a file of a run is missing or damaged.
    """
    groups: defaultdict[tuple[str, str], dict[int, Run]] = defaultdict(dict)
    tested: dict[str, Run] = {}
    labelled: dict[frozenset[str], Run] = {}
    for run in runs:
        experiment = recorded_experiment(run)
        name = experiment.name or experiment.data.name
        same = groups[name, experiment.digest()].setdefault(experiment.seed, run)
        if same is not run:
            raise UsageError(
                f"{same.path} and {run.path} are one config with one seed, which counts once; "
                "leave one out"
            )
        predictions = run.predictions()
        tested.setdefault(_test_items(predictions), run)
        labelled.setdefault(frozenset(predictions.label_names), run)
    _require_one("were tested on different texts", tested)
    _require_one("do not know the same labels", labelled)
    several = {name for name, count in Counter(name for name, _ in groups).items() if count > 1}
    return [
        _variant(f"{name}-{digest[:8]}" if name in several else name, group)
        for (name, digest), group in groups.items()
    ]


def _require_one(what: str, found: Mapping[Any, Run]) -> None:
    if len(found) > 1:
        one, other, *_ = found.values()
        raise DataError(f"{one.path} and {other.path} {what}; compare runs of one test set")


def _variant(name: str, group: Mapping[int, Run]) -> Variant:
    import yaml

    seeds = tuple(sorted(group))
    runs = [group[seed] for seed in seeds]
    tests, costs = zip(*map(_measured, runs), strict=True)
    parameters: dict[str, int] = costs[0]["parameters"]
    return Variant(
        name=name,
        model=model_line(yaml.safe_load(runs[0].config_text())) or "",
        runs=tuple(str(run.path) for run in runs),
        seeds=seeds,
        parameters=parameters["total"],
        layer_parameters=sum(n for part, n in parameters.items() if part.startswith("layer_")),
        scores={metric: spread([test[metric] for test in tests]) for metric in METRICS},
        seconds=_median(costs, "seconds"),
        seconds_per_epoch=_median(costs, "seconds_per_epoch"),
        text_latency=_median_known([one.get("text_latency", {}).get("median") for one in costs]),
        text_latency_p95=_median_known([one.get("text_latency", {}).get("p95") for one in costs]),
        peak_memory_bytes=_median_known([one.get("peak_memory_bytes") for one in costs]),
    )


def _measured(run: Run) -> tuple[dict[str, Any], dict[str, Any]]:
    """Its test scores, and what it cost."""
    test, cost = run.read("metrics").get("test") or {}, run.read("cost")
    lacking: list[str] = [name for name in METRICS if name not in test]
    lacking += [name for name in ("parameters", "seconds", "seconds_per_epoch") if name not in cost]
    if lacking:
        raise StorageError(
            f"{run.path}: its records lack {', '.join(lacking)}: damaged; train it again with "
            "--force"
        )
    return test, cost


def _median(costs: Sequence[dict[str, Any]], key: str) -> float:
    return float(np.median([cost[key] for cost in costs]))


def _median_known(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None


def _test_items(predictions: Predictions) -> str:
    """A checksum of the test texts' ids and labels.

    The texts themselves may differ, as hanja kept and hanja read as hangul do.
    """
    digest = hashlib.sha256()
    for identifier, gold in zip(predictions.ids, predictions.gold, strict=True):
        digest.update(f"{identifier}\x1f{predictions.label_names[int(gold)]}\x1e".encode())
    return digest.hexdigest()
