"""Progress on a terminal: what is trained, a bar for the epoch, a row for each one finished."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TextIO

from rnncli.progress import Plan, Reporter
from rnncli.wording import duration

if TYPE_CHECKING:
    from rich.text import Text

    from rnncli.tables import Epoch

__all__ = ["LiveReporter"]

_HEADINGS = ("epoch", "loss", "val loss", "val acc", "val macro-F1", "time", "texts/s")
_WIDTHS = (7, 9, 10, 9, 14, 10, 9)


class LiveReporter(Reporter):
    """Draws with rich; what is finished scrolls, the line below it moves.

    Nothing of the moving line is left after `close`, and the cursor is visible again.
    """

    def __init__(self, stream: TextIO) -> None:
        """Begin to draw on a terminal."""
        from rich.console import Console
        from rich.live import Live

        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        self._live = Live(
            console=self._console,
            transient=True,
            refresh_per_second=8,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._plan: Plan | None = None
        self._epoch = 0
        self._texts = 0
        self._began = self._epoch_began = time.perf_counter()
        self._progress: Any = None
        self._live.start()
        self._spin("preparing data and model")

    def note(self, message: str) -> None:
        """See `Reporter.note`."""
        self._console.print(message, style="yellow")

    def started(self, plan: Plan) -> None:
        """See `Reporter.started`."""
        from rich.table import Table

        self._plan = plan
        facts = Table.grid(padding=(0, 2))
        facts.add_column(style="dim", no_wrap=True)
        facts.add_column(overflow="fold")
        facts.add_row("data", plan.data)
        facts.add_row("device", plan.device)
        for kernel in plan.kernels:
            facts.add_row("kernel", kernel)
        facts.add_row("model", f"{plan.parameters:,} parameters, {plan.vocabulary:,} token ids")
        facts.add_row("run", str(plan.run))
        if plan.history:
            done = f"{len(plan.history)} of {plan.epochs} epochs were done earlier"
            facts.add_row("resumed", done)
        self._console.print(facts)
        self._console.print()
        self._console.print(_row(_HEADINGS, "★ best", style="bold"))
        for epoch in plan.history:
            self._print_epoch(epoch, style="dim")
        self._began = time.perf_counter()

    def epoch_started(self, epoch: int) -> None:
        """See `Reporter.epoch_started`."""
        from rich.progress import BarColumn, Progress, TextColumn

        if self._plan is None:
            return
        self._epoch, self._epoch_began = epoch, time.perf_counter()
        self._progress = Progress(
            TextColumn(f"{epoch}/{self._plan.epochs}".rjust(_WIDTHS[0])),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.description}"),
            console=self._console,
        )
        self._progress.add_task("", total=self._plan.texts)
        self._live.update(self._progress)

    def step(self, texts: int, loss: float) -> None:
        """See `Reporter.step`."""
        if self._plan is None or self._progress is None:
            return
        now = time.perf_counter()
        rate = texts / max(now - self._epoch_began, 1e-9)
        done = (self._epoch - self._plan.first_epoch) * self._plan.texts + texts
        total = (self._plan.epochs - self._plan.first_epoch + 1) * self._plan.texts
        left = (now - self._began) / done * (total - done)
        told = f"loss {loss:.4f}  {rate:,.0f} texts/s  {duration(left)} left"
        if texts >= self._plan.texts:
            told = f"loss {loss:.4f}  validating"
        self._progress.update(0, completed=texts, description=told)

    def epoch_ended(self, epoch: Epoch) -> None:
        """See `Reporter.epoch_ended`."""
        self._print_epoch(epoch)

    def finishing(self, activity: str) -> None:
        """See `Reporter.finishing`."""
        self._spin(activity)

    def close(self) -> None:
        """See `Reporter.close`; a second time does nothing."""
        from rich.text import Text

        if self._live.is_started:
            self._live.update(Text(""))
            self._live.stop()

    def _spin(self, activity: str) -> None:
        from rich.spinner import Spinner

        self._live.update(Spinner("dots", f" {activity} …"))

    def _print_epoch(self, epoch: Epoch, style: str = "") -> None:
        epochs = self._plan.epochs if self._plan else epoch.epoch
        cells = (
            f"{epoch.epoch}/{epochs}",
            f"{epoch.loss:.4f}",
            f"{epoch.validation_loss:.4f}",
            f"{epoch.validation_accuracy:.4f}",
            f"{epoch.validation_macro_f1:.4f}",
            duration(epoch.seconds),
            f"{epoch.texts_per_second:,.0f}",
        )
        self._console.print(_row(cells, "★" if epoch.improved else "", style))


def _row(cells: tuple[str, ...], mark: str, style: str = "") -> Text:
    from rich.text import Text

    line = Text("".join(cell.rjust(width) for cell, width in zip(cells, _WIDTHS, strict=True)))
    line.stylize(style)
    line.append(f"  {mark}", style="yellow")
    return line
