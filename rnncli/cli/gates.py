"""`rnn gates`: every gate and state at every token of a text, and what becomes of it if held."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rnncli.cli.clamp_options import ClampOption, DirectionOption, LayerOption
from rnncli.cli.options import BackendOption, RunArgument, StudyOption, examples
from rnncli.cli.texts import TextFileOption, TextsArgument, text_chunks

if TYPE_CHECKING:
    from rnncli.study.gates import Look

__all__ = ["EXAMPLES", "gates"]

EXAMPLES = examples(
    'rnn gates runs/lstm_klue-1a2b3c4d-s1 "여야, 총선 앞두고 공천 갈등"',
    "rnn gates runs/lstm_klue-1a2b3c4d-s1 --file headlines.txt --json",
    'rnn gates runs/lstm_klue-1a2b3c4d-s1 "여야, 총선 앞두고 공천 갈등" --clamp forget=1',
    'rnn gates runs/bilstm_klue-1a2b3c4d-s1 "…" --clamp cell=frozen --from 5 --direction backwards',
)


def gates(
    run: RunArgument,
    texts: TextsArgument = None,
    file: TextFileOption = None,
    clamp: ClampOption = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TOKEN",
            help="Hold from this token to the end: its number from 1, or the token itself.",
        ),
    ] = None,
    layer: LayerOption = None,
    direction: DirectionOption = None,
    out: StudyOption = None,
    backend: BackendOption = None,
    json: Annotated[
        bool, typer.Option("--json", help="A line each: tokens, means, paths, files as JSON.")
    ] = False,
) -> None:
    """Look inside a trained run as it reads.

    For each text a page for the browser, every figure as SVG and every number as NPZ, in the run's
    folder study/gates: gates and states of every layer and direction at every token, for how long
    each unit remembers, and how the answer forms. All of it is computed in NumPy by the cells'
    equations and compared with Keras (exit code 5 if they differ by more than 1e-5).

    --clamp holds a gate (forget=1, input=0, update=frozen), what a peephole adds
    (peephole_input=0), or a state (cell=0, hidden=frozen); forget_bias=+1 adds to a bias. --from
    holds it from a token to the text's end. --layer and --direction choose where to look and hold.
    """
    from contextlib import ExitStack

    from rnncli.classifier import opened, recorded_experiment
    from rnncli.cli.clamp_options import chosen_directions, held_in
    from rnncli.cli.gates_view import print_look
    from rnncli.errors import UsageError
    from rnncli.json_text import json_line
    from rnncli.run import Run

    opened_run = Run.open(run)
    cells = recorded_experiment(opened_run).model.layers
    chosen = chosen_directions(cells, layer, direction)
    held_in(clamp or [], cells, chosen)
    if start is not None and not clamp:
        raise UsageError(f"--from {start}: says from where a --clamp holds, and there is none")
    with ExitStack() as stack:
        chunks = text_chunks(texts, file, f"rnn gates {run}", stack.enter_context)
        classifier = stack.enter_context(opened(opened_run, "cpu", backend))

        from rnncli.study.agreement import reference
        from rnncli.study.gates import look
        from rnncli.study.gates_page import folder_for, summary, write_look
        from rnncli.study.inside import Replica

        replica, model = Replica.of(classifier), reference(classifier)
        for text in (text for chunk in chunks for text in chunk):
            first = 0 if start is None else _first(start, look(classifier, replica, model, text))
            held, clamps = held_in(clamp or [], cells, chosen, first)
            seen = look(classifier, replica, model, text, clamps if held else None)
            folder = folder_for(out or opened_run.study, seen, held)
            files = write_look(folder, opened_run.name, seen, chosen, held)
            if json:
                typer.echo(json_line({**summary(seen, chosen, held), "files": files}))
            else:
                print_look(seen, chosen, held, files["page"])
            sys.stdout.flush()


def _first(start: str, seen: Look) -> int:
    """The position, from 0, that `--from` means in a text."""
    from rnncli.errors import UsageError
    from rnncli.study.gates import shown

    tokens = [token.text for token in seen.tokens]
    if start.isascii() and start.isdigit():
        if not 1 <= int(start) <= len(tokens):
            raise UsageError(f"--from {start}: the text has tokens 1 to {len(tokens)}")
        return int(start) - 1
    for names in (tokens, [shown(token) for token in tokens]):
        if start in names:
            return names.index(start)
    listed = " ".join(shown(token) for token in tokens[:20])
    raise UsageError(f"--from {start}: no such token; the text's are {listed}")
