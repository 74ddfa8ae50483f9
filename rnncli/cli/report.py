"""`rnn report`: one run, or many, as a page for the browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rnncli.cli.options import JsonOption, examples

if TYPE_CHECKING:
    from rnncli.reports.layout import Picture
    from rnncli.run import Run

__all__ = ["EXAMPLES", "report"]

EXAMPLES = examples(
    "rnn report runs/lstm_klue-ed961ebe-s1",
    "rnn report runs --against lstm_klue",
    "rnn report runs/lstm_klue-* runs/gru_klue-* --out cells.html --figures figures",
)


def report(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN…", help="Run directories, or folders of them.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE.html",
            help="Where to write; `report.html` in the run or folder by default.",
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against", metavar="NAME", help="Compare each with this variant, not the first."
        ),
    ] = None,
    metric: Annotated[
        Literal["macro-f1", "accuracy"], typer.Option("--metric", help="What to compare by.")
    ] = "macro-f1",
    figures: Annotated[
        Path | None,
        typer.Option(
            "--figures",
            metavar="DIR",
            help="Also write each figure as SVG, and PNG with the extra `figures`.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write a report: one file that opens offline.

    Of one run its curves, labels, calibration, errors and record; of many also how their variants
    compare, over seeds and test texts, and what that costs. Unfinished runs of a folder are left
    out.
    """
    from rnncli.json_text import json_line
    from rnncli.reports.files import hangul_missing, png_possible, write_pictures

    if out is not None and out.is_dir():
        out = out / "report.html"
    one = _only_run(runs)
    if one is not None and against is None:
        path, pictures = _single(one, out)
    else:
        path, pictures = _many(runs, out, against, metric)
    written = write_pictures(pictures, figures) if figures else []
    if json:
        typer.echo(json_line({"report": path, "figures": written}))
        return
    typer.echo(path)
    if figures:
        typer.echo(f"{figures}: {len(pictures)} figures")
        if not png_possible():
            typer.echo("figures: SVG only; pip install 'rnncli[figures]' makes PNG too", err=True)
        elif hangul_missing(pictures):
            told = "no font here has Hangul, the PNG files lack it; install one (Noto Sans KR)"
            typer.echo(f"figures: {told}", err=True)


def _only_run(paths: list[Path]) -> Run | None:
    """The run that is all there is, finished or not."""
    from rnncli.run import Run

    return Run.open(paths[0]) if len(paths) == 1 and Run(paths[0]).exists else None


def _single(run: Run, out: Path | None) -> tuple[Path, list[Picture]]:
    from rnncli.reports.single import pictures_of_run, write_report

    return write_report(run, out), pictures_of_run(run)


def _many(
    paths: list[Path], out: Path | None, against: str | None, metric: str
) -> tuple[Path, list[Picture]]:
    from rnncli.atomic import write_text
    from rnncli.reports.many import report_of
    from rnncli.run import Run, runs_under
    from rnncli.variants import finished_runs

    found = finished_runs(paths)
    beside = [
        run
        for path in paths
        if not Run(path).exists
        for run, status in runs_under(path)
        if status.state != "done"
    ]
    laid_out = report_of(
        found, "macro_f1" if metric == "macro-f1" else "accuracy", against, len(beside)
    )
    folder = paths[0] if len(paths) == 1 and not Run(paths[0]).exists else Path()
    path = out or folder / "report.html"
    write_text(path, laid_out.html())
    return path, laid_out.pictures()
