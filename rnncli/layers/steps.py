"""Reading single steps out of right-padded sequences."""

from __future__ import annotations

from typing import Any

from keras import ops

__all__ = ["last_real_step"]


def last_real_step(sequences: Any, mask: Any | None) -> Any:
    """The step before the padding: [B, T, D] and mask [B, T] (right-padded) to [B, D]."""
    if mask is None:
        return sequences[:, -1]
    last = ops.maximum(ops.sum(ops.cast(mask, "int32"), axis=1) - 1, 0)
    return ops.squeeze(ops.take_along_axis(sequences, last[:, None, None], axis=1), axis=1)
