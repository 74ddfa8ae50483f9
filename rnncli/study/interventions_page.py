"""What `rnn intervene` found: numbers, picture, page, and a sentence or two."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncli import svg
from rnncli.dot_chart import Dot, dot_chart
from rnncli.page import figure, page, section, table
from rnncli.standalone import standalone
from rnncli.study.output import write_study

if TYPE_CHECKING:
    from rnncli.study.interventions import Effect, Effects

__all__ = ["sentences", "write"]

_NAMES = {"macro_f1": "macro-F1", "accuracy": "accuracy"}
_ALPHA = 0.05
_FOOTER = (
    "Made by rnncli: rnn intervene. Each text is read twice by the network's own equations, with "
    "and without; intervals and p are from a paired bootstrap of the texts, p corrected by Holm."
)


def sentences(found: Effects) -> list[str]:
    """What the numbers say: what the network needs most, and what it does without."""
    name = _NAMES[found.metric]
    needed = [one for one in found.interventions if one.p < _ALPHA and one.difference < 0]
    spared = [one for one in found.interventions if one.p >= _ALPHA]
    told = []
    if needed:
        worst = min(needed, key=lambda one: one.difference)
        told.append(
            f"Holding {_held(worst)} costs most: {abs(100 * worst.difference):.1f} points of "
            f"{name}, and {worst.changed:.0%} of the answers change."
        )
    if spared:
        names = ", ".join(map(_held, spared))
        told.append(f"Of {names} no effect on {name} can be told on {found.texts:,} texts.")
    return told


def write(run: str, found: Effects, start: int, folder: Path) -> dict[str, Any]:
    """Write `intervene.json`, `.svg` and `.html`; the numbers, with the files' paths.

    Args:
        run: its name.
        found: the effects.
        start: the first token held, from 1.
        folder: where to; made if it is not there.

    Raises:
        StorageError: a file cannot be written.
    """
    told = sentences(found)
    numbers = {"study": "intervene", "run": run, "from_token": start, "sentences": told}
    numbers |= asdict(found)
    title = f"What is held in {run}"
    drawn = _figure(found)
    document = page(
        title,
        f"{found.texts:,} of {found.of:,} test texts, held from token {start} on",
        [
            section(
                "The score with it held",
                "".join(f"<p>{svg.clean(sentence)}</p>" for sentence in told),
                figure(drawn, f"Points of {_NAMES[found.metric]} more than with nothing held"),
            ),
            section("Every intervention", f'<div class="scroll">{_table(found)}</div>'),
        ],
        _FOOTER,
    )
    files = write_study(folder, "intervene", numbers, standalone(title, drawn), document)
    return {**numbers, "files": files}


def _held(effect: Effect) -> str:
    return " ".join(effect.held) or "nothing"


def _figure(found: Effects) -> str:
    dots = [
        Dot(
            _held(one),
            100 * one.difference,
            (100 * one.interval_95[0], 100 * one.interval_95[1]),
            "blue" if one.p < _ALPHA else "grey",
        )
        for one in found.interventions
    ]
    title = f"Difference of {_NAMES[found.metric]} by what is held"
    return dot_chart(title, dots, (0.0, "nothing held"), "+.1f")


def _table(found: Effects) -> str:
    rows: list[list[object]] = [
        [f"{found.accuracy:.4f}", f"{found.macro_f1:.4f}", "", "", "", "nothing"]
    ]
    for one in found.interventions:
        low, high = one.interval_95
        rows.append(
            [
                f"{one.accuracy:.4f}",
                f"{one.macro_f1:.4f}",
                f"{one.difference:+.4f} ({low:+.4f} to {high:+.4f})",
                "< 0.001" if one.p < 0.001 else f"{one.p:.3f}",
                f"{one.changed:.1%}",
                _held(one),
            ]
        )
    head = ("accuracy", "macro-F1", "difference (95 %)", "p", "changed", "held")
    return table(head, rows, numbers=5)
