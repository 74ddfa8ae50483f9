"""Progress where there is no terminal: plain lines for a log, JSON lines for a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from rnncli.json_text import json_line
from rnncli.progress import Plan, Reporter
from rnncli.wording import duration

if TYPE_CHECKING:
    from rnncli.tables import Epoch

__all__ = ["JsonReporter", "PlainReporter"]


class _LineReporter(Reporter):
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def _write(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()


class PlainReporter(_LineReporter):
    """One plain line an epoch, without control characters."""

    _epochs = 0

    def note(self, message: str) -> None:
        """See `Reporter.note`."""
        self._write(message)

    def started(self, plan: Plan) -> None:
        """See `Reporter.started`."""
        self._epochs = plan.epochs
        self._write(f"data: {plan.data}")
        self._write(f"device: {plan.device}")
        for kernel in plan.kernels:
            self._write(f"kernel: {kernel}")
        self._write(f"model: {plan.parameters:,} parameters, {plan.vocabulary:,} token ids")
        self._write(f"run: {plan.run}")
        if plan.history:
            self._write(f"resumed: {len(plan.history)} of {plan.epochs} epochs were done earlier")

    def epoch_ended(self, epoch: Epoch) -> None:
        """See `Reporter.epoch_ended`."""
        self._write(
            f"epoch {epoch.epoch}/{self._epochs}: loss {epoch.loss:.4f}, "
            f"validation loss {epoch.validation_loss:.4f}, "
            f"accuracy {epoch.validation_accuracy:.4f}, "
            f"macro-F1 {epoch.validation_macro_f1:.4f}, "
            f"{duration(epoch.seconds)}, {epoch.texts_per_second:,.0f} texts/s"
            + (", best so far" if epoch.improved else "")
        )

    def finishing(self, activity: str) -> None:
        """See `Reporter.finishing`."""
        self._write(f"{activity} …")


class JsonReporter(_LineReporter):
    """One JSON object a line, its kind under `event`."""

    def note(self, message: str) -> None:
        """`note`: message."""
        self._event("note", message=message)

    def started(self, plan: Plan) -> None:
        """`started`: the fields of `rnncli.progress.Plan`."""
        self._event("started", **vars(plan))

    def epoch_ended(self, epoch: Epoch) -> None:
        """`epoch`: the columns of `history.csv`."""
        self._event("epoch", **vars(epoch))

    def finishing(self, activity: str) -> None:
        """`finishing`: activity."""
        self._event("finishing", activity=activity)

    def _event(self, kind: str, **values: object) -> None:
        self._write(json_line({"event": kind, **values}))
