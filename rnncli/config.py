"""A YAML file becomes a frozen, validated `Experiment`, or all of its problems at once.

Nothing here imports a framework. Paths inside a config (`data.path`, `model.embedding.vectors`)
are relative to the working directory, whichever file they stand in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rnncli.composition import apply_settings, read_extended
from rnncli.config_problems import find_problems
from rnncli.errors import ConfigError
from rnncli.experiment import Experiment
from rnncli.shipped import find_config
from rnncli.spec_shapes import expand, shape_at, shape_of
from rnncli.yaml_reading import Document, KeyPath, Place
from rnncli.yaml_writing import yaml_lines

__all__ = ["LoadedConfig", "load_config", "read_config", "to_marked_yaml", "to_yaml"]


@dataclass(frozen=True)
class LoadedConfig:
    """An experiment, and how it came about."""

    experiment: Experiment
    path: Path
    """The file that was read."""
    document: Document
    """What was written, `extends` and settings laid together, each piece with its place."""

    @property
    def text(self) -> str:
        """The file as its author wrote it."""
        return self.path.read_text(encoding="utf-8-sig")


def load_config(
    config: str | Path,
    overrides: Iterable[str] = (),
    *,
    seed: int | None = None,
    backend: str | None = None,
    device: str | None = None,
) -> Experiment:
    """Read an experiment.

    Args:
        config: a file, or the bare name of a shipped config (`lstm_imdb`); the file wins.
        overrides: settings `key.path=value`, the value in YAML, as in
            `model.layers.0.units=64`; later ones win.
        seed: instead of the config's.
        backend: instead of the config's.
        device: instead of the config's.

    Raises:
        UsageError: there is no such config.
        ConfigError: every problem of the file and the settings, one line each.
    """
    return read_config(config, overrides, seed=seed, backend=backend, device=device).experiment


def read_config(
    config: str | Path,
    overrides: Iterable[str] = (),
    *,
    seed: int | None = None,
    backend: str | None = None,
    device: str | None = None,
) -> LoadedConfig:
    """Like `load_config`, and keep where each setting was written."""
    path = find_config(config)
    root = shape_of(Experiment)
    document = read_extended(path, root)
    if document.data is None:
        raise ConfigError([f"{path}: is empty; expected the sections data, text and model"])
    if not isinstance(document.data, dict):
        kind = "a list" if isinstance(document.data, list) else "a single value"
        raise ConfigError([f"{path}: expected the sections data, text and model, got {kind}"])
    settings = [(_named("--set", override), override) for override in overrides]
    for key, value in {"seed": seed, "backend": backend, "device": device}.items():
        if value is not None:
            settings.append((f"--{key} {value}", f"{key}={json.dumps(value)}"))
    problems = [f"{place}: {message}" for place, message in document.problems]
    try:
        apply_settings(document, settings, root)
    except ConfigError as error:
        problems += error.problems
    try:
        experiment = Experiment.model_validate(document.data)
    except ValidationError:
        problems += find_problems(Experiment, document)
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    if experiment.name is None:
        name = re.sub(r"[^\w.-]+", "_", path.stem)
        experiment = experiment.model_copy(update={"name": name})
    return LoadedConfig(experiment, path, document)


def _named(option: str, text: str) -> str:
    text = " ".join(text.split())
    return f"{option} {text if len(text) <= 100 else text[:97] + '…'}"


def to_yaml(experiment: Experiment) -> str:
    """The experiment with every default filled in; `load_config` reads back an equal one."""
    return "".join(f"{line}\n" for _, line in yaml_lines(experiment.to_dict()))


def to_marked_yaml(loaded: LoadedConfig) -> str:
    """`to_yaml`, with a comment at each line that the file itself did not give."""
    marked = [(line, _mark(loaded, path)) for path, line in yaml_lines(loaded.experiment.to_dict())]
    width = min(max((len(line) for line, mark in marked if mark), default=0), 60)
    return "".join(f"{line:<{width}}  # {mark}\n" if mark else f"{line}\n" for line, mark in marked)


def _mark(loaded: LoadedConfig, path: KeyPath) -> str | None:
    place = _place(loaded.document, path)
    if place is None:
        return "default"
    if place.line is None:
        return place.source.split(" ", 1)[0]
    same = place.source == loaded.document.source
    return None if same else f"from {Path(place.source).name}"


def _place(document: Document, path: KeyPath) -> Place | None:
    """Where a setting was written: by itself, or as the bare name of a union's member."""
    if path in document.places:
        return document.places[path]
    *parents, key = path
    data: Any = document.data
    for step in parents:
        inside = isinstance(data, dict) and step in data
        inside = inside or (isinstance(data, list) and isinstance(step, int) and step < len(data))
        if not inside:
            return None
        data = data[step]
    shape = shape_at(shape_of(Experiment), document.data, tuple(parents))
    if isinstance(data, str) and key in expand(shape, data):
        return document.places.get(tuple(parents))
    return None
