"""How long one text takes, alone, as a program that serves a model meets it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np

__all__ = ["Latency", "spaced", "text_latency"]

_CALLS = 50
_SECONDS = 1.0


@dataclass(frozen=True)
class Latency:
    """Seconds for one text, from its letters to its probabilities."""

    median: float
    p95: float
    calls: int
    """How many were timed."""


def text_latency(
    answer: Callable[[str], object],
    texts: Sequence[str],
    seconds: float = _SECONDS,
    clock: Callable[[], float] = time.perf_counter,
) -> Latency | None:
    """Time `answer` on single texts; None without texts.

    Each is answered once before, so that what is compiled for its length is not counted; half of
    the time goes to that, where compilers are slow on the first few texts only.

    Args:
        answer: classifies a text.
        texts: which; one call each, if there is time.
        seconds: about what may be spent; a call that was begun is finished.
        clock: seconds, from anywhere.
    """
    began = clock()
    warm = []
    for text in texts[:_CALLS]:
        answer(text)
        warm.append(text)
        if clock() - began > seconds / 2:
            break
    timings: list[float] = []
    began = clock()
    for text in cycle(warm):
        before = clock()
        answer(text)
        after = clock()
        timings.append(after - before)
        if len(timings) == _CALLS or after - began > seconds / 2:
            break
    if not timings:
        return None
    return Latency(float(np.median(timings)), float(np.quantile(timings, 0.95)), len(timings))


def spaced(texts: Sequence[str], count: int = _CALLS) -> list[str]:
    """So many texts, from all over the list."""
    rows = np.linspace(0, len(texts) - 1, min(count, len(texts))).astype(int)
    return [texts[row] for row in rows]
