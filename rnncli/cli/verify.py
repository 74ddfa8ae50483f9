"""`rnn verify`: Keras against the equations, for cells or for a trained run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnncli.cli.options import BackendOption, DeviceOption, JsonOption, examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnncli.study.verify import Finding
    from rnncli.study.verify_backends import Unchecked

__all__ = ["EXAMPLES", "verify"]

EXAMPLES = examples(
    "rnn verify",
    "rnn verify peephole_lstm --backend tensorflow",
    "rnn verify lstm --backend jax --device gpu",
    "rnn verify runs/gru_klue-1a2b3c4d-s1 --json",
)


def verify(
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="CELL|RUN", help="A cell, or a run directory; every cell if left out."
        ),
    ] = None,
    backend: BackendOption = None,
    device: DeviceOption = None,
    texts: Annotated[
        int, typer.Option("--texts", min=1, help="How many test texts of a run to replay.")
    ] = 64,
    json: JsonOption = False,
) -> None:
    """Check Keras against the equations in NumPy.

    Cells: outputs, states and gradients in every setting and layout, on each backend
    that is installed. A run: its network on its own test texts, part by part, and
    that padding has no say. Cells are checked on the CPU unless a device is named.
    Exit code 5 if anything is off.
    """
    from rnncli.study.verify_backends import unchecked, verified

    found = verified(subject, backend, device, texts, lambda line: typer.echo(line, err=True))
    absent = unchecked(backend)
    name = subject and Path(subject).resolve().name
    if json:
        from rnncli.json_text import json_page

        rows = [_row(finding) for finding in found]
        typer.echo(json_page([*rows, *(_unchecked_row(name, one) for one in absent)]))
    else:
        _print(found, absent, name)
    _fail_if_any(found)


def _row(finding: Finding) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(finding), "passed": finding.passed}


def _unchecked_row(subject: str | None, absent: Unchecked) -> dict[str, Any]:
    return {
        "backend": absent.backend,
        "subject": subject,
        "check": absent.check,
        "passed": None,
        "not_installed": absent.extra,
    }


def _fail_if_any(found: Sequence[Finding]) -> None:
    from rnncli.errors import CheckFailed

    failed = [finding for finding in found if not finding.passed]
    if not failed:
        return
    first = max(failed, key=lambda finding: finding.relative)
    others = f" (and {len(failed) - 1} more checks failed)" if len(failed) > 1 else ""
    raise CheckFailed(
        f"{first.subject}, {first.check}, {first.quantity} on {first.backend}: error "
        f"{first.absolute:.1e}, allowed {first.allowed:.1e}{others}; do not trust results of it "
        "on this backend; rnn doctor shows the versions to report"
    )


def _print(found: Sequence[Finding], absent: Sequence[Unchecked], subject: str | None) -> None:
    from rich.table import Table

    from rnncli.console import result_console

    console, whole = result_console(), subject is None
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("cell" if whole else "subject", "check", "backend"):
        table.add_column(heading, overflow="fold")
    for heading in ("values", "relative", "gradients", "relative", ""):
        table.add_column(heading, justify="right")
    for (name, check, backend), findings in _grouped(found, whole=whole).items():
        cells = []
        for quantity in ("values", "gradients"):
            own = [f for f in findings if f.quantity == quantity]
            cells += [_worst([f.absolute for f in own]), _worst([f.relative for f in own])]
        passed = all(finding.passed for finding in findings)
        table.add_row(name, check, backend, *cells, "ok" if passed else "FAILED")
    for one in absent:
        table.add_row(subject or "all", one.check or "all", one.backend, *[""] * 4, "not installed")
    console.print("largest errors, absolute and relative to the largest value", style="dim")
    console.print(table)
    bad = sum(not finding.passed for finding in found)
    console.print(f"{len(found)} checks, {bad or 'none'} failed", style="bold")
    for extra in dict.fromkeys(one.extra for one in absent):
        console.print(f"not installed: pip install 'rnncli[{extra}]'", style="dim", markup=False)


def _grouped(found: Sequence[Finding], *, whole: bool) -> dict[tuple[str, str, str], list[Finding]]:
    """By subject, check and backend; of all cells, a cell's variants together."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in found:
        subject = finding.subject.split()[0] if whole else finding.subject
        groups.setdefault((subject, finding.check, finding.backend), []).append(finding)
    return groups


def _worst(errors: Sequence[float]) -> str:
    """The largest error, NaN above all; empty if nothing was measured."""
    if not errors:
        return ""
    return "nan" if any(e != e for e in errors) else f"{max(errors):.1e}"
