"""A report's figures as files that open alone: SVG, and PNG where a converter is installed."""

from __future__ import annotations

import importlib.util
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rnncli.atomic import make_folder, write_bytes, write_text
from rnncli.standalone import standalone

if TYPE_CHECKING:
    from rnncli.reports.layout import Picture

__all__ = ["hangul_missing", "png_possible", "write_pictures"]

_ZOOM = 3
"""Pixels of a PNG for a unit of the figure."""


def png_possible() -> bool:
    """Whether PNG files can be made (extra `figures`)."""
    return importlib.util.find_spec("resvg_py") is not None


def hangul_missing(pictures: Sequence[Picture]) -> bool:
    """Whether a PNG of these would leave Hangul out, since no font on this machine has it."""
    if not png_possible() or not any(re.search("[가-힣]", one.drawing) for one in pictures):
        return False
    empty, syllable = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">'
        f'<text x="2" y="16">{text}</text></svg>'
        for text in ("", "가")
    )
    return _png(empty) == _png(syllable)


def write_pictures(pictures: Sequence[Picture], folder: Path) -> list[Path]:
    """Write each figure into a folder and return the paths.

    Raises:
        StorageError: the folder or a file cannot be written.
    """
    make_folder(folder)
    written = []
    png = png_possible()
    names: set[str] = set()
    for number, picture in enumerate(pictures, 1):
        name = _file_name(picture.name)
        name = f"{name}-{number}" if name.casefold() in names else name
        names.add(name.casefold())
        path = folder / f"{name}.svg"
        text = standalone(picture.caption or picture.name, picture.drawing)
        write_text(path, text)
        written.append(path)
        if png:
            write_bytes(path.with_suffix(".png"), _png(text))
            written.append(path.with_suffix(".png"))
    return written


def _png(text: str) -> bytes:
    import resvg_py

    return bytes(resvg_py.svg_to_bytes(svg_string=text, zoom=_ZOOM, font_family="sans-serif"))


def _file_name(name: str) -> str:
    """Safe for every file system; Hangul stays."""
    plain = unicodedata.normalize("NFC", name)
    return re.sub(r"[^\w.+-]+", "-", plain).strip("-.")[:100] or "figure"
