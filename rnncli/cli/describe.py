"""`rnn describe`: the network of a config or a run, layer by layer, before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rnncli.cli.options import JsonOption, Settings, examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from rnncli.study.anatomy import Group, Part
    from rnncli.study.describe import Description
    from rnncli.study.kernel_table import KernelChoice

__all__ = ["EXAMPLES", "describe"]

EXAMPLES = examples(
    "rnn describe stacked_bilstm_klue.yaml",
    "rnn describe gru_klue.yaml --set model.layers.0.reset_after=false",
    "rnn describe lstm_klue.yaml --code > model.py && python model.py",
    "rnn describe runs/gru_klue-1a2b3c4d-s1 --svg network.svg",
)


def describe(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="CONFIG|RUN", help="A config file, a shipped config's name, or a run directory."
        ),
    ],
    settings: Settings = None,
    length: Annotated[
        int | None,
        typer.Option("--length", min=1, help="Also say what a text of so many tokens costs."),
    ] = None,
    code: Annotated[
        bool,
        typer.Option("--code", help="Print the network as plain Keras source that runs by itself."),
    ] = False,
    svg: Annotated[
        Path | None,
        typer.Option("--svg", metavar="FILE", help="Also draw the network, for a browser."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Describe a network without training it.

    Shapes and the order of the states, equations, parameters gate by gate, which
    kernel would run where, what a text costs, and a diagram.
    """
    from rnncli.errors import UsageError
    from rnncli.study.describe import describe as described
    from rnncli.study.describe import subject_of

    if code and (json or svg or length):
        other = "--json" if json else "--svg" if svg else "--length"
        raise UsageError(f"--code prints source alone, not {other}; give one of them")
    found = subject_of(subject, settings or ())
    if code:
        from rnncli.study.plain_code import plain_code

        typer.echo(plain_code(found), nl=False)
        return
    description = described(found, length)
    if svg is not None:
        _draw(description, svg)
    if json:
        from rnncli.json_text import json_page

        typer.echo(json_page(description.to_dict()))
    else:
        _print(description)


def _draw(description: Description, file: Path) -> None:
    from rnncli.atomic import write_text
    from rnncli.standalone import standalone
    from rnncli.study.diagram import svg_diagram

    title = str(description.subject.experiment.name)
    write_text(file, standalone(title, svg_diagram(description.parts, title)))
    typer.echo(f"{file} written", err=True)


def _print(description: Description) -> None:
    from rnncli.console import result_console
    from rnncli.study.diagram import text_diagram

    console = result_console()
    subject = description.subject
    console.print(f"{subject.experiment.name}  ({subject.source})", style="bold")
    if subject.upper_bound:
        console.print(
            f"not trained: {subject.vocabulary_size:,} ids are the most text.vocabulary_size "
            "allows; the fitted vocabulary may be smaller",
            style="dim",
        )
    console.print()
    console.print(text_diagram(description.parts))
    for part in description.parts:
        console.print()
        _print_part(console, part)
    console.print()
    bound = "at most " if subject.upper_bound else ""
    terms = " + ".join(f"{part.parameters:,}" for part in description.parts if part.parameters)
    total = f"{description.parameters:,}"
    console.print(f"parameters: {terms} = {bound}{total}", style="bold")
    console.print()
    _print_kernels(console, description)
    console.print()
    _print_costs(console, description)


def _print_part(console: Console, part: Part) -> None:
    console.print(f"{part.name}: {part.kind}", style="bold")
    merged = [f"both directions {part.merged}"] if part.merged else []
    _rows(console, "", [", ".join([*part.details, *merged])])
    _rows(console, "reads", [", ".join(map(str, part.inputs))])
    if part.returns:
        _rows(console, "returns", [_returned(part, choice) for choice in range(4)])
    else:
        _rows(console, "gives", [", ".join(map(str, part.outputs))])
    _rows(console, "equations", part.equations)
    _rows(console, "parameters", _counts(part))


def _rows(console: Console, heading: str, lines: Sequence[str]) -> None:
    for number, line in enumerate(lines):
        console.print(f"  {heading if not number else '':<11} {line}".rstrip(), soft_wrap=True)


