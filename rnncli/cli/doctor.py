"""`rnn doctor`: is everything here that training needs?"""

from __future__ import annotations

import sys
from typing import Any

import typer

from rnncli.cli.options import JsonOption, examples

__all__ = ["EXAMPLES", "doctor"]

EXAMPLES = examples("rnn doctor", "rnn doctor --json")


def doctor(json: JsonOption = False) -> None:
    """Check what training needs on this machine.

    Versions, data in reach, disk space, and a training step on each backend with its device.
    Exits with 5 if the default backend cannot train.
    """
    from rnncli.checkup import checkup
    from rnncli.console import reporting
    from rnncli.errors import CheckFailed
    from rnncli.experiment import BACKENDS
    from rnncli.json_text import json_page

    with reporting(quiet=json or not sys.stderr.isatty()) as reporter:
        reporter.finishing("one training step on each backend")
        found = checkup()
    if json:
        typer.echo(json_page(found))
    else:
        _print(found)
    trouble = found["backends"][BACKENDS[0]].get("error")
    if trouble:
        raise CheckFailed(f"the default backend {BACKENDS[0]} cannot train: {trouble}")


def _print(found: dict[str, Any]) -> None:
    from rich.table import Table

    from rnncli.console import result_console
    from rnncli.wording import duration, size

    console = result_console()
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    packages = found["packages"]
    grid.add_row("rnncli", f"{packages.pop('rnncli', '?')} on Python {found['python']}")
    grid.add_row("machine", f"{found['cpu'] or '?'}, {found['cores']} cores, {found['platform']}")
    grid.add_row("packages", ", ".join(f"{name} {version}" for name, version in packages.items()))
    for name, probe in found["backends"].items():
        if not probe["installed"]:
            told = f"not installed: pip install 'rnncli[{name}]'"
        elif "error" in probe:
            told = f"✗ {probe['error']}"
        else:
            step = (
                f"a training step of {probe['texts']} texts {1000 * probe['step_seconds']:.0f} ms"
            )
            told = f"✓ {probe['device']}; {step}, starting {duration(probe['start_seconds'])}"
        grid.add_row(name, told)
    for name, ways in found["data"].items():
        grid.add_row(name, f"✓ {ways}" if ways else "✗ not on this machine")
    grid.add_row("hub", "✓ answers" if found["hub"] else "✗ does not answer: offline")
    programs = found["programs"]
    kept = f"{size(programs['bytes'])} in {programs['folder']}" if programs else "not kept"
    grid.add_row("compiled", kept)
    grid.add_row("disk", f"{size(found['free_bytes'])} free in the working directory")
    console.print(grid)
