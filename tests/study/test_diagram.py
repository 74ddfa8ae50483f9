"""Scope: diagrams: every part in order, straight boxes, well-formed SVG that stays inside."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from rnncli.shipped import shipped_configs
from rnncli.standalone import standalone
from rnncli.study.describe import describe, subject_of
from rnncli.study.diagram import svg_diagram, text_diagram

SVG = "{http://www.w3.org/2000/svg}"
FEW = [name for name in shipped_configs() if name.endswith("klue3") or "stacked" in name]


@pytest.mark.parametrize("name", FEW)
def test_boxes_for_a_terminal(name: str) -> None:
    parts = describe(subject_of(name)).parts
    drawn = text_diagram(parts)
    places = [drawn.index(part.name) for part in parts]
    assert places == sorted(places)
    lines = drawn.splitlines()
    for line in lines:
        if line.startswith(("┌─", "│ ", "└─")):
            assert len(line) == 58
            assert line[-1] in "┐│┘"
    twice = sum(bool(part.merged) for part in parts)
    assert drawn.count("→") == drawn.count("←") + sum(bool(p.returns) for p in parts) - twice
    assert str(parts[0].inputs[0]) in lines[0]
    assert str(parts[-1].outputs[0]) in lines[-1]


@pytest.mark.parametrize("name", FEW)
def test_svg(name: str) -> None:
    parts = describe(subject_of(name)).parts
    root = ElementTree.fromstring(standalone(f"<{name}>", svg_diagram(parts, f"<{name}>")))
    assert root.tag == f"{SVG}svg"
    assert root.findtext(f"{SVG}title") == f"<{name}>"
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    _paper, *boxes = root.findall(f".//{SVG}rect")
    assert len(boxes) == len(parts) + sum(bool(part.merged) for part in parts)
    for box in boxes:
        x, y, w, h = (float(box.attrib[key]) for key in ("x", "y", "width", "height"))
        assert x >= 0
        assert x + w <= width
        assert y + h <= height
    words = [element.text for element in root.iter(f"{SVG}text")]
    assert str(parts[-1].outputs[0]) in words
