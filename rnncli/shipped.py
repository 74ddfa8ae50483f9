"""The configs that come with the program."""

from __future__ import annotations

from pathlib import Path

__all__ = ["shipped_configs", "shipped_folder"]


def shipped_folder() -> Path:
    """Their folder: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "configs"
    return inside if inside.is_dir() else package.parent / "configs"


def shipped_configs() -> dict[str, Path]:
    """Their files by name, sorted."""
    return {path.name: path for path in sorted(shipped_folder().glob("*.yaml"))}
