"""What a study leaves behind: its numbers, its picture, its page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnncli.atomic import make_folder, write_json, write_text

__all__ = ["write_study"]


def write_study(
    folder: Path, name: str, numbers: Mapping[str, Any], picture: str, page: str
) -> dict[str, str]:
    """Write `<name>.json`, `<name>.svg` and `<name>.html`, each whole.

    Returns:
        the files' paths by their kind.

    Raises:
        StorageError: one of them cannot be written.
    """
    make_folder(folder)
    paths = {kind: folder / f"{name}.{kind}" for kind in ("json", "svg", "html")}
    write_json(paths["json"], numbers)
    write_text(paths["svg"], picture)
    write_text(paths["html"], page)
    return {kind: str(path) for kind, path in paths.items()}
