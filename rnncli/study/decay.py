"""How fast a quantity fades with distance: an exponential, and how well it fits.

A gradient through k steps is a product of k Jacobians, so that it shrinks or grows about as fˣ
(Bengio, Simard & Frasconi 1994; Pascanu, Mikolov & Bengio, On the difficulty of training recurrent
neural networks, ICML 2013). f is fitted by least squares to the logarithm of the mean norms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Decay", "by_lag", "fit_decay", "lags_reached"]

_SMALLEST = 1e-35
"""Below, float32 rounds to nothing."""
_VANISHED = 0.01
"""A gradient of which less is left at the last lag vanishes; one grown by its inverse explodes."""
_FEWEST = 3
_FITS, _NEAR = 0.8, 0.2

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Decay:
    """An exponential fitted to norms from lag 1 on."""

    factor: float
    """f: what one more token leaves of it."""
    half_life: float | None
    """Tokens after which half is left, by the fit; None where it does not shrink."""
    halved_at: int | None
    """The first lag at which no more than half of lag 1's norm was measured."""
    r_squared: float
    """Share of the logarithm's variance that the fit explains; of a level curve there is none."""
    scatter: float
    """Root mean square of the logarithm's distance from the fit: 0.1 is about 10 %."""
    last_lag: int
    """The fit is over lags 1 to this."""
    left: float
    """What the fit leaves at the last lag of what it gives lag 1."""

    @property
    def fits(self) -> bool:
        """Whether an exponential describes the curve: 80 % of its variance, or within 20 %."""
        return self.r_squared >= _FITS or self.scatter <= _NEAR

    @property
    def verdict(self) -> Literal["vanishes", "persists", "explodes"]:
        """Whether under a hundredth is left at the last lag, or it has grown a hundredfold."""
        if self.left < _VANISHED:
            return "vanishes"
        return "explodes" if self.left > 1 / _VANISHED else "persists"


def fit_decay(norms: Floats) -> Decay | None:
    """Fit norms [K] of lags 0 to K − 1.

    Lag 0 is left out: there the input acts on h without passing through the recurrence. What
    follows the first norm too small for float32 is left out as well.

    Returns:
        the fit; None where fewer than three lags are left, as without recurrence.
    """
    values = np.asarray(norms, np.float64)[1:]
    tiny = np.flatnonzero(~(values > _SMALLEST))
    values = values[: tiny[0]] if len(tiny) else values
    if len(values) < _FEWEST:
        return None
    lags, logs = np.arange(1, len(values) + 1), np.log(values)
    slope, level = np.polyfit(lags, logs, 1)
    spread = float(((logs - logs.mean()) ** 2).sum())
    missed = float(((logs - level - slope * lags) ** 2).sum())
    halved = np.flatnonzero(values <= values[0] / 2)
    return Decay(
        factor=math.exp(slope),
        half_life=math.log(2) / -float(slope) if slope < 0 else None,
        halved_at=int(lags[halved[0]]) if len(halved) else None,
        r_squared=1 - missed / spread if spread > 1e-18 else 1.0,
        scatter=math.sqrt(missed / len(lags)),
        last_lag=int(lags[-1]),
        left=math.exp(slope * (len(values) - 1)),
    )


def lags_reached(lengths: NDArray[np.integer]) -> int:
    """How many lags, from 0, at least a quarter of the texts [N] are long enough for."""
    needed = max(1, len(lengths) // 4)
    return int(np.sort(lengths)[-needed])


def by_lag(values: Floats, lengths: NDArray[np.integer], *, from_end: bool = True) -> Floats:
    """Means over texts by distance from the last token, or from the first.

    Args:
        values: one for each token [B, T], right-padded.
        lengths: tokens of each text [B].
        from_end: whether lag 0 is the last token; else the first.

    Returns:
        means [K] for the lags of `lags_reached`, each over the texts that long.
    """
    means = []
    for lag in range(lags_reached(lengths)):
        rows = np.flatnonzero(lengths > lag)
        places = lengths[rows] - 1 - lag if from_end else np.full(len(rows), lag)
        means.append(float(values[rows, places].mean(dtype=np.float64)))
    return np.array(means)
