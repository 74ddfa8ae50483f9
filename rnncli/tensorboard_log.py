"""A run's epochs as TensorBoard scalars (extra `tensorboard`)."""

from __future__ import annotations

import importlib.util
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncli.errors import UsageError
from rnncli.progress import Plan, Relay, Reporter

if TYPE_CHECKING:
    from rnncli.tables import Epoch

__all__ = ["TensorBoardLog", "require_tensorboard"]

_NOT_CURVES = ("epoch", "improved")


def require_tensorboard() -> None:
    """Fail before anything is trained when the package is missing.

    Raises:
        UsageError: tensorboard is not installed.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise UsageError(
            "train.tensorboard: true needs a package that is not installed; "
            "pip install 'rnncli[tensorboard]', or leave the setting out"
        )


class TensorBoardLog(Relay):
    """Writes every column of the history, then passes each call on."""

    def __init__(self, folder: Path, then: Reporter) -> None:
        """Log into a folder, and tell another reporter the same."""
        super().__init__(then)
        self._folder = folder
        self._writer: Any = None

    def started(self, plan: Plan) -> None:
        """Open the log."""
        from tensorboard.summary import Writer

        self._writer = Writer(str(self._folder))
        self._then.started(plan)

    def epoch_ended(self, epoch: Epoch) -> None:
        """One point of each curve."""
        for name, value in asdict(epoch).items():
            if name not in _NOT_CURVES:
                self._writer.add_scalar(name, value, epoch.epoch)
        self._writer.flush()
        self._then.epoch_ended(epoch)

    def end(self) -> None:
        """Close the log, of one training; the other reporter may have more to tell."""
        if self._writer is not None:
            self._writer.close()
