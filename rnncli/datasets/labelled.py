"""Rows of a file as texts with labels, checked one by one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnncli.corpus import Split
from rnncli.datasets.records import read_rows
from rnncli.errors import DataError

__all__ = ["Columns", "RawSplit", "indexed", "read_split"]


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

    Raises:
        DataError: a column is missing, a text or label has the wrong type, or there are no rows.
    """
    raw = RawSplit(path, [], [], [], [])
    kind: type | None = None
    for number, row in read_rows(path):
        text = _value(path, number, row, columns.text, "text")
        label = _value(path, number, row, columns.label, "label")
        if not isinstance(text, str):
            raise DataError(f"{path}:{number}: the text is {text!r:.60}, expected a string")
        if isinstance(label, bool) or not isinstance(label, str | int):
            raise DataError(
                f"{path}:{number}: the label is {label!r:.60}, expected a name or a whole number"
            )
        if kind is not None and not isinstance(label, kind):
            raise DataError(
                f"{path}:{number}: the label {label!r:.60} is a {type(label).__name__}, but the "
                f"rows before have {kind.__name__} labels; use one kind"
            )
        kind = str if isinstance(label, str) else int
        identifier = next((row[name] for name in columns.id if row.get(name) is not None), None)
        raw.texts.append(clean(text))
        raw.labels.append(label)
        raw.ids.append(str(identifier if identifier is not None else len(raw.ids)))
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
        numbered: what whole-number labels stand for; `names` if None.
        left_out: names whose rows are passed over rather than being an error.

    Returns:
        the split, and how many rows were passed over.

    Raises:
        DataError: a label is neither known nor to be left out.
    """
    index = {name: position for position, name in enumerate(names)}
    numbered = names if numbered is None else numbered
    texts, labels, ids, passed = [], [], [], 0
    for text, label, identifier, number in zip(
        raw.texts, raw.labels, raw.ids, raw.lines, strict=True
    ):
        name = _name(label, index, numbered)
        if name in index:
            texts.append(text)
            labels.append(index[name])
            ids.append(identifier)
        elif name is not None and name in left_out:
            passed += 1
        else:
            raise DataError(
                f"{raw.path}:{number}: label {label!r:.60} was not seen in training; known are "
                f"{', '.join(names)}"
            )
    return Split(texts, labels, ids), passed


def _name(label: str | int, index: dict[str, int], numbered: Sequence[str]) -> str | None:
    if isinstance(label, str) and label in index:
        return label
    number = int(label) if isinstance(label, int) or label.isdecimal() else None
    if number is not None:
        return numbered[number] if 0 <= number < len(numbered) else None
    return str(label)


def _value(path: Path, number: int, row: dict[str, Any], names: Sequence[str], what: str) -> Any:
    for name in names:
        if name in row:
            return row[name]
    wanted = " or ".join(repr(name) for name in names)
    raise DataError(
        f"{path}:{number}: no {what} column {wanted}; there are {', '.join(map(str, row))}"
        + (f"; set data.{what}_column" if what in ("text", "label") else "")
    )
