"""All problems of a config at once, one line each: place, key, what was expected, what came."""

from __future__ import annotations

import copy
from typing import Any

from pydantic import ValidationError

from rnncli.composition import dotted
from rnncli.config_messages import Problem, at, translate
from rnncli.spec import Spec
from rnncli.spec_shapes import shape_of
from rnncli.yaml_reading import Document, KeyPath

__all__ = ["find_problems"]

ROUNDS = 5
"""How often a config is repaired and validated again, to find what a typo hides."""


def _line(document: Document, path: KeyPath, message: str, near: KeyPath | None) -> str:
    """`file:line: key.path: message`, with the line of the nearest key that was written."""
    point = path if near is None else near
    while point and point not in document.places:
        point = point[:-1]
    place = document.places.get(point) or document.source
    key = dotted(path)
    if str(place).startswith((f"--set {key}=", f"--{key} ")):
        return f"{place}: {message}"
    return f"{place}: {key}: {message}" if key else f"{place}: {message}"


def find_problems(spec: type[Spec], document: Document) -> list[str]:
    """All problems of a config, one line each, in the order of the file; empty if there are none.

    What hides further problems (a mistyped key, or name of a cell) is put right in a copy,
    which is then validated again.
    """
    root = shape_of(spec)
    found: dict[tuple[KeyPath, str], Problem] = {}
    data = copy.deepcopy(document.data)
    moved: dict[KeyPath, KeyPath] = {}
    for _ in range(ROUNDS):
        try:
            spec.model_validate(data)
            break
        except ValidationError as error:
            problems = list(translate(error, root, data))
        for problem in problems:
            path = _original(problem.path, moved)
            if not any(known == path and not problem.repair for known, _ in found):
                found.setdefault((path, problem.message), problem)
        repairs = [problem for problem in problems if problem.repair]
        if not repairs:
            break
        for problem in repairs:
            _repair(data, problem, moved)
    lines = [
        (_order(document, problem, path), _line(document, path, message, problem.near))
        for (path, message), problem in found.items()
    ]
    return [line for _, line in sorted(lines, key=lambda pair: pair[0])]


def _order(document: Document, problem: Problem, path: KeyPath) -> tuple[int, int]:
    point = problem.near or path
    while point and point not in document.places:
        point = point[:-1]
    sources = list(dict.fromkeys([document.source, *(p.source for p in document.places.values())]))
    place = document.places.get(point)
    return (sources.index(place.source), place.line or 0) if place else (0, 0)


def _original(path: KeyPath, moved: dict[KeyPath, KeyPath]) -> KeyPath:
    for length in range(len(path), 0, -1):
        if path[:length] in moved:
            return (*moved[path[:length]], *path[length:])
    return path


def _repair(data: Any, problem: Problem, moved: dict[KeyPath, KeyPath]) -> None:
    parent, key = problem.path[:-1], problem.path[-1]
    data = at(data, parent)
    if problem.repair == "replace":
        data[key] = problem.renamed
        return
    value = data.pop(key, None)
    if problem.repair == "rename" and problem.renamed not in data:
        data[problem.renamed] = value
        moved[(*parent, str(problem.renamed))] = problem.path
