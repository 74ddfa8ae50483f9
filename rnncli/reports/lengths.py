"""How the score depends on a text's length, and on how much of it the tokenizer does not know."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rnncli.config import load_config
from rnncli.errors import RnnError, StorageError
from rnncli.line_chart import Line, line_chart
from rnncli.page import table
from rnncli.reports.layout import Fold, Part, Picture, Section, grouped

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from rnncli.reports.reading import Group, RunRecord
    from rnncli.tokenizers import FittedTokenizer

__all__ = ["Binned", "accuracy_by_bin", "length_bins", "lengths_section", "unknown_shares"]

_BINS = 5
_SHARES = (0.0, 0.1, 0.25)
_SHARE_NAMES = ("none", "to 10 %", "to 25 %", "more")
_NORMAL = 1.959964
_LEAST = 10
"""A bin of fewer texts is left out of the chart; the table has it."""


@dataclass(frozen=True)
class Binned:
    """Accuracy [bins] of texts in bins, over all runs of a variant; NaN where a bin is empty."""

    texts: NDArray[np.int64]
    accuracy: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    """95 % interval over the texts (Wilson 1927)."""


def length_bins(texts: Sequence[str]) -> tuple[NDArray[np.int64], list[str]]:
    """The bin [N] of each text, and what lengths each bin has; about equally many texts a bin."""
    lengths = np.array([len(text) for text in texts])
    inner = np.quantile(lengths, np.arange(1, _BINS) / _BINS, method="inverted_cdf")
    edges = np.unique(np.append(inner, lengths.max()))  # upper, inclusive
    bins = np.searchsorted(edges, lengths)
    firsts = [int(lengths.min()), *(int(edge) + 1 for edge in edges[:-1])]
    names = [
        f"{low:,}–{high:,}" if low < high else f"{low:,}"
        for low, high in zip(firsts, edges.tolist(), strict=True)
    ]
    return bins, names


def accuracy_by_bin(correct: ArrayLike, bins: NDArray[np.int64], count: int) -> Binned:
    """The accuracy of each bin.

    Args:
        correct: [S, N] of S runs.
        bins: [N], below `count`.
        count: how many bins.
    """
    share = np.asarray(correct, np.float64).mean(axis=0)
    texts = np.bincount(bins, minlength=count)
    right = np.bincount(bins, weights=share, minlength=count)
    mean = np.divide(right, texts, out=np.full(count, np.nan), where=texts > 0)
    size = np.maximum(texts, 1)
    centre = (mean + _NORMAL**2 / (2 * size)) / (1 + _NORMAL**2 / size)
    half = np.sqrt(mean * (1 - mean) / size + _NORMAL**2 / (4 * size**2))
    half *= _NORMAL / (1 + _NORMAL**2 / size)
    return Binned(texts, mean, centre - half, centre + half)


def unknown_shares(groups: Sequence[Group]) -> list[NDArray[np.float64] | None]:
    """For each group the share [N] of each text's tokens that its tokenizer does not know.

    Seeds share a tokenizer, as it is fitted on the training texts; None where it cannot be had.
    """
    found: dict[tuple[str, int], NDArray[np.float64]] = {}
    shares: list[NDArray[np.float64] | None] = []
    for group in groups:
        try:
            tokenizer, key = _tokenizer(group.records[0])
        except (RnnError, ImportError):  # of another version, or its package is not installed
            shares.append(None)
            continue
        where = (key, id(group.texts))
        if where not in found:
            found[where] = np.array([tokenizer.oov_rate(text) for text in group.texts])
        shares.append(found[where])
    return shares


def _tokenizer(record: RunRecord) -> tuple[FittedTokenizer, str]:
    """A run's tokenizer, and what is equal for equal ones."""
    state = record.run.read("tokenizer")
    experiment = load_config(record.run.path / "config.resolved.yaml")
    try:
        return experiment.text.restore(state), f"{experiment.text!r} {state!r}"
    except (KeyError, TypeError, ValueError) as error:
        raise StorageError(f"{record.run.path}: {error}") from error


