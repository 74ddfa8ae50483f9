"""Whether two variants differ, or the seeds and the test texts were kind to one of them.

Two things vary: the seeds (another start, another order of batches) and the test texts (another
thousand headlines). The difference of two variants' mean scores has a variance from both,

    s² = s_A²/n_A + s_B²/n_B + s_texts²,

the first two over seeds, the last by a bootstrap of the test texts, the same texts drawn for both
(paired). It is compared with Student's t, whose degrees of freedom follow Welch and Satterthwaite,
the bootstrap's being without end. A single seed is taken to vary as the other variant's seeds do;
with one seed each there is no variance over seeds to be had: then two trained models are compared,
not two variants, and it is said.

Shape letters: N texts, S seeds, C classes, R resamples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.integer]
    Floats = NDArray[np.float64]

__all__ = [
    "ALPHA",
    "Difference",
    "Spread",
    "difference",
    "holm",
    "mcnemar",
    "odds_ratio",
    "resampled_scores",
    "seeds_needed",
    "spread",
]

ALPHA = 0.05
"""The share of false alarms allowed."""
_RESAMPLES = 1000
_POWER = 0.8
"""How surely a difference is to be seen, when asked how many seeds that takes."""
_MOST_SEEDS = 1000
"""So many are as good as out of reach."""
_CELLS = 20_000_000
"""Counts held at a time while resampling: bounds memory."""


@dataclass(frozen=True)
class Spread:
    """What several seeds of one thing came to."""

    mean: float
    interval_95: tuple[float, float] | None
    """Of the mean over seeds, by Student's t; None with a single seed."""
    values: tuple[float, ...]

    @property
    def half_width(self) -> float | None:
        """Half the interval."""
        return None if self.interval_95 is None else self.interval_95[1] - self.mean


@dataclass(frozen=True)
class Difference:
    """One variant's mean score minus another's."""

    mean: float
    interval_95: tuple[float, float]
    p: float
    """Two-sided, of no difference."""
    effect: float | None
    """Cohen's d over seeds: the difference in standard deviations of a run; None with one seed."""
    error_of_seeds: float
    """Standard error that more seeds would make smaller; 0 with one seed each."""
    error_of_texts: float
    """Standard error that more test texts would make smaller."""
    seeds: tuple[int, int]


def spread(values: Sequence[float]) -> Spread:
    """Mean and 95 % interval over seeds: mean ± t(0.975, n − 1) s / √n."""
    from scipy.stats import t

    sample = np.asarray(values, np.float64)
    mean = float(sample.mean())
    if len(sample) < 2:
        return Spread(mean, None, tuple(values))
    error = float(sample.std(ddof=1) / np.sqrt(len(sample)))
    half = float(t.ppf(0.975, len(sample) - 1)) * error
    return Spread(mean, (mean - half, mean + half), tuple(values))


