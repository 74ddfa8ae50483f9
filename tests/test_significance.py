"""Scope: false alarms, power and the parts of the comparison, against scipy and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from rnncli.significance import (
    Difference,
    difference,
    holm,
    mcnemar,
    odds_ratio,
    resampled_scores,
    seeds_needed,
)

TEXTS = 400


def runs(
    random: np.random.Generator, seeds: int, skill: float, hardness: np.ndarray, gold: np.ndarray
) -> np.ndarray:
    """Predictions [S, N] of seeds that differ in luck, on texts that differ in hardness."""
    # One seed cannot know its luck: there two models are compared, as they are.
    luck = random.normal(0.0, 0.15, (seeds, 1)) if seeds > 1 else 0.0
    right = random.random((seeds, len(gold))) < 1 / (1 + np.exp(hardness - skill - luck))
    return np.where(right, gold, 1 - gold)


def pair(seed: int, seeds: int, gap: float, metric: str = "accuracy") -> Difference:
    random = np.random.default_rng(seed)
    gold = random.integers(0, 2, TEXTS)
    hardness = random.normal(0.0, 1.5, TEXTS)
    found = [
        resampled_scores(
            gold,
            runs(random, seeds, skill, hardness, gold),
            2,
            metric,  # type: ignore[arg-type]
            resamples=200,
        )
        for skill in (2.0 + gap, 2.0)
    ]
    return difference(*found)


@pytest.mark.parametrize("seeds", [1, 2, 5])
def test_false_alarms_on_equal_pairs_are_few(seeds: int) -> None:
    """With one seed each `compare` also asks McNemar's test, which is exact; see below."""
    alarms = [pair(seed, seeds, 0.0).p < 0.05 for seed in range(2000, 2500)]
    assert np.mean(alarms) <= (0.07 if seeds == 1 else 0.06)


def test_mcnemar_s_false_alarms_are_at_most_five_in_a_hundred() -> None:
    alarms = []
    for seed in range(1000):
        random = np.random.default_rng(seed)
        gold, hardness = random.integers(0, 2, TEXTS), random.normal(0.0, 1.5, TEXTS)
        one, other = (runs(random, 1, 2.0, hardness, gold)[0] for _ in range(2))
        alarms.append(mcnemar(gold, one, other) < 0.05)
    assert np.mean(alarms) <= 0.05


def test_a_known_difference_is_seen() -> None:
    found = [pair(seed, 5, 0.8, "macro_f1") for seed in range(60)]
    assert np.mean([one.p < 0.05 for one in found]) > 0.9
    true = np.mean([one.mean for one in found])
    held = [low <= true <= high for low, high in (one.interval_95 for one in found)]
    assert np.mean(held) > 0.9


def test_scores_are_the_metrics_of_the_drawn_texts() -> None:
    random = np.random.default_rng(2)
    gold, said = random.integers(0, 3, 50), random.integers(0, 3, (2, 50))
    accuracy = resampled_scores(gold, said, 3, "accuracy", resamples=3000)
    f1 = resampled_scores(gold, said, 3, "macro_f1", resamples=10)
    for run in range(2):
        assert accuracy[0, run] == pytest.approx(np.mean(gold == said[run]))
        assert f1[0, run] == pytest.approx(f1_score(gold, said[run], average="macro"))
    wanted = np.sqrt(accuracy[0] * (1 - accuracy[0]) / 50)
    np.testing.assert_allclose(accuracy[1:].std(axis=0), wanted, rtol=0.06)


def test_pairing_cancels_what_two_runs_share() -> None:
    random = np.random.default_rng(3)
    gold = random.integers(0, 2, TEXTS)
    first = np.where(random.random(TEXTS) < 0.7, gold, 1 - gold)[None]
    second = first.copy()
    second[0, :4] = 1 - second[0, :4]
    a, b = (resampled_scores(gold, said, 2, "accuracy") for said in (first, second))
    assert difference(a, b).error_of_texts < 0.3 * a[1:].std()
    same = difference(a, a)
    assert (same.mean, same.p) == (0.0, 1.0)


def test_without_texts_to_draw_it_is_welch_s_test() -> None:
    random = np.random.default_rng(4)
    a, b = random.normal(0.9, 0.01, 5), random.normal(0.91, 0.02, 4)
    found = difference(np.tile(a, (3, 1)), np.tile(b, (3, 1)))
    assert found.p == pytest.approx(stats.ttest_ind(a, b, equal_var=False).pvalue)
    wanted = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    assert found.interval_95 == pytest.approx((wanted.low, wanted.high))


def test_a_single_seed_varies_as_the_other_s_seeds_do() -> None:
    random = np.random.default_rng(6)
    several, single = random.normal(0.9, 0.01, 5), np.array([0.92])
    found = difference(np.tile(single, (3, 1)), np.tile(several, (3, 1)))
    assert found.error_of_seeds == pytest.approx(several.std(ddof=1) * np.sqrt(1 + 1 / 5))
    wanted = stats.t.sf(found.mean / found.error_of_seeds, 4) * 2
    assert found.p == pytest.approx(wanted)


def test_mcnemar_counts_the_texts_that_one_alone_has_right() -> None:
    gold = np.zeros(20, np.int64)
    first, second = gold.copy(), gold.copy()
    first[:1], second[1:10] = 1, 1
    assert mcnemar(gold, first, second) == pytest.approx(stats.binomtest(1, 10).pvalue)
    assert mcnemar(gold, first, first) == 1.0


def test_holm_by_hand() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def power(found: Difference, gap: float, seeds: int, level: float = 0.05) -> float:
    """How often so many seeds of each show the gap, by trying."""
    random = np.random.default_rng(0)
    deviation = found.error_of_seeds / np.sqrt(1 / found.seeds[0] + 1 / found.seeds[1])
    scores = random.normal(0.0, deviation, (2, 20_000, seeds))
    mean = gap + scores[0].mean(-1) - scores[1].mean(-1)
    mean += random.normal(0.0, found.error_of_texts, len(mean))
    shares = scores.var(-1, ddof=1) / seeds
    error = np.sqrt(shares.sum(0) + found.error_of_texts**2)
    freedom = error**4 / ((shares**2).sum(0) / (seeds - 1))
    return float((2 * stats.t.sf(np.abs(mean) / error, freedom) < level).mean())


def test_seeds_needed_give_the_power_promised() -> None:
    found = Difference(0.0, (0.0, 0.0), 1.0, None, 0.01, 0.001, (5, 5))
    needed = seeds_needed(found, 0.02)
    assert needed is not None
    assert 0.78 <= power(found, 0.02, needed) < 0.9
    several = seeds_needed(found, 0.02, comparisons=10)
    assert several is not None
    assert several > needed
    assert 0.78 <= power(found, 0.02, several, level=0.005) < 0.9
    assert seeds_needed(found, 0.002) is None
    assert seeds_needed(Difference(0.0, (0.0, 0.0), 1.0, None, 0.0, 0.01, (1, 1)), 1.0) is None


def test_odds_are_of_the_texts_that_one_alone_gets_right() -> None:
    gold = np.zeros(100, int)
    first, second = gold.copy(), gold.copy()
    second[:30] = 1  # 30 are right in the first alone
    first[30:40] = 1  # 10 in the second alone
    first[40:50] = second[40:50] = 1
    assert odds_ratio(gold, first, second) == pytest.approx(30.5 / 10.5)
    assert odds_ratio(gold, second, first) == pytest.approx(10.5 / 30.5)
    assert odds_ratio(gold, first, first) == 1.0
