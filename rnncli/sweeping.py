"""Running a sweep's trials: each an `rnn train` process of its own, as many at a time as fit.

Everything a trial leaves is in its run directory, so that a sweep that was stopped or killed goes
on when it is started again: finished trials are passed over, unfinished ones resumed.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rnncli.engines import Ended, Engine, Job, Local
from rnncli.errors import StorageError
from rnncli.interrupt import StopRequest
from rnncli.sweep import Trial
from rnncli.sweep_plan import Plan, Progress, state_of

__all__ = ["Watcher", "run_plan"]

_PAUSE = 0.2
"""Seconds between two looks at the processes."""
_LOSSES = 3
"""A training whose worker was lost so often, without an epoch between, is given up."""


class Watcher:
    """Told what happens; this one does nothing."""

    def changed(self, progress: Progress) -> None:
        """A trial's state is another."""

    def tick(self, everything: Sequence[Progress]) -> None:
        """Some time has passed."""


@dataclass
class _Running:
    progress: Progress
    job: Job
    signalled: bool = False

    def stop(self, number: int) -> None:
        if not self.signalled:
            self.job.stop(number)
            self.signalled = True


def run_plan(
    plan: Plan,
    out: Path,
    *,
    jobs: int,
    stop: StopRequest,
    engine: Engine | None = None,
    watcher: Watcher | None = None,
    arguments: Sequence[str] = (),
) -> list[Progress]:
    """Run every trial that is not finished.

    Args:
        plan: says which is next.
        out: the folder of their runs.
        jobs: how many at a time.
        stop: asks the running trials to save and end.
        engine: where they run; on this machine if left out.
        watcher: told what happens.
        arguments: further arguments of `rnn train`.

    Returns:
        how each trial ended, in order.

    Raises:
        Interrupted: a stop was asked for; the same sweep goes on from there.
    """
    watcher, engine = watcher or Watcher(), engine or Local()
    engine.jobs = jobs
    running: list[_Running] = []
    with stop.deferred():
        try:
            while True:
                while len(running) < jobs and not stop and (one := plan.next()):
                    job = engine.start(
                        _arguments(one.trial, out, arguments), one.trial.run(out).path
                    )
                    one.state, one.began = "running", time.perf_counter()
                    running.append(_Running(one, job))
                    watcher.changed(one)
                plan.look()
                for child in running:
                    if stop or child.progress.unwanted:
                        child.stop(stop.signal or signal.SIGINT)
                for child in running[:]:
                    if (ended := child.job.ended()) is not None:
                        running.remove(child)
                        _settle(child.progress, ended, out)
                        plan.ended(child.progress)
                        watcher.changed(child.progress)
                watcher.tick(plan.everything)
                if not running and (stop or not plan.left()):
                    break
                time.sleep(_PAUSE)
        finally:
            for child in running:  # an error here leaves no process behind
                child.job.abandon()
    if stop:
        raise stop.error()
    return plan.everything


def _arguments(trial: Trial, out: Path, further: Sequence[str]) -> list[str]:
    """Of Python, for a trial's training."""
    settings = [word for setting in trial.settings for word in ("--set", setting)]
    chosen = ["--config", trial.base, *settings, "--seed", str(trial.seed), "--out", str(out)]
    return ["-m", "rnncli", "train", *chosen, "--quiet", "--json", *further]


def _settle(one: Progress, ended: Ended, out: Path) -> None:
    """Take note of how a process ended."""
    lines = ended.errors.splitlines()
    told = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    one.code = code = ended.code
    if code == 0:
        one.state = "done"
    elif code in {130, -signal.SIGINT, -signal.SIGTERM}:
        one.state = "interrupted"
    elif one.trial.run(out).locked:
        one.state = "elsewhere"
    elif code == 2 and state_of(one.trial, out) == "done":  # by another process, meanwhile
        one.state = "done"
    elif code is None and _worth_another(one, out):
        one.state = "waiting"
    else:
        one.state = "failed"
        killed = f"killed by signal {-(code or 0)}" if (code or 0) < 0 else f"exit code {code}"
        if code is None:
            killed = f"its worker was lost {_LOSSES} times without an epoch between"
            lines = [f"{killed}: {line}" for line in lines]
        one.reason = told[0] if told else (lines[-1] if lines else killed)


def _worth_another(one: Progress, out: Path) -> bool:
    """Whether a training whose worker was lost is to be started again."""
    try:
        epoch = one.trial.run(out).status.epoch
    except StorageError:  # it did not come so far
        epoch = 0
    one.losses = 1 if epoch > one.epoch else one.losses + 1
    one.epoch = epoch
    return one.losses < _LOSSES
