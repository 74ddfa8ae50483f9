"""The configs that come with the program, found by bare name from anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rnncli.errors import UsageError
from rnncli.suggestions import did_you_mean

__all__ = ["SUFFIXES", "find_config", "find_shipped", "shipped_configs"]

SUFFIXES = (".yaml", ".yml")


def shipped_configs() -> dict[str, Path]:
    """The shipped configs by name, sorted: in the package, or beside it in a checkout."""
    package = Path(__file__).parent
    folder = package / "configs"
    if not folder.is_dir() and (package.parent / "pyproject.toml").is_file():
        folder = package.parent / "configs"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def find_config(name: str | Path, beside: Path | None = None) -> Path:
    """Where a config lies: the path as given, else a shipped config of that name.

    Args:
        name: a path, or a shipped config's name; `.yaml` may be left out.
        beside: the folder a relative path starts from; the working directory by default.

    Raises:
        UsageError: there is none; the message suggests one.
    """
    if not str(name).strip():
        raise UsageError("the name of a config is empty; `rnn config list` shows the shipped ones")
    given = (beside or Path()) / name
    for path in _spellings(given):
        if _exists(path) and not path.is_dir():
            return path
    shipped = shipped_configs()
    bare = Path(name)
    stem = bare.stem if bare.suffix in SUFFIXES else bare.name
    if len(bare.parts) == 1 and stem in shipped:
        return shipped[stem]
    if _exists(given):
        raise UsageError(f"{given}: is a directory; name a YAML file in it")
    raise UsageError(
        f"{name}: no such file, and no shipped config of that name{_hint(stem, shipped)}"
    )


def find_shipped(name: str) -> Path:
    """The shipped config of that name, `.yaml` or not.

    Raises:
        UsageError: there is none; the message suggests one.
    """
    shipped = shipped_configs()
    stem = name.removesuffix(".yaml").removesuffix(".yml")
    if stem not in shipped:
        raise UsageError(f"{name}: no shipped config of that name{_hint(stem, shipped)}")
    return shipped[stem]


def _hint(stem: str, shipped: Iterable[str]) -> str:
    return did_you_mean(stem, shipped) or "; `rnn config list` shows them"


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _spellings(path: Path) -> list[Path]:
    if path.suffix in SUFFIXES or not path.name:
        return [path]
    return [path, path.with_name(f"{path.name}.yaml")]
