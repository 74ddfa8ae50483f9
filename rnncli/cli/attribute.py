"""`rnn attribute`: what each token of a text says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rnncli.cli.options import (
    BackendOption,
    DeviceOption,
    JsonOption,
    RunArgument,
    StudyOption,
    examples,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnncli.study.attribute import Attribution

__all__ = ["EXAMPLES", "attribute"]

EXAMPLES = examples(
    'rnn attribute runs/sample_en-1a2b3c4d-s1 "the acting is not bad , it is superb"',
    'rnn attribute runs/gru_klue-1a2b3c4d-s1 "코스피 사흘째 상승" --label 경제',
)

_MOST = 20
_SHOWN = 10
"""Tokens in the table of a terminal."""


def attribute(
    run: RunArgument,
    texts: Annotated[list[str], typer.Argument(metavar="TEXT…", help="Texts to read.")],
    label: Annotated[
        str | None,
        typer.Option("--label", metavar="LABEL", help="Instead of each text's predicted label."),
    ] = None,
    out: StudyOption = None,
    device: DeviceOption = None,
    backend: BackendOption = None,
    json: JsonOption = False,
) -> None:
    """See what each token says for a label.

    Integrated gradients, and beside them what changes when a token is left out or replaced by the
    unknown one; the texts are coloured by both, in the terminal and on a page.
    """
    from rnncli.json_text import json_page
    from rnncli.study.attribute import attribute as attributed
    from rnncli.study.attribute_page import sentence, set_apart, write
    from rnncli.study.material import opened_run
    from rnncli.wording import printable

    _check(texts)
    with opened_run(run, device, backend) as subject:
        found = attributed(subject, texts, label)
        apart = set_apart(subject)
        numbers = write(subject, found, out or run / "study")
    if json:
        typer.echo(json_page(numbers))
        return
    for one in found:
        _print(one, apart)
        typer.echo(f"{printable(sentence(one, apart))}\n")
    typer.echo(numbers["files"]["html"])


def _check(texts: Sequence[str]) -> None:
    from rnncli.errors import DataError, UsageError

    if len(texts) > _MOST:
        raise UsageError(f"{len(texts)} texts are given, at most {_MOST} fit on a page; give fewer")
    for number, text in enumerate(texts, start=1):
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise DataError(f"text {number} of the command line is not UTF-8: {text!r:.80}")


def _print(one: Attribution, apart: bool) -> None:
    from rich.table import Table

    from rnncli.console import result_console
    from rnncli.study.attribute_page import HEAD, METHODS, rows
    from rnncli.study.colouring import heat_text
    from rnncli.study.tokens import readable
    from rnncli.wording import printable

    console = result_console()
    shown = [readable(token) for token in one.tokens]
    if console.color_system:
        for name, title in METHODS.items():
            console.print(f"{title}:", style="dim")
            console.print(heat_text(shown, getattr(one, name).tolist(), apart))
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for number, name in enumerate(HEAD):
        table.add_column(name, justify="left" if number == 1 else "right")
    for row in rows(one, _SHOWN):
        table.add_row(*map(printable, row))
    console.print(table)
