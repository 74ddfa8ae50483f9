"""Scope: the lock agrees with pyproject.toml, so that it installs next year as it does today."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

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
