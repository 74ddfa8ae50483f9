"""`rnn sweep`: many trainings from one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rnncli.cli.options import (
    DeviceOption,
    JobsOption,
    JsonOption,
    examples,
    jobs_at_a_time,
)

if TYPE_CHECKING:
    from rnncli.sweep import Trial
    from rnncli.sweeping import Progress

__all__ = ["EXAMPLES", "sweep"]

EXAMPLES = examples(
    "rnn sweep cells.yaml --dry-run",
    "rnn sweep cells.yaml --out runs/cells --jobs 2 --keep-going",
)


def sweep(
    file: Annotated[
        Path, typer.Argument(metavar="SWEEP", help="A YAML file with base, grid, list and seeds.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="The folder of its runs; runs/<file> if left out."
        ),
    ] = None,
    jobs: JobsOption = "auto",
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Start further trainings after one has failed.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would run and what it costs.")
    ] = False,
    device: DeviceOption = None,
    json: JsonOption = False,
) -> None:
    """Train every point of a sweep with every seed.

    The points are all combinations of `base`, `grid` and `list`; every one is validated before the
    first starts. Each training is a process with its own run directory: the same command, given
    again, passes over what is finished and resumes what is not. Exits with 5 if one failed.
    """
    from rnncli.errors import CheckFailed
    from rnncli.interrupt import stop_requests
    from rnncli.json_text import json_page
    from rnncli.sweep import read_sweep, trials
    from rnncli.sweep_display import watching
    from rnncli.sweeping import run_trials

    folder = out or Path("runs") / file.stem
    found = trials(read_sweep(file), file)
    at_a_time = jobs_at_a_time(jobs, len(found))
    if dry_run:
        _list(found, folder, at_a_time, json=json)
        return
    arguments = ["--device", device] if device else []
    with stop_requests() as stop, watching(folder, len(found)) as watcher:
        ended = run_trials(
            found,
            folder,
            jobs=at_a_time,
            keep_going=keep_going,
            stop=stop,
            watcher=watcher,
            arguments=arguments,
        )
    if json:
        typer.echo(json_page([_row(one, folder) for one in ended]))
    failed = [one for one in ended if one.state == "failed"]
    left = sum(one.state == "waiting" for one in ended)
    if failed:
        rest = f"; {left} not started, --keep-going starts them" if left else ""
        first = f"{failed[0].trial.label}, seed {failed[0].trial.seed}: {failed[0].reason}"
        raise CheckFailed(f"{len(failed)} of {len(ended)} trials failed, the first: {first}{rest}")
    if not json:
        typer.echo(f"{len(ended)} trials done in {folder}; next: rnn compare {folder}")


def _row(one: Progress, folder: Path) -> dict[str, object]:
    trial = one.trial
    return {
        "run": str(trial.run(folder).path),
        "label": trial.label,
        "seed": trial.seed,
        "state": one.state,
        "reason": one.reason,
    }


def _list(found: list[Trial], folder: Path, jobs: int, *, json: bool) -> None:
    from rich.table import Table

    from rnncli.console import result_console
    from rnncli.json_text import json_page
    from rnncli.sweep_costs import expected_seconds
    from rnncli.sweeping import state_of
    from rnncli.wording import duration

    costs = expected_seconds(found, folder)
    states = ["done" if state_of(trial, folder) == "done" else "to train" for trial in found]
    if json:
        rows = zip(found, states, costs, strict=True)
        typer.echo(
            json_page(
                [
                    {
                        "run": str(trial.run(folder).path),
                        "label": trial.label,
                        "seed": trial.seed,
                        "settings": trial.settings,
                        "state": state,
                        "expected_seconds": cost,
                    }
                    for trial, state, cost in rows
                ]
            )
        )
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("trial", "seed", "state", "expected"):
        table.add_column(name, no_wrap=True)
    for trial, state, cost in zip(found, states, costs, strict=True):
        shown = "" if state == "done" else "unknown" if cost is None else duration(cost)
        table.add_row(trial.label, str(trial.seed), state, shown)
    result_console().print(table)
    known = [c for c, state in zip(costs, states, strict=True) if c is not None and state != "done"]
    left = states.count("to train")
    told = f"{left} of {len(found)} to train, {jobs} at a time"
    if known:
        total = sum(known) / len(known) * left / jobs
        told += f", about {duration(total)}"
    typer.echo(f"{told}, in {folder}")
