"""A picture of numbers as PNG: 256 shades from one colour over nothing to another.

Zero is transparent, so that the same picture stands on a light page and on a dark one.
"""

from __future__ import annotations

import base64
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["data_uri", "shades"]

_PLUS = (0x2F, 0x74, 0xC0)
_MINUS = (0xD0, 0x6A, 0x1F)
_ZERO = 128


def shades(values: NDArray[np.floating[Any]]) -> bytes:
    """PNG of values [rows, columns] in −1…1: orange below 0, blue above, beyond the ends as there.

    NaN is transparent.
    """
    steps = np.clip(np.nan_to_num(values), -1.0, 1.0)
    pixels = (_ZERO + np.rint(steps * 127)).astype(np.uint8)
    height, width = pixels.shape
    levels = range(-_ZERO, _ZERO)
    palette = b"".join(bytes(_MINUS if level < 0 else _PLUS) for level in levels)
    opacities = bytes(min(255, abs(level) * 255 // 127) for level in levels)
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels], axis=1)  # filter 0 each
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, data)
        for kind, data in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            (b"PLTE", palette),
            (b"tRNS", opacities),
            (b"IDAT", zlib.compress(rows.tobytes(), 9)),
            (b"IEND", b""),
        )
    )


def data_uri(png: bytes) -> str:
    """The picture as the address of itself."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
