"""Scope: figures as files of their own are well-formed, self-sufficient, and side by side."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from rnncli import svg
from rnncli.standalone import standalone

_SVG = "{http://www.w3.org/2000/svg}"


def _figure(height: int, words: str) -> str:
    return svg.picture(
        height, words, [svg.text(0, 14, words, "muted"), svg.line(0, 0, 9, 9, "blue")]
    )


def test_one_figure_has_its_size_title_and_colours() -> None:
    text = standalone("정치 & <경제>", _figure(120, "스포츠"))
    root = ElementTree.fromstring(text)
    assert root.tag == f"{_SVG}svg"
    assert (root.attrib["width"], root.attrib["height"]) == (str(svg.WIDTH), "120")
    assert root.findtext(f"{_SVG}title") == "정치 & <경제>"
    assert [element.text for element in root.iter(f"{_SVG}text")] == ["스포츠"]
    assert "var(" not in text
    assert "#2463a6" in text  # the blue of the light page, written out


@pytest.mark.parametrize(
    ("columns", "across", "down"), [(1, 1, 3), (2, 2, 2), (3, 3, 1), (9, 3, 1)]
)
def test_several_stand_in_rows_without_touching(columns: int, across: int, down: int) -> None:
    heights = (100, 150, 80)
    figures = [_figure(height, str(height)) for height in heights]
    root = ElementTree.fromstring(standalone("x", *figures, columns=columns))
    inner = root.findall(f"{_SVG}svg")
    boxes = [
        tuple(float(one.attrib[key]) for key in ("x", "y", "width", "height")) for one in inner
    ]
    assert len({box[0] for box in boxes}) == across
    assert len({box[1] for box in boxes}) == down
    assert [box[3] for box in boxes] == list(heights)
    for index, (x, y, width, height) in enumerate(boxes):
        assert x + width < float(root.attrib["width"])
        assert y + height < float(root.attrib["height"])
        for left, top, breadth, depth in boxes[:index]:
            apart = (
                x >= left + breadth or left >= x + width or y >= top + depth or top >= y + height
            )
            assert apart
