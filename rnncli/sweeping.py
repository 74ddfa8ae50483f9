"""Running a sweep's trials: each an `rnn train` process of its own, as many at a time as fit.

Everything a trial leaves is in its run directory, so that a sweep that was stopped or killed goes
on when it is started again: finished trials are passed over, unfinished ones resumed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

from rnncli.errors import StorageError
from rnncli.interrupt import StopRequest
from rnncli.machine import cores
from rnncli.sweep import Trial

__all__ = ["Progress", "TrialState", "Watcher", "automatic_jobs", "run_trials", "state_of"]

TrialState = Literal["waiting", "running", "done", "failed", "interrupted", "elsewhere"]
"""`elsewhere`: another process is training it; its end is waited for."""

_PAUSE = 0.2
"""Seconds between two looks at the processes."""
_MEMORY_OF_A_TRIAL = 2.5e9
"""What a trial may need, in bytes: one of IMDB took 1.6 GB."""


@dataclass
class Progress:
    """How far a trial has come."""

    trial: Trial
    state: TrialState
    reason: str = ""
    began: float | None = None
    """When this process started it, by `time.perf_counter`."""


class Watcher:
    """Told what happens; this one does nothing."""

    def changed(self, progress: Progress) -> None:
        """A trial's state is another."""

    def tick(self, everything: Sequence[Progress]) -> None:
        """Some time has passed."""


@dataclass
class _Child:
    progress: Progress
    process: subprocess.Popen[bytes]
    errors: IO[bytes]
    slot: int
    signalled: bool = field(default=False)


def automatic_jobs(trials: int) -> int:
    """How many trials to run at a time: one a core, fewer if memory is short, one on a GPU.

    A small recurrent network uses one core better than two: eight trainings of LSTM and GRU on
    KLUE-TC took 131 s two at a time and 177 s one at a time, on two cores.
    """
    if shutil.which("nvidia-smi"):
        return 1
    return max(1, min(trials, cores(), int(_free_memory() / _MEMORY_OF_A_TRIAL)))


def _free_memory() -> float:
    with suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
    return float("inf")


def run_trials(
    trials: Sequence[Trial],
    out: Path,
    *,
    jobs: int,
    keep_going: bool,
    stop: StopRequest,
    watcher: Watcher | None = None,
    arguments: Sequence[str] = (),
) -> list[Progress]:
    """Run every trial that is not finished.

    Args:
        trials: what `rnncli.sweep.trials` gave.
        out: the folder of their runs.
        jobs: how many at a time; they share the cores evenly.
        keep_going: start further trials after one has failed.
        stop: asks the running trials to save and end.
        watcher: told what happens.
        arguments: further arguments of `rnn train`.

    Returns:
        how each trial ended, in order.

    Raises:
        Interrupted: a stop was asked for; the same sweep goes on from there.
    """
    watcher = watcher or Watcher()
    everything = [Progress(trial, state_of(trial, out)) for trial in trials]
    children: list[_Child] = []
    slots = list(range(jobs))
    with stop.deferred():
        try:
            while True:
                while slots and not stop and (one := _next(everything, keep_going=keep_going)):
                    children.append(_start(one, out, slots.pop(0), jobs, arguments))
                    watcher.changed(one)
                if stop:
                    _signal(children, stop.signal or signal.SIGINT)
                for child in [child for child in children if child.process.poll() is not None]:
                    _finish(child, out)
                    children.remove(child)
                    slots.append(child.slot)
                    watcher.changed(child.progress)
                watcher.tick(everything)
                if not children and (stop or not _left(everything, out, keep_going=keep_going)):
                    break
                time.sleep(_PAUSE)
        finally:
            for child in children:  # an error here leaves no process behind
                child.process.terminate()
    if stop:
        raise stop.error()
    return everything


def state_of(trial: Trial, out: Path) -> TrialState:
    """How far a trial has come by what its run directory says."""
    run = trial.run(out)
    if not run.exists:
        return "waiting"
    if run.locked:
        return "elsewhere"
    try:
        return "done" if run.status.state == "done" else "waiting"
    except StorageError:
        return "waiting"  # training it says what is wrong


def _next(everything: Sequence[Progress], *, keep_going: bool) -> Progress | None:
    """The trial to start, if there is one and no failure forbids it."""
    if not keep_going and any(one.state == "failed" for one in everything):
        return None
    return next((one for one in everything if one.state == "waiting"), None)


def _left(everything: Sequence[Progress], out: Path, *, keep_going: bool) -> bool:
    """Whether there is a trial to start, or one whose end in another process is to be awaited."""
    elsewhere = [one for one in everything if one.state == "elsewhere"]
    for one in elsewhere:
        one.state = state_of(one.trial, out)
    return bool(elsewhere) or _next(everything, keep_going=keep_going) is not None


def _command(trial: Trial, out: Path, arguments: Sequence[str]) -> list[str]:
    settings = [word for setting in trial.settings for word in ("--set", setting)]
    chosen = ["--config", trial.base, *settings, "--seed", str(trial.seed), "--out", str(out)]
    return [sys.executable, "-m", "rnncli", "train", *chosen, "--quiet", "--json", *arguments]


def _start(one: Progress, out: Path, slot: int, jobs: int, arguments: Sequence[str]) -> _Child:
    errors = tempfile.TemporaryFile()  # noqa: SIM115, closed when the process has ended
    # A session of its own: a stop is passed on by us, once.
    process = subprocess.Popen(
        _command(one.trial, out, arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        start_new_session=True,
    )
    if jobs > 1 and hasattr(os, "sched_setaffinity"):
        mine = sorted(os.sched_getaffinity(0))
        share = mine[slot % len(mine) :: jobs] or mine
        with suppress(OSError):  # it may have ended already
            os.sched_setaffinity(process.pid, share)
    one.state, one.began = "running", time.perf_counter()
    return _Child(one, process, errors, slot)


def _signal(children: Sequence[_Child], number: int) -> None:
    for child in children:
        if not child.signalled:
            child.process.send_signal(number)
            child.signalled = True


def _finish(child: _Child, out: Path) -> None:
    """Take note of how a process ended."""
    one, code = child.progress, child.process.returncode
    child.errors.seek(0)
    lines = child.errors.read().decode("utf-8", "replace").splitlines()
    child.errors.close()
    told = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    if code == 0:
        one.state = "done"
    elif code in {130, -signal.SIGINT, -signal.SIGTERM}:
        one.state = "interrupted"
    elif one.trial.run(out).locked:
        one.state = "elsewhere"
    else:
        one.state = "failed"
        killed = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        one.reason = told[0] if told else (lines[-1] if lines else killed)
