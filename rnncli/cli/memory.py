"""`rnn memory`: how far back networks look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rnncli.cli.options import (
    BackendOption,
    DeviceOption,
    JsonOption,
    StudyOption,
    TestTexts,
    examples,
)

if TYPE_CHECKING:
    from rnncli.study.memory_page import Remembered

__all__ = ["EXAMPLES", "memory"]

EXAMPLES = examples(
    "rnn memory runs/lstm_klue-1a2b3c4d-s1",
    "rnn memory runs/simple_rnn_klue-* runs/lstm_klue-* runs/gru_klue-* --out cells",
    "rnn memory lstm_imdb.yaml --texts 200",
)


def memory(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN|CONFIG…", help="Finished runs, or configs to see untrained."),
    ],
    texts: TestTexts = 64,
    out: StudyOption = None,
    device: DeviceOption = None,
    backend: BackendOption = None,
    json: JsonOption = False,
) -> None:
    """See how far back networks look.

    By distance in tokens, before training and after: how much a layer's h depends on what it
    read, the loss's gradient, and how far the answer moves when a token is replaced or deleted.
    Half-lives, vanishing and exploding gradients, spectral radii; several runs on one picture.
    """
    from rnncli.json_text import json_page
    from rnncli.study.memory_page import sentences, write

    found = [_measured(run, texts, device, backend) for run in _checked(runs)]
    folder = out or _folder(runs[0])
    numbers = write(found, folder)
    if json:
        typer.echo(json_page(numbers))
        return
    _print(found)
    for sentence in sentences(found):
        typer.echo(sentence)
    typer.echo(f"\n{numbers['files']['html']}")


def _folder(first: str) -> Path:
    path = Path(first)
    return path / "study" if path.is_dir() else Path("study")


def _checked(runs: list[str]) -> list[str]:
    from rnncli.config import load_config
    from rnncli.run import Run
    from rnncli.shipped import SUFFIXES
    from rnncli.study.drawing import check_told_apart

    check_told_apart(len(runs))
    for run in runs:
        path = Path(run)
        if path.is_dir() or (path.suffix not in SUFFIXES and len(path.parts) > 1):
            Run.open(path)
        else:
            load_config(run)
    return runs


def _measured(run: str, texts: int, device: str | None, backend: str | None) -> Remembered:
    from rnncli.study.material import opened_config, opened_run
    from rnncli.study.memory_page import remembered

    path = Path(run)
    typer.echo(f"{path.name}: measuring …", err=True)
    if path.is_dir():
        with opened_run(path, device, backend) as subject:
            return remembered(subject, texts)
    with opened_config(run, device, backend) as subject:
        return remembered(subject, texts)


def _print(found: list[Remembered]) -> None:
    from rich.table import Table

    from rnncli.console import result_console
    from rnncli.study.memory_page import HEAD, rows

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in HEAD:
        table.add_column(name, justify="left")
    for row in rows(found):
        table.add_row(*row)
    result_console().print(table)
    typer.echo("half-life in tokens; left: share of lag 1's influence; radius, σ max: by gate")
    for source in dict.fromkeys(f"{one.texts:,} texts of {one.source}" for one in found):
        typer.echo(source)
    typer.echo()
