"""`rnn evaluate`: a run's metrics on its test split or on other labelled texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnncli.cli.options import BackendOption, DeviceOption, JsonOption, RunArgument, examples

if TYPE_CHECKING:
    from rich.table import Table

    from rnncli.evaluation import Evaluation

__all__ = ["EXAMPLES", "evaluate"]

EXAMPLES = examples(
    "rnn evaluate runs/sample_en-1a2b3c4d-s1",
    "rnn evaluate runs/gru_klue-1a2b3c4d-s1 --data unseen.csv --json",
)


def evaluate(
    run: RunArgument,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="FILE", help="Labelled texts: CSV, TSV, JSONL (.gz) or Parquet."
        ),
    ] = None,
    device: DeviceOption = None,
    backend: BackendOption = None,
    json: JsonOption = False,
) -> None:
    """Score a run on its test split or a file.

    Accuracy and macro-F1 with 95 % intervals, every class, the confusion matrix and calibration.
    Without --data the run's own test split is read again.
    """
    from rnncli.classifier import opened
    from rnncli.evaluation import evaluate as evaluate_run
    from rnncli.json_text import json_line

    with opened(run, device, backend) as classifier:
        evaluation = evaluate_run(classifier, data)
    if json:
        found = {"run": str(run), "source": evaluation.source, "left_out": evaluation.left_out}
        typer.echo(json_line({**found, **evaluation.metrics}))
    else:
        _print(evaluation)


def _print(evaluation: Evaluation) -> None:
    from rnncli.cli.train_result import interval
    from rnncli.console import result_console

    console = result_console()
    metrics = evaluation.metrics
    console.print(f"{evaluation.source}: {metrics['texts']:,} texts", style="bold")
    if evaluation.left_out:
        console.print(
            f"left out: {evaluation.left_out:,} texts of labels this run was not to learn"
        )
    majority = metrics["majority"]
    for name, metric in (("accuracy", "accuracy"), ("macro-F1", "macro_f1")):
        console.print(
            f"{name:<9} {metrics[metric]:.4f}  (95 %: {interval(metrics, metric)}; "
            f"always {majority['label']}: {majority[metric]:.4f})"
        )
    console.print(
        f"cross-entropy {metrics['cross_entropy']:.4f} nats · "
        f"expected calibration error {metrics['expected_calibration_error']:.4f}"
    )
    console.print()
    console.print(_classes(metrics))
    console.print()
    console.print(_confusion(metrics))


def _classes(metrics: dict[str, Any]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    table.add_column("class")
    for heading in ("precision", "recall", "F1", "texts"):
        table.add_column(heading, justify="right")
    for name, scores in metrics["per_class"].items():
        values = (f"{scores[column]:.4f}" for column in ("precision", "recall", "f1"))
        table.add_row(name, *values, f"{scores['support']:,}")
    return table


def _confusion(metrics: dict[str, Any]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    table.add_column("gold \\ predicted")
    for name in metrics["labels"]:
        table.add_column(name, justify="right")
    for row, (name, counts) in enumerate(zip(metrics["labels"], metrics["confusion"], strict=True)):
        cells = (
            Text(f"{count:,}", style="bold" if column == row else "")
            for column, count in enumerate(counts)
        )
        table.add_row(name, *cells)
    return table