def lengths_section(groups: Sequence[Group], reference: str = "") -> Section:
    """Two charts for each variant: accuracy by length, and by the share of unknown tokens."""
    if not len(groups[0].gold):
        return Section("Length and unknown tokens", [])
    bins, names = length_bins(groups[0].texts)
    by_length = [accuracy_by_bin(group.correct, bins, len(names)) for group in groups]
    shares = unknown_shares(groups)
    by_share = [
        None
        if share is None
        else accuracy_by_bin(
            group.correct, np.searchsorted(_SHARES, share, side="left"), len(_SHARE_NAMES)
        )
        for group, share in zip(groups, shares, strict=True)
    ]
    rows = []
    for index, group in enumerate(groups):
        found = dict(enumerate(by_length))
        row = [
            Picture(
                f"length-{group.name}",
                f"{group.name}: accuracy by length",
                _chart("Accuracy by length", names, found, groups, index, reference, "characters"),
            )
        ]
        known = {n: one for n, one in enumerate(by_share) if one is not None}
        if index in known:
            title = "Accuracy by the share of unknown tokens"
            chart = _chart(title, _SHARE_NAMES, known, groups, index, reference, "unknown tokens")
            caption = f"{group.name}: accuracy by share of unknown tokens"
            row.append(Picture(f"unknown-{group.name}", caption, chart))
        rows.append(row)
    lead = (
        '<p class="muted">Length in characters, in bins of about as many texts each; unknown '
        "tokens are those the run's vocabulary does not have. Bands are 95 % intervals over the "
        f"texts (Wilson); a bin of fewer than {_LEAST} texts is in the table only.</p>"
    )
    parts: list[Part] = [lead, *grouped(rows, "variants")]
    parts.append(Fold("Length as a table", [_table(groups, names, by_length, "characters")]))
    if any(by_share):
        overall = [None if share is None else float(share.mean()) for share in shares]
        listed = _table(groups, _SHARE_NAMES, by_share, "unknown tokens", overall)
        parts.append(Fold("Unknown tokens as a table", [listed]))
    return Section("Length and unknown tokens", parts)


def _chart(
    title: str,
    names: Sequence[str],
    found: Mapping[int, Binned],
    groups: Sequence[Group],
    index: int,
    reference: str,
    axis: str,
) -> str:
    lines = []
    for other, one in found.items():
        name = groups[other].name
        if other != index and name != reference:
            lines.append(Line("others", "context", _enough(one, one.accuracy)))
    for other, one in found.items():
        if other != index and groups[other].name == reference:
            lines.append(Line(reference, "orange", _enough(one, one.accuracy)))
    own = found[index]
    band = (_enough(own, own.low), _enough(own, own.high))
    lines.append(Line(groups[index].name, "blue", _enough(own, own.accuracy), band))
    values = np.concatenate(
        [[*_enough(one, one.low), *_enough(one, one.high)] for one in found.values()]
    )
    limits = None
    if np.isfinite(values).any():
        limits = float(np.nanmin(values)), float(np.nanmax(values))
    return line_chart(f"{title}: {groups[index].name}", names, lines, axis, limits=limits)


def _enough(found: Binned, values: NDArray[np.float64]) -> list[float]:
    shown: list[float] = np.where(found.texts >= _LEAST, values, math.nan).tolist()
    return shown


def _table(
    groups: Sequence[Group],
    names: Sequence[str],
    found: Sequence[Binned | None],
    what: str,
    overall: Sequence[float | None] | None = None,
) -> str:
    head = ["variant", *(["all tokens"] if overall else []), *names]
    rows: list[list[str]] = []
    for index, (group, one) in enumerate(zip(groups, found, strict=True)):
        if one is None:
            continue
        mean = overall[index] if overall else None
        cells = [
            f"{accuracy:.3f} ({texts:,})" if texts else "–"
            for accuracy, texts in zip(one.accuracy.tolist(), one.texts.tolist(), strict=True)
        ]
        share = [] if mean is None else [f"{mean:.1%}"]
        rows.append([group.name, *share, *cells])
    note = f'<p class="muted">Accuracy by {what}; in brackets how many texts.</p>'
    return note + table(head, rows, numbers=len(head) - 1, words=1)
