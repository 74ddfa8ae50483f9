"""Figures as files that open alone: light, their style inside, colours written out.

Papers, slides and converters know neither a page's style nor CSS variables.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from rnncli.page import style
from rnncli.svg import clean

__all__ = ["standalone"]

_FONTS = (
    "'Noto Sans KR', 'Noto Sans CJK KR', 'Apple SD Gothic Neo', 'Malgun Gothic', NanumGothic, "
    "'DejaVu Sans', sans-serif"
)
_GAP = 24
_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')


def standalone(title: str, *pictures: str, columns: int = 2) -> str:
    """One SVG document of some figures, set in rows.

    Args:
        title: plain text; what a screen reader says.
        *pictures: what `rnncli.svg.picture` gave; at least one.
        columns: how many stand in a row.
    """
    rules, paper = _style()
    sizes = [tuple(map(float, _BOX.findall(picture)[0])) for picture in pictures]
    if len(pictures) == 1:
        ((width, height),) = sizes
        inner = pictures[0].partition(">")[2].removesuffix("</svg>")
    else:
        width, height, places = _places(sizes, columns)
        inner = "".join(
            f'<svg x="{x:g}" y="{y:g}" width="{size[0]:g}" height="{size[1]:g}" '
            f'viewBox="0 0 {size[0]:g} {size[1]:g}">{picture.partition(">")[2]}'
            for picture, size, (x, y) in zip(pictures, sizes, places, strict=True)
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img">\n'
        f"<title>{clean(title)}</title>\n<style>\nsvg {{ font-family: {_FONTS}; }}\n{rules}"
        f'</style>\n<rect width="{width:g}" height="{height:g}" fill="{paper}"/>\n{inner}\n</svg>\n'
    )


def _style() -> tuple[str, str]:
    """The figures' rules without variables, and the colour of the paper."""
    css = style("figures")
    colours = dict(re.findall(r"(--[\w-]+): (#\w+)", css.partition("@media")[0]))
    rules = css.partition("svg { display: block; width: 100%; height: auto; }\n")[2]
    return re.sub(r"var\((--[\w-]+)\)", lambda found: colours[found[1]], rules), colours["--card"]


def _places(
    sizes: Sequence[tuple[float, ...]], columns: int
) -> tuple[float, float, list[tuple[float, float]]]:
    """Width and height of the whole, and where each figure begins."""
    columns = min(columns, len(sizes))
    column = max(width for width, _ in sizes)

    def rows() -> Iterator[Sequence[tuple[float, ...]]]:
        for start in range(0, len(sizes), columns):
            yield sizes[start : start + columns]

    places, y = [], float(_GAP)
    for row in rows():
        places += [(_GAP + index * (column + _GAP), y) for index in range(len(row))]
        y += math.ceil(max(height for _, height in row)) + _GAP
    return _GAP + columns * (column + _GAP), y, places
