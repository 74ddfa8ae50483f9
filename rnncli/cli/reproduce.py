"""`rnn reproduce`: does a run's record still give the run?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rnncli.cli.options import BackendOption, DeviceOption, JsonOption, RunArgument, examples

if TYPE_CHECKING:
    from rnncli.reproduction import Reproduction

__all__ = ["EXAMPLES", "reproduce"]

EXAMPLES = examples(
    "rnn reproduce runs/sample_en-1a2b3c4d-s1",
    "rnn reproduce runs/sample_en-1a2b3c4d-s1 --backend jax --tolerance 0.01",
)


def reproduce(
    run: RunArgument,
    tolerance: Annotated[
        float,
        typer.Option("--tolerance", min=0.0, help="How far numbers may lie apart, absolutely."),
    ] = 1e-4,
    device: DeviceOption = None,
    backend: BackendOption = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress on stderr, only the verdict.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Train a run's record again and compare.

    Says whether data, every epoch and every prediction are identical, within the tolerance, or
    where they first differ, and what has changed in the environment. The second training is
    thrown away. Exits with 5 if they differ.
    """
    import tempfile
    from pathlib import Path

    from rnncli.console import reporting
    from rnncli.errors import CheckFailed
    from rnncli.interrupt import stop_requests
    from rnncli.json_text import json_line
    from rnncli.run import Run

    recorded = Run.open(run)
    with (
        tempfile.TemporaryDirectory(prefix="rnn-reproduce-") as folder,
        stop_requests(),
        reporting(quiet=quiet, json=json) as reporter,
    ):
        from rnncli.reproduction import reproduce as train_again

        found = train_again(
            recorded,
            Path(folder),
            tolerance=tolerance,
            device=device,
            backend=backend,
            reporter=reporter,
        )
    if json:
        typer.echo(json_line({"run": str(run), **vars(found)}))
    else:
        _print(found, run)
    if found.verdict == "different":
        raise CheckFailed(f"{run}: differs from its record at {found.where}")


def _print(found: Reproduction, run: object) -> None:
    from rnncli.console import result_console

    console = result_console()
    told: str = found.verdict
    if found.verdict == "within tolerance":
        told += f": at most {found.largest:.2g} apart, first at {found.where}"
    console.print(f"{run}: {told}", soft_wrap=True)
    for name, (then, now) in found.changed.items():
        console.print(f"changed since: {name}: {then} then, {now} now", soft_wrap=True)
