"""Variants side by side: whether they differ, what they cost, how they were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli.classifier import recorded_experiment
from rnncli.dotted import dotted
from rnncli.errors import UsageError
from rnncli.run import Run
from rnncli.significance import (
    ALPHA,
    Difference,
    difference,
    holm,
    mcnemar,
    odds_ratio,
    resampled_scores,
    seeds_needed,
)
from rnncli.variants import Metric, Variant

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Comparison", "compare", "pareto_front", "settings_that_differ", "shown_p"]


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
    odds_ratio: float | None
    """Texts that only the variant gets right, for each that only the reference does; only where
    each has one seed."""
    gap: float
    """The difference that `seeds_needed` is about: the one found, or 0.3 points if it is less."""
    seeds_needed: int | None
    """About how many seeds of each show it; None if it is shown, or no number of seeds would."""

    @property
    def detected(self) -> bool:
        """Whether the difference is more than seeds and texts give by chance."""
        return self.p < ALPHA

    @property
    def effect(self) -> str:
        """The standardised effect: `d = +1.3` (Cohen's, over seeds) or `odds 0.71`."""
        if self.difference.effect is not None:
            return f"d = {self.difference.effect:+.1f}"
        return "" if self.odds_ratio is None else f"odds {self.odds_ratio:.2f}"

    def sentence(self) -> str:
        """What has been found, in words."""
        found, texts = self.difference, f"{self.texts:,} texts"
        single = " of one seed each" if max(found.seeds) == 1 else ""
        points = 100 * found.mean
        low, high = (100 * bound for bound in found.interval_95)
        certain = ", ".join(filter(None, (f"p {shown_p(self.p)}", self.effect)))
        if self.detected:
            word = "better" if points > 0 else "worse"
            return (
                f"{self.variant} is {abs(points):.1f} points {word} than {self.reference}{single} "
                f"(95 %: {low:+.1f} to {high:+.1f}) on {texts}, {certain}"
            )
        told = (
            f"{self.variant} and {self.reference}{single}: no detectable difference on {texts} "
            f"({points:+.1f} points, 95 %: {low:+.1f} to {high:+.1f}), {certain}"
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
    pairs = [
        (gold, said[id(other)][1][0], said[id(base)][1][0]) if max(one.seeds) == 1 else None
        for other, one in zip(others, differences, strict=True)
    ]
    exact = [mcnemar(*pair) if pair else None for pair in pairs]
    # Without a variance over seeds, the bootstrap and McNemar's test have to agree.
    corrected = holm([max(one.p, p or 0.0) for one, p in zip(differences, exact, strict=True)])
    comparisons = []
    columns = (others, differences, pairs, exact, corrected)
    for other, one, pair, alone, p in zip(*columns, strict=True):
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
                odds_ratio=odds_ratio(*pair) if pair else None,
                gap=gap,
                seeds_needed=None if p < ALPHA else seeds_needed(one, gap, len(others)),
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
    flat = [dotted(recorded_experiment(Run(Path(one.runs[0]))).to_dict()) for one in found]
    keys = dict.fromkeys(key for settings in flat for key in settings)
    rows = {key: [settings.get(key) for settings in flat] for key in keys}
    return {
        key: values
        for key, values in rows.items()
        if key not in {"name", "seed"} and any(value != values[0] for value in values)
    }


def _predictions(
    variant: Variant, names: Sequence[str]
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Gold labels [N] and each run's predictions [S, N], as indices of `names`."""
    runs = [Run(Path(path)).predictions() for path in variant.runs]
    index = np.array([names.index(name) for name in runs[0].label_names])
    return index[runs[0].gold], index[np.stack([run.predicted for run in runs])]