def _returned(part: Part, number: int) -> str:
    """What the layer returns with one of the four choices; the network's own is marked."""
    choice = part.returns[number]
    mark = "●" if choice.chosen else " "
    sequences, state = (str(v).lower() for v in (choice.return_sequences, choice.return_state))
    values = ", ".join(map(str, choice.values))
    return f"{mark} return_sequences: {sequences:<5}  return_state: {state:<5}  {values}"


def _counts(part: Part) -> list[str]:
    """The arithmetic of each gate; two directions have the same, so that it is told once."""
    if not part.groups:
        return ["none"]
    first = part.groups[0].direction
    groups = [group for group in part.groups if group.direction == first]
    wide = max(len(_gate(group)) for group in groups)
    lines = [f"{_gate(group):<{wide}}{group.arithmetic}" for group in groups]
    own = sum(group.parameters for group in groups)
    if len(groups) > 1:
        lines.append(f"{'sum:':<{wide}}{own:,}")
    if len(part.groups) > len(groups):
        lines.append(f"{'both: ':<{wide}}2·{own:,} = {part.parameters:,}")
    return lines


def _gate(group: Group) -> str:
    """What stands before the arithmetic; `candidate` and `state` are no gates."""
    kind = "" if group.gate in ("", "candidate", "state") else " gate"
    return f"{group.gate}{kind}: " if group.gate else ""


def _print_kernels(console: Console, description: Description) -> None:
    from rich.table import Table

    console.print("kernels, training long enough for compiling to pay", style="bold")
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for heading in ("layer", "backend", "device", "kernel", "why", "what would make it fast"):
        table.add_column(heading, overflow="fold")
    for layers, choice in _grouped(description.kernels):
        change = " ".join(f"--set {setting}" for setting in choice.change)
        table.add_row(
            ", ".join(map(str, layers)),
            choice.backend,
            choice.device,
            choice.path,
            choice.reason,
            change or ("" if choice.fast else "nothing in the config"),
        )
    console.print(table)
    if any(choice.path == "compiled" for choice in description.kernels):
        console.print(
            "compiled: on a CPU only where Keras' loop would run for some 15 s; short trainings "
            "and predictions run stepwise there",
            style="dim",
        )


def _grouped(kernels: Sequence[KernelChoice]) -> list[tuple[list[int], KernelChoice]]:
    """Layers that fare alike in a place, together."""
    groups: dict[tuple[object, ...], tuple[list[int], KernelChoice]] = {}
    for choice in kernels:
        alike = tuple(s.split(".", 3)[-1] if s.startswith("model.") else s for s in choice.change)
        key = (choice.backend, choice.device, choice.path, choice.reason, alike)
        groups.setdefault(key, ([], choice))[0].append(choice.layer)
    return list(groups.values())


def _print_costs(console: Console, description: Description) -> None:
    from rnncli.wording import size

    console.print("cost", style="bold")
    per_token = [
        f"{part.name} {part.multiply_adds_per_token:,}"
        for part in description.parts
        if part.multiply_adds_per_token
    ]
    once = sum(part.multiply_adds_per_text for part in description.parts)
    _rows(console, "weights", [f"{size(description.bytes)} as float32"])
    _rows(
        console,
        "a token",
        [f"{description.multiply_adds_per_token:,} multiply-adds ({' + '.join(per_token)})"],
    )
    for cost in description.costs:
        total = f"{cost.multiply_adds:,} multiply-adds, {_flops(cost.flops)}"
        work = f"{description.multiply_adds_per_token:,}·{cost.tokens} + {once:,}"
        _rows(console, f"{cost.tokens} tokens", [f"{work} = {total}: {cost.text}"])
    console.print(
        "products with weights, forwards; a training step takes about three times that. "
        "Sums and functions of single values are not counted.",
        style="dim",
    )


def _flops(flops: float) -> str:
    for unit in ("", "k", "M", "G", "T"):
        if flops < 1000 or unit == "T":
            break
        flops /= 1000
    return f"{flops:.3g} {unit}FLOP"
