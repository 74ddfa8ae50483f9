"""`rnncli.study.attribute` in pictures, tables and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli import svg
from rnncli.page import details, figures, page, section, table
from rnncli.standalone import standalone
from rnncli.study.attribute import Attribution, rank_agreement
from rnncli.study.colouring import heat_html, heat_picture
from rnncli.study.output import write_study
from rnncli.study.tokens import part_read, readable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.study.material import Subject

__all__ = ["HEAD", "METHODS", "rows", "sentence", "set_apart", "write"]

METHODS = {
    "integrated": "integrated gradients",
    "deleted": "left out",
    "replaced": "replaced by unknown",
}
HEAD = ("place", "token", *METHODS.values())
_HOW = (
    "Numbers are in nats of the label's log-odds, log p/(1 − p): above zero (blue) a token speaks "
    "for the label, below (orange) against it. Integrated gradients (Sundararajan et al. 2017) go "
    "from vectors of zeros, which say nothing, to the text's own, and add up to the change of the "
    "log-odds between the two; by how much the sum is off is given. Left out: the log-odds of the "
    "text minus those without the token. Replaced: minus those with the unknown token in its "
    "place. A position of several n-grams stands for all that begin there; leaving a token out "
    "also makes new n-grams of its neighbours. Agreement is Spearman's ρ over the tokens. None of "
    "them says why the network learned what it did, and leaving one of two tokens that say the "
    "same out changes little."
)
_NAMED = 3
_DISAGREE = 0.5


def set_apart(subject: Subject) -> bool:
    """Whether a space stands between the tokens when they are shown."""
    return subject.experiment.text.tokenizer in ("word", "morpheme")


def sentence(one: Attribution, apart: bool) -> str:
    """What the numbers say of a text."""
    text = one.text if len(one.text) <= 40 else f"{one.text[:39]}…"
    also = "" if one.label == one.predicted else f" (predicted: {one.predicted})"
    told = f"“{text}” is {one.label}{also} with {one.probability:.3f}"
    order = np.argsort(-one.integrated)
    speaking = [
        (who, [n for n in places if sign * one.integrated[n] > 0][:_NAMED])
        for who, places, sign in (("for", order, 1), ("against", order[::-1], -1))
    ]
    parts = [
        f"most {who} it {'speaks' if len(found) == 1 else 'speak'} "
        + ", ".join(f"“{_in_context(one, int(n), apart)}”" for n in found)
        for who, found in speaking
        if found
    ]
    agreement = rank_agreement(one.integrated, one.deleted)
    if agreement is not None:
        doubt = "; they disagree, so trust neither alone" if agreement < _DISAGREE else ""
        parts.append(f"gradients and leaving out agree with ρ {agreement:.2f}{doubt}")
    rest = f" {part_read(len(one.tokens), one.unread)}" if one.unread else ""
    return f"{'; '.join([told, *parts])}. {_sum(one)}{rest}"


def _in_context(one: Attribution, place: int, apart: bool) -> str:
    """A token; a single letter with the rest of its word around it."""
    token = readable(one.tokens[place]).strip() or "␣"
    if apart or len(token) > 1 or token == "␣":
        return token
    start, stop = place, place + 1
    while start > 0 and not one.tokens[start - 1].isspace() and place - start < 4:
        start -= 1
    while stop < len(one.tokens) and not one.tokens[stop].isspace() and stop - place < 5:
        stop += 1
    around = "".join(map(readable, one.tokens[start:stop])).strip()
    return token if around == token else f"{token} of {around}"


def _sum(one: Attribution) -> str:
    change = one.log_odds - one.log_odds_of_zeros
    off = f"The gradients' sum is off by {abs(one.error):.1g} of {change:+.2f} nats"
    warning = "" if one.complete else ": too much, take them as rough"
    return f"{off} ({one.points} points{warning})."


def rows(one: Attribution, count: int | None = None) -> Iterator[tuple[str, ...]]:
    """The columns of `HEAD`: all tokens in order, or so many that say most, strongest first."""
    places = range(len(one.tokens))
    if count is not None:
        places = np.argsort(-np.abs(one.integrated), kind="stable")[:count].tolist()
    for place in places:
        token = readable(one.tokens[place]).strip() or "␣"
        unknown = " (unknown)" if one.unknown[place] else ""
        values = (f"{_values(one, name)[place]:+.3f}" for name in METHODS)
        yield (str(place + 1), token + unknown, *values)


def write(subject: Subject, found: Sequence[Attribution], folder: Path) -> dict[str, Any]:
    """Write `attribute.json`, `.svg` and `.html`.

    Returns:
        what the JSON holds, as plain data, and under `files` where all lie.
    """
    apart = set_apart(subject)
    numbers = {
        "study": "attribute",
        "definition": _HOW,
        "run": str(subject.run.path) if subject.run else None,
        "sentences": [sentence(one, apart) for one in found],
        "texts": [_plain(one) for one in found],
    }
    pictures = [picture for one in found for picture in _pictures(one, apart)]
    html = page(
        "What each token says",
        f"{subject.name}: blue speaks for the label, orange against it",
        [
            *(_section(one, apart) for one in found),
            details("How it is measured", f"<p>{svg.clean(_HOW)}</p>"),
        ],
        "Made by rnncli: rnn attribute. The numbers lie beside this page in attribute.json.",
    )
    svg_file = standalone("What each token says", *pictures, columns=3)
    return {**numbers, "files": write_study(folder, "attribute", numbers, svg_file, html)}


def _section(one: Attribution, apart: bool) -> str:
    shown = [readable(token) for token in one.tokens]
    maps = [
        f"<figure><figcaption>{svg.clean(METHODS[name])}</figcaption>"
        f'<p class="muted">{svg.clean(_agreement(one, name))}</p>'
        f"{heat_html(shown, _values(one, name).tolist(), apart)}</figure>"
        for name in METHODS
    ]
    title = f"{one.label}, {one.probability:.3f}"
    listed = table(HEAD, list(rows(one)), numbers=0)
    lead = f"<p>{svg.clean(sentence(one, apart))}</p>"
    return section(title, lead, figures(maps), details("Every token", listed))


def _pictures(one: Attribution, apart: bool) -> list[str]:
    shown = [readable(token) for token in one.tokens]
    return [
        heat_picture(
            f"{one.label}, {one.probability:.3f}: {METHODS[name]}",
            _agreement(one, name),
            shown,
            _values(one, name).tolist(),
            apart,
        )
        for name in METHODS
    ]


def _agreement(one: Attribution, name: str) -> str:
    largest = f"strongest {np.abs(_values(one, name)).max():.2f} nats"
    if name == "integrated":
        return largest
    rho = rank_agreement(one.integrated, _values(one, name))
    return f"{largest}; ρ with the gradients {'–' if rho is None else f'{rho:.2f}'}"


def _values(one: Attribution, name: str) -> NDArray[np.floating[Any]]:
    found: NDArray[np.floating[Any]] = getattr(one, name)
    return found


def _plain(one: Attribution) -> dict[str, Any]:
    told = {
        key: value.tolist() if isinstance(value, np.ndarray) else value
        for key, value in vars(one).items()
    }
    agreements = {
        name: rank_agreement(one.integrated, _values(one, name)) for name in ("deleted", "replaced")
    }
    return {**told, "complete": one.complete, "agreement": agreements}
