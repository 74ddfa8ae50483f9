"""`rnn order`: whether networks use the order of the tokens."""

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
    from rnncli.run import Run
    from rnncli.study.order import Ordered
    from rnncli.study.order_page import Judged

__all__ = ["EXAMPLES", "order"]

EXAMPLES = examples(
    "rnn order runs/lstm_klue-1a2b3c4d-s1",
    "rnn order runs/lstm_klue-1a2b3c4d-s1 runs/dense_klue-5e6f7a8b-s1 --shuffles 10",
    "rnn order runs/sample_en-1a2b3c4d-s1 --train-dense",
)


def order(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help="Finished run directories.")],
    texts: TestTexts = 2000,
    shuffles: Annotated[
        int, typer.Option("--shuffles", min=1, metavar="N", help="Shuffles of every text.")
    ] = 5,
    train_dense: Annotated[
        bool,
        typer.Option(
            "--train-dense",
            help="Train the network without recurrence to compare with, if need be.",
        ),
    ] = False,
    out: StudyOption = None,
    device: DeviceOption = None,
    backend: BackendOption = None,
    json: JsonOption = False,
) -> None:
    """See whether networks use the order of tokens.

    The test texts as written, shuffled, reversed, and cut to their first and last tokens; beside
    them a network without recurrence and a bag of tokens. The former is a given run, or one found
    beside the run; --train-dense trains it there.
    """
    from rnncli.json_text import json_page
    from rnncli.study.drawing import check_told_apart
    from rnncli.study.material import opened_run
    from rnncli.study.order import measure
    from rnncli.study.order_page import sentences, write
    from rnncli.variants import finished_runs

    given = finished_runs(runs)
    check_told_apart(len(given))
    found: list[Ordered] = []
    for run in given:
        typer.echo(f"{run.name}: classifying …", err=True)
        with opened_run(run.path, device, backend) as subject:
            found.append(measure(subject, texts, shuffles))
    flat = [run for run, one in zip(given, found, strict=True) if not one.recurrent]
    judged = [_judged(one, run, flat, train_dense) for run, one in zip(given, found, strict=True)]
    numbers = write(judged, out or given[0].study)
    if json:
        typer.echo(json_page(numbers))
        return
    for one in judged:
        _print(one)
    for sentence in sentences(judged):
        typer.echo(sentence)
    typer.echo(f"\n{numbers['files']['html']}")


def _judged(one: Ordered, run: Run, flat: list[Run], train_dense: bool) -> Judged:
    from rnncli.study.order_page import Judged
    from rnncli.study.shallow import best_match, companion

    if not one.recurrent:
        return Judged(one, None)
    beside = companion(run)
    dense = best_match(one, [*flat, *([beside] if beside else [])])
    if dense is None and train_dense:
        dense = best_match(one, [_trained(run)])
    missing = (
        ""
        if dense
        else (
            "There is no network without recurrence to compare with: "
            f"rnn order {run.path} --train-dense trains it."
        )
    )
    return Judged(one, dense, missing)


def _trained(run: Run) -> Run:
    from rnncli.classifier import recorded_experiment
    from rnncli.console import reporting
    from rnncli.study.shallow import shallow
    from rnncli.training import train

    with reporting() as reporter:
        experiment = shallow(recorded_experiment(run))
        return train(experiment, out=run.path.parent, reporter=reporter)


def _print(one: Judged) -> None:
    from rich.table import Table

    from rnncli.console import result_console
    from rnncli.study.order_page import HEAD, rows

    console = result_console()
    console.print(f"{one.run.name}: {len(one.run.gold):,} test texts", style="bold")
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for number, name in enumerate(HEAD):
        table.add_column(name, justify="right" if number else "left")
    for row in rows(one):
        table.add_row(*row)
    console.print(table)
    console.print(f"lost: points of macro-F1 less than as written; {one.run.bag}\n")
