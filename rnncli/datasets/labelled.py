"""Rows of a file as texts with labels, checked one by one."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnncli.corpus import Split
from rnncli.datasets.records import read_rows
from rnncli.errors import DataError

__all__ = ["Columns", "RawSplit", "indexed", "read_split"]

_KINDS: Mapping[type, str] = {str: "a name", int: "a number"}


@dataclass(frozen=True)
class Columns:
    """Which columns hold what; the first name that a file has is taken."""

    text: Sequence[str] = ("text",)
    label: Sequence[str] = ("label",)
    id: Sequence[str] = ("id", "guid")


@dataclass(frozen=True)
class RawSplit:
    """A file's rows before their labels are indexed."""

    path: Path
    texts: list[str]
    labels: list[str | int]
    ids: list[str]
    lines: list[int]


def read_split(path: Path, columns: Columns, clean: Callable[[str], str]) -> RawSplit:
    """Read a file of labelled texts.

    Labels that are strings are stripped and in NFC. Rows without an id get `file-line`.

    Raises:
        DataError: a column is missing, a text or label has the wrong type, or there are no rows.
    """
    raw = RawSplit(path, [], [], [], [])
    stem = path.name.split(".")[0]
    kind: type | None = None
    for number, row in read_rows(path):
        text = _value(path, number, row, columns.text, "text")
        label = _label(path, number, _value(path, number, row, columns.label, "label"))
        if not isinstance(text, str):
            raise DataError(f"{path}:{number}: the text is {text!r:.60}, expected a string")
        if kind is not None and not isinstance(label, kind):
            raise DataError(
                f"{path}:{number}: the label {label!r:.60} is {_KINDS[type(label)]}, but the "
                f"rows before have {_KINDS[kind]}; use one kind"
            )
        kind = type(label)
        identifier = next((row[name] for name in columns.id if row.get(name) is not None), None)
        raw.texts.append(clean(text))
        raw.labels.append(label)
        raw.ids.append(str(identifier if identifier is not None else f"{stem}-{number}"))
        raw.lines.append(number)
    if not raw.texts:
        raise DataError(f"{path}: holds no rows; expected at least one text with its label")
    return raw


def indexed(
    raw: RawSplit,
    names: Sequence[str],
    *,
    numbered: Sequence[str] | None = None,
    left_out: Collection[str] = (),
) -> tuple[Split, int]:
    """Turn labels into indices of `names`.

    Args:
        raw: the rows.
        names: the labels known.
        numbered: what whole-number labels stand for; `names` if None. Numbers that are names
            themselves stand for themselves.
        left_out: names whose rows are passed over rather than being an error.

    Returns:
        the split, and how many rows were passed over.

    Raises:
        DataError: a label is neither known nor to be left out, or no row is left.
    """
    index = {unicodedata.normalize("NFC", name): position for position, name in enumerate(names)}
    numbered = names if numbered is None else numbered
    if any(name.isdecimal() for name in numbered):
        numbered = ()
    texts, labels, ids, passed = [], [], [], 0
    for text, label, identifier, number in zip(
        raw.texts, raw.labels, raw.ids, raw.lines, strict=True
    ):
        name = _name(label, index, numbered)
        if name in index:
            texts.append(text)
            labels.append(index[name])
            ids.append(identifier)
        elif name in left_out:
            passed += 1
        else:
            raise DataError(
                f"{raw.path}:{number}: label {label!r:.60} was not seen in training; known are "
                f"{', '.join(names)}"
            )
    if not texts:
        raise DataError(
            f"{raw.path}: none of its {passed} texts has one of the labels {', '.join(names)}"
        )
    return Split(texts, labels, ids), passed


def _label(path: Path, number: int, value: Any) -> str | int:
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise DataError(
            f"{path}:{number}: the label is {value!r:.60}, expected a name or a whole number"
        )
    if isinstance(value, int):
        return value
    return unicodedata.normalize("NFC", value.strip())


def _name(label: str | int, index: Mapping[str, int], numbered: Sequence[str]) -> str:
    name = str(label)
    if name not in index and name.isdecimal() and len(name) < 10 and int(name) < len(numbered):
        return numbered[int(name)]
    return name


def _value(path: Path, number: int, row: dict[str, Any], names: Sequence[str], what: str) -> Any:
    for name in names:
        if name in row:
            return row[name]
    wanted = " or ".join(repr(name) for name in names)
    raise DataError(
        f"{path}:{number}: no {what} column {wanted}; there are {', '.join(map(str, row))}"
        + f"; rename a column or, with data.name: files, set data.{what}_column"
    )
