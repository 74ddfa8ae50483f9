"""The variants' scores side by side: a chart, the table, and whether they differ."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rnncli import svg
from rnncli.comparison import shown_p
from rnncli.dot_chart import Dot, dot_chart
from rnncli.page import table
from rnncli.reports.layout import Fold, Part, Picture, Row, Section

if TYPE_CHECKING:
    from rnncli.comparison import Comparison
    from rnncli.variants import Metric, Variant

__all__ = ["differences_figure", "differences_section", "scores_figure", "scores_section"]

_TOLD = 8
"""So many sentences on differences that were not detected are in view."""


def scores_section(
    found: Sequence[Variant],
    compared: Sequence[Comparison],
    metric: Metric,
    reference: str,
    yardstick: float | None,
) -> Section:
    """The chart of scores and the table behind it."""
    word = _word(metric)
    by_name = {one.variant: one for one in compared}
    rows = []
    for variant in found:
        one = by_name.get(variant.name)
        score = variant.scores[metric]
        half = "" if score.half_width is None else f" ± {100 * score.half_width:.1f}"
        shown = f"{100 * score.mean:.1f}{half}"
        differing = _differing(one) if one else ("", "", "")
        rows.append((variant.name, variant.model, len(variant.seeds), shown, *differing))
    head = ("variant", "model", "seeds", word, f"more than {reference}", "p", "effect")
    listed = table(head, rows, numbers=5, words=2)
    lead = "Test scores in points: mean ± half the 95 % interval over seeds (Student's t)."
    if compared:
        lead += (
            " Differences have their 95 % interval over seeds and texts (paired bootstrap), p is "
            "corrected for several comparisons (Holm), the effect is Cohen's d over seeds, or with "
            "one seed each the odds: texts that only this one gets right for each that only the "
            "other does; grey where the difference is no more than seeds and texts give by chance."
        )
    scores = scores_figure(found, metric, reference, yardstick)
    charts = [Picture("scores", f"Test {word}", scores)]
    if compared:
        caption = f"Points more than {reference}"
        charts.append(Picture("differences", caption, differences_figure(compared, reference)))
    return Section(
        "Scores",
        [Row(charts), f'<p class="muted">{lead}</p>', f'<div class="scroll">{listed}</div>'],
    )


def _differing(one: Comparison) -> tuple[str, str, str]:
    found = one.difference
    low, high = (100 * bound for bound in found.interval_95)
    gap = f"{100 * found.mean:+.1f} ({low:+.1f} to {high:+.1f})"
    return gap, shown_p(one.p).removeprefix("= "), one.effect


def differences_section(compared: Sequence[Comparison], front: Sequence[str]) -> Section:
    """What was found, in sentences."""
    detected = [one for one in compared if one.detected]
    other = [one for one in compared if not one.detected]
    parts: list[Part] = []
    if detected:
        parts.append(_sentences(detected))
    elif compared:
        parts.append("<p>No difference is more than seeds and texts give by chance.</p>")
    if len(other) > _TOLD:
        title = f"{len(other)} variants without a detectable difference"
        parts.append(Fold(title, [_sentences(other)]))
    elif other:
        parts.append(_sentences(other))
    names = svg.clean(", ".join(front))
    parts.append(f"<p>No other has a better score for less size and time: {names}.</p>")
    return Section("Differences", parts if compared else [])


def _sentences(compared: Sequence[Comparison]) -> str:
    told = (svg.clean(one.sentence()) for one in compared)
    # A value stays with its sign when the line breaks.
    items = "".join(re.sub(r" (=|&lt;) ", r"&nbsp;\1&nbsp;", f"<li>{one}.</li>") for one in told)
    return f'<ul class="told">{items}</ul>'


def scores_figure(
    found: Sequence[Variant], metric: Metric, reference: str, yardstick: float | None = None
) -> str:
    """A line for each variant: its mean, its 95 % interval over seeds, and each seed as a dot.

    Args:
        found: the variants.
        metric: which score.
        reference: the variant that the others are compared with, in another colour.
        yardstick: the TF-IDF baseline's score.
    """
    dots = []
    for variant in found:
        score = variant.scores[metric]
        own = variant.name == reference
        single = [
            (f"{variant.name}, seed {seed}: {100 * value:.2f}", 100 * value)
            for seed, value in zip(variant.seeds, score.values, strict=True)
        ]
        interval = _points(score.interval_95) if score.interval_95 else None
        style = "orange" if own else "blue"
        dots.append(Dot(variant.name, 100 * score.mean, interval, style, single, own))
    rule = (100 * yardstick, f"TF-IDF {100 * yardstick:.1f}") if yardstick is not None else None
    title = f"Test {_word(metric)} of each variant, mean and 95 % interval over seeds"
    return dot_chart(title, dots, rule, ".1f")


def differences_figure(compared: Sequence[Comparison], reference: str) -> str:
    """A line for each comparison; grey where there is no detectable difference."""
    dots = [
        Dot(
            one.variant,
            100 * one.difference.mean,
            _points(one.difference.interval_95),
            "blue" if one.detected else "grey",
        )
        for one in compared
    ]
    title = f"Points more than {reference}, with 95 % interval over seeds and texts"
    return dot_chart(title, dots, (0.0, reference), "+.1f")


def _points(interval: tuple[float, float]) -> tuple[float, float]:
    return 100 * interval[0], 100 * interval[1]


def _word(metric: Metric) -> str:
    return "macro-F1" if metric == "macro_f1" else "accuracy"
