"""Scope: `kill -9` at twenty random instants, most of them amid a write, loses nothing.

After each the run directory is readable as it lies, and the same command goes on; at the end it
is bit for bit what a training without kills leaves.
"""

from __future__ import annotations

import csv
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from rnncli import Run, checkpoint
from tests.terminal import environment, rnn_process

pytestmark = [pytest.mark.process, pytest.mark.slow]

KILLS = 20
TRAIN = (
    *("train", "--config", "sample_en.yaml", "--set", "name=killed", "--set", "data.size=1500"),
    *("--set", "train.epochs=12", "--set", "model.embedding.dropout=0.2"),
    *("--set", "baselines=false", "--set", "train.early_stopping=null"),
)
BACKENDS = {
    "tensorflow": ("--set", "train.recurrence=compiled"),
    "jax": ("--backend", "jax"),
}
DRIVER = """
import os, signal, sys
import rnncli.atomic as atomic
from pathlib import Path

left, before = int(sys.argv.pop(1)), sys.argv.pop(1) == "before"
replace = Path.replace

def counted(self, target):
    global left
    left -= 1
    if left == 0 and before:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(self, target)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

Path.replace = counted
from rnncli.cli import main
main()
"""
"""`rnn`, killed at one of its writes: before the file takes its place, or just after."""


def at_a_moment(train: Sequence[str], out: Path, seconds: float) -> bool:
    """Whether the training was killed, or had ended before."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rnncli", *train, "--out", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if any(out.glob("killed-*/checkpoints")) or seconds < 0:
            break
        time.sleep(0.02)
    time.sleep(abs(seconds))
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def at_a_write(train: Sequence[str], out: Path, number: int, before: bool) -> bool:
    done = subprocess.run(
        [
            *(sys.executable, "-c", DRIVER, str(number), "before" if before else "after"),
            *(*train, "--out", str(out)),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
        check=False,
    )
    assert done.returncode in (0, -signal.SIGKILL)
    return done.returncode != 0


def assert_readable(out: Path) -> None:
    """Whatever of the directory is there is whole."""
    for path in out.glob("killed-*"):
        run = Run(path)
        if not run.exists:
            continue
        assert run.status.state in ("running", "interrupted", "done")
        if (path / "history.csv").exists():
            run.history()
        found = checkpoint.latest(run.checkpoints)
        assert found is None or not found.warning
        for name in ("data", "environment", "metrics", "cost"):
            if (path / f"{name}.json").exists():
                run.read(name)


def history(run: Run) -> list[dict[str, str]]:
    """Without what a clock measured."""
    with (run.path / "history.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    timed = {"seconds", "texts_per_second"}
    return [{name: value for name, value in row.items() if name not in timed} for row in rows]


@pytest.mark.parametrize("backend", BACKENDS)
def test_twenty_kills(backend: str, tmp_path: Path) -> None:
    pytest.importorskip(backend)
    train = (*TRAIN, *BACKENDS[backend])
    seed = int(os.environ.get("RNN_KILL_SEED", "7"))
    draw = random.Random(seed)
    whole, out = tmp_path / "whole", tmp_path / "killed"
    assert rnn_process(*train, "--out", whole).code == 0
    killed = 0
    while killed < KILLS:
        if draw.random() < 0.5:
            # From the third write on: each session makes the run's first files, then an epoch's.
            done = at_a_write(train, out, draw.randint(1, 14), draw.random() < 0.5)
        else:
            done = at_a_moment(train, out, draw.choice([-1, 1, 1]) * draw.uniform(0.05, 3.0))
        assert_readable(out)
        killed += done
        if not done or all(Run(p).status.state == "done" for p in out.glob("killed-*")):
            compare(whole, out)
            out = tmp_path / f"killed-{killed}"
    assert rnn_process(*train, "--out", out).code == 0
    compare(whole, out)


def compare(whole: Path, out: Path) -> None:
    """The two runs, bit for bit."""
    (one,), (other,) = (list(folder.glob("killed-*")) for folder in (whole, out))
    one, other = Run(one), Run(other)
    assert other.status.state == "done"
    assert history(one) == history(other)
    assert one.read("metrics") == other.read("metrics")
    assert one.weights.read_bytes() == other.weights.read_bytes()
    for name in ("predictions.parquet", "confusion.csv", "labels.json", "tokenizer.json"):
        assert (one.path / name).read_bytes() == (other.path / name).read_bytes(), name
    first, second = (checkpoint.latest(run.checkpoints) for run in (one, other))
    assert first is not None
    assert second is not None
    assert {name: array.tobytes() for name, array in first.arrays.items()} == {
        name: array.tobytes() for name, array in second.arrays.items()
    }
