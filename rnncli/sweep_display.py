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
from rnncli.sweeping import Progress, Watcher
from rnncli.wording import duration

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["watching"]

_ROWS = 12
"""As many trials the moving table shows: those that run, then those that ended last."""


@contextmanager
def watching(out: Path, total: int) -> Iterator[Watcher]:
    """A watcher on stderr for the length of the block."""
    if sys.stderr is None:
        yield Watcher()
        return
    with steady_stderr() as stream:
        if not stream.isatty():
            yield _Lines(stream, out, total)
            return
        table = _MovingTable(stream, out)
        try:
            yield table
        finally:
            table.close()


class _Lines(Watcher):
    def __init__(self, stream: TextIO, out: Path, total: int) -> None:
        self._stream, self._out, self._total, self._ended = stream, out, total, 0

    def changed(self, progress: Progress) -> None:
        self._ended += progress.state in {"done", "failed"}
        trial = progress.trial
        told = f"{trial.label}, seed {trial.seed}: {progress.state}"
        if progress.state == "done":
            told += f", {_score(progress, self._out)}"
        if progress.reason:
            told += f": {progress.reason}"
        print(f"[{self._ended}/{self._total}] {told}", file=self._stream, flush=True)


class _MovingTable(Watcher):
    def __init__(self, stream: TextIO, out: Path) -> None:
        from rich.console import Console
        from rich.live import Live

        self._out = out
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
        if progress.state == "done" and progress.began is not None:
            self._times.append(time.perf_counter() - progress.began)

    def tick(self, everything: Sequence[Progress]) -> None:
        self._live.update(self._table(everything), refresh=True)

    def _table(self, everything: Sequence[Progress]) -> Table:
        from rich.table import Table

        counts = dict.fromkeys(("done", "running", "waiting", "failed"), 0)
        for one in everything:
            counts[one.state] = counts.get(one.state, 0) + 1
        told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        if self._times and (left := counts["waiting"] + counts["running"]):
            jobs = max(counts["running"], 1)
            told += f", about {duration(median(self._times) * left / jobs)} left"
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), caption=told)
        table.caption_justify = "left"
        for name in ("trial", "seed", "state", "epoch", "val macro-F1", "test macro-F1"):
            table.add_column(name, no_wrap=True)
        order = {"running": 0, "elsewhere": 1, "failed": 2, "done": 3}
        shown = sorted(
            (one for one in everything if one.state in order),
            key=lambda one: (order[one.state], -(one.began or 0.0)),
        )
        for one in shown[:_ROWS]:
            table.add_row(*self._row(one))
        return table

    def _row(self, one: Progress) -> tuple[str, ...]:
        run = one.trial.run(self._out)
        try:
            epochs = run.history()
        except StorageError:
            epochs = []
        best = max((epoch.validation_macro_f1 for epoch in epochs), default=None)
        return (
            one.trial.label,
            str(one.trial.seed),
            one.state if not one.reason else f"{one.state}: {one.reason}",
            f"{len(epochs)}/{one.trial.experiment.train.epochs}",
            "" if best is None else f"{best:.4f}",
            _score(one, self._out) if one.state == "done" else "",
        )


def _score(progress: Progress, out: Path) -> str:
    try:
        test = progress.trial.run(out).read("metrics")["test"]
        return f"{test['macro_f1']:.4f}"
    except (StorageError, KeyError, TypeError):
        return ""
