"""`rnn verify` on several backends: Keras has one a process, so that each gets a process."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rnncli.cells import CELL_NAMES
from rnncli.errors import CheckFailed, DataError, DeviceError, RnnError, UsageError
from rnncli.experiment import BACKENDS, Backend
from rnncli.run import Run
from rnncli.suggestions import did_you_mean

if TYPE_CHECKING:
    from rnncli.experiment import DeviceChoice
    from rnncli.study.verify import Finding

__all__ = ["Unchecked", "unchecked", "verified"]

_ERRORS: dict[int, type[RnnError]] = {2: UsageError, 3: DataError, 4: DeviceError}


@dataclass(frozen=True)
class Unchecked:
    """What would have been checked, were a package installed."""

    backend: Backend
    check: str | None
    """None for every check on a backend."""
    extra: str
    """What to install: `rnncli[extra]`."""


def verified(
    subject: str | None,
    backend: Backend | None,
    device: DeviceChoice | None,
    texts: int,
    tell: Callable[[str], object],
) -> list[Finding]:
    """Check a cell, a run or every cell.

    Args:
        subject: a cell's name, a run's directory, or None for every cell.
        backend: check on this one, in this process; None for each that is installed.
        device: where; by default a run where it was trained, if it can be, and cells on the CPU.
        texts: how many of a run's test texts.
        tell: is told which backend's turn it is.

    Raises:
        UsageError: there is no such cell or run, or the run has no weights yet.
        DataError: a file of the run is missing or damaged.
        DeviceError: the backend is not available.
        CheckFailed: a backend could not be checked at all.
    """
    run = _run_of(subject)
    if backend is not None:
        return _here(subject, run, backend, device, texts)
    found: list[Finding] = []
    for name in BACKENDS:
        if _installed(name):
            tell(f"checking on {name} …")
            found += _in_a_process(subject, name, device, texts)
    return found


def unchecked(backend: Backend | None) -> list[Unchecked]:
    """What `verified`, asked the same, leaves out because it is not installed."""
    from rnncli.study.verify import EXTRAS, missing_extra

    asked = BACKENDS if backend is None else (backend,)
    absent = [Unchecked(name, None, name) for name in asked if not _installed(name)]
    if "tensorflow" in asked:
        absent += [
            Unchecked("tensorflow", check, extra)
            for check in EXTRAS
            if (extra := missing_extra(check)) is not None
        ]
    return absent


def _installed(backend: Backend) -> bool:
    return importlib.util.find_spec(backend) is not None


def _run_of(subject: str | None) -> Run | None:
    """The run that is named, or None for cells.

    Raises:
        UsageError: it is neither.
    """
    if subject is None or subject in CELL_NAMES:
        return None
    if Path(subject).is_dir():
        return Run.open(Path(subject))
    names = ", ".join(CELL_NAMES)
    raise UsageError(
        f"{subject}: neither a run directory nor a cell"
        f"{did_you_mean(subject, CELL_NAMES) or f'; cells are {names}'}"
    )


def _here(
    subject: str | None, run: Run | None, backend: Backend, device: DeviceChoice | None, texts: int
) -> list[Finding]:
    from rnncli.backend import activate, trouble_told
    from rnncli.quiet import native_output_to

    with native_output_to(), trouble_told():
        if run is not None:
            from rnncli.study.verify_run import verify_run

            return list(verify_run(run, backend, texts, device))
        activate(backend, device or "cpu", exact=True)
        from rnncli.study.verify import verify_cells

        return list(verify_cells([subject] if subject else []))


def _in_a_process(
    subject: str | None, backend: Backend, device: DeviceChoice | None, texts: int
) -> list[Finding]:
    from rnncli.study.verify import Finding

    asked = [*([subject] if subject else []), "--backend", backend, "--texts", str(texts)]
    asked += ["--device", device] if device else []
    done = subprocess.run(
        [sys.executable, "-m", "rnncli", "verify", *asked, "--json"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode not in (0, CheckFailed.exit_code):
        lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        message = lines[0].removeprefix("error: ") if lines else done.stderr.strip()[-300:]
        raise _ERRORS.get(done.returncode, CheckFailed)(message or f"{backend}: the check died")
    rows = [row for row in json.loads(done.stdout) if row["passed"] is not None]
    for row in rows:
        del row["passed"]
        # JSON has no NaN: it comes as null.
        for key in ("absolute", "relative"):
            row[key] = float("nan") if row[key] is None else row[key]
    return [Finding(**row) for row in rows]
