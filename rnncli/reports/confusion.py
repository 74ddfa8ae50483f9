"""Which labels are taken for which: confusion matrices, summed over a variant's runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rnncli.figures import confusion_figure
from rnncli.metrics import confusion_matrix
from rnncli.page import table
from rnncli.reports.layout import Fold, Part, Picture, Section, grouped

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rnncli.reports.reading import Group

__all__ = ["confusion_section", "summed_confusion"]

_MOST_LABELS = 12
"""With more labels, matrices of several variants are not drawn, only the commonest errors told."""
_PAIRS = 15


def summed_confusion(group: Group) -> NDArray[np.int64]:
    """Counts [C gold, C predicted] of all its runs together."""
    classes = len(group.labels)
    gold = [group.gold] * len(group.records)
    total: NDArray[np.int64] = sum(
        (
            confusion_matrix(one, said, classes)
            for one, said in zip(gold, group.predicted, strict=True)
        ),
        start=confusion_matrix([], [], classes),
    )
    return total


def confusion_section(groups: Sequence[Group]) -> Section:
    """A matrix for each variant, and the errors that are made most often."""
    labels = groups[0].labels
    counts = [summed_confusion(group) for group in groups]
    parts: list[Part] = []
    if len(labels) <= _MOST_LABELS:
        rows = [
            [
                Picture(
                    f"confusion-{group.name}",
                    _caption(group),
                    confusion_figure(labels, one.tolist(), f"Confusion matrix of {group.name}"),
                )
            ]
            for group, one in zip(groups, counts, strict=True)
        ]
        listed = [
            (group.name, label, *(f"{count:,}" for count in row))
            for group, one in zip(groups, counts, strict=True)
            for label, row in zip(labels, one.tolist(), strict=True)
        ]
        head = ("variant", "gold", *(f"predicted {label}" for label in labels))
        parts += grouped(rows, "variants")
        parts.append(Fold("The matrices as a table", [table(head, listed, len(labels), words=2)]))
    total = sum(counts[1:], start=counts[0])
    parts.append(Fold("The commonest errors of all runs", [_pairs(labels, total)]))
    return Section("What is taken for what", parts)


def _caption(group: Group) -> str:
    runs = len(group.records)
    return group.name if runs == 1 else f"{group.name}, {runs} runs together"


def _pairs(labels: Sequence[str], counts: NDArray[np.int64]) -> str:
    found = [
        (int(counts[gold, said]), gold, said)
        for gold in range(len(labels))
        for said in range(len(labels))
        if gold != said and counts[gold, said]
    ]
    found.sort(key=lambda one: (-one[0], one[1:]))
    rows = [
        (labels[gold], labels[said], f"{count:,}", f"{count / counts[gold].sum():.1%}")
        for count, gold, said in found[:_PAIRS]
    ]
    head = ("gold", "predicted", "times", "share of gold")
    return table(head, rows, numbers=2, words=2) if rows else "<p>None.</p>"
