"""Pictures of numbers: read back by a decoder of the test's own."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

from rnncli.png import data_uri, shades


def decoded(png: bytes) -> np.ndarray:
    """RGBA [rows, columns, 4] of an indexed PNG without filters."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        data = png[at + 8 : at + 8 + size]
        (check,) = struct.unpack(">I", png[at + 8 + size : at + 12 + size])
        assert check == zlib.crc32(kind + data)
        chunks[kind] = data
        at += 12 + size
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, colour, rest) == (8, 3, [0, 0, 0])
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert not rows[:, 0].any()
    palette = np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3)
    colours = np.concatenate([palette, np.frombuffer(chunks[b"tRNS"], np.uint8)[:, None]], axis=1)
    found: np.ndarray = colours[rows[:, 1:]]
    return found


def test_sign_is_colour_and_size_is_opacity() -> None:
    picture = decoded(shades(np.array([[-1.0, -0.5, 0.0], [0.5, 1.0, np.nan]])))
    assert picture.shape == (2, 3, 4)
    red, blue = picture[..., 0].astype(int), picture[..., 2].astype(int)
    assert (red[0, :2] > blue[0, :2]).all()
    assert (blue[1, :2] > red[1, :2]).all()
    opacity = picture[..., 3]
    assert opacity[0, 0] == opacity[1, 1] == 255
    assert opacity[0, 2] == opacity[1, 2] == 0
    assert abs(int(opacity[0, 1]) - 128) <= 1
    assert opacity[0, 1] == opacity[1, 0]


def test_beyond_the_ends_is_as_at_the_ends() -> None:
    values = np.array([[-7.0, 9.0]])
    np.testing.assert_array_equal(decoded(shades(values)), decoded(shades(np.sign(values))))


def test_the_address_is_the_picture() -> None:
    png = shades(np.zeros((1, 1)))
    head, _, code = data_uri(png).partition(",")
    assert (head, base64.b64decode(code)) == ("data:image/png;base64", png)
