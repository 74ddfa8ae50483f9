"""The plan of a search: points from its study, trained with every seed, given up where hopeless."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from rnncli.errors import CheckFailed, ConfigError, StorageError, UsageError
from rnncli.experiment import Monitor
from rnncli.run import Run
from rnncli.search import Search
from rnncli.search_study import SearchStudy, StudyPoint
from rnncli.sweep_plan import Plan, Progress, look_elsewhere, state_of

__all__ = ["SearchPlan", "kept_values"]

_PATIENCE = 2.0
"""Seconds until a study that had no work is asked again."""


@dataclass
class _Open:
    """A point in training."""

    number: int
    seeds: list[Progress]
    reported: int = 0
    """Epochs of the first seed that the study knows."""


class SearchPlan(Plan):
    """A search.

    With pruning a point's first seed is trained alone, for its epochs are compared with those of
    the other points' first seeds; the rest follow if it was not given up. A point's value is the
    mean over its seeds. A point whose loss diverges is a result; one that fails for another reason
    is left to the next start, like a failed trial of a grid.
    """

    def __init__(self, search: Search, study: SearchStudy, out: Path, *, keep_going: bool) -> None:
        """Begin with what the study already has."""
        self._search, self._study, self._out = search, study, out
        self._keep_going = keep_going
        self._open: list[_Open] = []
        self._ask_after = -math.inf
        self.everything = []
        for point in study.points():
            if point.state != "running":
                self.everything += self._known(point)

    def next(self) -> Progress | None:
        """A seed of a point that was begun, or the first of another point."""
        if not self._keep_going and any(one.state == "failed" for one in self.everything):
            return None
        while True:
            for point in self._open:
                for index, one in enumerate(point.seeds):
                    if one.state == "waiting" and (index == 0 or self._survived(point)):
                        return one
            if time.monotonic() < self._ask_after or not self._claim():
                return None

    def look(self) -> None:
        """Report new epochs, give up what is hopeless, and conclude what is finished."""
        look_elsewhere((one for point in self._open for one in point.seeds), self._out)
        for point in self._open[:]:
            first = point.seeds[0]
            if self._report(point) and first.state == "running":
                first.unwanted = True
            self._conclude(point)

    def ended(self, one: Progress) -> None:
        """Tell the study what came of a training."""
        if one.state == "interrupted" and one.unwanted:
            one.state = "pruned"
        elif one.state == "failed" and one.code == CheckFailed.exit_code:
            one.state = "diverged"
        for point in self._open[:]:
            if any(one is seed for seed in point.seeds):
                self._report(point)
                self._conclude(point)
                if point in self._open and one.state in {"failed", "interrupted"}:
                    self._study.give_up(point.number)

    def left(self) -> bool:
        """Whether there is a point to train, or one that another process trains."""
        if any(one.state == "elsewhere" for one in self.everything) or self.next() is not None:
            return True
        if not self._keep_going and any(one.state == "failed" for one in self.everything):
            return False
        mine = {point.number for point in self._open}
        others = (p for p in self._study.points() if p.number not in mine)
        return any(point.state == "running" and not point.given_up for point in others)

    def _claim(self) -> bool:
        """Begin another point; False if there is none."""
        claimed = self._study.claim()
        if claimed is None:
            self._ask_after = time.monotonic() + _PATIENCE
            return False
        try:
            trials = self._search.trials(claimed.point)
        except (ConfigError, UsageError) as error:
            self._study.failed(claimed.number, "; ".join(error.lines))
            return True
        seeds = [Progress(trial, state_of(trial, self._out)) for trial in trials]
        self.everything += seeds
        self._open.append(_Open(claimed.number, seeds))
        self._report(self._open[-1])
        self._conclude(self._open[-1])
        return True

    def _survived(self, point: _Open) -> bool:
        return self._search.spec.pruning == "none" or point.seeds[0].state == "done"

    def _report(self, point: _Open) -> bool:
        """Tell the study of new epochs; whether the point is not worth the epochs left."""
        trial = point.seeds[0].trial
        values = kept_values(trial.run(self._out), self._search.spec.metric)
        if len(values) <= point.reported or not all(map(math.isfinite, values)):
            return False
        point.reported = len(values)
        hopeless = self._study.report(point.number, values)
        return hopeless and len(values) < trial.experiment.train.epochs

    def _conclude(self, point: _Open) -> None:
        """Tell the study of a point that has come to an end."""
        states = [one.state for one in point.seeds]
        if ended := next((one for one in point.seeds if one.state in {"pruned", "diverged"}), None):
            for one in point.seeds:
                one.unwanted = one.state == "running"
            if "running" in states:
                return
            if ended.state == "pruned":
                self._study.pruned(point.number)
                _note_pruned(ended.trial.run(self._out), point.reported)
            else:
                self._study.failed(point.number, ended.reason)
            unneeded = [id(one) for one in point.seeds if one.state == "waiting"]
            self.everything = [one for one in self.everything if id(one) not in unneeded]
        elif all(state == "done" for state in states):
            self._finish(point)
        else:
            return
        self._open.remove(point)

    def _finish(self, point: _Open) -> None:
        metric = self._search.spec.metric
        ends = [kept_values(one.trial.run(self._out), metric)[-1:] for one in point.seeds]
        value = fmean(end[0] if end else math.nan for end in ends)
        if math.isfinite(value):
            self._study.done(point.number, value)
        else:
            self._study.failed(point.number, f"validation {metric} is {value}")

    def _known(self, point: StudyPoint) -> list[Progress]:
        try:
            trials = self._search.trials(point.point)
        except (ConfigError, UsageError):
            return []
        if point.state == "done":
            return [Progress(trial, "done") for trial in trials]
        return [Progress(trials[0], "pruned" if point.state == "pruned" else "diverged")]


def kept_values(run: Run, metric: Monitor) -> list[float]:
    """After each epoch of a run, the validation metric of the weights it would keep."""
    try:
        epochs = run.history()
    except StorageError:  # there is none yet
        return []
    values: list[float] = []
    for epoch in epochs:
        kept = epoch.improved or not values
        values.append(getattr(epoch, f"validation_{metric}") if kept else values[-1])
    return values


def _note_pruned(run: Run, epochs: int) -> None:
    """Let the run's status say why it stands where it does."""
    told = f"pruned by a search after epoch {epochs}; the same command continues it"
    with suppress(StorageError, UsageError), run.lock():
        if run.status.state != "done":
            run.set_status("interrupted", reason=told)
