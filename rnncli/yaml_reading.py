"""Strict reading of YAML: plain data, and the place where each piece of it stands.

Scalars follow YAML 1.2's core schema, not PyYAML's YAML 1.1: `1e-3` and `1e3` are floats, only
`true` and `false` are booleans (`yes`, `no`, `on`, `off` are strings), `010` is the integer 10,
and `12:30:45` and `2024-01-01` are strings. Keys are strings, as written. What could hide a
mistake is refused: a key given twice, anchors and aliases, merge keys, tags, several documents.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from rnncli.errors import ConfigError

__all__ = ["LIMIT", "Document", "KeyPath", "Place", "parse_yaml", "read_yaml", "resolve_scalar"]

LIMIT = 256 * 1024
"""The largest file read, in bytes."""
DEPTH = 32
"""The deepest nesting read."""

KeyPath = tuple[str | int, ...]
"""Keys and list indices from the top of a document."""


@dataclass(frozen=True)
class Place:
    """Where something was written: a line of a file, or a whole command-line argument."""

    source: str
    line: int | None = None

    def __str__(self) -> str:
        """`file:line`, or the source alone."""
        return self.source if self.line is None else f"{self.source}:{self.line}"


@dataclass
class Document:
    """What a YAML text holds."""

    source: str
    """The file's name as messages show it."""
    data: Any = None
    """Mappings, lists, strings, numbers, booleans and None."""
    places: dict[KeyPath, Place] = field(default_factory=dict)
    """Where each key or list item stands."""
    problems: list[tuple[Place, str]] = field(default_factory=list)
    """Keys given twice: the last one counts in `data`."""


