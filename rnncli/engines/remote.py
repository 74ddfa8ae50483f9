"""A training's process on a machine of an engine, and how it is stopped: by a file they share."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rnncli.atomic import make_folder

__all__ = ["Order", "carry_out"]

_FOLDER = ".stop"
_PAUSE = 0.3
_STOPPED = {130, -signal.SIGINT, -signal.SIGTERM}
_VARIABLES = (
    "KERAS_BACKEND",
    "KERAS_HOME",
    "RNN_DATA",
    "RNN_PROGRAMS",
    "HF_HOME",
    "HF_DATASETS_CACHE",
    "HF_ENDPOINT",
    "HF_HUB_OFFLINE",
    "MLFLOW_TRACKING_URI",
    "MLFLOW_EXPERIMENT_NAME",
)
"""Of the environment, what a worker gets from who ordered. An order may lie on a shared disk, so
no password and no address that may hold one."""


@dataclass(frozen=True)
class Order:
    """One training's process, to be started anywhere that sees the folder of the runs."""

    arguments: tuple[str, ...]
    """Of Python."""
    folder: Path
    """Where it starts: relative paths of a config begin here."""
    stop: Path
    """Once this file is there, the process is to save its work and end."""
    variables: Mapping[str, str]
    """Of the environment it was ordered in."""

    @classmethod
    def of(cls, arguments: Sequence[str], run: Path) -> Order:
        """An order for a run directory, given from here."""
        stop = run.absolute().parent / _FOLDER / run.name
        stop.unlink(missing_ok=True)
        known = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
        for name in ("HF_ENDPOINT", "MLFLOW_TRACKING_URI"):
            if "@" in known.get(name, ""):
                del known[name]
        return cls(tuple(arguments), Path.cwd(), stop, known)

    def revoke(self) -> None:
        """Have its process save its work and end."""
        make_folder(self.stop.parent)
        self.stop.touch()

    def forget(self) -> None:
        """Remove what `revoke` left."""
        self.stop.unlink(missing_ok=True)


def carry_out(order: Order) -> tuple[int | None, str]:
    """Run the process to its end; called on the engine's machine.

    Returns:
        its exit code and stderr; None where it was stopped by somebody else: a machine that is
        taken away, a time limit.
    """
    if order.stop.exists():
        return 130, ""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, *order.arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            cwd=order.folder,
            env={**os.environ, **order.variables},
        )
        asked = False
        try:
            while (code := process.poll()) is None:
                if not asked and order.stop.exists():
                    process.send_signal(signal.SIGINT)
                    asked = True
                time.sleep(_PAUSE)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        errors.seek(0)
        told = errors.read().decode("utf-8", "replace")
    taken = code in _STOPPED or code == -signal.SIGKILL
    return (None, "its process was stopped") if taken and not asked else (code, told)
