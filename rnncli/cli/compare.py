"""`rnn compare`: variants side by side, their seeds together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from rnncli.cli.options import JsonOption, examples

if TYPE_CHECKING:
    from rnncli.comparison import Metric, Variant

__all__ = ["EXAMPLES", "compare"]

EXAMPLES = examples(
    "rnn compare runs",
    "rnn compare runs/lstm_klue-* runs/gru_klue-* --sort score",
    "rnn compare runs --metric accuracy --markdown",
)

Order = Literal["given", "score", "parameters", "seconds"]


def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN…", help="Run directories, or folders of them.")
    ],
    metric: Annotated[
        Literal["macro-f1", "accuracy"], typer.Option("--metric", help="What to show.")
    ] = "macro-f1",
    sort: Annotated[
        Order, typer.Option("--sort", help="The order; `given` is that of the runs.")
    ] = "given",
    against: Annotated[
        str | None,
        typer.Option(
            "--against", metavar="NAME", help="Compare each with this variant, not the first."
        ),
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="A Markdown table, for a paper or a README.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Compare finished runs, variant by variant.

    Runs of one config and different seeds are one variant: the mean of their test scores with its
    95 % interval over seeds (Student's t), parameters, and the time of the median run. Each is
    compared with one of them, over seeds and test texts (paired bootstrap), corrected for being
    several (Holm). All must have been tested on the same texts.
    """
    from rnncli import comparison
    from rnncli.json_text import json_page

    shown: Metric = "macro_f1" if metric == "macro-f1" else "accuracy"
    found = comparison.variants(comparison.finished_runs(runs))
    compared = comparison.compare(found, shown, against or found[0].name)
    if sort != "given":
        found.sort(key=lambda variant: _key(variant, sort, shown), reverse=sort == "score")
    front, settings = comparison.pareto_front(found, shown), comparison.settings_that_differ(found)
    if json:
        told = [{**vars(one), "sentence": one.sentence()} for one in compared]
        page = {"variants": found, "comparisons": told, "pareto": front, "settings": settings}
        typer.echo(json_page(page))
        return
    rows = [_cells(variant, shown) for variant in found]
    if markdown:
        typer.echo(_markdown(rows))
        return
    _print(rows)
    typer.echo("mean ± half the 95 % interval over seeds, in points, on test\n")
    for one in compared:
        typer.echo(one.sentence())
    if len(found) > 1:
        typer.echo(f"\nno other has a better score for less size and time: {', '.join(front)}")
    if len(found) <= _SIDE_BY_SIDE:
        _print_settings(found, settings)


def _key(variant: Variant, order: Order, metric: Metric) -> float:
    if order == "score":
        return variant.scores[metric].mean
    return variant.parameters if order == "parameters" else variant.seconds


def _cells(variant: Variant, metric: Metric) -> dict[str, str]:
    from rnncli.wording import duration

    score = variant.scores[metric]
    spread = "" if score.half_width is None else f" ± {100 * score.half_width:.1f}"
    return {
        "variant": variant.name,
        "model": variant.model,
        "seeds": str(len(variant.seeds)),
        "layers": f"{variant.layer_parameters:,}",
        "parameters": f"{variant.parameters:,}",
        "macro-F1" if metric == "macro_f1" else "accuracy": f"{100 * score.mean:.1f}{spread}",
        "epoch": duration(variant.seconds_per_epoch),
        "time": duration(variant.seconds),
    }


_SIDE_BY_SIDE = 4
"""As many variants' settings are shown beside each other."""
_WORDS = ("variant", "model")


def _markdown(rows: list[dict[str, str]]) -> str:
    header = list(rows[0])
    lines = [header, ["---" if name in _WORDS else "--:" for name in header]]
    lines += [[f"`{row['variant']}`", *list(row.values())[1:]] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _print(rows: list[dict[str, str]]) -> None:
    from rich.table import Table

    from rnncli.console import result_console

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in rows[0]:
        table.add_column(name, justify="left" if name in _WORDS else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row.values())
    result_console().print(table)


def _print_settings(found: list[Variant], settings: dict[str, list[Any]]) -> None:
    from rnncli.wording import printable

    if settings:
        typer.echo(f"\nsettings that differ ({' | '.join(variant.name for variant in found)}):")
    for key, values in settings.items():
        typer.echo(f"  {key}: {' | '.join(printable(str(value)) for value in values)}")
