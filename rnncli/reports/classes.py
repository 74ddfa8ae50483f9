"""Each label's F1: bars for one run, a chart a label where variants are compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rnncli.figures import Bar, confusion_figure, yardstick_figure
from rnncli.page import table
from rnncli.reports.layout import Fold, Part, Picture, Row, Section
from rnncli.significance import Spread, spread
from rnncli.svg import clean

if TYPE_CHECKING:
    from rnncli.reports.reading import Group, RunRecord

__all__ = ["classes_of_run", "classes_of_variants"]

_CHARTS = 7
"""So many labels have their charts in view."""
_MOST_CHARTS = 20
"""With more labels there is the table alone."""


def classes_of_run(record: RunRecord) -> Section:
    """The confusion matrix, and each label's scores."""
    title = "Label by label, on test"
    labels, counts, per_class = (record.test.get(k) for k in ("labels", "confusion", "per_class"))
    if not (labels and counts and per_class):
        return Section(title, [])
    body = ""
    for name, row in per_class.items():
        values = (row[key] for key in ("f1", "precision", "recall"))
        scores = "".join(f'<td class="n">{value:.3f}</td>' for value in values)
        body += (
            f'<tr><td class="name">{clean(name)}</td>'
            f'<td class="bar"><i style="width:{100 * row["f1"]:.1f}%"></i></td>'
            f'{scores}<td class="n">{row["support"]:,}</td></tr>'
        )
    head = '<th scope="col">label</th><th class="bar"></th><th class="n" scope="col">F1</th>'
    for name in ("precision", "recall", "texts"):
        head += f'<th class="n" scope="col">{name}</th>'
    listed = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    matrix = Picture("confusion", "Confusion matrix", confusion_figure(labels, counts))
    return Section(title, [Row([matrix, f'<div class="scroll">{listed}</div>'])])


def classes_of_variants(groups: Sequence[Group], reference: str) -> Section:
    """A chart of bars for each label, a bar for each variant; the reference's stands out."""
    labels = [name for name in groups[0].labels if all(name in _per_class(g) for g in groups)]
    found = {
        (group.name, label): spread([_f1(record, label) for record in group.records])
        for group in groups
        for label in labels
    }
    charts = [
        Picture(
            f"f1-{label}",
            "",
            yardstick_figure(
                f"F1 of {label}",
                [_bar(group, found[group.name, label], reference) for group in groups],
            ),
        )
        for label in labels
    ]
    head = ("variant", *labels)
    rows = [(group.name, *(_cell(found[group.name, name]) for name in labels)) for group in groups]
    parts: list[Part] = []
    if len(labels) <= _MOST_CHARTS:
        parts.append(Row(charts[:_CHARTS]))
        if charts[_CHARTS:]:
            parts.append(Fold(f"{len(charts) - _CHARTS} more labels", [Row(charts[_CHARTS:])]))
    listed = table(head, rows, numbers=len(labels), words=1)
    note = "<p class='muted'>F1 in points, mean ± half the 95 % interval over seeds.</p>"
    parts.append(Fold("As a table", [note, listed]))
    return Section("Label by label, on test", parts if labels else [])


def _per_class(group: Group) -> Any:
    return group.records[0].test.get("per_class") or {}


def _f1(record: RunRecord, label: str) -> float:
    return float(record.test["per_class"][label]["f1"])


def _bar(group: Group, found: Spread, reference: str) -> Bar:
    interval = found.interval_95
    inside = (max(interval[0], 0.0), min(interval[1], 1.0)) if interval else None
    return Bar(group.name, found.mean, inside, own=group.name == reference)


def _cell(found: Spread) -> str:
    half = found.half_width
    return f"{100 * found.mean:.1f}" + ("" if half is None else f" ± {100 * half:.1f}")
