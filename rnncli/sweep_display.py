"""A sweep as it runs: a table that moves on a terminal, a line for each change elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, TextIO

from rnncli.console import steady_stderr
from rnncli.errors import StorageError
from rnncli.experiment import Monitor
from rnncli.search_plan import kept_values
from rnncli.sweep_plan import Progress
from rnncli.sweeping import Watcher
from rnncli.wording import duration

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["watching"]

_ENDED = {"done", "failed", "pruned", "diverged"}
_ROWS = 12
"""As many trials the moving table shows: those that run, then those that ended last."""


@contextmanager
def watching(out: Path, total: int, metric: Monitor | None = None) -> Iterator[Watcher]:
    """A watcher on stderr for the length of the block.

    Args:
        out: the folder of the runs.
        total: how many trainings there will be at most.
        metric: of validation, to be shown instead of test scores: what a search goes by.
    """
    if sys.stderr is None:
        yield Watcher()
        return
    with steady_stderr() as stream:
        if not stream.isatty():
            yield _Lines(stream, out, total, metric)
            return
        table = _MovingTable(stream, out, total, metric)
        try:
            yield table
        finally:
            table.close()


class _Lines(Watcher):
    def __init__(self, stream: TextIO, out: Path, total: int, metric: Monitor | None) -> None:
        self._stream, self._out, self._total, self._metric = stream, out, total, metric
        self._ended: set[int] = set()

    def changed(self, progress: Progress) -> None:
        trial = progress.trial
        told = f"{trial.label}, seed {trial.seed}: {progress.state}"
        if progress.state in _ENDED:
            self._ended.add(id(progress))
        if progress.state in {"done", "pruned"} and (score := self._score(progress)):
            told += f", {score}"
        if progress.reason:
            told += f": {progress.reason}"
        print(f"[{len(self._ended)}/{self._total}] {told}", file=self._stream, flush=True)

    def tick(self, everything: Sequence[Progress]) -> None:
        self._ended |= {id(one) for one in everything if one.state in _ENDED}

    def _score(self, progress: Progress) -> str:
        if self._metric is None:
            return _test_score(progress, self._out)
        return f"validation {self._metric} {_validation(progress, self._out, self._metric)}"


class _MovingTable(Watcher):
    def __init__(self, stream: TextIO, out: Path, total: int, metric: Monitor | None) -> None:
        from rich.console import Console
        from rich.live import Live

        self._out, self._total, self._metric = out, total, metric
        self._began = time.perf_counter()
        self._times: list[float] = []
        self._live = Live(
            console=Console(file=stream, highlight=False, markup=False, emoji=False),
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def close(self) -> None:
        self._live.stop()

    def changed(self, progress: Progress) -> None:
        if progress.state in {"done", "pruned"} and progress.began is not None:
            self._times.append(time.perf_counter() - progress.began)

    def tick(self, everything: Sequence[Progress]) -> None:
        self._live.update(self._table(everything), refresh=True)

    def _table(self, everything: Sequence[Progress]) -> Table:
        from rich.table import Table

        counts = dict.fromkeys(("done", "running", "waiting", "failed"), 0)
        for one in everything:
            counts[one.state] = counts.get(one.state, 0) + 1
        told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        left = self._total - sum(counts.get(state, 0) for state in _ENDED)
        if self._times and left > 0:
            jobs = max(counts["running"], 1)
            told += f", about {duration(median(self._times) * left / jobs)} left"
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), caption=told)
        table.caption_justify = "left"
        scores = ["val macro-F1", "test macro-F1"]
        if self._metric is not None:
            scores = [f"val {self._metric}"]
        for name in ("trial", "seed", "state", "epoch", *scores):
            table.add_column(name, no_wrap=True)
        order = {"running": 0, "elsewhere": 1, "failed": 2, "diverged": 3, "pruned": 3, "done": 3}
        shown = sorted(
            (one for one in everything if one.state in order),
            key=lambda one: (order[one.state], -(one.began or 0.0)),
        )
        for one in shown[:_ROWS]:
            table.add_row(*self._row(one))
        return table

    def _row(self, one: Progress) -> tuple[str, ...]:
        try:
            epochs = len(one.trial.run(self._out).history())
        except StorageError:
            epochs = 0
        row = (
            one.trial.label,
            str(one.trial.seed),
            one.state if not one.reason else f"{one.state}: {one.reason}",
            f"{epochs}/{one.trial.experiment.train.epochs}",
            _validation(one, self._out, self._metric or "macro_f1"),
        )
        if self._metric is not None:
            return row
        return (*row, _test_score(one, self._out) if one.state == "done" else "")


def _validation(progress: Progress, out: Path, metric: Monitor) -> str:
    values = kept_values(progress.trial.run(out), metric)
    return f"{values[-1]:.4f}" if values else ""


def _test_score(progress: Progress, out: Path) -> str:
    try:
        test = progress.trial.run(out).read("metrics")["test"]
        return f"{test['macro_f1']:.4f}"
    except (StorageError, KeyError, TypeError):
        return ""
