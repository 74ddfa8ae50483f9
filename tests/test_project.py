"""Scope: the lock agrees with pyproject.toml, and what is written down with what is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from rnncli.search import search_of
from rnncli.sweep import read_sweep, trials

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKED = re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK, flags=re.MULTILINE)


def test_overrides_are_the_locked_versions() -> None:
    """Otherwise uv takes the newest that the override allows, whose hash nobody locked."""
    for override in PROJECT["tool"]["uv"]["override-dependencies"]:
        name, version = override.split("==")
        assert (name, version) in LOCKED


def test_everything_needed_is_locked() -> None:
    names = {name for name, _ in LOCKED}
    needed = PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]
    for requirement in needed:
        match = re.match(r"[A-Za-z0-9-]+", requirement)
        assert match is not None
        assert match[0].lower() in names


def test_the_lock_has_hashes_and_no_addresses() -> None:
    entries = re.split(r"\n(?=[a-z0-9])", LOCK.strip())
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in LOCK


@pytest.mark.parametrize(
    "target", ["setup", "demo", "test", "test-slow", "check", "sweep", "clean"]
)
def test_make_help_explains_every_target(target: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:.*  ## \S", makefile, flags=re.MULTILINE)


def test_contributing_says_where_each_module_belongs() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = text.split("\n## Where things are\n")[1].split("\n## ")[0]
    told = [line for line in rooms.splitlines() if line.startswith("| `rnncli/")]
    named = re.findall(r"`(?:rnncli/)?(\w+)\.py`", "\n".join(told))
    there = {path.stem for path in (ROOT / "rnncli").glob("[!_]*.py")}
    assert there - set(named) == set()
    within = {path.stem for path in (ROOT / "rnncli").glob("*/*.py")}
    assert set(named) - there - within == set()


def test_the_readme_s_sweeps_can_be_had(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    sweeps = re.findall(r"```yaml\n# (\w+\.yaml): .*?```", readme, flags=re.DOTALL)
    assert sweeps == ["cells.yaml", "found.yaml"]
    for name in sweeps:
        path = tmp_path / name
        text = readme.split(f"```yaml\n# {name}: ")[1].split("```")[0]
        path.write_text(f"# {text}", encoding="utf-8")
        spec = read_sweep(path)
        assert search_of(spec, path).spec.space if spec.search else trials(spec, path)
