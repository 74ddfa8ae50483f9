"""The command line: one file per command, and nothing heavy imported before a command runs."""

from __future__ import annotations

from typing import Annotated

import typer

from rnncli.cli import (
    attribute,
    bench,
    catalogue,
    compare,
    config,
    data,
    describe,
    doctor,
    evaluate,
    gates,
    intervene,
    lags,
    memory,
    order,
    predict,
    report,
    reproduce,
    runs,
    sweep,
    train,
    verify,
)
from rnncli.cli.failures import ReportingGroup

__all__ = ["app", "main"]

app = typer.Typer(
    name="rnn",
    cls=ReportingGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    help="Train, compare and understand recurrent text classifiers from one YAML file.",
    epilog=(
        "\b\nStart with:\n"
        "  rnn train --config sample_en.yaml\n"
        "  rnn config list\n\n"
        "Exit codes: 0 done, 1 a fault of the program, 2 usage or config, 3 data or storage, "
        "4 device, backend or memory, 5 a check failed, 130 interrupted (the same command resumes)."
    ),
)

app.command("train", epilog=train.EXAMPLES)(train.train)
app.command("sweep", epilog=sweep.EXAMPLES)(sweep.sweep)
app.command("lags", epilog=lags.EXAMPLES)(lags.lags)
app.command("evaluate", epilog=evaluate.EXAMPLES)(evaluate.evaluate)
app.command("predict", epilog=predict.EXAMPLES)(predict.predict)
app.command("gates", epilog=gates.EXAMPLES)(gates.gates)
app.command("intervene", epilog=intervene.EXAMPLES)(intervene.intervene)
app.command("reproduce", epilog=reproduce.EXAMPLES)(reproduce.reproduce)
app.command("runs", epilog=runs.EXAMPLES)(runs.runs)
app.command("compare", epilog=compare.EXAMPLES)(compare.compare)
app.command("report", epilog=report.EXAMPLES)(report.report)
app.command("memory", epilog=memory.EXAMPLES)(memory.memory)
app.command("order", epilog=order.EXAMPLES)(order.order)
app.command("attribute", epilog=attribute.EXAMPLES)(attribute.attribute)
app.add_typer(data.app, name="data")
app.add_typer(config.app, name="config")
app.command("list", epilog=catalogue.EXAMPLES)(catalogue.catalogue)
app.command("describe", epilog=describe.EXAMPLES)(describe.describe)
app.command("verify", epilog=verify.EXAMPLES)(verify.verify)
app.command("bench", epilog=bench.EXAMPLES)(bench.bench)
app.command("doctor", epilog=doctor.EXAMPLES)(doctor.doctor)


def _version(asked: bool) -> None:
    if asked:
        import rnncli

        typer.echo(f"rnn {rnncli.__version__}")
        raise typer.Exit


@app.callback()
def rnn(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Take the options that stand before any command."""


def main() -> None:
    """The console script `rnn`."""
    typer.main.get_command(app)()
