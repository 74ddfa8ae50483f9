"""Scope: the first signal waits for the work in hand, the second does not, and handlers return."""

from __future__ import annotations

import contextlib
import os
import signal
import threading

import pytest

from rnncli.errors import Interrupted
from rnncli.interrupt import StopRequest, stop_requests


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_first_signal_is_noted_while_deferred(number: signal.Signals) -> None:
    with stop_requests() as stop:
        with stop.deferred():
            assert not stop
            os.kill(os.getpid(), number)
            assert stop
        assert stop.signal is number
        assert number.name in str(stop.error())


def test_a_second_signal_raises_at_once() -> None:
    with stop_requests() as stop, stop.deferred():
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Interrupted, match="SIGINT"):
            os.kill(os.getpid(), signal.SIGINT)


def test_a_signal_outside_raises_at_once() -> None:
    with stop_requests() as stop:
        with stop.deferred():
            pass
        with pytest.raises(Interrupted, match="SIGINT"):
            os.kill(os.getpid(), signal.SIGINT)
        assert stop


def test_handlers_come_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with stop_requests():
        assert signal.getsignal(signal.SIGINT) is not before[0]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    with contextlib.suppress(ZeroDivisionError), stop_requests():
        raise ZeroDivisionError
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_another_thread_leaves_signals_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def work() -> None:
        with stop_requests() as stop:
            seen.extend([bool(stop), signal.getsignal(signal.SIGINT)])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False, before]


def test_the_exit_code_is_130() -> None:
    stop = StopRequest()
    assert stop.error().exit_code == 130
    assert not stop
