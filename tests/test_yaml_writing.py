"""Written YAML reads back as the same values, in our reader and in PyYAML's YAML 1.1."""

from __future__ import annotations

import random

import pytest
import yaml

from rnncli.yaml_reading import parse_yaml
from rnncli.yaml_writing import yaml_lines


def _written(data: dict[str, object]) -> str:
    return "".join(f"{line}\n" for _, line in yaml_lines(data))


STRINGS = [
    *("정치", "IT과학", "klue-tc", "a b", "x.y/z", "no", "Yes", "on", "n", "null", "~", "", "1e3"),
    *("010", "1_000", "12:30", "2024-01-01", "x: y", "a #b", "#a", "- a", "a ", " a", "=", "<<"),
    *(
        "'",
        '"',
        "\\",
        "\n",
        "\t",
        "\x85",
        "\u2028",
        "\ufeff",
        "\x07",
        "😀",
        "C:\\x",
        "{a}",
        "@",
        "!",
    ),
]


@pytest.mark.parametrize("text", STRINGS, ids=ascii)
def test_strings(text: str) -> None:
    data = {"key": text, text: [text, {"a": text}]}
    written = _written(data)
    assert parse_yaml(written, "x").data == data
    assert yaml.safe_load(written) == data


def test_floats_read_back_as_the_same_floats() -> None:
    numbers = random.Random(0)
    values = [1e-5, 1e22, 0.1, 1.0, -0.0, 5e-324, 1.7976931348623157e308]
    values += [numbers.uniform(-1, 1) * 10 ** numbers.randint(-30, 30) for _ in range(500)]
    data = {"values": values}
    for read in (parse_yaml(_written(data), "x").data, yaml.safe_load(_written(data))):
        assert all(type(value) is float for value in read["values"])
        assert [value.hex() for value in read["values"]] == [value.hex() for value in values]


def test_block_style_and_paths() -> None:
    data = {"a": 1, "b": {"c": [1, "x"], "d": {}}, "e": [{"f": None, "g": [True]}, {"h": []}]}
    assert list(yaml_lines(data)) == [
        (("a",), "a: 1"),
        (("b",), "b:"),
        (("b", "c"), "  c: [1, x]"),
        (("b", "d"), "  d: {}"),
        (("e",), "e:"),
        (("e", 0, "f"), "  - f: null"),
        (("e", 0, "g"), "    g: [true]"),
        (("e", 1, "h"), "  - h: []"),
    ]
