"""`rnn list`: what a config may name, each with its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from rnncli.cli.options import JsonOption, examples

if TYPE_CHECKING:
    from rnncli.spec import Spec

__all__ = ["EXAMPLES", "catalogue"]

EXAMPLES = examples("rnn list cells", "rnn list tokenizers --json")

Kind = Literal["cells", "datasets", "tokenizers", "readouts", "optimizers", "schedules", "backends"]

_WHERE = {
    "cells": "an item of model.layers, chosen by `cell`",
    "datasets": "data, chosen by `name`",
    "tokenizers": "text, chosen by `tokenizer`",
    "readouts": "model.readout, chosen by `name`",
    "optimizers": "train.optimizer, chosen by `name`",
    "schedules": "train.optimizer.schedule, chosen by `name`",
}


def catalogue(
    kind: Annotated[Kind, typer.Argument(help="What to list.", show_default=False)],
    json: JsonOption = False,
) -> None:
    """List cells, datasets, tokenizers and so on.

    What a config may name, each with its summary, its settings and their defaults.
    """
    from rnncli.json_text import json_page

    entries = _backends() if kind == "backends" else [_entry(spec) for spec in _specs(kind)]
    if json:
        typer.echo(json_page(entries))
        return
    from rnncli.console import result_console

    console = result_console()
    if kind in _WHERE:
        console.print(f"{kind}: {_WHERE[kind]}", style="dim")
    for entry in entries:
        console.print()
        console.print(_heading(entry))
        for line in entry.get("equations", ()):
            console.print(f"    {line}", soft_wrap=True)
        if entry["settings"]:
            console.print(_settings(entry["settings"]))


def _specs(kind: str) -> tuple[type[Spec], ...]:
    if kind == "cells":
        from rnncli.cells import CELLS

        return CELLS
    if kind == "datasets":
        from rnncli.datasets import DATASETS

        return DATASETS
    if kind == "tokenizers":
        from rnncli.tokenizers import TOKENIZERS

        return TOKENIZERS
    if kind == "readouts":
        from rnncli.readouts import READOUTS

        return READOUTS
    from rnncli.optimizers import OPTIMIZERS, SCHEDULES

    return OPTIMIZERS if kind == "optimizers" else SCHEDULES


def _entry(spec: type[Spec]) -> dict[str, Any]:
    """Name, summary and settings of one member of a union."""
    from typing import get_args

    from rnncli.config_schema import descriptions
    from rnncli.formulas import told_with
    from rnncli.spec_shapes import shape_of

    shape, told = shape_of(spec), descriptions(spec)
    name, settings = "", []
    for key, field in spec.model_fields.items():
        chosen = get_args(field.annotation)
        if key in {"name", "cell", "tokenizer"} and len(chosen) == 1:
            name = chosen[0]
            continue
        child = shape.child({}, key)
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        settings.append(
            {
                "name": key,
                "expected": child.expected if child else "",
                "required": field.is_required(),
                "default": _plain(default),
                "description": told.get(key, ""),
            }
        )
    entry = {"name": name, "summary": getattr(spec, "summary", ""), "settings": settings}
    equations = getattr(spec, "equations", ())
    return {**entry, "equations": [told_with(e) for e in equations]} if equations else entry


def _plain(value: Any) -> Any:
    dump = getattr(value, "model_dump", None)
    return dump(mode="json") if dump is not None else value


def _backends() -> list[dict[str, Any]]:
    """Keras' backends, and which version of each is installed; nothing is imported."""
    from importlib.metadata import PackageNotFoundError, version

    from rnncli.experiment import BACKENDS

    entries = []
    for name in BACKENDS:
        try:
            summary = f"installed, {version(name)}"
        except PackageNotFoundError:
            summary = f"not installed: pip install 'rnncli[{name}]'"
        default = " (default)" if name == BACKENDS[0] else ""
        entries.append({"name": name, "summary": summary + default, "settings": []})
    return entries


def _heading(entry: dict[str, Any]) -> Any:
    from rich.text import Text

    return Text.assemble((entry["name"], "bold"), f"  {entry['summary']}")


def _settings(settings: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    from rnncli.json_text import json_line

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(style="dim", overflow="fold")
    for setting in settings:
        default = setting["default"]
        if isinstance(default, dict):
            default = default.get("name", default)
        shown = default if isinstance(default, str) else json_line(default)
        value = "required" if setting["required"] else f"= {shown}"
        meaning = " ".join(setting["description"].split())
        table.add_row(f"    {setting['name']}", value, f"{setting['expected']}. {meaning}".strip())
    return table
