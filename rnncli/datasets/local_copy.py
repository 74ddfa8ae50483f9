"""Where a data set's files lie: `data.path`, or the folder `RNN_DATA`."""

from __future__ import annotations

import os
from pathlib import Path

from rnncli.datasets.records import SUFFIXES
from rnncli.errors import DataError

__all__ = ["SPLIT_NAMES", "from_home", "local_folder", "split_file"]

SPLIT_NAMES = {
    "train": ("train",),
    "validation": ("validation", "valid", "dev"),
    "test": ("test",),
}
"""How the files of a folder may be called, without their suffix."""


def local_folder(name: str, path: str | None) -> Path | None:
    """The folder of a data set: `path` if given, else `$RNN_DATA/<name>` if it is there.

    Raises:
        DataError: `path` or `RNN_DATA` is not a folder.
    """
    root = os.environ.get("RNN_DATA") if path is None else path
    if not root:
        return None
    folder = from_home(root)
    if not folder.is_dir():
        setting = "RNN_DATA" if path is None else "data.path"
        raise DataError(
            f"{setting} {root}: no such folder; expected one that holds "
            + (f"{name}/" if path is None else f"the train and test files of {name}")
        )
    inside = folder / name
    if inside.is_dir():
        return inside
    return None if path is None else folder


def from_home(path: str) -> Path:
    """A path whose `~` or `~name` stands for a home; of somebody unknown it stays as it is."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def split_file(folder: Path, split: str, *, required: bool = True) -> Path | None:
    """The file of a split in a folder, by any of its names and in any format.

    Raises:
        DataError: there is none though it is required, or there are several.
    """
    found = [
        folder / f"{stem}{suffix}{packed}"
        for stem in SPLIT_NAMES[split]
        for suffix in SUFFIXES
        for packed in ("", ".gz")
        if (folder / f"{stem}{suffix}{packed}").is_file()
    ]
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise DataError(f"{folder}: {names} could both be the {split} split; remove one")
    if not found and required:
        present = ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "nothing"
        raise DataError(
            f"{folder}: no {split} file; expected {split} with one of {', '.join(SUFFIXES)} "
            f"(also .gz), found {present}"
        )
    return found[0] if found else None
