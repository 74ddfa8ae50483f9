"""Stratified, seeded choices: proportions, repeatability, nothing lost and nothing twice."""

from __future__ import annotations

from collections import Counter

import pytest

from rnncli.corpus import Split
from rnncli.datasets.splitting import carve, limited


def split(*counts: int) -> Split:
    labels = [label for label, count in enumerate(counts) for _ in range(count)]
    return Split(
        [f"text {i}" for i in range(len(labels))], labels, [str(i) for i in range(len(labels))]
    )


def test_carving_keeps_proportions_and_order_and_loses_nothing() -> None:
    whole = split(100, 50, 10)
    left, carved = carve(whole, 0.1, seed=3)
    assert Counter(carved.labels) == {0: 10, 1: 5, 2: 1}
    assert sorted([*left.ids, *carved.ids], key=int) == list(whole.ids)
    assert list(left.ids) == sorted(left.ids, key=int)
    assert list(carved.ids) == sorted(carved.ids, key=int)


def test_the_seed_decides() -> None:
    whole = split(100, 100)
    assert carve(whole, 0.2, 1)[1].ids == carve(whole, 0.2, 1)[1].ids
    assert carve(whole, 0.2, 1)[1].ids != carve(whole, 0.2, 2)[1].ids


def test_a_single_text_stays_in_train() -> None:
    left, carved = carve(split(10, 1), 0.5, 0)
    assert Counter(left.labels) == {0: 5, 1: 1}
    assert 1 not in carved.labels


@pytest.mark.parametrize("limit", [3, 4, 10, 99])
def test_limit_is_kept_with_every_label(limit: int) -> None:
    kept = limited(split(90, 9, 1), limit, seed=0)
    assert len(kept) == limit or len(kept) == 99
    assert len(kept) <= limit
    assert set(kept.labels) == {0, 1, 2}


def test_no_limit_and_a_large_one_change_nothing() -> None:
    whole = split(3, 3)
    assert limited(whole, None, 0) is whole
    assert limited(whole, 6, 0) is whole
