"""`rnn bench`: how fast this is here, beside what a user would write instead."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnncli.cli.options import examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnncli.bench.measuring import Row
    from rnncli.bench.scaling import Growth
    from rnncli.bench.workload import Workload
    from rnncli.experiment import Backend
    from rnncli.progress import Reporter

__all__ = ["EXAMPLES", "bench"]

EXAMPLES = examples(
    "rnn bench --data imdb",
    "rnn bench --data klue-tc --cells lstm,gru --units 64 --bidirectional --json bench.json",
)


def bench(
    data: Annotated[
        str, typer.Option("--data", metavar="NAME", help="imdb, klue-tc, sample-en or sample-ko.")
    ] = "imdb",
    path: Annotated[
        Path | None, typer.Option("--path", metavar="DIR", help="A local copy of the data set.")
    ] = None,
    cells: Annotated[
        str, typer.Option("--cells", metavar="NAMES", help="Of lstm, gru, simple_rnn.")
    ] = "lstm,gru,simple_rnn",
    units: Annotated[
        int, typer.Option("--units", metavar="N", min=1, max=4096, help="Hidden units.")
    ] = 128,
    bidirectional: Annotated[
        bool, typer.Option("--bidirectional", help="Read the texts in both directions.")
    ] = False,
    rounds: Annotated[
        int, typer.Option("--rounds", metavar="N", min=1, help="The median is taken over these.")
    ] = 3,
    texts: Annotated[
        int, typer.Option("--texts", metavar="N", min=64, help="Texts of an epoch.")
    ] = 3200,
    scaling: Annotated[
        bool,
        typer.Option(
            "--scaling/--no-scaling",
            help="Also fit how cost grows with length, units, layers, batch and texts.",
        ),
    ] = True,
    memory: Annotated[
        bool,
        typer.Option(
            "--memory/--no-memory",
            help="Also train an epoch of each in a process of its own, for its peak memory.",
        ),
    ] = True,
    backend: Annotated[
        str,
        typer.Option(
            "--backend",
            metavar="NAME",
            envvar="KERAS_BACKEND",
            help="Keras' backend, for both on Keras.",
        ),
    ] = "tensorflow",
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write the rows as JSON.")
    ] = None,
) -> None:
    """Time training and prediction here.

    Beside this program: a plain Keras script (texts padded to one length, Keras' Adam), and
    PyTorch padded and packed where it is installed. All begin with the same weights, and are
    checked to do the same work before they are timed in interleaved rounds.
    """
    from rnncli.atomic import require_writable
    from rnncli.backend import activate, beside_torch, trouble_told
    from rnncli.bench.workload import CELLS, Network, workload
    from rnncli.console import reporting
    from rnncli.errors import UsageError
    from rnncli.experiment import BACKENDS
    from rnncli.quiet import native_output_to
    from rnncli.suggestions import did_you_mean

    chosen = [name.strip() for name in cells.split(",") if name.strip()]
    for name in chosen or [cells]:
        if name not in CELLS:
            hint = did_you_mean(name, CELLS) or f"; expected some of {', '.join(CELLS)}"
            raise UsageError(f"--cells {cells}: no such cell to compare: {name!r}{hint}")
    keras_on = next((name for name in BACKENDS if name == backend), None)
    if keras_on is None:
        raise UsageError(f"--backend {backend}: expected one of {', '.join(BACKENDS)}")
    if json is not None:
        require_writable(json)
    measured = _Measured()
    try:
        with reporting() as reporter, native_output_to(), trouble_told():
            from rnncli.bench.measuring import measure, peak_gflops
            from rnncli.bench.scaling import growth

            beside_torch()
            device = activate(keras_on, thorough=True)
            reporter.finishing(f"reading {data}")
            load = workload(data, path, texts)
            measured.facts = _facts(load, str(device), rounds)
            measured.peak = peak_gflops()
            for cell in dict.fromkeys(chosen):
                measured.rows += measure(
                    Network(cell, units, bidirectional),
                    load,
                    rounds,
                    reporter,
                    gpu=device.kind == "gpu",
                )
                measured.peak = max(measured.peak, peak_gflops())
                measured.write(json)
            for index, row in enumerate(measured.rows) if memory else ():
                measured.rows[index] = _with_memory(row, path, texts, keras_on, reporter)
            measured.write(json)
            measured.grown = growth(chosen[0], reporter) if scaling else []
            measured.write(json)
    finally:
        measured.print()


@dataclass
class _Measured:
    """What is known so far: a bench that is broken off shows and keeps it."""

    facts: dict[str, Any] = field(default_factory=dict)
    """Machine and texts."""
    peak: float = math.nan
    """GFLOP/s."""
    rows: list[Row] = field(default_factory=list)
    grown: list[Growth] = field(default_factory=list)

    def write(self, path: Path | None) -> None:
        """As JSON."""
        from rnncli.atomic import write_json

        if path is not None:
            found = {
                **self.facts,
                "peak_gflops": self.peak,
                "rows": [row.of_peak(self.peak).to_dict() for row in self.rows],
                "growth": [one.to_dict() for one in self.grown],
            }
            write_json(path, found)

    def print(self) -> None:
        """As a table, and a line for each growth."""
        if self.rows:
            _print(self.facts, self.peak, [row.of_peak(self.peak) for row in self.rows])
        for one in self.grown:
            typer.echo(
                f"{one.cell}: an epoch takes time ~ {one.quantity}^{one.exponent:.2f} "
                f"({one.values[0]} to {one.values[-1]})"
            )


def _facts(load: Workload, device: str, rounds: int) -> dict[str, Any]:
    """The JSON's part that is known before anything is measured."""
    from rnncli.environment import describe_environment

    facts = describe_environment()
    return {
        "machine": {
            **{key: facts[key] for key in ("cpu", "cores", "memory_bytes", "python", "packages")},
            "device": device,
        },
        "texts": len(load.encoded),
        "mean_length": load.tokens / len(load.encoded),
        "padded_to": load.max_length,
        "rounds": rounds,
    }


def _with_memory(
    row: Row, path: Path | None, texts: int, backend: Backend, reporter: Reporter
) -> Row:
    """The row of an epoch with the memory it takes, or why that is unknown; any other as it is."""
    from dataclasses import replace

    from rnncli.bench.memory import Job, peak_of
    from rnncli.errors import CheckFailed

    if row.measure != "epoch" or row.median_ms is None:
        return row
    reporter.finishing(f"{row.data}, {row.cell} {row.units}: memory of {row.variant}")
    where = None if path is None else str(path)
    job = Job(row.variant, row.network, row.data, where, texts, backend)
    try:
        return replace(row, peak_memory_bytes=peak_of(job))
    except CheckFailed as trouble:
        reporter.note(str(trouble))
        return replace(row, note=str(trouble))


def _print(facts: dict[str, Any], peak: float, rows: Sequence[Row]) -> None:
    from rich.table import Table

    from rnncli.console import result_console
    from rnncli.wording import size

    console = result_console()
    machine = facts["machine"]
    console.print(
        f"{machine['cpu'] or 'unknown processor'}, {machine['cores']} cores; matrix products "
        f"{peak:.0f} GFLOP/s; {facts['texts']:,} texts of "
        f"{facts['mean_length']:.0f} tokens on average, plain Keras pads to {facts['padded_to']}"
    )
    console.print()
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    table.add_column("data")
    table.add_column("network")
    table.add_column("measure")
    table.add_column("variant")
    for heading in ("median", "× plain Keras", "of peak", "memory"):
        table.add_column(heading, justify="right")
    for row in rows:
        network = f"{'bi-' if row.bidirectional else ''}{row.cell} {row.units}"
        table.add_row(
            row.data,
            network,
            row.measure,
            row.variant,
            row.note if row.median_ms is None else f"{row.median_ms:,.1f} ms",
            "" if row.ratio_to_keras is None else f"{row.ratio_to_keras:.2f}",
            "" if row.share_of_peak is None else f"{row.share_of_peak:.0%}",
            "" if row.peak_memory_bytes is None else size(row.peak_memory_bytes),
            style="bold" if row.variant == "rnn" else "",
        )
    console.print(table)
    short = [
        f"{row.variant} {row.samples}"
        for row in rows
        if row.measure == "epoch" and 0 < row.samples < facts["rounds"]
    ]
    if short:
        console.print(f"medians of fewer rounds, which take long: {', '.join(short)}")
    fewer = [
        f"{row.cell} {row.products_made:.0%} of them ({row.share_made:.0%} of the peak)"
        for row in rows
        if row.measure == "step" and row.share_made is not None
    ]
    if fewer:
        console.print(
            "of peak: the products that the equations ask for. rnn makes those of the inputs once "
            f"for each distinct token, in a step: {', '.join(fewer)}"
        )
