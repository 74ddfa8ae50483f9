"""`rnncli.study.order` in pictures, tables and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnncli import svg
from rnncli.page import details, figure, figures, page, section, table
from rnncli.standalone import standalone
from rnncli.study.drawing import Curve, hue, line_chart
from rnncli.study.order import BAG, SHUFFLED, WORDS, WRITTEN, Gap, Metric, Ordered, Score
from rnncli.study.output import write_study
from rnncli.study.shallow import Worth

__all__ = ["HEAD", "Judged", "rows", "sentences", "write"]

HEAD = ("texts", "macro-F1", "lost", "95 %", "accuracy")
_HOW = (
    "Tokens are moved as the network reads them, after the text is cut to its maximal length; "
    "n-grams are those of the new order. Words shuffled: words are moved whole, where the tokens "
    "show where words end and are not words themselves. A score of several shuffles is their mean. "
    "Lost is the score of the texts as written minus the other, with the percentiles of a "
    "bootstrap that draws the same texts for both. The network never saw the like of a shuffled "
    "text: what shuffling costs is what the network stakes on order; what order is worth is what a "
    "network without recurrence, or a bag of tokens, lacks on the texts as written."
)
_LITTLE, _MUCH = 2.0, 10.0
"""Points: under the one a network hardly uses order; from the other on it lives on it."""


@dataclass(frozen=True)
class Judged:
    """A run and its companion without recurrence, if there is one."""

    run: Ordered
    dense: Worth | None
    missing: str = ""
    """Without a companion: why, and how to come by it."""

    @property
    def others(self) -> dict[str, Score]:
        """What stands beside the texts as written, cut ones apart."""
        names = [name for name in self.run.scores if not name.startswith(("first ", "last "))]
        found = {name: self.run.scores[name] for name in names if name != WRITTEN}
        if self.dense is not None:
            found["no recurrence"] = self.dense.score
        return found


def sentences(judged: Sequence[Judged]) -> list[str]:
    """What the numbers say: of each run what shuffling costs, and what order is worth."""
    return [line for one in judged for line in _said(one)]


def _said(one: Judged) -> Iterator[str]:
    run, shuffled = one.run, one.run.scores[SHUFFLED].lost["macro_f1"]
    words = run.scores[WORDS].lost["macro_f1"] if WORDS in run.scores else None
    cost = f"shuffling the tokens costs {_points(shuffled)} points of macro-F1"
    if words is not None:
        cost += f", moving the words whole {_points(words)}"
    if not run.recurrent:
        yield f"{run.name} has no recurrence: {cost}."
        return
    judged, unit = (shuffled, "tokens") if words is None else (words, "words")
    yield f"{run.name}: {cost}: the network {_verdict(judged)} the order of the {unit}."
    beside = []
    if one.dense is not None:
        gap = one.dense.score.lost["macro_f1"]
        beside.append(f"{_better(gap)} {one.dense.name}, which has no recurrence")
    if BAG in run.scores:
        beside.append(f"{_better(run.scores[BAG].lost['macro_f1'])} a bag of its tokens")
    if beside:
        yield f"What order is worth: the texts as written, it scores {', and '.join(beside)}."
    if one.missing:
        yield one.missing


def _verdict(gap: Gap) -> str:
    if gap.interval_95[0] <= 0:
        return "shows no use of"
    cost = 100 * gap.mean
    if cost < _LITTLE:
        return "hardly uses"
    return "lives on" if cost >= _MUCH else "uses"


def _points(gap: Gap) -> str:
    low, high = (100 * bound for bound in gap.interval_95)
    return f"{_minus(100 * gap.mean)} (95 %: {_minus(low)} to {_minus(high)})"


def _better(gap: Gap) -> str:
    low, high = gap.interval_95
    luck = "; it could be luck" if low <= 0 <= high else ""
    span = f"95 %: {_minus(100 * low)} to {_minus(100 * high)}{luck}"
    side = "above" if gap.mean >= 0 else "below"
    return f"{abs(100 * gap.mean):.1f} points ({span}) {side}"


def _minus(points: float) -> str:
    return f"{points + 0.0:.1f}".replace("-0.0", "0.0").replace("-", "−")


def rows(one: Judged) -> Iterator[tuple[str, ...]]:
    """A row for each arrangement: the columns of `HEAD`, in points."""
    run = one.run
    cut = {f"{end} {k}": run.scores[f"{end} {k}"] for end in ("first", "last") for k in run.kept}
    yield _row(WRITTEN, run.scores[WRITTEN], first=True)
    for name, score in one.others.items():
        yield _row(name, score)
    for name, score in cut.items():
        yield _row(f"{name} token{'s' * (not name.endswith(' 1'))}", score)


def _row(name: str, score: Score, *, first: bool = False) -> tuple[str, ...]:
    values = (f"{100 * score.values[metric]:.1f}" for metric in ("macro_f1", "accuracy"))
    f1, accuracy = values
    gap = score.lost["macro_f1"]
    low, high = (_minus(100 * bound) for bound in gap.interval_95)
    lost = ("", "") if first else (_minus(100 * gap.mean), f"{low} to {high}")
    return (name, f1, *lost, accuracy)


def write(judged: Sequence[Judged], folder: Path) -> dict[str, Any]:
    """Write `order.json`, `.svg` and `.html`.

    Returns:
        what the JSON holds, as plain data, and under `files` where all lie.
    """
    numbers = {
        "study": "order",
        "definition": _HOW,
        "sentences": sentences(judged),
        "runs": [_plain(one) for one in judged],
    }
    charts = list(_charts(judged))
    picture = standalone("Does the network use order?", *charts)
    shown = [
        section("What the numbers say", *(f"<p>{svg.clean(s)}</p>" for s in sentences(judged))),
        section("Rearranged, and cut short", figures(figure(chart) for chart in charts)),
        *(
            section(
                one.run.name,
                f'<div class="scroll unbroken">{table(HEAD, list(rows(one)), numbers=0)}</div>',
                f'<p class="muted">{svg.clean(one.run.bag)}</p>',
            )
            for one in judged
        ),
        details("How it is measured", f"<p>{svg.clean(_HOW)}</p>"),
    ]
    lead = f"{len(judged[0].run.gold):,} test texts; what is lost in points of macro-F1"
    footer = "Made by rnncli: rnn order. The numbers lie beside this page in order.json."
    html = page("Does the network use order?", lead, shown, footer)
    return {**numbers, "files": write_study(folder, "order", numbers, picture, html)}


def _plain(one: Judged) -> dict[str, Any]:
    run = one.run
    return {
        "name": run.name,
        "run": run.run,
        "tokenizer": run.tokenizer,
        "recurrent": run.recurrent,
        "texts": len(run.gold),
        "bag": run.bag,
        "scores": {name: _told(score) for name, score in run.scores.items()},
        "no recurrence": {"name": one.dense.name, **_told(one.dense.score)} if one.dense else None,
    }


def _told(score: Score) -> dict[str, Any]:
    lost = {metric: vars(gap) for metric, gap in score.lost.items()}
    return {"values": dict(score.values), "spread": dict(score.spread), "lost": lost}


def _charts(judged: Sequence[Judged]) -> Iterator[str]:
    for number, one in enumerate(judged):
        yield _cost_chart(one, number)
    for end in ("first", "last"):
        ticks = sorted({k for one in judged for k in one.run.kept})
        every = 2.0 * ticks[-1] if ticks else 1.0
        curves = [_cut_curve(one.run, end, number, every) for number, one in enumerate(judged)]
        labels = [(float(k), str(k)) for k in ticks] + [(every, "all")]
        yield line_chart(
            f"Only the {end} tokens",
            curves,
            "tokens kept",
            "macro-F1",
            log_x=True,
            x_labels=labels,
        )


def _cut_curve(run: Ordered, end: str, number: int, every: float) -> Curve:
    metric: Metric = "macro_f1"
    points = [(float(k), run.scores[f"{end} {k}"].values[metric]) for k in run.kept]
    points.append((every, run.scores[WRITTEN].values[metric]))
    return Curve(run.name, hue(number), points)


def _cost_chart(one: Judged, number: int) -> str:
    """What each rearrangement costs, with its interval; zero is the texts as written."""
    gaps = {name: score.lost["macro_f1"] for name, score in one.others.items()}
    ticks = svg.ticks(
        100 * min(0.0, *(gap.interval_95[0] for gap in gaps.values())),
        100 * max(0.01, *(gap.interval_95[1] for gap in gaps.values())),
    )
    left, right, top, pitch = 108, 50, 62, 28
    height = top + pitch * len(gaps) + 36

    def across(points: float) -> float:
        share = (points - ticks[0]) / (ticks[-1] - ticks[0])
        return left + share * (svg.WIDTH - left - right)

    bottom = height - 36
    parts = [
        svg.text(0, 14, "What it costs, in points of macro-F1", "title"),
        svg.text(0, 34, svg.shorten(one.run.name, 30)),
    ]
    for tick in ticks:
        parts.append(svg.line(across(tick), top - 10, across(tick), bottom, "grid"))
        parts.append(
            svg.text(across(tick), bottom + 16, f"{tick:g}".replace("-", "−"), "muted", "middle")
        )
    parts.append(svg.line(across(0), top - 10, across(0), bottom, "plain"))
    parts.append(svg.text(across(0), bottom + 32, "as written", "muted", "middle"))
    for row, (name, gap) in enumerate(gaps.items()):
        y = top + pitch * row + 8
        low, high = (across(100 * bound) for bound in gap.interval_95)
        style = hue(number)
        parts.append(svg.text(left - 8, y + 4, name, "", "end"))
        parts.append(svg.line(low, y, high, y, style))
        tip = f"{name}: {_points(gap)}"
        parts.append(svg.dot(across(100 * gap.mean), y, 4, f"dot {style}", tip))
        parts.append(svg.text(svg.WIDTH - right + 8, y + 4, _minus(100 * gap.mean), "strong"))
    return svg.picture(height, f"What rearranging costs {one.run.name}", parts)
