"""Scope: which calls are timed, and what is spent on them, on a clock of the test's own."""

from __future__ import annotations

import numpy as np
import pytest

from rnncli.latency import spaced, text_latency


class Clock:
    """Time passes only when a text is answered: `costs` a text, and more the first time."""

    def __init__(self, cost: float, first: float) -> None:
        self.now = 0.0
        self.cost, self.first = cost, first
        self.answered: list[str] = []

    def __call__(self) -> float:
        return self.now

    def answer(self, text: str) -> None:
        fresh = text not in self.answered
        self.now += self.first if fresh else self.cost * (1 + int(text) / 100)
        self.answered.append(text)


TEXTS = [str(number) for number in range(60)]


def test_each_of_fifty_texts_is_timed_once_warm() -> None:
    clock = Clock(cost=0.002, first=0.004)
    found = text_latency(clock.answer, TEXTS, clock=clock)
    assert found is not None
    assert clock.answered == TEXTS[:50] * 2
    wanted = [0.002 * (1 + number / 100) for number in range(50)]
    assert (found.calls, found.median) == (50, pytest.approx(np.median(wanted)))
    assert found.p95 == pytest.approx(np.quantile(wanted, 0.95))


def test_slow_compilers_leave_few_texts_that_are_timed_again_and_again() -> None:
    clock = Clock(cost=0.004, first=0.3)
    found = text_latency(clock.answer, TEXTS, clock=clock)
    assert found is not None
    assert set(clock.answered) == {"0", "1"}
    assert found.calls == 50
    assert found.median < 0.005
    assert clock.now < 1.0


def test_no_more_than_the_time_given_and_a_call() -> None:
    clock = Clock(cost=3.0, first=5.0)
    found = text_latency(clock.answer, TEXTS, clock=clock)
    assert found is not None
    assert (found.calls, found.median, clock.now) == (1, 3.0, 8.0)
    assert text_latency(clock.answer, []) is None


def test_texts_from_all_over() -> None:
    assert spaced(TEXTS, 3) == ["0", "29", "59"]
    assert spaced(["a"], 5) == ["a"]
    assert spaced([]) == []
