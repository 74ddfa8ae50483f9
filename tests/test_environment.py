"""Scope: what is recorded about the machine is true, JSON-ready, and tells no one's name."""

from __future__ import annotations

import json
import platform
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rnncli.environment import describe_environment, peak_memory_bytes


def test_facts_are_there_and_json_ready() -> None:
    facts = describe_environment()
    assert json.loads(json.dumps(facts)) == facts
    assert facts["python"] == platform.python_version()
    assert facts["packages"]["numpy"] == np.__version__
    assert facts["cores"] >= 1
    assert facts["memory_bytes"] > 2**20
    assert facts["cpu"]


def test_home_and_host_are_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", "/home/hong-gildong")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    arguments = ["/home/hong-gildong/.venv/bin/rnn", "train", "--out=/home/hong-gildong/runs"]
    monkeypatch.setattr(sys, "argv", arguments)
    facts = describe_environment()
    assert facts["command"] == ["rnn", "train", "--out=~/runs"]
    assert "hong-gildong" not in json.dumps(facts)
    assert socket.gethostname() not in facts["platform"]
    assert facts["git"] is None


def test_the_commit_is_the_working_directory_s(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        command = ["git", *identity, *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    (tmp_path / "a.txt").write_text("1", encoding="utf-8")
    git("init", "-q")
    monkeypatch.chdir(tmp_path)
    assert describe_environment()["git"] is None
    git("add", "a.txt")
    git("commit", "-q", "-m", "x")
    assert describe_environment()["git"] == {"commit": git("rev-parse", "HEAD"), "changed": False}
    (tmp_path / "a.txt").write_text("2", encoding="utf-8")
    assert describe_environment()["git"]["changed"] is True


def test_no_git_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert describe_environment()["git"] is None


def test_peak_memory_grows_with_what_is_held() -> None:
    before = peak_memory_bytes()
    assert before is not None
    block = np.ones(32 * 2**20, dtype=np.uint8)
    after = peak_memory_bytes()
    assert after is not None
    assert 8 * 2**20 < before <= after < 2**40
    assert block.nbytes <= after
