"""`rnn config`: list, show, copy and check configs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rnncli.cli.options import JsonOption, Settings, examples

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="List, show, copy and check configs.")


@app.command("list", epilog=examples("rnn config list", "rnn config list --json"))
def list_configs(json: JsonOption = False) -> None:
    """List the shipped configs: name, data, cells, and what each is about."""
    from rnncli.shipped import shipped_configs

    rows = [_row(path) for path in shipped_configs().values()]
    if json:
        from rnncli.json_text import json_page

        typer.echo(json_page(rows))
        return
    shown = [
        (str(row["name"]), str(row["data"]), " + ".join(row["cells"]), str(row["description"]))
        for row in rows
    ]
    shown.insert(0, ("NAME", "DATA", "CELLS", "DESCRIPTION"))
    widths = [max(len(row[column]) for row in shown) for column in range(3)]
    for row in shown:
        cells = [f"{text:<{width}}" for text, width in zip(row[:3], widths, strict=True)]
        typer.echo("  ".join([*cells, row[3]]).rstrip())


def _row(path: Path) -> dict[str, str | list[str]]:
    from rnncli.config import read_config

    loaded = read_config(path)
    layers = loaded.experiment.model.layers
    return {
        "name": path.stem,
        "data": loaded.experiment.data.name,
        "cells": [f"bi-{layer.cell}" if layer.bidirectional else layer.cell for layer in layers],
        "description": next(_comments(loaded.text), ""),
    }


def _comments(text: str) -> Iterator[str]:
    """What the comments at the top of a config say, its editor line aside."""
    for line in text.splitlines():
        if not line.startswith("#"):
            return
        comment = line.lstrip("# ").rstrip()
        if comment and not comment.startswith("yaml-language-server:"):
            yield comment


@app.command(
    epilog=examples(
        "rnn config show lstm_imdb.yaml", "rnn config show mine.yaml --set train.epochs=3 --plain"
    )
)
def show(
    config: Annotated[
        str,
        typer.Argument(metavar="CONFIG", help="A config file, or a shipped config's name."),
    ],
    settings: Settings = None,
    plain: Annotated[bool, typer.Option("--plain", help="Without marking defaults.")] = False,
) -> None:
    """Show a config with every default filled in, and where each setting comes from."""
    from rnncli.config import read_config, to_marked_yaml, to_yaml

    loaded = read_config(config, settings or ())
    text = to_yaml(loaded.experiment) if plain else to_marked_yaml(loaded)
    typer.echo(text, nl=False)


@app.command(
    epilog=examples("rnn config init gru_klue.yaml", "rnn config init gru_klue.yaml mine.yaml")
)
def init(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="A shipped config's name; see `rnn config list`."),
    ],
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="TARGET", help="The new file, or a folder (ends in /); by default here."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the target.")] = False,
) -> None:
    """Copy a shipped config, to be edited."""
    from rnncli.errors import StorageError, UsageError
    from rnncli.shipped import find_shipped

    source = find_shipped(name)
    file = Path(target or source.name)
    if file.is_dir() or (target or "").endswith("/"):
        file = file / source.name
    if file.exists() and not force:
        raise UsageError(f"{file}: exists already; name another target, or give --force")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(source.read_bytes())
    except OSError as error:
        reason = error.strerror or error
        raise StorageError(f"{file}: cannot be written: {reason}; name another target") from error
    typer.echo(f"{file} written; edit it, then: rnn train --config {file}")
    typer.echo("completion in editors: rnn config schema > schema.json, beside the file")


@app.command(
    epilog=examples("rnn config validate mine.yaml", "rnn config validate configs/ other.yaml")
)
def validate(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH", help="Configs, or folders that hold some.")
    ],
    settings: Settings = None,
) -> None:
    """Check configs without training: `ok` for each good one, every problem of the others."""
    from rnncli.config import read_config
    from rnncli.errors import ConfigError, UsageError

    problems: list[str] = []
    for path in paths:
        try:
            configs = _configs(path)
        except UsageError as error:
            problems += error.lines
            continue
        for config in configs:
            try:
                read_config(config, settings or ())
            except UsageError as error:
                problems += error.lines
            else:
                typer.echo(f"ok  {config}")
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))


def _configs(path: str) -> list[str]:
    """The path itself, or the YAML files below a folder, sorted."""
    from rnncli.errors import UsageError
    from rnncli.shipped import SUFFIXES

    if not path or not Path(path).is_dir():
        return [path]
    found = sorted(
        str(file) for file in Path(path).rglob("*") if file.suffix in SUFFIXES and file.is_file()
    )
    if not found:
        raise UsageError(f"{path}: no YAML file in this folder or below; name a config")
    return found


@app.command(epilog=examples("rnn config schema > schema.json"))
def schema() -> None:
    """Print the JSON Schema of a config, for an editor's completion."""
    from rnncli.config_schema import schema_text

    typer.echo(schema_text(), nl=False)