def resampled_scores(
    gold: Labels,
    predicted: Labels,
    classes: int,
    metric: Literal["accuracy", "macro_f1"],
    resamples: int = _RESAMPLES,
    seed: int = 0,
) -> Floats:
    """The scores of runs on resampled test texts.

    The same seed draws the same texts, so that the scores of two variants are paired.

    Args:
        gold: labels [N].
        predicted: labels of each run [S, N].
        classes: C.
        metric: which score.
        resamples: R.
        seed: of the bootstrap.

    Returns:
        scores [R + 1, S]; the first row is of the texts as they are.
    """
    texts = len(gold)
    cells = np.asarray(gold) * classes + np.asarray(predicted)
    filled = np.eye(classes * classes, dtype=np.float32)
    random = np.random.default_rng(seed)
    counts = np.empty((resamples + 1, len(predicted), classes * classes))
    rows = max(1, _CELLS // max(texts, 1))
    for start in range(0, resamples + 1, rows):
        size = min(rows, resamples + 1 - start)
        drawn = [random.integers(0, texts, texts) for _ in range(size)]
        times = np.stack([np.bincount(rows, minlength=texts) for rows in drawn])
        if start == 0:
            times[0] = 1
        for run, cell in enumerate(cells):
            counts[start : start + size, run] = times.astype(np.float32) @ filled[cell]
    tables = counts.reshape(resamples + 1, len(predicted), classes, classes)
    if metric == "accuracy":
        return np.asarray(np.trace(tables, axis1=-2, axis2=-1) / texts)
    right = np.diagonal(tables, axis1=-2, axis2=-1)
    sizes = tables.sum(axis=-1) + tables.sum(axis=-2)
    return np.asarray((2 * right / np.maximum(sizes, 1)).mean(axis=-1))


def difference(first: Floats, second: Floats) -> Difference:
    """Compare two variants by what `resampled_scores` gave, drawn with one seed: first − second.

    Args:
        first: [R + 1, S₁].
        second: [R + 1, S₂].
    """
    from scipy.stats import t

    gaps = first.mean(axis=1) - second.mean(axis=1)
    mean = float(gaps[0])
    of_texts = float(gaps[1:].std(ddof=1)) ** 2
    sizes = (first.shape[1], second.shape[1])
    known = [float(s[0].var(ddof=1)) for s in (first, second) if s.shape[1] > 1]
    # A single seed is taken to vary as the other variant's seeds do.
    spreads = [*known, *known][:2] or [0.0, 0.0]
    shares = [spread / size for spread, size in zip(spreads, sizes, strict=True)]
    error = math.sqrt(sum(shares) + of_texts)
    freedom = _freedom(shares, sizes, error)
    half = float(t.ppf(1 - ALPHA / 2, freedom)) * error
    certain = 1.0 if mean == 0.0 else 0.0  # nothing varies
    p = float(2 * t.sf(abs(mean) / error, freedom)) if error else certain
    pooled = math.sqrt(sum(spreads) / 2)
    effect = mean / pooled if min(sizes) > 1 and pooled else None
    return Difference(
        mean,
        (mean - half, mean + half),
        p,
        effect,
        math.sqrt(sum(shares)),
        math.sqrt(of_texts),
        sizes,
    )


def _freedom(shares: Sequence[float], sizes: Sequence[int], error: float) -> float:
    """Welch and Satterthwaite: (Σ v)² / Σ v²/(n − 1), the texts' part without end."""
    parts = [share**2 / (size - 1) for share, size in zip(shares, sizes, strict=True) if size > 1]
    if len(parts) == 1:  # both rest on one variance
        parts = [sum(shares) ** 2 / (max(sizes) - 1)]
    return error**4 / sum(parts) if sum(parts) else math.inf


def mcnemar(gold: Labels, first: Labels, second: Labels) -> float:
    """Exact two-sided p that two models err equally often on the same texts (McNemar 1947)."""
    from scipy.stats import binomtest

    only_first, only_second = _discordant(gold, first, second)
    both = only_first + only_second
    return float(binomtest(only_first, both).pvalue) if both else 1.0


def odds_ratio(gold: Labels, first: Labels, second: Labels) -> float:
    """Texts that only the first gets right for each that only the second does: b / c.

    The effect that goes with McNemar's test; half a text is added to each (Haldane 1956), so that
    it is finite always, and 1 where neither gets one right that the other does not.
    """
    only_first, only_second = _discordant(gold, first, second)
    return (only_first + 0.5) / (only_second + 0.5)


def _discordant(gold: Labels, first: Labels, second: Labels) -> tuple[int, int]:
    """How many texts only the first gets right, and only the second."""
    one, other = first == gold, second == gold
    return int((one & ~other).sum()), int((~one & other).sum())


def holm(values: Sequence[float]) -> list[float]:
    """p-values corrected for being several (Holm 1979), in the order given."""
    corrected = [0.0] * len(values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        largest = max(largest, min(1.0, (len(values) - rank) * values[index]))
        corrected[index] = largest
    return corrected


def seeds_needed(found: Difference, gap: float, comparisons: int = 1) -> int | None:
    """About how many seeds of each variant show a difference of `gap` four times in five.

    None if no number does, since the test texts alone leave too much open, or if there is but
    one seed to judge by.

    Args:
        found: has the errors of seeds and texts.
        gap: the difference to be seen.
        comparisons: made together, each at its share of the level (Bonferroni).
    """
    from scipy.stats import t

    if min(found.seeds) < 2:
        return None
    if not (found.error_of_seeds or found.error_of_texts):
        return 2  # nothing varies
    seeds = np.arange(2, _MOST_SEEDS + 1)
    share = found.error_of_seeds**2 / (1 / found.seeds[0] + 1 / found.seeds[1]) / seeds
    error = np.sqrt(2 * share + found.error_of_texts**2)
    with np.errstate(divide="ignore"):
        freedom = error**4 / (2 * share**2 / (seeds - 1))  # as in `_freedom`
    least = t.ppf(1 - ALPHA / (2 * comparisons), freedom)
    enough = np.flatnonzero(t.sf(least - gap / error, freedom) >= _POWER)
    return int(seeds[enough[0]]) if len(enough) else None
