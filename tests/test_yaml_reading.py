"""Strict YAML: scalars of YAML 1.2, places, what is refused; with both of PyYAML's parsers."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml

from rnncli import yaml_reading
from rnncli.errors import ConfigError
from rnncli.yaml_reading import LIMIT, Place, parse_yaml, read_yaml, resolve_scalar


@pytest.fixture(params=["CSafeLoader", "SafeLoader"], autouse=True)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if not hasattr(yaml, request.param):
        pytest.skip("PyYAML without libyaml")
    monkeypatch.setattr(yaml_reading, "_PARSER", getattr(yaml, request.param))
    return str(request.param)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1e3", 1000.0),
        ("1E+3", 1000.0),
        (".5", 0.5),
        ("-1.", -1.0),
        ("3", 3),
        ("-3", -3),
        ("+3", 3),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("-.inf", -math.inf),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
        *((word, word) for word in ("yes", "no", "on", "off", "y", "N", "none", "inf", "nan")),
        ("12:30:45", "12:30:45"),
        ("2024-01-01", "2024-01-01"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("1e", "1e"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("정치", "정치"),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    read = parse_yaml(f"key: {text}\n", "x").data["key"]
    assert (type(read), read) == (type(value), value)


def test_not_a_number_and_numbers_beyond_reason() -> None:
    assert math.isnan(resolve_scalar(".nan"))
    assert resolve_scalar("9" * 5000) == math.inf


def test_keys_are_strings_as_written() -> None:
    data = parse_yaml("1: a\n010: b\ntrue: c\nnull: d\n'': e\n", "x").data
    assert data == {"1": "a", "010": "b", "true": "c", "null": "d", "": "e"}


def test_places_are_the_lines_of_keys_and_items() -> None:
    text = "# 주석\n가: 1\nb:\n  - {c: [1,\n      2]}\n  -\n    d: |\n      t\n\ne:\n  3\n"
    places = parse_yaml(text, "x").places
    assert {path: place.line for path, place in places.items()} == {
        (): None,
        ("가",): 2,
        ("b",): 3,
        ("b", 0): 4,
        ("b", 0, "c"): 4,
        ("b", 0, "c", 0): 4,
        ("b", 0, "c", 1): 5,
        ("b", 1): 7,
        ("b", 1, "d"): 7,
        ("e",): 10,
    }
    assert str(places["e",]) == "x:10"
    assert str(Place("--set a=1")) == "--set a=1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb:\n\tc: 1\n", "x:3:1: a tab; YAML is indented with spaces"),
        ("a: [1, 2\nb: 3\n", "x:1:4: a bracket is not closed, or a comma is missing"),
        ("a: {b: 1\nc: 2\n", "x:1:4: a bracket is not closed, or a comma is missing"),
        ("가나: 'x\n", "x:1:5: the quote that opens here is not closed"),
        ("a: 1\n  b: 2\n", "x:2:4: a `:` where no key can stand"),
        ("a: `x`\n", "x:1:4: ` cannot begin a value; quote the text"),
        ("a: %x\n", "x:1:4: % cannot begin a value; quote the text"),
        ("a:\n  b: 1\n c: 2\n", "x:3:2: the indentation does not fit the lines above"),
        ("{a: 1}}\n", "x:1:7: expected the end of the document"),
        ("a: 1\n---\nb: 2\n", "x:2:1: a second document begins here"),
        ("a: &b 1\n", "x:1:4: &b: anchors and aliases are not read"),
        ("a: *b\n", "x:1:4: *b: anchors and aliases are not read"),
        ("<<: {a: 1}\n", "x:1:1: <<: merge keys are not read"),
        ("a: !!python/name:os.system\n", "x:1:4: tag:yaml.org,2002:python/name:os.system: tags"),
        ("!x a: 1\n", "x:1:1: !x: tags are not read"),
        ("? [a]\n: 1\n", "x:1:3: only text can be a key"),
        ("[" * 200, "x:1:34: nested more than 32 levels deep"),
        ("a: 1\nb: \x00\n", "x:2: character U+0000 cannot stand in YAML"),
    ],
)
def test_broken_or_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, "x")
    assert len(caught.value.lines) == 1
    assert caught.value.lines[0].startswith(message)


def test_all_that_is_refused_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_yaml("a: 1\na: &b 2\nc: *b\nd: !!str 3\n", "x")
    assert [line.split(": ")[0] for line in caught.value.lines] == [
        "x:2",
        "x:2:4",
        "x:3:4",
        "x:4:4",
    ]


def test_duplicate_keys_are_problems_of_the_document() -> None:
    document = parse_yaml("a: 1\nb:\n  c: 1\n  c: 2\na: 2\n", "x")
    assert [f"{place}: {message}" for place, message in document.problems] == [
        "x:4: b.c: given twice, first in line 3; keep one",
        "x:5: a: given twice, first in line 1; keep one",
    ]
    assert document.data == {"a": 2, "b": {"c": 2}}


def test_a_merge_key_in_quotes_is_a_key() -> None:
    assert parse_yaml("'<<': 1\n", "x").data == {"<<": 1}


def test_values_have_no_lines() -> None:
    with pytest.raises(ConfigError, match=r"^--set a=\[: a bracket is not closed"):
        parse_yaml("[", "--set a=[", lines=False)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"a: 1\nb: \xc1\xa4\n", "x.yaml:2: not UTF-8 (byte 0xc1); save the file as UTF-8"),
        ("a: 1\n".encode("utf-16"), "x.yaml:1: not UTF-8 (byte 0xff); save the file as UTF-8"),
        (b"#" * (LIMIT + 1), "x.yaml: larger than 256 KiB; a config is a short text"),
    ],
)
def test_unreadable_files(tmp_path: Path, raw: bytes, message: str) -> None:
    (tmp_path / "x.yaml").write_bytes(raw)
    with pytest.raises(ConfigError) as caught:
        read_yaml(tmp_path / "x.yaml", "x.yaml")
    assert caught.value.lines == (message,)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^x: no such file$"):
        read_yaml(tmp_path / "none.yaml", "x")
    with pytest.raises(ConfigError, match=r"^x: is a directory; name a YAML file in it$"):
        read_yaml(tmp_path, "x")


def test_empty_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"")
    assert read_yaml(path).data is None
    path.write_bytes("\ufeffa: 1\r\nb: 정치\r\n".encode())
    document = read_yaml(path)
    assert document.data == {"a": 1, "b": "정치"}
    assert str(document.places["b",]) == f"{path}:2"


def test_a_billion_laughs_stay_unlaughed() -> None:
    laughs = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 9))
    with pytest.raises(ConfigError) as caught:
        parse_yaml(f"l0: &l0 lol\n{laughs}", "x")
    assert len(caught.value.lines) == 9 + 8 * 9
