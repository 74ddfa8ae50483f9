"""Runs side by side: one variant a config, its seeds together, and whether variants differ."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rnncli.classifier import recorded_experiment
from rnncli.errors import DataError, UsageError
from rnncli.run import Run, runs_under
from rnncli.run_summary import model_line
from rnncli.significance import (
    ALPHA,
    Difference,
    Spread,
    difference,
    holm,
    mcnemar,
    resampled_scores,
    seeds_needed,
    spread,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "METRICS",
    "Comparison",
    "Metric",
    "Spread",
    "Variant",
    "compare",
    "finished_runs",
    "pareto_front",
    "settings_that_differ",
    "spread",
    "variants",
]

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
    """The median run's, from start to report."""
    seconds_per_epoch: float
    """The median run's."""


@dataclass(frozen=True)
class Comparison:
    """A variant beside the one that the others are compared with."""

    variant: str
    reference: str
    metric: Metric
    texts: int
    difference: Difference
    """The variant's score minus the reference's."""
    p: float
    """Corrected for the number of comparisons (Holm); with one seed each, the larger of the
    bootstrap's and McNemar's."""
    mcnemar: float | None
    """Exact p that both are right equally often; only where each has one seed."""
    gap: float
    """The difference that `seeds_needed` is about: the one found, or 0.3 points if it is less."""
    seeds_needed: int | None
    """About how many seeds of each show it; None if it is shown, or no number of seeds would."""

    @property
    def detected(self) -> bool:
        """Whether the difference is more than seeds and texts give by chance."""
        return self.p < ALPHA

    def sentence(self) -> str:
        """What has been found, in words."""
        found, texts = self.difference, f"{self.texts:,} texts"
        single = " of one seed each" if max(found.seeds) == 1 else ""
        points = 100 * found.mean
        low, high = (100 * bound for bound in found.interval_95)
        if self.detected:
            word = "better" if points > 0 else "worse"
            return (
                f"{self.variant} is {abs(points):.1f} points {word} than {self.reference}{single} "
                f"(95 %: {low:+.1f} to {high:+.1f}) on {texts}, p {shown_p(self.p)}"
            )
        told = (
            f"{self.variant} and {self.reference}{single}: no detectable difference on {texts} "
            f"({points:+.1f} points, 95 %: {low:+.1f} to {high:+.1f}), p {shown_p(self.p)}"
        )
        gap = f"{100 * self.gap:.1f} points"
        if self.seeds_needed is not None:
            return f"{told}; to see {gap} you need about {self.seeds_needed} seeds of each"
        if min(found.seeds) == 1:
            return f"{told}; more seeds would tell more"
        return f"{told}; these texts are too few to see {gap}, whatever the seeds"


def shown_p(p: float) -> str:
    """A p-value as it is read: `= 0.41`, `= 0.003`, `< 0.001`."""
    return "< 0.001" if p < 0.001 else f"= {p:.2f}" if p >= 0.01 else f"= {p:.3f}"


_LEAST_GAP = 0.003
"""The smallest difference worth asking seeds for, as a share."""


def compare(found: Sequence[Variant], metric: Metric, reference: str) -> list[Comparison]:
    """Each other variant beside the reference, in the order given.

    Args:
        found: what `variants` gave.
        metric: which score.
        reference: a variant's name.

    Raises:
        UsageError: no variant has that name.
        StorageError: the predictions of a run are missing or damaged.
    """
    base = next((variant for variant in found if variant.name == reference), None)
    if base is None:
        names = ", ".join(variant.name for variant in found)
        raise UsageError(f"no variant has the name {reference!r}; there are {names}")
    labels = Run(Path(found[0].runs[0])).labels()
    said = {id(variant): _predictions(variant, labels) for variant in found}
    scores = {key: resampled_scores(*golden, len(labels), metric) for key, golden in said.items()}
    others = [variant for variant in found if variant is not base]
    differences = [difference(scores[id(other)], scores[id(base)]) for other in others]
    gold = said[id(base)][0]
    exact = [
        mcnemar(gold, said[id(other)][1][0], said[id(base)][1][0]) if max(one.seeds) == 1 else None
        for other, one in zip(others, differences, strict=True)
    ]
    # Without a variance over seeds, the bootstrap and McNemar's test have to agree.
    corrected = holm([max(one.p, p or 0.0) for one, p in zip(differences, exact, strict=True)])
    comparisons = []
    for other, one, alone, p in zip(others, differences, exact, corrected, strict=True):
        gap = max(abs(one.mean), _LEAST_GAP)
        comparisons.append(
            Comparison(
                variant=other.name,
                reference=reference,
                metric=metric,
                texts=len(gold),
                difference=one,
                p=p,
                mcnemar=alone,
                gap=gap,
                seeds_needed=None if p < ALPHA else seeds_needed(one, gap),
            )
        )
    return comparisons


