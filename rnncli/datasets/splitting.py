"""Stratified, seeded choices of texts: the validation carved from train, and `limit`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rnncli.corpus import Split

__all__ = ["carve", "divided", "limited", "take"]


def take(split: Split, rows: Sequence[int]) -> Split:
    """The given rows of a split, in that order."""
    return Split(
        [split.texts[row] for row in rows],
        [split.labels[row] for row in rows],
        [split.ids[row] for row in rows],
    )


def carve(split: Split, fraction: float, seed: int) -> tuple[Split, Split]:
    """Divide a split: what is left, and `fraction` of every label (at least one text of each).

    Both keep the texts' order. The same texts, labels and seed give the same division. A label
    with a single text stays in what is left.
    """
    chosen = set(_drawn(split, lambda count: min(max(1, round(fraction * count)), count - 1), seed))
    left = [row for row in range(len(split)) if row not in chosen]
    return take(split, left), take(split, sorted(chosen))


def divided(split: Split, labels: int) -> tuple[Split, Split]:
    """The texts of the first so many labels, and those of the further ones, each in order."""
    first = [row for row, label in enumerate(split.labels) if label < labels]
    rest = [row for row, label in enumerate(split.labels) if label >= labels]
    return take(split, first), take(split, rest)


def limited(split: Split, limit: int | None, seed: int) -> Split:
    """At most `limit` texts, the labels in their proportions; all of them if None.

    Every label keeps a text as long as there are no more labels than `limit`.
    """
    if limit is None or len(split) <= limit:
        return split
    share = limit / len(split)
    rows = _drawn(split, lambda count: max(1, round(share * count)), seed)
    first = set({split.labels[row]: row for row in rows}.values())
    rest = [row for row in rows if row not in first]
    return take(split, sorted([*first, *rest][:limit]))


def _drawn(split: Split, how_many: Callable[[int], int], seed: int) -> list[int]:
    """Random rows: of each label as many as `how_many` says of its count, labels interleaved."""
    import numpy as np

    labels = np.asarray(split.labels)
    random = np.random.default_rng(seed)
    rows: list[int] = []
    for label in np.unique(labels):
        of_label = random.permutation(np.flatnonzero(labels == label))
        rows += of_label[: how_many(len(of_label))].tolist()
    return [rows[index] for index in random.permutation(len(rows))]
