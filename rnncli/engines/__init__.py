"""Where a sweep's trainings run: on this machine, or on an engine that is there already."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from rnncli.engines.base import Ended, Engine, Job
from rnncli.engines.local import Local
from rnncli.errors import UsageError
from rnncli.yaml_reading import parse_yaml

__all__ = ["Ended", "Engine", "Job", "Local", "Name", "open_engine"]

Name = Literal["local", "ray", "slurm"]
_PACKAGES = {"ray": "ray", "slurm": "submitit"}


def open_engine(name: Name, words: Sequence[str], out: Path) -> Engine:
    """An engine that is ready to start trainings; the caller closes it.

    Args:
        name: which.
        words: `key=value` in the engine's own words, the values in YAML.
        out: the folder of the runs, which every machine of the engine must see.

    Raises:
        UsageError: the engine's package is not installed, or it does not know these words.
        DeviceError: the engine cannot be reached.
    """
    assert name in get_args(Name)
    if name == "local":
        if words:
            raise UsageError(f"--with {words[0]}: has no effect without --on ray or --on slurm")
        return Local()
    package = _PACKAGES[name]
    if importlib.util.find_spec(package) is None:
        raise UsageError(
            f"--on {name} needs {package}, which is not installed; pip install 'rnncli[{name}]'"
        )
    options = _options(words)
    if name == "ray":
        from rnncli.engines.on_ray import Ray

        return Ray(options, out)
    from rnncli.engines.on_slurm import Slurm

    return Slurm(options, out)


def _options(words: Sequence[str]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        value = parse_yaml(text, f"--with {word}", lines=False)
        if not key or not equals or value.problems:
            raise UsageError(f"--with {word}: expected KEY=VALUE, as in num_cpus=2")
        options[key] = value.data
    return options
