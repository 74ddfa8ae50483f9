"""`rnn intervene`: what gates, peepholes and biases are worth, held one by one on test texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rnncli.cli.clamp_options import ClampOption, DirectionOption, LayerOption
from rnncli.cli.options import (
    BackendOption,
    JsonOption,
    RunArgument,
    StudyOption,
    TestTexts,
    examples,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from rnncli.cells import CellSpec
    from rnncli.study.inside import Clamps, Direction
    from rnncli.study.interventions import Effects

__all__ = ["EXAMPLES", "intervene"]

EXAMPLES = examples(
    "rnn intervene runs/peephole_klue-1a2b3c4d-s1",
    "rnn intervene runs/lstm_klue-1a2b3c4d-s1 --clamp forget=1 --clamp input=1 --texts 2000",
    "rnn intervene runs/gru_klue-1a2b3c4d-s1 --clamp hidden=frozen --from 10",
)


def intervene(
    run: RunArgument,
    clamp: ClampOption = None,
    start: Annotated[
        int, typer.Option("--from", metavar="N", min=1, help="Hold from the N-th token on.")
    ] = 1,
    texts: TestTexts = 500,
    metric: Annotated[
        Literal["macro_f1", "accuracy"],
        typer.Option("--metric", help="What the difference is of."),
    ] = "macro_f1",
    layer: LayerOption = None,
    direction: DirectionOption = None,
    backend: BackendOption = None,
    out: StudyOption = None,
    json: JsonOption = False,
) -> None:
    """Score a run with gates or states held.

    Without --clamp, one by one: each gate open and shut, the forget (or update) gate's bias moved,
    each peephole dropped, and with --from the states frozen and zeroed. Several --clamp are one
    intervention. `rnn gates --help` says what a clamp may be.

    The texts are the run's test texts, each read with and without; the interval of the difference
    and its p are from a paired bootstrap of the texts, p corrected for the number of interventions.
    """
    from rnncli.classifier import opened, recorded_experiment
    from rnncli.cli.clamp_options import chosen_directions
    from rnncli.json_text import json_page
    from rnncli.run import Run

    opened_run = Run.open(run)
    cells = recorded_experiment(opened_run).model.layers
    chosen = chosen_directions(cells, layer, direction)
    interventions = _interventions(clamp, cells, chosen, start - 1)
    predictions = opened_run.predictions()
    with opened(opened_run, "cpu", backend) as classifier:
        from rnncli.study.interventions import effects
        from rnncli.study.interventions_page import write

        found = effects(classifier, predictions, interventions, texts=texts, metric=metric)
    numbers = write(opened_run.name, found, start, out or opened_run.study)
    if json:
        typer.echo(json_page(numbers))
        return
    _print(run, start, found)
    for sentence in numbers["sentences"]:
        typer.echo(sentence)
    typer.echo(f"\n{numbers['files']['html']}")


def _interventions(
    clamps: Sequence[str] | None,
    cells: Sequence[CellSpec],
    chosen: Sequence[Direction],
    start: int,
) -> list[tuple[tuple[str, ...], Clamps]]:
    from rnncli.cells.clamps import clampable
    from rnncli.cli.clamp_options import held_in
    from rnncli.errors import UsageError
    from rnncli.study.interventions import menu

    own = [cells[direction.layer] for direction in chosen]
    sets = [tuple(clamps)] if clamps else menu(own, later=start > 0)
    if not sets:
        kinds = " and ".join(dict.fromkeys(cell.cell for cell in own))
        names = ", ".join(dict.fromkeys(name for cell in own for name in clampable(cell)))
        raise UsageError(
            f"{kinds}: no gates to hold; hold its state from a token on, with --from N, or name "
            f"what to hold: --clamp {names}=0"
        )
    found: list[tuple[tuple[str, ...], Clamps]] = []
    for texts in sets:
        held, by_direction = held_in(texts, cells, chosen, start)
        found.append((tuple(str(clamp) for clamp in held), by_direction))
    return found


def _print(run: Path, start: int, found: Effects) -> None:
    from rnncli.console import result_console

    console = result_console()
    number = f"{found.texts:,}" if found.texts == found.of else f"{found.texts:,} of {found.of:,}"
    since = f", held from token {start} on" if start > 1 else ""
    console.print(f"{run.resolve().name}: {number} test texts{since}", style="bold")
    console.print()
    console.print(_table(found))
    console.print()
    console.print(
        "difference: held − free, with its 95 % interval; p: of none, paired bootstrap, Holm · "
        f"equations and Keras differ by at most {found.difference_from_keras:.0e}",
        style="dim",
    )


def _table(found: Effects) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    table.add_column("held")
    name = {"macro_f1": "macro-F1", "accuracy": "accuracy"}[found.metric]
    for heading in ("accuracy", "macro-F1", f"difference of {name}", "p", "changed"):
        table.add_column(heading, justify="right")
    table.add_row("nothing", f"{found.accuracy:.4f}", f"{found.macro_f1:.4f}", "", "", "")
    for effect in found.interventions:
        low, high = (f"{bound:+.4f}" for bound in effect.interval_95)
        table.add_row(
            " ".join(effect.held),
            f"{effect.accuracy:.4f}",
            f"{effect.macro_f1:.4f}",
            f"{effect.difference:+.4f} [{low}, {high}]".replace("-", "−"),
            "<0.001" if effect.p < 0.001 else f"{effect.p:.3f}",
            f"{effect.changed:.1%}",
        )
    return table
