"""Putting a config together: `extends`, and settings given on the command line.

The result is one tree of plain data, each piece with the place where it was written, so that
an error names the right line of the right file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rnncli.errors import ConfigError, UsageError
from rnncli.shipped import find_config
from rnncli.spec_shapes import Shape, expand
from rnncli.yaml_reading import Document, KeyPath, Place, parse_yaml, read_yaml

__all__ = ["apply_settings", "dotted", "read_extended"]


def dotted(path: Iterable[str | int]) -> str:
    """A path as messages and `--set` write it: `model.layers.0.units`."""
    return ".".join(map(str, path))


def read_extended(path: Path, root: Shape, chain: tuple[Path, ...] = ()) -> Document:
    """Read a config and what it extends.

    Mappings are merged deeply; lists and scalars replace what they extend. Where a section
    names another member of its union (another data set, tokenizer, optimizer, readout), the
    extended section is dropped as a whole.

    Args:
        path: the file.
        root: the shape of a whole config.
        chain: the files that led here.

    Raises:
        ConfigError: a file cannot be read, or `extends` leads nowhere or in a circle.
    """
    document = read_yaml(path)
    if not isinstance(document.data, dict) or "extends" not in document.data:
        return document
    name, place = document.data.pop("extends"), document.places.pop(("extends",))
    chain = (*chain, path.resolve())
    if not isinstance(name, str):
        raise ConfigError([f"{place}: extends: expected the name of a config, got {name!r}"])
    try:
        base_path = find_config(name, path.parent)
    except UsageError as error:
        raise ConfigError([f"{place}: extends: {error}"]) from None
    if base_path.resolve() in chain:
        names = " → ".join([*(step.name for step in chain), base_path.name])
        raise ConfigError([f"{place}: extends: goes round in a circle: {names}"])
    base = read_extended(base_path, root, chain)
    if base.data is not None and not isinstance(base.data, dict):
        raise ConfigError([f"{place}: extends: {base_path} holds no mapping"])
    data = _merge(base, base.data or {}, document.data, (), root)
    places = base.places | document.places
    return Document(document.source, data, places, base.problems + document.problems)


def _merge(base: Document, old: Any, new: Any, path: KeyPath, shape: Shape | None) -> Any:
    """`new` laid over `old`; the places of what is replaced are forgotten."""
    if isinstance(new, dict):
        old = expand(shape, old)
    if not (isinstance(old, dict) and isinstance(new, dict)) or _other_member(shape, old, new):
        _forget(base, path)
        return new
    merged = dict(old)
    for key, value in new.items():
        child = shape.child(old | new, key) if shape else None
        here = (*path, key)
        merged[key] = _merge(base, old[key], value, here, child) if key in old else value
    return merged


def _other_member(shape: Shape | None, old: dict[str, Any], new: dict[str, Any]) -> bool:
    key = shape.discriminator if shape else None
    return key is not None and key in new and new[key] != old.get(key, shape and shape.default)


def _forget(document: Document, path: KeyPath) -> None:
    depth = len(path)
    for key in [key for key in document.places if key[:depth] == path and key]:
        del document.places[key]


def apply_settings(document: Document, settings: Iterable[tuple[str, str]], root: Shape) -> None:
    """Lay settings over a config, in order, the last one counting.

    Args:
        document: changed in place.
        settings: pairs of what to call the setting in messages, and `key.path=value`; the
            value is YAML.
        root: the shape of a whole config.

    Raises:
        ConfigError: settings that cannot be applied, one line each.
    """
    problems: list[str] = []
    for source, setting in settings:
        try:
            _apply(document, source, setting, root)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)


def _apply(document: Document, source: str, setting: str, root: Shape) -> None:
    name, equals, text = setting.partition("=")
    keys = [key.strip() for key in name.split(".")]
    if not equals or not all(keys):
        raise ConfigError([f"{source}: expected key=value, as in model.layers.0.units=64"])
    if keys[0] == "extends":
        raise ConfigError([f"{source}: extends belongs in a file; name that config instead"])
    value = parse_yaml(text, source, lines=False)
    if value.problems:
        raise ConfigError([f"{source}: {message}" for _, message in value.problems])
    if not isinstance(document.data, dict):
        return
    target: Any = document.data
    shape: Shape | None = root
    path: KeyPath = ()
    for key in keys[:-1]:
        step = _step(source, target, key, path)
        child = shape.child(target, step) if shape else None
        inner = target.get(step) if isinstance(target, dict) else target[step]
        inner = expand(child, {} if inner is None else inner)
        if not isinstance(inner, (dict, list)):
            place = dotted((*path, step))
            raise ConfigError([f"{source}: {place} is {inner!r}, which has no keys to set"])
        target[step] = inner
        target, shape, path = inner, child, (*path, step)
        document.places.setdefault(path, Place(source))
    last = _step(source, target, keys[-1], path)
    target[last] = value.data
    path = (*path, last)
    _forget(document, path)
    document.places[path] = Place(source)
    document.places |= {(*path, *below): Place(source) for below in value.places if below}


def _step(source: str, target: Any, key: str, path: KeyPath) -> str | int:
    """The key of a mapping, or the checked index of a list."""
    if isinstance(target, dict):
        return key
    if not re.fullmatch(r"[0-9]{1,9}", key) or int(key) >= len(target):
        had = f"its items are 0 to {len(target) - 1}" if len(target) > 1 else "its only item is 0"
        had = had if target else "it is empty"
        raise ConfigError([f"{source}: {dotted(path)} has no item {key}; {had}"])
    return int(key)