_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]{1,400}|0o[0-7]{1,400}|0x[0-9a-fA-F]{1,400}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def resolve_scalar(text: str) -> Any:
    """The value of a plain (unquoted) scalar under YAML 1.2's core schema."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return int(text[2:] if base != 10 else text, base)
    if _FLOAT.fullmatch(text):
        return float(text)
    if special := _SPECIAL.fullmatch(text):
        return float(f"{special[1] or ''}{special[2] or special[3]}")
    return text


def read_yaml(path: Path, source: str | None = None) -> Document:
    """Read a YAML file.

    Args:
        path: the file, UTF-8 with or without a byte-order mark.
        source: its name in messages; the path by default.

    Raises:
        ConfigError: it cannot be read, is not UTF-8, too large, or not YAML of the kind above.
    """
    source = source or str(path)
    try:
        with path.open("rb") as file:
            raw = file.read(LIMIT + 1)
    except FileNotFoundError:
        raise ConfigError([f"{source}: no such file"]) from None
    except IsADirectoryError:
        raise ConfigError([f"{source}: is a directory; name a YAML file in it"]) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError([f"{source}: cannot be read: {reason}"]) from None
    if len(raw) > LIMIT:
        raise ConfigError([f"{source}: larger than {LIMIT // 1024} KiB; a config is a short text"])
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            [f"{source}:{line}: not UTF-8 (byte 0x{raw[error.start]:02x}); save the file as UTF-8"]
        ) from None
    return parse_yaml(text, source)


def parse_yaml(text: str, source: str, *, lines: bool = True) -> Document:
    """Read a YAML text.

    Args:
        text: one YAML document, or nothing at all (read as None).
        source: what messages call it.
        lines: whether places and messages name lines and columns.

    Raises:
        ConfigError: the text is not YAML of the kind described above.
    """
    if found := _UNPRINTABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        where = f"{source}:{line}" if lines else source
        raise ConfigError([f"{where}: character U+{ord(found[0]):04X} cannot stand in YAML"])
    reader = _Reader(Document(source), lines)
    try:
        reader.read(iter(yaml.parse(text, Loader=_PARSER)))
    except yaml.MarkedYAMLError as error:
        raise ConfigError([reader.at(*_explain(error, text))]) from None
    if reader.refused:
        refused = [f"{place}: {message}" for place, message in reader.document.problems]
        raise ConfigError([*refused, *reader.refused])
    return reader.document


class _Reader:
    """Builds a `Document` from PyYAML's events."""

    def __init__(self, document: Document, lines: bool) -> None:
        self.document = document
        self.lines = lines
        self.refused: list[str] = []

    def at(self, mark: Any, message: str) -> str:
        place = f"{self.document.source}:{mark.line + 1}:{mark.column + 1}"
        return f"{place if self.lines else self.document.source}: {message}"

    def place(self, mark: Any) -> Place:
        return Place(self.document.source, mark.line + 1 if self.lines else None)

    def read(self, events: Iterator[Any]) -> None:
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    message = "a second document begins here; a config is one document"
                    raise ConfigError([self.at(event.start_mark, message)])
                self.document.data = self._node(next(events), events, ())
                self.document.places.setdefault((), Place(self.document.source))

    def _node(self, event: Any, events: Iterator[Any], path: KeyPath) -> Any:
        if len(path) > DEPTH:
            message = f"nested more than {DEPTH} levels deep"
            raise ConfigError([self.at(event.start_mark, message)])
        if event.anchor is not None:
            sign = "*" if isinstance(event, yaml.AliasEvent) else "&"
            message = (
                f"{sign}{event.anchor}: anchors and aliases are not read; write the value out, "
                "or quote it if it is text"
            )
            self.refused.append(self.at(event.start_mark, message))
        if isinstance(event, yaml.AliasEvent):
            return None
        if event.tag is not None:
            message = f"{event.tag}: tags are not read; write the value without it"
            self.refused.append(self.at(event.start_mark, message))
        if isinstance(event, yaml.ScalarEvent):
            return resolve_scalar(event.value) if event.implicit[0] else event.value
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, path)
        return self._mapping(events, path)

    def _sequence(self, events: Iterator[Any], path: KeyPath) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            here = (*path, len(items))
            self.document.places[here] = self.place(event.start_mark)
            items.append(self._node(event, events, here))
        return items

    def _mapping(self, events: Iterator[Any], path: KeyPath) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                message = "only text can be a key; quote it"
                raise ConfigError([self.at(event.start_mark, message)])
            self._node(event, events, path)
            key, here = event.value, (*path, event.value)
            if key == "<<" and event.implicit[0]:
                message = "<<: merge keys are not read; use `extends:` or write the values out"
                self.refused.append(self.at(event.start_mark, message))
            place = self.place(event.start_mark)
            if key in mapping:
                first = self.document.places[here].line
                message = f"{'.'.join(map(str, here))}: given twice" + (
                    f", first in line {first}; keep one" if self.lines else "; keep one"
                )
                self.document.problems.append((place, message))
            self.document.places[here] = place
            mapping[key] = self._node(next(events), events, here)
        return mapping


def _explain(error: yaml.MarkedYAMLError, text: str) -> tuple[Any, str]:
    """Where PyYAML stopped, and why, in the words of a person; the same for both its parsers."""
    mark: Any = error.problem_mark or error.context_mark
    problem, context = str(error.problem or ""), str(error.context or "")
    line = (text.split("\n") + [""] * 2)[mark.line]
    here = line[mark.column : mark.column + 1]
    indentation = line[: len(line) - len(line.lstrip())]
    if "\t" in indentation or here == "\t":
        return mark, "a tab; YAML is indented with spaces"
    if "escape" in problem:
        return mark, "an unknown escape; use single quotes, in which a backslash is a backslash"
    if "sequence entries" in problem:
        return mark, "a list cannot begin on the line of its key; start a new line, or use [a, b]"
    if "quoted scalar" in context:
        return error.context_mark, "the quote that opens here is not closed"
    if "flow" in context:
        opened = error.context_mark if "node" not in context else mark
        return opened, "a bracket is not closed, or a comma is missing"
    if "mapping values" in problem:
        return mark, "a `:` where no key can stand; check the indentation, or quote the text"
    if "start any token" in problem:
        return mark, f"{here} cannot begin a value; quote the text"
    if "simple key" in context or "could not find expected ':'" in problem:
        return mark, "expected `key: value`; check the line above for a missing `:`"
    if "block" in context:
        return mark, "the indentation does not fit the lines above"
    if "document start" in problem or "directive" in context:
        return mark, "expected the end of the document; check brackets and indentation"
    return mark, f"not valid YAML: {problem or context}"
