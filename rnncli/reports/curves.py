"""Learning curves: of one run with its best epoch, of variants with bands over their seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from rnncli.figures import Series, curve_figure
from rnncli.line_chart import Line, line_chart
from rnncli.page import table
from rnncli.reports.layout import Fold, Part, Picture, Row, Section, grouped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.reports.reading import Group, RunRecord
    from rnncli.tables import Epoch

__all__ = ["Band", "band", "curves_of_run", "curves_of_variants"]

_WORDS = {"macro_f1": "macro-F1", "accuracy": "accuracy"}
_DEPTH = 4
"""Scales go so many times as far to the worse side of the median as the best is off it."""
_AGAINST = 30
"""With more variants than this, the others are not drawn behind each."""


def curves_of_run(record: RunRecord) -> Section:
    """Loss and validation scores by epoch."""
    history = record.history
    if not history:
        return Section("Learning curves", [])
    epochs = [epoch.epoch for epoch in history]
    best = record.metrics.get("best_epoch")
    chosen = best if isinstance(best, int) else None
    loss = [
        Series("training", "blue", [e.loss for e in history]),
        Series("validation", "orange", [e.validation_loss for e in history]),
    ]
    quality = [
        Series("macro-F1", "orange", [e.validation_macro_f1 for e in history]),
        Series("accuracy", "blue", [e.validation_accuracy for e in history]),
    ]
    left = curve_figure("Loss by epoch", epochs, loss, chosen)
    right = curve_figure("Validation macro-F1 and accuracy by epoch", epochs, quality, chosen)
    head = ("epoch", "loss", "val. loss", "val. accuracy", "val. macro-F1", "rate", "s", "texts/s")
    forms = ("d", ".4f", ".4f", ".4f", ".4f", ".2g", ".1f", ",.0f")
    rows = [[format(v, f) for v, f in zip(astuple(e)[:-1], forms, strict=True)] for e in history]
    pictures = [Picture("loss", "Loss", left), Picture("validation", "Validation scores", right)]
    return Section(
        "Learning curves",
        [Row(pictures), Fold("Every epoch", [table(head, rows, numbers=len(head))])],
    )


@dataclass(frozen=True)
class Band:
    """A quantity by epoch over runs: mean, lowest, highest [E], of the runs that went so far."""

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def band(histories: Sequence[Sequence[Epoch]], value: Callable[[Epoch], float]) -> Band:
    """Gather a column of several histories; an epoch at which a value is not finite is NaN."""
    columns = [
        [value(history[epoch]) for history in histories if epoch < len(history)]
        for epoch in range(max(map(len, histories), default=0))
    ]
    mean, low, high = (
        np.array([function(column) for column in columns]) for function in (np.mean, min, max)
    )
    gap = ~(np.isfinite(mean) & np.isfinite(low) & np.isfinite(high))
    return Band(*(np.where(gap, np.nan, one) for one in (mean, low, high)))


def curves_of_variants(
    groups: Sequence[Group], metric: Literal["macro_f1", "accuracy"], reference: str
) -> Section:
    """For each variant its validation score among the others', and its losses."""
    histories = [[record.history for record in group.records] for group in groups]
    scores = [band(one, lambda epoch: _score(epoch, metric)) for one in histories]
    losses = [band(one, lambda epoch: epoch.loss) for one in histories]
    validation = [band(one, lambda epoch: epoch.validation_loss) for one in histories]
    known = [index for index, one in enumerate(scores) if len(one.mean)]
    if not known:
        return Section("Learning curves", [])
    longest = max(len(scores[index].mean) for index in known)
    places = [str(epoch + 1) for epoch in range(longest)]
    word = _WORDS[metric]
    span = _span([scores[index] for index in known], more_is_better=True)
    loss_span = _span([*losses, *validation], more_is_better=False)
    rows = []
    for index in known:
        name = groups[index].name
        behind = [
            Line("others", "context", _padded(scores[i].mean, longest))
            for i in known
            if i != index and groups[i].name != reference and len(known) <= _AGAINST
        ]
        compared = [
            Line(reference, "orange", _padded(scores[i].mean, longest))
            for i in known
            if i != index and groups[i].name == reference
        ]
        own = _line(name, "blue", scores[index], longest)
        title = f"Validation {word} by epoch: {name}"
        lines = [*behind, *compared, own]
        score = line_chart(title, places, lines, "epoch", limits=span)
        both = [
            _line("training", "blue", losses[index], longest),
            _line("validation", "orange", validation[index], longest),
        ]
        loss = line_chart(f"Loss by epoch: {name}", places, both, "epoch", limits=loss_span)
        rows.append(
            [
                Picture(f"curve-{name}", f"{name}: validation {word}", score),
                Picture(f"loss-{name}", f"{name}: loss", loss),
            ]
        )
    head = ("variant", "epoch", f"val. {word}", "lowest", "highest", "loss", "val. loss")
    numbers = [
        (groups[index].name, epoch + 1, *(f"{one[epoch]:.4f}" for one in _columns(*bands)))
        for index, bands in enumerate(zip(scores, losses, validation, strict=True))
        for epoch in range(len(bands[0].mean))
    ]
    lead = (
        '<p class="muted">Lines are means over seeds; a band reaches from the lowest seed to the '
        "highest. All charts of a kind have one scale; what is far worse is cut off.</p>"
    )
    parts: list[Part] = [lead, *grouped(rows, "variants")]
    parts.append(Fold("Every epoch", [table(head, numbers, numbers=6, words=1)]))
    return Section("Learning curves", parts)


def _score(epoch: Epoch, metric: Literal["macro_f1", "accuracy"]) -> float:
    return epoch.validation_macro_f1 if metric == "macro_f1" else epoch.validation_accuracy


def _columns(score: Band, loss: Band, validation: Band) -> list[NDArray[np.float64]]:
    return [score.mean, score.low, score.high, loss.mean, validation.mean]


def _line(name: str, style: str, found: Band, longest: int) -> Line:
    return Line(
        name,
        style,
        _padded(found.mean, longest),
        (_padded(found.low, longest), _padded(found.high, longest)),
    )


def _padded(values: NDArray[np.float64], length: int) -> list[float]:
    return [*values.tolist(), *[float("nan")] * (length - len(values))]


def _span(bands: Sequence[Band], *, more_is_better: bool) -> tuple[float, float] | None:
    """The span of all, without what is far worse than most: it would flatten the rest."""
    lows = np.concatenate([one.low for one in bands])
    highs = np.concatenate([one.high for one in bands])
    if not np.isfinite(lows).any():
        return None
    low, high = float(np.nanmin(lows)), float(np.nanmax(highs))
    usual = float(np.nanmedian(np.concatenate([one.mean for one in bands])))
    if more_is_better:
        return max(low, usual - _DEPTH * (high - usual)), high
    return low, min(high, usual + _DEPTH * (usual - low))
