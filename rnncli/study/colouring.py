"""Texts whose tokens are coloured by a signed number: for a browser, alone, and in a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rnncli import svg

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["heat_html", "heat_picture", "heat_text", "strengths"]

_FAINTEST, _STRONGEST = 0.02, 0.62
"""Opacity of the colours; text stays readable on the strongest, light or dark."""
_LINE, _GAP = 24, 3
_EMS = (
    ("ijl'|.,:;!I ", 0.3),
    ('tfr()[]-"/', 0.4),
    ("scxzkvyJ?*", 0.55),
    ("ABCDGHNOQUVXYwK", 0.74),
    ("mMW%@", 0.95),
)
"""Widths of Latin letters in ems, as common sans-serif fonts have them."""
_BLUE, _ORANGE = (36, 99, 166), (180, 83, 15)


def strengths(values: Sequence[float]) -> list[float]:
    """Values as shares −1…1 of the largest."""
    largest = max(map(abs, values), default=0.0)
    return [value / largest if largest else 0.0 for value in values]


def heat_html(tokens: Sequence[str], values: Sequence[float], apart: bool) -> str:
    """The text as HTML: blue speaks for, orange against, the number under the pointer.

    Args:
        tokens: as they are to be read.
        values: one each.
        apart: whether a space stands between tokens.
    """
    spans = []
    for token, value, share in zip(tokens, values, strengths(values), strict=True):
        colour = "var(--blue)" if share > 0 else "var(--orange)"
        percent = 100 * _opacity(share)
        tint = f"background:color-mix(in srgb,{colour} {percent:.0f}%,transparent)"
        style = f' style="{tint}"' if share else ""
        spans.append(f'<span{style} title="{value:+.3f}">{svg.clean(token)}</span>')
    return f'<p class="heat">{(" " if apart else "").join(spans)}</p>'


def heat_picture(
    title: str, under: str, tokens: Sequence[str], values: Sequence[float], apart: bool
) -> str:
    """The same as a figure; a token is as wide as its text, so that none overlaps another."""
    parts = [svg.text(0, 14, title, "title"), svg.text(0, 32, under, "muted")]
    gap = _GAP if apart else 0
    x, y = 0.0, 44
    for token, value, share in zip(tokens, values, strengths(values), strict=True):
        shown = svg.shorten(token, svg.WIDTH // 12 - 1)
        width = _breadth(shown) + (4 if apart else 1)
        if x + width > svg.WIDTH:
            x, y = 0.0, y + _LINE
        colour = "for" if share > 0 else "against"
        inner = width - (4 if apart else 1)
        fitted = f' textLength="{inner:.1f}" lengthAdjust="spacingAndGlyphs"'
        place = f'x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_LINE - 4}" rx="2"'
        parts.append(
            f"<g><title>{svg.clean(f'{token}: {value:+.3f}')}</title>"
            f'<rect class="{colour}" {place} fill-opacity="{_opacity(share):.3f}"/>'
            f'<text x="{x + (width - inner) / 2:.1f}" y="{y + 14}"'
            f"{fitted if len(shown) > 1 else ''}>{svg.clean(shown)}</text></g>"
        )
        x += width + gap
    return svg.picture(y + _LINE, title, parts)


def heat_text(tokens: Sequence[str], values: Sequence[float], apart: bool) -> Text:
    """The same for a terminal that shows colours."""
    from rich.text import Text

    from rnncli.wording import printable

    text = Text()
    for token, share in zip(tokens, strengths(values), strict=True):
        text.append(printable(token), _terminal_style(share))
        if apart:
            text.append(" ")
    return text


def _breadth(text: str) -> float:
    """As `svg.breadth`, letter by letter: the text is fitted to it."""
    return sum(
        12.0
        if unicodedata.east_asian_width(letter) in "WF"
        else 12 * next((em for letters, em in _EMS if letter in letters), 0.61)
        for letter in text
    )


def _opacity(share: float) -> float:
    return _FAINTEST + (_STRONGEST - _FAINTEST) * abs(share) if share else 0.0


def _terminal_style(share: float) -> str:
    """Black on a tint, white on a strong colour; nothing where there is next to nothing."""
    if abs(share) < 0.05:
        return ""
    full = _BLUE if share > 0 else _ORANGE
    red, green, blue = (round(255 + (colour - 255) * abs(share)) for colour in full)
    ink = "white" if abs(share) > 0.6 else "black"
    return f"{ink} on rgb({red},{green},{blue})"
