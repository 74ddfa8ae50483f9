"""`rnn runs`: a table of runs."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from rnncli.cli.options import JsonOption, examples

__all__ = ["EXAMPLES", "runs"]

EXAMPLES = examples(
    "rnn runs", "rnn runs runs --sort macro-f1", "rnn runs --json", "rnn runs --sync"
)

Key = Literal["started", "name", "state", "macro-f1", "accuracy", "parameters", "seconds"]

_FIELDS = {"name": "run", "macro-f1": "test_macro_f1", "accuracy": "test_accuracy"}
_LEAST_NEEDED = ("started", "time", "parameters", "data", "val F1", "accuracy")
"""Columns a narrow terminal does without, the first to go first."""


def runs(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The folder that holds run directories.")
    ] = Path("runs"),
    sort: Annotated[
        Key, typer.Option("--sort", help="The order: what was worst or first comes first.")
    ] = "started",
    sync: Annotated[
        bool,
        typer.Option(
            "--sync", help="Send what MLflow lacks of the runs with `train.tracker: mlflow` first."
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show a table of runs.

    State, model and scores of each, and why one failed, stopped or cannot be read.
    """
    from rnncli.errors import UsageError
    from rnncli.json_text import json_page
    from rnncli.run import runs_under
    from rnncli.run_summary import summarize

    if not folder.is_dir():
        made = "`rnn train` makes it" if folder == Path("runs") else "name the folder of runs"
        raise UsageError(f"{folder}: no such folder; {made}")
    if sync:
        _sync(folder)
    field = _FIELDS.get(sort, sort)
    found = [summarize(run, status) for run, status in runs_under(folder)]
    found.sort(key=lambda row: (row[field] is not None, row[field]))
    if json:
        typer.echo(json_page(found))
    else:
        _print(found, folder)


def _sync(folder: Path) -> None:
    """Send every run that is to be tracked.

    Raises:
        UsageError: mlflow is not installed, or the server's address is not known.
    """
    from rnncli.console import reporting
    from rnncli.mlflow_server import require_mlflow
    from rnncli.mlflow_tracker import Tracker, to_be_tracked
    from rnncli.run import runs_under

    found = [run for run, _ in runs_under(folder) if to_be_tracked(run)]
    if not found:
        typer.echo(f"mlflow: no run in {folder} has train.tracker: mlflow", err=True)
        return
    require_mlflow()
    with reporting() as reporter:
        if Tracker(found, reporter).send():
            reporter.note(f"mlflow: has all there is, runs: {len(found)}")


def _print(found: list[dict[str, Any]], folder: Path) -> None:
    from rnncli.console import fitting_table, result_console

    console = result_console()
    if not found:
        console.print(f"{folder}: no runs yet; start one: rnn train --config sample_en.yaml")
        return
    console.print(
        fitting_table(console, lambda hidden: _table(found, folder, hidden), _LEAST_NEEDED)
    )
    for row in found:
        if row["reason"]:
            run = Path(row["run"]).name
            console.print(f"{run}: {row['state']}: {row['reason']}", style="dim", soft_wrap=True)


def _table(found: list[dict[str, Any]], folder: Path, hidden: Collection[str]) -> Any:
    from rich.table import Table

    rows = [_cells(row, folder) for row in found]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    shown = [column for column in rows[0] if column not in hidden]
    for column in shown:
        text = column in {"run", "state", "data", "model", "started"}
        table.add_column(
            column, justify="left" if text else "right", no_wrap=True, overflow="ellipsis"
        )
    for row in rows:
        style = "" if row["state"] == "done" else "yellow"
        table.add_row(*(row[column] for column in shown), style=style)
    return table


def _cells(row: dict[str, Any], folder: Path) -> dict[str, str]:
    from rnncli.wording import duration

    def shown(value: Any, form: str) -> str:
        return "" if value is None else format(value, form)

    return {
        "run": str(Path(row["run"]).relative_to(folder)),
        "state": row["state"],
        "data": row["data"] or "",
        "model": row["model"] or "",
        "epoch": f"{row['epoch']}/{row['epochs'] or '?'}",
        "val F1": shown(row["validation_macro_f1"], ".4f"),
        "test F1": shown(row["test_macro_f1"], ".4f"),
        "accuracy": shown(row["test_accuracy"], ".4f"),
        "parameters": shown(row["parameters"], ","),
        "time": "" if row["seconds"] is None else duration(row["seconds"]),
        "started": (row["started"] or "").replace("T", " ").partition("+")[0],
    }