def pareto_front(found: Sequence[Variant], metric: Metric) -> list[str]:
    """The variants that no other beats in score, parameters and time together."""

    def costs(variant: Variant) -> tuple[float, float, float]:
        return -variant.scores[metric].mean, variant.parameters, variant.seconds_per_epoch

    def beaten(variant: Variant) -> bool:
        own = costs(variant)
        return any(
            all(there <= here for there, here in zip(costs(other), own, strict=True))
            and costs(other) != own
            for other in found
        )

    return [variant.name for variant in found if not beaten(variant)]


def settings_that_differ(found: Sequence[Variant]) -> dict[str, list[Any]]:
    """The settings in which variants differ, by dotted key, a value for each variant."""
    flat = [_flat(recorded_experiment(Run(Path(variant.runs[0]))).to_dict()) for variant in found]
    keys = dict.fromkeys(key for settings in flat for key in settings)
    rows = {key: [settings.get(key) for settings in flat] for key in keys}
    return {
        key: values
        for key, values in rows.items()
        if key not in {"name", "seed"} and any(value != values[0] for value in values)
    }


def _flat(value: Any, path: tuple[str, ...] = ()) -> dict[str, Any]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    found: dict[str, Any] = {}
    for key, item in pairs:
        here = (*path, str(key))
        nested = isinstance(item, dict) or (
            isinstance(item, list) and item and isinstance(item[0], dict)
        )
        found |= _flat(item, here) if nested else {".".join(here): item}
    return found


def _predictions(
    variant: Variant, names: Sequence[str]
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Gold labels [N] and each run's predictions [S, N], as indices of `names`."""
    runs = [Run(Path(path)).predictions() for path in variant.runs]
    index = np.array([names.index(name) for name in runs[0].label_names])
    return index[runs[0].gold], index[np.stack([run.predicted for run in runs])]


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
        DataError: the runs were not tested on the same texts.
        StorageError: a file of a run is missing or damaged.
    """
    groups: defaultdict[tuple[str, str], list[tuple[int, Run]]] = defaultdict(list)
    tested: dict[str, Run] = {}
    for run in runs:
        experiment = recorded_experiment(run)
        name = experiment.name or experiment.data.name
        groups[name, experiment.digest()].append((experiment.seed, run))
        tested.setdefault(_test_items(run), run)
    if len(tested) > 1:
        one, other, *_ = tested.values()
        raise DataError(
            f"{one.path} and {other.path} were tested on different texts; compare runs of one "
            "test set"
        )
    several = {name for name, count in Counter(name for name, _ in groups).items() if count > 1}
    return [
        _variant(f"{name}-{digest[:8]}" if name in several else name, group)
        for (name, digest), group in groups.items()
    ]


def _variant(name: str, group: Sequence[tuple[int, Run]]) -> Variant:
    import yaml

    group = sorted(group, key=lambda pair: pair[0])
    runs = [run for _, run in group]
    tests = [run.read("metrics")["test"] for run in runs]
    costs = [run.read("cost") for run in runs]
    parameters: dict[str, int] = costs[0]["parameters"]
    return Variant(
        name=name,
        model=model_line(yaml.safe_load(runs[0].config_text())) or "",
        runs=tuple(str(run.path) for run in runs),
        seeds=tuple(seed for seed, _ in group),
        parameters=parameters["total"],
        layer_parameters=sum(n for part, n in parameters.items() if part.startswith("layer_")),
        scores={metric: spread([test[metric] for test in tests]) for metric in METRICS},
        seconds=_median(costs, "seconds"),
        seconds_per_epoch=_median(costs, "seconds_per_epoch"),
    )


def _median(costs: Sequence[dict[str, Any]], key: str) -> float:
    return float(np.median([cost[key] for cost in costs]))


def _test_items(run: Run) -> str:
    """A checksum of the test texts' ids and labels.

    The texts themselves may differ, as hanja kept and hanja read as hangul do.
    """
    predictions = run.predictions()
    digest = hashlib.sha256()
    for identifier, gold in zip(predictions.ids, predictions.gold, strict=True):
        digest.update(f"{identifier}\x1f{predictions.label_names[int(gold)]}\x1e".encode())
    return digest.hexdigest()
