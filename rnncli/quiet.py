"""Keeps what native libraries print away from the terminal.

TensorFlow, XLA and CUDA write to file descriptor 2 whatever the log level. Here that descriptor
leads to a log file, while Python's own `sys.stderr` keeps the terminal.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from rnncli.errors import RnnError

__all__ = ["TALKATIVE", "native_output_to"]

TALKATIVE = ("tensorflow", "absl", "jax", "py.warnings", "h5py", "matplotlib", "mlflow", "urllib3")
"""Loggers of the libraries that warn of what is no concern of the user's."""


@contextlib.contextmanager
def native_output_to(path: Path | None = None) -> Iterator[Path]:
    """Send native output and library logging to a file for the length of the block.

    Args:
        path: the log, appended to; a temporary file if None, removed unless something unforeseen
            happened.

    Yields:
        the path of the log, to be named when something goes wrong.
    """
    temporary = path is None
    if path is None:
        handle, name = tempfile.mkstemp(prefix="rnn-", suffix=".log")
        os.close(handle)
        path = Path(name)
    understood = False
    try:
        with path.open("a", encoding="utf-8") as log, _stderr_kept(), _logging_to(log):
            saved = os.dup(2)
            os.dup2(log.fileno(), 2)
            try:
                yield path
            finally:
                os.dup2(saved, 2)
                os.close(saved)
        understood = True
    except (RnnError, KeyboardInterrupt):
        understood = True
        raise
    finally:
        if understood and (temporary or not path.stat().st_size):
            path.unlink()


@contextlib.contextmanager
def _stderr_kept() -> Iterator[None]:
    """Let `sys.stderr` write to where descriptor 2 leads now, whatever becomes of it."""
    stream = sys.stderr
    try:
        direct = stream.fileno() == 2
    except (OSError, ValueError, AttributeError):
        direct = False
    if not direct:
        yield
        return
    stream.flush()
    with os.fdopen(os.dup(2), "w", encoding=stream.encoding, buffering=1) as terminal:
        sys.stderr = terminal
        try:
            yield
        finally:
            sys.stderr = stream


@contextlib.contextmanager
def _logging_to(log: TextIO) -> Iterator[None]:
    """Route the libraries' Python logging and warnings to the log."""
    handler = logging.StreamHandler(log)
    kept: list[tuple[logging.Logger, list[logging.Handler], bool]] = []
    for name in TALKATIVE:
        logger = logging.getLogger(name)
        kept.append((logger, logger.handlers[:], logger.propagate))
        logger.handlers[:] = [handler]
        logger.propagate = False
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        for logger, handlers, propagate in kept:
            logger.handlers[:] = handlers
            logger.propagate = propagate
