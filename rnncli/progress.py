"""What a training tells while it runs. The base class says nothing; `rnncli.console` shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnncli.tables import Epoch

__all__ = ["Plan", "Relay", "Reporter"]


@dataclass(frozen=True)
class Plan:
    """What is about to be trained."""

    run: Path
    data: str
    """The data set, its split sizes and whether it is synthetic, in a line."""
    device: str
    kernels: Sequence[str]
    """For each layer which kernel runs and why."""
    parameters: int
    vocabulary: int
    texts: int
    """Training texts, that is texts of an epoch."""
    epochs: int
    first_epoch: int
    """1, or where a resumed run goes on."""
    history: Sequence[Epoch] = field(default_factory=tuple)
    """Epochs finished earlier."""


class Reporter:
    """Receives what happens, in this order; overriding a method shows it."""

    def note(self, message: str) -> None:
        """Something worth a line: a resume, a skipped baseline, a finished run left alone."""

    def started(self, plan: Plan) -> None:
        """Data and model are ready; training begins."""

    def epoch_started(self, epoch: int) -> None:
        """An epoch begins, counted from 1."""

    def step(self, texts: int, loss: float) -> None:
        """A batch is done: texts so far in this epoch, mean loss so far."""

    def epoch_ended(self, epoch: Epoch) -> None:
        """An epoch is validated and saved."""

    def finishing(self, activity: str) -> None:
        """After the last epoch: what is being worked out (predictions, baselines, report)."""

    def close(self) -> None:
        """Training is over, well or not."""


class Relay(Reporter):
    """Passes everything on to another reporter; the base of those that do something beside."""

    def __init__(self, then: Reporter) -> None:
        """Tell another reporter the same."""
        self._then = then

    def note(self, message: str) -> None:
        """Passed on."""
        self._then.note(message)

    def started(self, plan: Plan) -> None:
        """Passed on."""
        self._then.started(plan)

    def epoch_started(self, epoch: int) -> None:
        """Passed on."""
        self._then.epoch_started(epoch)

    def step(self, texts: int, loss: float) -> None:
        """Passed on."""
        self._then.step(texts, loss)

    def epoch_ended(self, epoch: Epoch) -> None:
        """Passed on."""
        self._then.epoch_ended(epoch)

    def finishing(self, activity: str) -> None:
        """Passed on."""
        self._then.finishing(activity)

    def close(self) -> None:
        """Passed on."""
        self._then.close()
