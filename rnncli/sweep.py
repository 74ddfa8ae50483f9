"""A sweep as a file describes it: which configs, which settings, which seeds.

```yaml
base: lstm_klue.yaml
grid:
  model.layers.0.cell: [simple_rnn, lstm, gru]
  text.vocabulary_size: [2000, 4000]
list:
  - {}
  - {model.readout: max, train.epochs: 4}
seeds: [1, 2, 3]
```

The points are all combinations of the bases, the grid's values, the list's items and the seeds.
Instead of grid and list there may be a `search`, see `rnncli.search_space`.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from rnncli.composition import dotted
from rnncli.config import load_config
from rnncli.config_problems import find_problems
from rnncli.errors import ConfigError, UsageError
from rnncli.experiment import SEEDS, Experiment
from rnncli.run import Run
from rnncli.search_space import LARGEST, SearchSpec
from rnncli.shipped import find_config
from rnncli.spec import Names, Spec
from rnncli.yaml_reading import read_yaml

__all__ = [
    "SweepSpec",
    "Trial",
    "as_trained",
    "base_configs",
    "read_sweep",
    "settings_of",
    "trial_of",
    "trials",
]

Settings = dict[str, Any]
Seed = Annotated[int, Field(ge=0, lt=SEEDS)]


class SweepSpec(Spec):
    """What a sweep's file holds."""

    base: str | Names
    """A config, or several: a file, or a shipped config's name."""
    grid: dict[str, Annotated[tuple[Any, ...], Field(strict=False, min_length=1)]] = Field(
        default_factory=dict
    )
    """By key, the values it takes; all combinations are tried."""
    list: Annotated[tuple[Settings, ...], Field(strict=False, min_length=1)] = ({},)
    """Settings that go together, one item a point."""
    seeds: Annotated[tuple[Seed, ...], Field(strict=False, min_length=1)] = (1,)
    """Each point is trained with each of them."""
    search: SearchSpec | None = None
    """Points chosen by what those before them were worth, instead of grid and list."""

    @model_validator(mode="after")
    def _one_kind_of_points(self) -> SweepSpec:
        if self.search is None:
            return self
        for name in ("grid", "list"):
            if name in self.model_fields_set:
                raise ValueError(
                    f"search and {name} do not go together; in search.space a list is a choice"
                )
        if not isinstance(self.base, str) and len(self.base) != 1:
            raise ValueError(f"search takes one base, got {len(self.base)}")
        return self


@dataclass(frozen=True)
class Trial:
    """One training of a sweep."""

    base: str
    settings: tuple[str, ...]
    """As `rnn train --set` takes them."""
    seed: int
    label: str
    """The base and what is changed in it, for people."""
    experiment: Experiment

    def run(self, out: Path) -> Run:
        """Its run directory, in the folder of the sweep's runs."""
        name = self.experiment.name or self.experiment.data.name
        return Run(Run.directory_for(out, name, self.experiment.digest(), self.seed))


def read_sweep(path: Path) -> SweepSpec:
    """Read a sweep's file.

    Raises:
        UsageError: there is no such file.
        ConfigError: every problem of the file, one line each.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such sweep; expected a YAML file with base, grid and seeds")
    document = read_yaml(path)
    problems = [f"{place}: {message}" for place, message in document.problems]
    try:
        spec = SweepSpec.model_validate(document.data)
    except ValidationError:
        problems += find_problems(SweepSpec, document)
    if problems:
        raise ConfigError(problems)
    return spec


def trials(spec: SweepSpec, path: Path) -> list[Trial]:
    """Every trial of a sweep, each config validated.

    Points in order, and for each its seeds, those of one point together last: all points have
    their first seed before any has its second.

    Args:
        spec: what `read_sweep` gave.
        path: its file; a base may lie beside it, or be named from the working directory.

    Raises:
        ConfigError: the problems of all points, one line each, or two points are the same.
    """
    found: list[Trial] = []
    problems: dict[str, None] = {}
    for seed, (base, settings) in itertools.product(spec.seeds, _points(spec, path)):
        try:
            found.append(trial_of(base, settings, seed))
        except (ConfigError, UsageError) as error:
            problems |= dict.fromkeys(f"{path}: {line}" for line in error.lines)
        if len(found) > LARGEST:
            raise ConfigError([f"{path}: has more than {LARGEST:,} trials; leave some out"])
    known: dict[tuple[str, int], Trial] = {}
    for trial in found:
        same = known.setdefault((trial.experiment.digest(), trial.seed), trial)
        if same is not trial:
            problems[f"{path}: {same.label} and {trial.label} are the same experiment"] = None
    if problems:
        raise ConfigError(list(problems))
    return found


def _points(spec: SweepSpec, path: Path) -> Iterator[tuple[str, Settings]]:
    for config in base_configs(spec, path):
        for values in itertools.product(*spec.grid.values()):
            for point in spec.list:
                yield config, {**dict(zip(spec.grid, values, strict=True)), **point}


def base_configs(spec: SweepSpec, path: Path) -> list[str]:
    """The config files that a sweep's bases name.

    Raises:
        UsageError: there is no such config.
    """
    bases = (spec.base,) if isinstance(spec.base, str) else spec.base
    return [str(_config(base, path.parent)) for base in bases]


def _config(base: str, beside: Path) -> Path:
    """A base beside the sweep's file, named from the working directory, or shipped."""
    with suppress(UsageError):
        return find_config(base, beside)
    return find_config(base)


def trial_of(base: str, changes: Settings, seed: int) -> Trial:
    """The training of one point with one seed.

    Raises:
        ConfigError: every problem of the config and what is changed in it.
    """
    stem = Path(base).stem
    words = [f"{_short(key, changes)}={_shown(value)}" for key, value in changes.items()]
    settings = settings_of(changes)
    if words and "name" not in changes:
        slug = re.sub(r"[^\w.-]+", "-", ".".join([stem, *words])).strip("-.")
        settings.append(f"name={json.dumps(slug, ensure_ascii=False)}")
    experiment = as_trained(base, settings, seed)
    return Trial(base, tuple(settings), seed, ", ".join([stem, *words]), experiment)


def as_trained(base: str, settings: Sequence[str], seed: int) -> Experiment:
    """A config as `rnn train` reads it here, whose backend `KERAS_BACKEND` may choose.

    Raises:
        ConfigError: every problem of the config, the settings and the backend.
    """
    backend = os.environ.get("KERAS_BACKEND") or None
    return load_config(base, settings, seed=seed, backend=backend)


def settings_of(changes: Settings) -> list[str]:
    """As `--set` takes them."""
    return [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in changes.items()]


def _short(key: str, changes: Settings) -> str:
    """The end of a key, as much of it as tells it from the others."""
    parts = key.split(".")
    for length in range(1, len(parts) + 1):
        end = parts[-length:]
        if end[0].isdecimal() and length < len(parts):
            continue
        if sum(other.split(".")[-length:] == end for other in changes) == 1:
            return dotted(end)
    return key


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = re.sub(r'["{}\[\] ]', "", text)
    return text if len(text) <= 40 else f"{text[:36]}…"
