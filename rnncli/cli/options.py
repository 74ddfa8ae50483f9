"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from rnncli.engines import Engine

__all__ = [
    "BackendOption",
    "ConfigOption",
    "DeviceOption",
    "JobsOption",
    "JsonOption",
    "RunArgument",
    "Settings",
    "StudyOption",
    "TestTexts",
    "examples",
    "jobs_at_a_time",
    "whole_number",
]

Backend = Literal["tensorflow", "jax", "torch"]
Device = Literal["auto", "cpu", "gpu"]

ConfigOption = Annotated[
    str,
    typer.Option(
        "--config", "-c", metavar="CONFIG", help="A config file, or a shipped config's name."
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change a setting: model.layers.0.units=64. Repeatable."
    ),
]
BackendOption = Annotated[
    Backend | None,
    typer.Option(
        "--backend", envvar="KERAS_BACKEND", help="Keras' backend, instead of the config's."
    ),
]
DeviceOption = Annotated[
    Device | None,
    typer.Option("--device", help="`gpu` insists on one, `auto` takes one if it is there."),
]
StudyOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Where to write, instead of the run's `study/`."),
]
"""Of several runs, the first one's `study/`."""
TestTexts = Annotated[
    int,
    typer.Option("--texts", metavar="N", min=1, help="At most so many test texts, drawn."),
]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on stdout, for programs.")]
JobsOption = Annotated[
    str,
    typer.Option("--jobs", metavar="N|auto", help="Trainings at a time, sharing the cores."),
]


def jobs_at_a_time(text: str, engine: Engine, trials: int, *, search: bool = False) -> int:
    """What `--jobs` says: a number, or `auto`.

    Raises:
        UsageError: it is neither.
    """
    from rnncli.errors import UsageError

    if text == "auto":
        return engine.automatic_jobs(trials, search=search)
    if not text.isdecimal() or not int(text):
        raise UsageError(f"--jobs {text}: expected auto or a number from 1")
    return int(text)


def whole_number(text: str) -> int:
    """Parse an option's integer.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        return int(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not an integer") from error


def examples(*commands: str) -> str:
    """The end of a command's help."""
    return "\b\nExamples:\n" + "\n".join(f"  {command}" for command in commands)
