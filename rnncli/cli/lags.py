"""`rnn lags`: up to which lag each cell solves a memory task."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from rnncli.cli.options import (
    DeviceOption,
    JobsOption,
    JsonOption,
    Settings,
    examples,
    jobs_at_a_time,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnncli.lag_curve import LagCurve

__all__ = ["EXAMPLES", "lags"]

Value = TypeVar("Value", int, str)

EXAMPLES = examples(
    "rnn lags temporal-order",
    "rnn lags copy-first --cells simple_rnn,gru --lags 10,30,100 --seeds 1,2,3,4,5",
    "rnn lags temporal-order --cells lstm --set 'model.layers.0.chrono=null'",
)


def lags(
    task: Annotated[
        str, typer.Argument(metavar="TASK", help="temporal-order, copy-first or adding.")
    ],
    cells: Annotated[
        str, typer.Option("--cells", metavar="A,B,…", help="Which cells.")
    ] = "simple_rnn,lstm,gru,peephole_lstm",
    at: Annotated[
        str, typer.Option("--lags", metavar="N,N,…", help="Which lags, in steps.")
    ] = "10,20,50,100,200",
    seeds: Annotated[
        str, typer.Option("--seeds", metavar="N,N,…", help="Each is trained at each lag.")
    ] = "1,2,3",
    units: Annotated[
        int | None,
        typer.Option("--units", metavar="N", min=1, help="Units of every cell; the config's."),
    ] = None,
    settings: Settings = None,
    every_lag: Annotated[
        bool,
        typer.Option("--every-lag", help="Go on with a cell that has failed with every seed."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="For runs and page; runs/lags-<task>."),
    ] = None,
    jobs: JobsOption = "auto",
    device: DeviceOption = None,
    json: JsonOption = False,
) -> None:
    """Show up to which lag each cell solves a memory task.

    Each cell is trained at rising lags with every seed, with the settings of the task's shipped
    config. A lag is solved if the seeds' mean accuracy on test is at least 0.95; once no seed
    solves one, longer lags are left out. Given again, the command passes over what is finished
    and resumes what is not. The curve goes to lags.html, its numbers to lags.json and lags.csv.
    """
    from rnncli.atomic import make_folder, write_text
    from rnncli.engines import Local
    from rnncli.interrupt import stop_requests
    from rnncli.json_text import json_page
    from rnncli.lag_curve import SOLVED, csv_text, sentences
    from rnncli.lag_page import lag_page
    from rnncli.lags import Question, chance, curves, planned
    from rnncli.sweep_display import watching

    question = Question(
        task,
        tuple(_items("--cells", cells)),
        tuple(sorted(_numbers("--lags", at))),
        tuple(_numbers("--seeds", seeds)),
        units,
        tuple(settings or ()),
    )
    trials = planned(question)
    folder = out or Path("runs") / f"lags-{task}"
    with stop_requests() as stop, watching(folder, len(trials)) as watcher:
        found = curves(
            question,
            folder,
            jobs=jobs_at_a_time(jobs, Local(), len(question.cells) * len(question.seeds)),
            every_lag=every_lag,
            stop=stop,
            watcher=watcher,
            arguments=["--device", device] if device else [],
        )
    guessing = chance(task)
    said = sentences(task, guessing, found)
    numbers = json_page(
        {
            "task": task,
            "chance": guessing,
            "solved": SOLVED,
            "curves": [curve.to_dict() for curve in found],
            "sentences": said,
        }
    )
    make_folder(folder)
    write_text(folder / "lags.json", f"{numbers}\n")
    write_text(folder / "lags.csv", csv_text(found))
    command = f"rnn lags {task} --cells {cells} --lags {at} --seeds {seeds}"
    write_text(folder / "lags.html", lag_page(task, guessing, found, said, command))
    if json:
        typer.echo(numbers)
        return
    _print(found, question.lags)
    left_out = [f"{curve.cell} {curve.skipped[0]}" for curve in found if curve.skipped]
    if left_out:
        told = ", ".join(left_out)
        typer.echo(f"left out, since no seed solves the lag before: from {told} on")
    typer.echo(f"mean test accuracy and its range over seeds; guessing: {guessing:.2f}; ", nl=False)
    typer.echo(f"solved: from {SOLVED:.2f} on\n")
    for sentence in said:
        typer.echo(sentence)
    typer.echo(f"\npicture: {folder / 'lags.html'}")


def _items(option: str, text: str) -> list[str]:
    """A list with commas, of which none stands twice."""
    from rnncli.errors import UsageError

    items = [item.strip() for item in text.split(",")]
    if not all(items):
        raise UsageError(f"{option} {text!r}: expected values with a comma between two")
    return _once(option, text, items)


def _numbers(option: str, text: str) -> list[int]:
    from rnncli.errors import UsageError

    items = _items(option, text)
    for item in items:
        if not (item.isascii() and item.isdecimal()):
            raise UsageError(f"{option} {text}: {item!r} is no whole number")
    return _once(option, text, [int(item) for item in items])


def _once(option: str, text: str, values: list[Value]) -> list[Value]:
    from rnncli.errors import UsageError

    for value in values:
        if values.count(value) > 1:
            raise UsageError(f"{option} {text}: {value} stands there twice; leave one out")
    return values


def _print(found: Sequence[LagCurve], lags: Sequence[int]) -> None:
    from rich.table import Table

    from rnncli.console import result_console

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("cell", no_wrap=True)
    for lag in lags:
        table.add_column(f"lag {lag}", no_wrap=True)
    table.add_column("solved up to", no_wrap=True)
    for curve in found:
        shown = {point.lag: point for point in curve.points}
        cells = [
            f"{point.mean:.2f} ({point.band[0]:.2f}–{point.band[1]:.2f})"
            if (point := shown.get(lag))
            else "–"
            for lag in lags
        ]
        reach = curve.solved_up_to
        table.add_row(curve.cell, *cells, "none" if reach is None else str(reach))
    result_console().print(table)
