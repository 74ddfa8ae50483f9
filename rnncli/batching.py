"""Texts as ids, grouped into batches of similar length. NumPy alone.

Shape letters: B batch, T time (longest text of a batch), N n-gram orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Encoded", "prediction_batches", "training_batches"]

WINDOW = 50
"""Batches that are sorted by length together; the order between windows stays random."""


@dataclass(frozen=True)
class Encoded:
    """Many texts' ids in one flat array."""

    ids: NDArray[np.int32]
    """All ids [total] or [total, N]."""
    offsets: NDArray[np.int64]
    """Text n is `ids[offsets[n]:offsets[n + 1]]`; never empty."""

    @classmethod
    def of(cls, rows: Sequence[NDArray[np.int32]]) -> Encoded:
        """Join the ids of each text."""
        lengths = np.fromiter((len(row) for row in rows), np.int64, len(rows))
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        ids = np.concatenate(rows) if rows else np.zeros(0, np.int32)
        return cls(ids, offsets)

    def __len__(self) -> int:
        """Number of texts."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each text."""
        return np.diff(self.offsets)

    def first(self, count: int) -> Encoded:
        """The first so many texts, or all if there are no more."""
        offsets = self.offsets[: count + 1]
        return Encoded(self.ids[: offsets[-1]], offsets)

    def padded(self, rows: NDArray[np.int64], multiple: int = 1) -> NDArray[np.int32]:
        """Some texts as one right-padded array [B, T] or [B, T, N], padding 0.

        Args:
            rows: which texts, [B].
            multiple: T is rounded up to a multiple of this, so that compilers see few shapes.
        """
        starts, stops = self.offsets[rows], self.offsets[rows + 1]
        longest = int((stops - starts).max())
        length = -(-longest // multiple) * multiple
        steps = np.arange(length)
        real = steps < (stops - starts)[:, None]
        batch = self.ids[np.where(real, starts[:, None] + steps, 0)]
        batch[~real] = 0
        return batch


def training_batches(
    lengths: NDArray[np.int64], batch_size: int, seed: int, epoch: int
) -> list[NDArray[np.int64]]:
    """The rows of each batch of an epoch, in order; every text once.

    A random order is cut into windows of `WINDOW` batches, each window sorted by length and cut
    into batches, and all batches shuffled. The order depends on seed and epoch alone.
    """
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(lengths))
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(order), WINDOW * batch_size):
        window = order[start : start + WINDOW * batch_size]
        window = window[np.argsort(lengths[window], kind="stable")]
        batches += [window[cut : cut + batch_size] for cut in range(0, len(window), batch_size)]
    return [batches[index] for index in random.permutation(len(batches))]


def prediction_batches(lengths: NDArray[np.int64], batch_size: int) -> list[NDArray[np.int64]]:
    """The rows of each batch, sorted by length; every text once."""
    order = np.argsort(lengths, kind="stable")
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
