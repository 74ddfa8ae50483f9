"""YAML as a config may use it: the 1.2 core rules, no surprises, and the line of every value.

PyYAML by itself reads `no` as false, `1e-3` as a string, `12:30` as 750, and takes the last of two
equal keys. Here only `true` and `false` are booleans, `1e-3` is a number, `010` is ten, and
duplicate keys, anchors, aliases, tags and further documents are errors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from rnncli.errors import ConfigError, UsageError

__all__ = ["Document", "KeyPath", "read_document", "read_scalar"]

KeyPath = tuple[str | int, ...]
"""Keys and list indices from the top of a document."""

SIZE_LIMIT = 256 * 1024
"""Bytes; a config is a page of text."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?[0-9]+|0x[0-9a-fA-F]+|0o[0-7]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    ".inf": float("inf"), "-.inf": float("-inf"), ".nan": float("nan"),
}  # fmt: skip


@dataclass(frozen=True)
class Document:
    """A file's content."""

    path: Path
    data: dict[str, Any]
    lines: dict[KeyPath, int] = field(default_factory=dict)
    """The line of every key and list item, from 1."""


def read_document(path: Path) -> Document:
    """Read a config file.

    Raises:
        UsageError: the file is not there or cannot be read.
        ConfigError: it is not YAML of the kind described above.
    """
    try:
        raw = path.read_bytes()
    except IsADirectoryError as error:
        raise UsageError(f"{path}: is a folder; name a config file in it") from error
    except FileNotFoundError as error:
        raise UsageError(f"{path}: no such config; `rnn config list` shows what ships") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot read the config: {error.strerror}") from error
    if len(raw) > SIZE_LIMIT:
        raise ConfigError([f"{path}: {len(raw):,} bytes, a config has at most {SIZE_LIMIT:,}"])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        message = f"{path}:{line}: not UTF-8 (byte 0x{raw[error.start]:02x}); save it as UTF-8"
        raise ConfigError([message]) from error
    document = Document(path, {})
    node = _composed(path, text)
    if node is None:
        raise ConfigError([f"{path}: is empty; expected a mapping with data, text and model"])
    problems: list[str] = []
    data = _value(node, (), document, problems)
    if not isinstance(node, yaml.MappingNode):
        problems = [f"{path}:1: expected a mapping with data, text and model, got {data!r:.60}"]
    if problems:
        raise ConfigError(problems)
    document.data.update(data)
    return document


def read_scalar(text: str, where: str) -> Any:
    """The value of a command line's `key=value`, by the same rules; lists and mappings too.

    Raises:
        ConfigError: the text is not YAML; `where` names its place.
    """
    node = _composed(Path(where), text)
    if node is None:
        return None
    problems: list[str] = []
    value = _value(node, (), Document(Path(where), {}), problems)
    if problems:
        raise ConfigError(problems)
    return value


def _composed(path: Path, text: str) -> yaml.Node | None:
    try:
        roots = 0
        for event in yaml.parse(text, Loader=_Loader):
            mark = f"{path}:{event.start_mark.line + 1}"
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise ConfigError([f"{mark}: anchors and aliases are not read; write it out"])
            if getattr(event, "tag", None):
                raise ConfigError([f"{mark}: tag {event.tag} is not read; write the value alone"])
            if isinstance(event, yaml.DocumentStartEvent):
                roots += 1
                if roots > 1:
                    raise ConfigError([f"{mark}: a second document; a config is one document"])
        return yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        place = f"{path}:{at.line + 1}:{at.column + 1}" if at else str(path)
        what = error.problem or error.context or "cannot be read"
        raise ConfigError(
            [f"{place}: not YAML: {what}; check indentation, quotes and colons"]
        ) from error
    except yaml.YAMLError as error:
        raise ConfigError([f"{path}: not YAML: {' '.join(str(error).split())[:120]}"]) from error


def _value(node: yaml.Node, at: KeyPath, document: Document, problems: list[str]) -> Any:
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode):
                problems.append(f"{document.path}:{line}: a key must be a word")
                continue
            if key in mapping:
                first = document.lines[*at, key]
                problems.append(
                    f"{document.path}:{line}: {_dotted((*at, key))}: given twice, first in line "
                    f"{first}; remove one"
                )
                continue
            document.lines[*at, key] = line
            mapping[key] = _value(value_node, (*at, key), document, problems)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            document.lines[*at, index] = item.start_mark.line + 1
            items.append(_value(item, (*at, index), document, problems))
        return items
    return _scalar(node)


def _scalar(node: yaml.Node) -> Any:
    text = str(node.value)
    if node.style:
        return text
    if text in _SPECIAL:
        return _SPECIAL[text]
    if _INTEGER.fullmatch(text):
        return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _dotted(path: KeyPath) -> str:
    return ".".join(map(str, path))
