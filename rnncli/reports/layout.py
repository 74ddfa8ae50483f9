"""What a report is made of: pictures with names, rows of them, folds, sections.

Sections are kept as data until the page is written, so that each picture can be a file too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rnncli import page

__all__ = ["SHOWN", "Fold", "Part", "Picture", "Row", "Section", "grouped", "html", "pictures"]

SHOWN = 4
"""So many variants are in view; the others are folded away."""


class Picture(NamedTuple):
    """A figure."""

    name: str
    """Of its file, without the ending."""
    caption: str
    """Plain text above it."""
    drawing: str
    """SVG."""


class Row(NamedTuple):
    """Pictures, or HTML, side by side where there is room."""

    pictures: Sequence[Picture | str]


class Fold(NamedTuple):
    """Parts folded away under a title."""

    title: str
    parts: Sequence[Part]


class Section(NamedTuple):
    """Parts under a heading."""

    title: str
    parts: Sequence[Part]


Part = str | Row | Fold
"""A `str` is HTML."""


def grouped(rows: Sequence[Sequence[Picture]], others: str) -> list[Part]:
    """A row for each variant's pictures: the first few, the rest folded.

    Args:
        rows: the pictures of each variant.
        others: what the rest is called: `variants`.
    """
    first = [picture for row in rows[:SHOWN] for picture in row]
    rest = [picture for row in rows[SHOWN:] for picture in row]
    parts: list[Part] = [Row(first)] if first else []
    if rest:
        parts.append(Fold(f"{len(rows) - SHOWN} more {others}", [Row(rest)]))
    return parts


def html(part: Part | Section) -> str:
    """The part as HTML; a section or fold without content is nothing."""
    if isinstance(part, str):
        return part
    if isinstance(part, Row):
        return page.figures(
            one if isinstance(one, str) else page.figure(one.drawing, one.caption)
            for one in part.pictures
        )
    inner = "".join(map(html, part.parts))
    if not inner:
        return ""
    if isinstance(part, Section):
        return page.section(part.title, inner)
    return page.details(part.title, inner)


def pictures(parts: Iterable[Part | Section]) -> Iterator[Picture]:
    """Every picture, folded ones too, in the order of the page."""
    for part in parts:
        if isinstance(part, Row):
            yield from (one for one in part.pictures if isinstance(one, Picture))
        elif not isinstance(part, str):
            yield from pictures(part.parts)
