"""`rnn predict`: label and probabilities of texts, in the order of the input."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rnncli.cli.options import BackendOption, DeviceOption, RunArgument, examples
from rnncli.cli.texts import TextFileOption, TextsArgument, text_chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rnncli.classifier import Prediction

__all__ = ["EXAMPLES", "predict"]

EXAMPLES = examples(
    'rnn predict runs/sample_en-1a2b3c4d-s1 "not good at all"',
    "rnn predict runs/gru_klue-1a2b3c4d-s1 --file headlines.txt --json",
    "cat headlines.txt | rnn predict runs/gru_klue-1a2b3c4d-s1",
)


def predict(
    run: RunArgument,
    texts: TextsArgument = None,
    file: TextFileOption = None,
    device: DeviceOption = None,
    backend: BackendOption = None,
    json: Annotated[
        bool, typer.Option("--json", help="A line each: label and probabilities as JSON.")
    ] = False,
) -> None:
    """Classify texts.

    Texts are arguments, or the lines of a file or of standard input. Every line is
    a text, an empty one too. Output is in the order of the input.
    """
    from contextlib import ExitStack

    from rnncli.classifier import opened
    from rnncli.run import Run

    with ExitStack() as stack:
        chunks = text_chunks(texts, file, f"rnn predict {run}", stack.enter_context)
        opened_run = Run.open(run)
        classifier = stack.enter_context(opened(opened_run, device, backend))
        write = _json_writer() if json else _line_writer(classifier.labels)
        for chunk in chunks:
            for text, prediction in zip(chunk, classifier.predict(chunk), strict=True):
                write(text, prediction)
            sys.stdout.flush()


def _json_writer() -> Callable[[str, Prediction], None]:
    from rnncli.json_text import json_line

    return lambda text, prediction: typer.echo(json_line(prediction))


def _line_writer(labels: Sequence[str]) -> Callable[[str, Prediction], None]:
    """Label and its probability, the others by falling probability, then the text."""
    from rich.cells import cell_len, set_cell_size

    from rnncli.wording import printable

    wide = max(map(cell_len, labels))
    room = _terminal_width()

    def write(text: str, prediction: Prediction) -> None:
        ranked = sorted(prediction.probabilities.items(), key=lambda item: -item[1])
        (label, first), *others = ranked
        rest = "  ".join(f"{name} {value:.3f}" for name, value in others)
        line = f"{set_cell_size(label, wide)}  {first:.3f}  ({rest})  {printable(text)}"
        if room and cell_len(line) > room:
            line = set_cell_size(line, room - 1).rstrip() + "…"
        typer.echo(line)

    return write


def _terminal_width() -> int | None:
    import shutil

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
