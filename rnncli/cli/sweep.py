"""`rnn sweep`: many trainings from one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rnncli.cli.options import (
    DeviceOption,
    JobsOption,
    JsonOption,
    examples,
    jobs_at_a_time,
)

if TYPE_CHECKING:
    from rnncli.engines import Engine
    from rnncli.sweep import Trial
    from rnncli.sweep_plan import Progress

__all__ = ["EXAMPLES", "sweep"]

EXAMPLES = examples(
    "rnn sweep cells.yaml --dry-run",
    "rnn sweep cells.yaml --out runs/cells --jobs 2 --keep-going",
    "rnn sweep cells.yaml --on slurm --with slurm_partition=gpu --with timeout_min=60",
)


def sweep(
    file: Annotated[
        Path,
        typer.Argument(metavar="SWEEP", help="A YAML file: base, seeds, and grid, list or search."),
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
    on: Annotated[
        Literal["local", "ray", "slurm"],
        typer.Option("--on", help="Where: this machine, a Ray cluster, a Slurm cluster."),
    ] = "local",
    words: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="KEY=VALUE",
            help="An option of --on in its own words: address=auto, slurm_partition=gpu. "
            "Repeatable.",
        ),
    ] = None,
    device: DeviceOption = None,
    json: JsonOption = False,
) -> None:
    """Train every point of a sweep with every seed.

    The points are all combinations of `base`, `grid` and `list`, or are found one after another by
    a `search`. All is validated before the first training starts. Each training is a process with
    its own run directory: the same command, given again, passes over what is finished and resumes
    what is not. Exits with 5 if one failed.
    """
    from contextlib import closing
    from functools import partial

    from rnncli.cli.sweep_search import foresee, search
    from rnncli.engines import open_engine
    from rnncli.search import search_of
    from rnncli.search_study import require_optuna
    from rnncli.sweep import read_sweep, trials

    folder = out or Path("runs") / file.stem
    spec = read_sweep(file)
    arguments = ["--device", device] if device else []
    # What would run is told without asking an engine.
    opened = partial(open_engine, *(("local", ()) if dry_run else (on, words or ())))
    if spec.search is not None:
        require_optuna()
        sought = search_of(spec, file)
        with closing(opened(folder)) as engine:
            at_a_time = jobs_at_a_time(jobs, engine, sought.spec.trials, search=True)
            if dry_run:
                foresee(sought, folder, at_a_time, json=json)
                return
            search(sought, folder, engine, at_a_time, arguments, keep_going=keep_going, json=json)
        return
    found = trials(spec, file)
    with closing(opened(folder)) as engine:
        at_a_time = jobs_at_a_time(jobs, engine, len(found))
        if dry_run:
            _list(found, folder, at_a_time, json=json)
            return
        _train(found, folder, engine, at_a_time, arguments, keep_going=keep_going, json=json)


def _train(
    found: list[Trial],
    folder: Path,
    engine: Engine,
    jobs: int,
    arguments: list[str],
    *,
    keep_going: bool,
    json: bool,
) -> None:
    from rnncli.errors import CheckFailed
    from rnncli.interrupt import stop_requests
    from rnncli.json_text import json_page
    from rnncli.sweep_display import watching
    from rnncli.sweep_plan import FixedPlan
    from rnncli.sweeping import run_plan

    with stop_requests() as stop, watching(folder, len(found)) as watcher:
        ended = run_plan(
            FixedPlan(found, folder, keep_going=keep_going),
            folder,
            jobs=jobs,
            stop=stop,
            engine=engine,
            watcher=watcher,
            arguments=arguments,
        )
    if json:
        typer.echo(json_page([_row(one, folder) for one in ended]))
    failed = [one for one in ended if one.state in {"failed", "interrupted"}]
    left = sum(one.state == "waiting" for one in ended)
    if failed:
        rest = f"; {left} not started, --keep-going starts them" if left else ""
        first = failed[0]
        told = f"{first.trial.label}, seed {first.trial.seed}: {first.reason or first.state}"
        raise CheckFailed(f"{len(failed)} of {len(ended)} trials failed, the first: {told}{rest}")
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
    from rnncli.sweep_plan import state_of
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
