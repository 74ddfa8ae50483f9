"""`rnn compare`: variants side by side, their seeds together."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from rnncli.cli.options import JsonOption, examples

if TYPE_CHECKING:
    from rnncli.comparison import Comparison
    from rnncli.variants import Metric, Variant

__all__ = ["EXAMPLES", "compare"]

EXAMPLES = examples(
    "rnn compare runs",
    "rnn compare runs/lstm_klue-* runs/gru_klue-* --sort score",
    "rnn compare runs --metric accuracy --markdown",
    "rnn compare runs --csv > variants.csv",
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
    csv: Annotated[
        bool, typer.Option("--csv", help="A line for each variant, numbers in full, as CSV.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Compare finished runs, variant by variant.

    Runs of one config and different seeds are one variant: the mean of their test scores with its
    95 % interval over seeds (Student's t), parameters, and the median run's time, latency of a
    single text and peak memory. Each is compared with one of them, over seeds and test texts
    (paired bootstrap), corrected for being several (Holm). All must have been tested on the same
    texts.
    """
    from rnncli import comparison
    from rnncli.errors import UsageError
    from rnncli.json_text import json_page
    from rnncli.variants import finished_runs, variants

    if markdown + csv + json > 1:
        raise UsageError("--markdown, --csv and --json exclude one another; leave all but one")
    shown: Metric = "macro_f1" if metric == "macro-f1" else "accuracy"
    found = variants(finished_runs(runs))
    compared = comparison.compare(found, shown, against or found[0].name)
    if sort != "given":
        found.sort(key=lambda variant: _key(variant, sort, shown), reverse=sort == "score")
    front, settings = comparison.pareto_front(found, shown), comparison.settings_that_differ(found)
    if json:
        told = [{**vars(one), "sentence": one.sentence()} for one in compared]
        page = {"variants": found, "comparisons": told, "pareto": front, "settings": settings}
        typer.echo(json_page(page))
        return
    if csv:
        typer.echo(_csv(found, compared, front), nl=False)
        return
    rows = _known([_cells(variant, shown) for variant in found])
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
    from rnncli.wording import duration, latency, size

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
        "latency": latency(variant.text_latency) if variant.text_latency else _UNKNOWN,
        "memory": size(variant.peak_memory_bytes) if variant.peak_memory_bytes else _UNKNOWN,
    }


_UNKNOWN = "–"


def _known(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The rows without the columns that none of them knows: older runs have no latency."""
    empty = {name for name in rows[0] if all(row[name] == _UNKNOWN for row in rows)}
    return [{name: cell for name, cell in row.items() if name not in empty} for row in rows]


def _csv(found: list[Variant], compared: list[Comparison], front: list[str]) -> str:
    """A header and a line for each variant; what there is not is empty."""
    import csv
    import io

    by_name = {one.variant: one for one in compared}
    rows: list[dict[str, Any]] = []
    for variant in found:
        row: dict[str, Any] = {
            "variant": variant.name,
            "model": variant.model,
            "seeds": len(variant.seeds),
        }
        for metric, score in variant.scores.items():
            low, high = score.interval_95 or (None, None)
            row |= {metric: score.mean, f"{metric}_low": low, f"{metric}_high": high}
        for key in (
            "parameters",
            "layer_parameters",
            "seconds",
            "seconds_per_epoch",
            "text_latency",
            "text_latency_p95",
            "peak_memory_bytes",
        ):
            row[key] = getattr(variant, key)
        one = by_name.get(variant.name)
        low, high = one.difference.interval_95 if one else (None, None)
        rows.append(
            row
            | {
                "reference": one.reference if one else None,
                "difference": one.difference.mean if one else None,
                "difference_low": low,
                "difference_high": high,
                "p": one.p if one else None,
                "cohens_d": one.difference.effect if one else None,
                "odds_ratio": one.odds_ratio if one else None,
                "pareto": int(variant.name in front),
            }
        )
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


_SIDE_BY_SIDE = 4
"""As many variants' settings are shown beside each other."""
_WORDS = ("variant", "model")
_LEAST_NEEDED = ("memory", "time", "latency", "layers", "epoch", "model", "parameters")
"""Columns a narrow terminal does without, the first to go first."""


def _markdown(rows: list[dict[str, str]]) -> str:
    header = list(rows[0])
    lines = [header, ["---" if name in _WORDS else "--:" for name in header]]
    lines += [[f"`{row['variant']}`", *list(row.values())[1:]] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _print(rows: list[dict[str, str]]) -> None:
    from rich.table import Table

    from rnncli.console import fitting_table, result_console

    def build(hidden: Collection[str]) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        shown = [name for name in rows[0] if name not in hidden]
        for name in shown:
            table.add_column(name, justify="left" if name in _WORDS else "right", no_wrap=True)
        for row in rows:
            table.add_row(*(row[name] for name in shown))
        return table

    console = result_console()
    console.print(fitting_table(console, build, _LEAST_NEEDED))


def _print_settings(found: list[Variant], settings: dict[str, list[Any]]) -> None:
    from rnncli.wording import printable

    if settings:
        typer.echo(f"\nsettings that differ ({' | '.join(variant.name for variant in found)}):")
    for key, values in settings.items():
        typer.echo(f"  {key}: {' | '.join(printable(str(value)) for value in values)}")
