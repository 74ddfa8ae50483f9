"""Heat maps of a text: units by tokens, and tokens as running text.

Shape letters: T tokens, U units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rnncli import svg
from rnncli.png import data_uri, shades

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]

__all__ = ["Scale", "text_heat", "unit_heat"]

_EDGE = 4
"""Left and right of a picture."""
_ROOM = svg.WIDTH - 2 * _EDGE
_LABELLED_LINES = 4
"""Tokens are written above their columns if that takes at most so many lines."""
_LINES = 3
_WIDEST = 16
"""Of a column without its token."""
_STRETCH = 2.0
"""How much wider a line of few columns may become."""
_TALLEST, _LOWEST = 104, 48
_STRIP = 9
_DARKEST = 0.55
"""Behind words, so that they stay readable."""


class Scale(NamedTuple):
    """The values at the ends of the colours: orange at −`top` if `signed`, blue at `top`."""

    top: float
    signed: bool

    @classmethod
    def around(cls, values: Array) -> Scale:
        """Signed, as far as the values go."""
        return cls(max(float(np.abs(values).max(initial=0.0)), 1e-9), True)

    def legend(self) -> list[str]:
        """A ramp with its ends named, at the upper right."""
        low = f"−{self.top:.3g}" if self.signed else "0"
        ramp = np.linspace(-1 if self.signed else 0, 1, 64)[None]
        end = svg.WIDTH - _EDGE
        high = f"{self.top:.3g}"
        right = end - svg.breadth(high) - 4
        image = _image(right - 64, 6, 64, 8, ramp)
        return [
            svg.text(right - 69, 14, low, "muted", "end"),
            image,
            svg.text(end, 14, high, "muted", "end"),
        ]


class _Line(NamedTuple):
    """The tokens of one line: where each begins, and how wide it is."""

    first: int
    lefts: Sequence[float]
    widths: Sequence[float]


def unit_heat(
    title: str, values: Array, tokens: Sequence[str], scale: Scale, tips: Sequence[str] = ()
) -> str:
    """Units down, tokens across, wrapped as text is; below each line the mean over units.

    Args:
        title: what the values are.
        values: [T, U], units in the order to be drawn.
        tokens: T, readable.
        scale: of the colours.
        tips: what each token's mean says under the pointer; its value if left out.
    """
    natural = [_token_width(token) for token in tokens]
    labelled = len(_wrapped(natural)) <= _LABELLED_LINES
    if not labelled:
        natural = [max(2, min(_WIDEST, _ROOM * _LINES // len(tokens)))] * len(tokens)
    tall = max(_LOWEST, min(_TALLEST, values.shape[1]))
    means = values.mean(axis=1)
    parts = [svg.text(_EDGE, 14, title, "strong"), *scale.legend()]
    top = 24.0
    for line in _balanced(natural):
        here = slice(line.first, line.first + len(line.lefts))
        if labelled:
            parts += [
                svg.text(_EDGE + left + width / 2, top + 12, svg.shorten(token, 12), "", "middle")
                for token, left, width in zip(tokens[here], line.lefts, line.widths, strict=True)
            ]
        else:
            parts += _marks(line, tokens, top + 12)
        top += 17
        pixels = np.repeat(values[here].T / scale.top, natural[here], axis=1)
        parts.append(_image(_EDGE, top, sum(line.widths), tall, pixels))
        top += tall + 2
        for offset, (left, width) in enumerate(zip(line.lefts, line.widths, strict=True)):
            index = line.first + offset
            tip = tips[index] if tips else f"{index + 1} {tokens[index]}: {means[index]:.3f}"
            level = means[index] / scale.top
            gap = 1 if width > 4 else 0
            place = (_EDGE + left, top, width - gap, _STRIP)
            parts.append(_box(*place, level, min(1.0, abs(level)), tip))
        top += _STRIP + 10
    return svg.picture(round(top), f"{title}: units by tokens", parts)


def text_heat(
    title: str,
    tokens: Sequence[str],
    values: Array,
    scale: Scale,
    tips: Sequence[str],
    unknown: Sequence[bool] = (),
) -> str:
    """The text itself, wrapped, each token on the colour of its value.

    Args:
        title: what the values are.
        tokens: T, readable.
        values: [T].
        scale: of the colours.
        tips: what each token says under the pointer.
        unknown: tokens that the network has no vector for, written pale.
    """
    pale = unknown or [False] * len(tokens)
    parts = [svg.text(_EDGE, 14, title, "strong"), *scale.legend()]
    top = 24.0
    for line in _wrapped([_token_width(token) for token in tokens]):
        for offset, (left, width) in enumerate(zip(line.lefts, line.widths, strict=True)):
            index = line.first + offset
            level = float(values[index]) / scale.top
            box = _box(_EDGE + left, top, width - 1, 19, level, _DARKEST * min(1.0, abs(level)), "")
            word = svg.shorten(tokens[index], 28)
            style = "muted" if pale[index] else ""
            label = svg.text(_EDGE + left + width / 2, top + 14, word, style, "middle")
            parts.append(f"<g><title>{svg.clean(tips[index])}</title>{box}{label}</g>")
        top += 21
    return svg.picture(round(top + 2), f"{title}: the text, coloured", parts)


def _token_width(token: str) -> int:
    return min(_ROOM, max(15, round(svg.breadth(token)) + 7))


def _balanced(widths: Sequence[int]) -> list[_Line]:
    """As many lines as `_wrapped` needs, much alike, and as wide as there is room."""
    count = len(_wrapped(widths))
    low, high = max(widths), _ROOM
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if len(_wrapped(widths, middle)) <= count else (middle + 1, high)
    lines = _wrapped(widths, high)
    stretch = min(_STRETCH, _ROOM / max(sum(line.widths) for line in lines))
    return [
        _Line(
            line.first,
            [left * stretch for left in line.lefts],
            [width * stretch for width in line.widths],
        )
        for line in lines
    ]


def _wrapped(widths: Sequence[int], room: int = _ROOM) -> list[_Line]:
    lines: list[tuple[int, list[int], list[int]]] = [(0, [], [])]
    left = 0
    for index, width in enumerate(widths):
        if left + width > room and left:
            lines.append((index, [], []))
            left = 0
        lines[-1][1].append(left)
        lines[-1][2].append(width)
        left += width
    return [_Line(*line) for line in lines]


def _marks(line: _Line, tokens: Sequence[str], y: float) -> list[str]:
    """Numbers, each with its token, as many as fit above a line of narrow columns."""
    marks = []
    free = 0.0
    for offset, left in enumerate(line.lefts):
        index = line.first + offset
        if left < free or (offset and (index + 1) % 5):
            continue
        label = f"{index + 1} {svg.shorten(tokens[index], 6)}"
        if left + svg.breadth(label) > _ROOM:
            break
        marks.append(svg.text(_EDGE + left, y, label, "tiny"))
        free = left + svg.breadth(label) + 6
    return marks


def _image(x: float, y: float, width: float, height: float, values: Array) -> str:
    return (
        f'<image x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'preserveAspectRatio="none" href="{data_uri(shades(values))}"/>'
    )


def _box(
    x: float, y: float, width: float, height: float, level: float, opacity: float, tip: str
) -> str:
    style = "cell minus" if level < 0 else "cell"
    title = f"<title>{svg.clean(tip)}</title>" if tip else ""
    return (
        f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}" rx="1.5" fill-opacity="{0.04 + 0.96 * opacity:.3f}">{title}</rect>'
    )
