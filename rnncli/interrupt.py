"""Ctrl-C and SIGTERM, held back while something is being finished."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from rnncli.errors import Interrupted

__all__ = ["StopRequest", "stop_requests"]


class StopRequest:
    """Whether the user, or the system, wants the work to end."""

    def __init__(self) -> None:
        """Nothing has been asked for yet."""
        self.signal: signal.Signals | None = None
        self._deferred = False

    def __bool__(self) -> bool:
        """True once a signal has come."""
        return self.signal is not None

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Within the block a first signal is noted; a second one, or one outside, raises."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False

    def receive(self, number: int, frame: FrameType | None) -> None:
        """The signal handler."""
        first = self.signal is None
        self.signal = signal.Signals(number)
        if not (first and self._deferred):
            raise self.error()

    def error(self) -> Interrupted:
        """What to raise."""
        name = self.signal.name if self.signal is not None else "request"
        return Interrupted(f"stopped by {name}; what is finished is saved")


@contextlib.contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Handle SIGINT and SIGTERM within the block; elsewhere than the main thread, neither."""
    stop = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, stop.receive) for number in signals]
    try:
        yield stop
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
