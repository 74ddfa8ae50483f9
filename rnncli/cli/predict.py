"""`rnn predict`: label and probabilities of texts, in the order of the input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from rnncli.cli.options import BackendOption, DeviceOption, RunArgument, examples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from io import BufferedReader

    from rnncli.classifier import Prediction

__all__ = ["EXAMPLES", "predict"]

EXAMPLES = examples(
    'rnn predict runs/sample_en-1a2b3c4d-s1 "not good at all"',
    "rnn predict runs/gru_klue-1a2b3c4d-s1 --file headlines.txt --json",
    "cat headlines.txt | rnn predict runs/gru_klue-1a2b3c4d-s1",
)


def predict(
    run: RunArgument,
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT", help="Texts to classify.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", metavar="FILE", help="A text a line, UTF-8; - is stdin."),
    ] = None,
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
        chunks = _chunks(texts, file, run, stack.enter_context)
        opened_run = Run.open(run)
        classifier = stack.enter_context(opened(opened_run, device, backend))
        write = _json_writer() if json else _line_writer(classifier.labels)
        for chunk in chunks:
            for text, prediction in zip(chunk, classifier.predict(chunk), strict=True):
                write(text, prediction)
            sys.stdout.flush()


def _chunks(
    texts: Sequence[str] | None, file: Path | None, run: Path, enter: Callable[..., object]
) -> Iterable[Sequence[str]]:
    """The texts in portions; the file is opened at once, so that a wrong name fails at once."""
    from rnncli.errors import DataError, UsageError
    from rnncli.text_lines import chunks_of_lines

    if texts:
        if file is not None:
            raise UsageError(f"both texts and --file {file} are given; give one of them")
        for number, text in enumerate(texts, start=1):
            if any("\ud800" <= letter <= "\udfff" for letter in text):
                raise DataError(f"text {number} of the command line is not UTF-8: {text!r:.80}")
        return _portions(texts)
    if file is None or str(file) == "-":
        if sys.stdin.isatty():
            raise UsageError(
                f'nothing to classify; give texts: rnn predict {run} "a text", or --file, '
                "or pipe lines into it"
            )
        stdin = cast("BufferedReader", sys.stdin.buffer)
        return chunks_of_lines(stdin, "standard input")
    try:
        stream = file.open("rb")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"{file}: {reason}; expected a file with a text a line") from error
    enter(stream)
    return chunks_of_lines(stream, str(file))


def _portions(texts: Sequence[str], size: int = 1024) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), size):
        yield texts[start : start + size]


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
