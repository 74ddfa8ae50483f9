"""Quantities as people read them."""

from __future__ import annotations

__all__ = ["duration", "latency", "printable", "size"]


def duration(seconds: float) -> str:
    """`4.2 s`, `1:05` (minutes and seconds) or `2:01:05`."""
    if seconds < 59.95:
        return f"{max(seconds, 0.0):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def latency(seconds: float) -> str:
    """`0.42 ms`, `3.1 ms`, `120 ms`: two digits at least."""
    milliseconds = 1000 * seconds
    digits = 0 if milliseconds >= 99.5 else 1 if milliseconds >= 0.95 else 2
    return f"{milliseconds:.{digits}f} ms"


def size(bytes_: float) -> str:
    """`512 B`, `1.5 kB`, `12.0 GB`: powers of 1000."""
    for unit in ("B", "kB", "MB", "GB"):
        if bytes_ < 1000:
            return f"{bytes_:.0f} B" if unit == "B" else f"{bytes_:.1f} {unit}"
        bytes_ /= 1000
    return f"{bytes_:.1f} TB"


def printable(text: str) -> str:
    """The text in one line that cannot steer a terminal: blanks for control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
