"""The texts that are got wrong: by one run with most confidence, or by most of many runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rnncli.reports.layout import Section
from rnncli.svg import clean

if TYPE_CHECKING:
    from rnncli.reports.reading import Group

__all__ = ["errors_of_run", "errors_of_variants"]

_WORST = 20
_TEXT_LENGTH = 400


def errors_of_run(group: Group, language: str) -> Section:
    """The errors of its first run, the most confident first."""
    predicted, confidence = group.predicted[0], group.probabilities[0].max(axis=1)
    wrong = np.flatnonzero(~group.correct[0]).tolist()
    wrong.sort(key=lambda row: (-float(confidence[row]), row))
    items = []
    for row in wrong[:_WORST]:
        said = clean(group.labels[int(predicted[row])])
        items.append((row, f"predicted <em>{said}</em> with {float(confidence[row]):.3f}"))
    share = f"{len(wrong):,} of {len(predicted):,} test texts are wrong"
    if not wrong:
        return Section("Worst errors", [f"<p>{share}.</p>"])
    lead = f'<p class="muted">{share}; the most confident first.</p>'
    return Section("Worst errors", [lead, _listed(group, items, language)])


def errors_of_variants(groups: Sequence[Group], language: str) -> Section:
    """The texts that most runs get wrong."""
    predicted = np.concatenate([group.predicted for group in groups])
    confidence = np.concatenate([group.probabilities.max(axis=-1) for group in groups])
    wrong = ~np.concatenate([group.correct for group in groups])
    runs, texts = wrong.shape
    times = wrong.sum(axis=0)
    sure = (confidence * wrong).sum(axis=0) / np.maximum(times, 1)
    rows = [row for row in np.lexsort((-sure, -times)).tolist() if times[row]]
    items = []
    for row in rows[:_WORST]:
        answers = np.bincount(predicted[wrong[:, row], row], minlength=len(groups[0].labels))
        said = clean(groups[0].labels[int(answers.argmax())])
        told = f"wrong in {times[row]:,} of {runs:,} runs, <em>{said}</em> in {answers.max():,}; "
        items.append((row, f"{told}mean confidence {float(sure[row]):.3f}"))
    lead = (
        f'<p class="muted">Of {texts:,} test texts {int((times == 0).sum()):,} are right in every '
        f"run, {int((times == runs).sum()):,} wrong in every run, "
        f"{int((2 * times >= runs).sum()):,} wrong in at least half. Those that most runs get "
        "wrong come first: often it is the label, or the text alone does not tell.</p>"
    )
    return Section("Worst errors", [lead, _listed(groups[0], items, language) if items else ""])


def _listed(group: Group, items: Sequence[tuple[int, str]], language: str) -> str:
    spoken = f' lang="{clean(language)}"' if language else ""
    told = ""
    for row, what in items:
        gold = clean(group.labels[int(group.gold[row])])
        told += (
            f"<li><small>{clean(group.ids[row])} · gold {gold} · {what}</small>"
            f"<span{spoken}>{_clip(group.texts[row])}</span></li>"
        )
    return f'<ul class="errors">{told}</ul>'


def _clip(text: str) -> str:
    shown = text if len(text) <= _TEXT_LENGTH else text[:_TEXT_LENGTH].rstrip() + " …"
    return clean(shown) if shown.strip() else '<span class="muted">(empty text)</span>'
