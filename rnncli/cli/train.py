"""`rnn train`: from a config to a run directory, and its result in a few lines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rnncli.cli.options import (
    BackendOption,
    ConfigOption,
    DeviceOption,
    Settings,
    examples,
    whole_number,
)

__all__ = ["EXAMPLES", "train"]

EXAMPLES = examples(
    "rnn train --config sample_en.yaml",
    "rnn train --config gru_klue.yaml --set text.max_length=32 --seed 2",
    "rnn train --config lstm_klue.yaml --seeds 5 --backend jax",
)


def train(
    config: ConfigOption,
    settings: Settings = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", parser=whole_number, help="Instead of the config's."),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(
            "--seeds",
            metavar="N",
            min=1,
            help="Train N seeds, from the seed upwards; on JAX as one program.",
        ),
    ] = 1,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The folder that holds run directories.")
    ] = Path("runs"),
    device: DeviceOption = None,
    backend: BackendOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Train a finished or unfinished run anew.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress on stderr, only the result.")
    ] = False,
    json: Annotated[
        bool,
        typer.Option("--json", help="The result as one JSON object, progress as JSON lines."),
    ] = False,
) -> None:
    """Train a config, or resume its training.

    The same config and seed find their own run directory: an unfinished run is resumed, a
    finished one is left alone and its result shown again. Progress goes to stderr, the result
    to stdout.
    """
    from rnncli.cli.train_result import print_result, train_result
    from rnncli.config import read_config
    from rnncli.console import reporting
    from rnncli.interrupt import stop_requests
    from rnncli.json_text import json_line

    loaded = read_config(config, settings or (), seed=seed, backend=backend, device=device)
    with stop_requests(), reporting(quiet=quiet, json=json) as reporter:
        # Imported here, under the display: it brings NumPy.
        from rnncli.training import train_seeds

        runs = train_seeds(
            loaded.experiment,
            seeds,
            out=out,
            force=force,
            config_text=loaded.text,
            reporter=reporter,
        )
    for run in runs:
        result = train_result(run)
        if json:
            typer.echo(json_line(result))
        else:
            print_result(result)
