"""What every figure is drawn with: inline SVG, by hand.

Without matplotlib there is no second to import it, text appears in the reader's own fonts (Hangul
included), and colours are the page's CSS variables, so that dark mode needs no second picture.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from html import escape
from importlib.resources import files

__all__ = [
    "WIDTH",
    "breadth",
    "clean",
    "document",
    "dot",
    "line",
    "picture",
    "shorten",
    "text",
    "ticks",
]

WIDTH = 380
"""Of a figure, in its own units: near that of a phone. Pages set figures side by side."""
_EM = 12
"""Font size in the figures' own units, which are CSS pixels at full width."""


def clean(text: object) -> str:
    """Text made safe for HTML: escaped, control characters replaced."""
    visible = "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in ("Cc", "Cs") else c
        for c in str(text).replace("\n", " ").replace("\t", " ")
    )
    return escape(visible, quote=True)


def picture(height: int, title: str, parts: Sequence[str], width: int = WIDTH) -> str:
    """A whole figure; its title is what a screen reader says."""
    return (
        f'<svg viewBox="0 0 {width} {height}" style="max-width:{width * 1.25:.0f}px" role="img" '
        f'aria-label="{clean(title)}">{"".join(parts)}</svg>'
    )


def document(figure: str) -> str:
    """A `picture` as a file of its own, with the colours and fonts that a page gives it."""
    css = files("rnncli").joinpath("page.css").read_text(encoding="utf-8")
    colours = css.partition("\n* {")[0]
    rules = "\n".join(line for line in css.splitlines() if line.startswith("svg "))
    whole = "svg { background: var(--card); font-family: system-ui, sans-serif; }"
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg"{figure.removeprefix("<svg").partition(">")[0]}>'
    )
    style = f"<style>\n{colours}\n{whole}\n{rules}\n</style>"
    return f"{opening}{style}{figure.partition('>')[2]}\n"


def text(
    x: float, y: float, words: str, style: str = "", anchor: str = "start", tip: str = ""
) -> str:
    """Words at a place, escaped; `tip` shows under the pointer."""
    title = f"<title>{clean(tip)}</title>" if tip else ""
    kind = f' class="{style}"' if style else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{kind}>{clean(words)}{title}</text>'
    )


def line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    """A straight line; `style` is a class of `page.css`."""
    return f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def dot(x: float, y: float, radius: float, style: str, tip: str) -> str:
    """A point of a chart, with what it says under the pointer."""
    title = f"<title>{clean(tip)}</title>"
    return f'<circle class="{style}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}">{title}</circle>'


def ticks(low: float, high: float) -> list[float]:
    """Three to seven round numbers that enclose the values."""
    span = (high - low) or abs(high) * 0.1 or 1.0
    power = 10.0 ** math.floor(math.log10(span / 4))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if span / (power * m) <= 5)
    first = math.floor(low / step + 1e-9)
    last = max(math.ceil(high / step - 1e-9), first + 1)
    return [n * step for n in range(first, last + 1)]


def breadth(text: str) -> float:
    """Rough width of a text at the figures' font size: CJK a full em, Latin a bit over half."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return _EM * (wide + 0.58 * (len(text) - wide))


def shorten(text: str, ems: int) -> str:
    """At most about so many ems, cut with an ellipsis."""
    while text and breadth(text) > ems * _EM:
        text = text.removesuffix("…")[:-1] + "…"
        if text == "…":
            break
    return text
