"""Scope: running trials: order, failures, stops, other processes, and a sweep killed twice."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from rnncli import Run, sweeping
from rnncli.engines.local import automatic_jobs
from rnncli.errors import Interrupted
from rnncli.interrupt import StopRequest
from rnncli.sweep import Trial, read_sweep, trials
from rnncli.sweep_plan import FixedPlan, Progress
from rnncli.sweeping import Watcher, run_plan
from tests.synthetic import TINY
from tests.terminal import command, rnn, rnn_process

FINISH = """
import sys
from pathlib import Path
from rnncli.run import Run
run = Run.create(Path(sys.argv[1]))
run.set_status("done")
"""
"""What a training does in the end."""
FAIL = "import sys; print('error: no such data', file=sys.stderr); sys.exit(3)"
LAST = "import signal, sys, time; signal.signal(2, lambda *_: sys.exit(130)); time.sleep(60)"


def tiny_sweep(folder: Path, epochs: Sequence[int], seeds: Sequence[int] = (1,)) -> Path:
    settings = ", ".join(
        f"{key}: {value}" for key, value in (s.split("=", 1) for s in TINY if s[:4] != "name")
    )
    points = "".join(f"  - {{{settings}, train.epochs: {n}}}\n" for n in epochs)
    points = points.replace("train.epochs: 2, ", "")
    path = folder / "tiny.yaml"
    path.write_text(f"base: sample_en\nlist:\n{points}seeds: {list(seeds)}\n", encoding="utf-8")
    return path


def trials_of(folder: Path, count: int) -> list[Trial]:
    path = tiny_sweep(folder, range(1, count + 1))
    return trials(read_sweep(path), path)


class Recorder(Watcher):
    """Keeps what it is told, and how many ran at a time."""

    def __init__(self) -> None:
        self.states: list[str] = []
        self.most = 0

    def changed(self, progress: Progress) -> None:
        self.states.append(progress.state)

    def tick(self, everything: Sequence[Progress]) -> None:
        self.most = max(self.most, sum(one.state == "running" for one in everything))


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Programs that stand in for trainings, one for each trial in order; the last is repeated."""
    programs: list[str] = []
    started: list[Trial] = []

    def stand_in(trial: Trial, out: Path, arguments: Sequence[str]) -> list[str]:
        program = programs[min(len(started), len(programs) - 1)]
        started.append(trial)
        return ["-c", program, str(trial.run(out).path)]

    monkeypatch.setattr(sweeping, "_arguments", stand_in)
    return programs


def run(
    found: list[Trial],
    out: Path,
    jobs: int = 1,
    *,
    keep_going: bool = False,
    stop: StopRequest | None = None,
    watcher: Watcher | None = None,
) -> list[Progress]:
    plan = FixedPlan(found, out, keep_going=keep_going)
    return run_plan(
        plan, out, jobs=jobs, stop=StopRequest() if stop is None else stop, watcher=watcher
    )


def states(ended: list[Progress]) -> list[str]:
    return [one.state for one in ended]


def test_finished_trials_are_passed_over(scripts: list[str], tmp_path: Path) -> None:
    scripts.append(FINISH)
    found, out = trials_of(tmp_path, 3), tmp_path / "out"
    recorder = Recorder()
    run(found, out, jobs=2, watcher=recorder)
    assert sorted(recorder.states) == ["done"] * 3 + ["running"] * 3
    assert recorder.most <= 2
    scripts[:] = [FAIL]
    assert states(run(found, out)) == ["done"] * 3


@pytest.mark.parametrize("keep_going", [False, True])
def test_a_failure_ends_the_sweep_unless_it_is_to_keep_going(
    keep_going: bool, scripts: list[str], tmp_path: Path
) -> None:
    scripts += [FINISH, FAIL, FINISH]
    found, out = trials_of(tmp_path, 4), tmp_path / "out"
    ended = run(found, out, keep_going=keep_going)
    rest = ["done"] * 2 if keep_going else ["waiting"] * 2
    assert states(ended) == ["done", "failed", *rest]
    assert ended[1].reason == "no such data"


def test_a_stop_is_passed_on_and_waited_for(scripts: list[str], tmp_path: Path) -> None:
    scripts.append(LAST)
    stop, recorder = StopRequest(), Recorder()
    timer = threading.Timer(1.5, lambda: setattr(stop, "signal", signal.SIGINT))
    timer.start()
    with pytest.raises(Interrupted):
        run(trials_of(tmp_path, 3), tmp_path / "out", jobs=2, stop=stop, watcher=recorder)
    assert recorder.states == ["running"] * 2 + ["interrupted"] * 2


def test_a_run_that_another_process_trains_is_waited_for(
    scripts: list[str], tmp_path: Path
) -> None:
    scripts.append(FINISH)
    (trial,), out = trials_of(tmp_path, 1), tmp_path / "out"
    other = Run.create(trial.run(out).path)
    other.set_status("running")
    ended: list[str] = []
    thread = threading.Thread(target=lambda: ended.extend(states(run([trial], out))))
    with other.lock():
        thread.start()
        time.sleep(1.0)
        assert thread.is_alive()
        other.set_status("done")
    thread.join(timeout=10)
    assert ended == ["done"]


def test_a_run_that_another_process_has_finished_meanwhile_is_done(
    scripts: list[str], tmp_path: Path
) -> None:
    busy = "; print('error: another process trains it', file=sys.stderr); sys.exit(2)"
    scripts.append(FINISH.strip() + busy)
    assert states(run(trials_of(tmp_path, 1), tmp_path / "out")) == ["done"]


def test_jobs_are_not_more_than_trials_or_cores() -> None:
    assert automatic_jobs(1) == 1
    assert 1 <= automatic_jobs(1000) <= (os.cpu_count() or 1)


@pytest.mark.process
def test_the_command(tmp_path: Path) -> None:
    path, out = tiny_sweep(tmp_path, (1,), seeds=(1, 2)), tmp_path / "out"
    (first, _) = rnn("sweep", path, "--out", out, "--dry-run", "--json").json
    assert (first["state"], first["expected_seconds"]) == ("to train", None)
    outcome = rnn_process("sweep", path, "--out", out, "--jobs", "2", "--json")
    assert outcome.code == 0, outcome.err
    assert [row["state"] for row in outcome.json] == ["done", "done"]
    assert "[2/2] sample_en, " in outcome.err
    (one,) = rnn("compare", out, "--json").json["variants"]
    assert one["seeds"] == [1, 2]
    (first, _) = rnn("sweep", path, "--out", out, "--dry-run", "--json").json
    assert first["state"] == "done"
    assert first["expected_seconds"] > 0
    assert rnn("sweep", path, "--out", out, "--jobs", "none").failed(2).startswith("--jobs none")


def descendants(root: int) -> list[int]:
    """A process and all below it, by Linux' /proc."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    found = [root]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux' /proc")
def test_a_sweep_killed_twice_ends_as_one_undisturbed(tmp_path: Path) -> None:
    """12 points; `kill -9` on the whole tree of processes, finished trials not run again."""
    path = tiny_sweep(tmp_path, (1, 2, 3, 4), seeds=(1, 2, 3))
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    assert rnn_process("sweep", path, "--out", whole, "--jobs", "2", timeout=600).code == 0
    ends: dict[str, str] = {}
    for wanted in (3, 8):
        process = subprocess.Popen(
            command("sweep", path, "--out", torn, "--jobs", "2"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 300
        while len(ended(torn)) < wanted and time.monotonic() < deadline:
            time.sleep(0.05)
        for pid in descendants(process.pid):
            with suppress(ProcessLookupError):  # a trial may end by itself meanwhile
                os.kill(pid, signal.SIGKILL)
        process.wait()
        assert wanted <= len(ended(torn)) < 12
        ends |= ended(torn)
    outcome = rnn_process("sweep", path, "--out", torn, "--jobs", "2", timeout=600)
    assert outcome.code == 0, outcome.err
    last = ended(torn)
    assert len(last) == 12
    assert {name: last[name] for name in ends} == ends
    for folder in sorted(whole.glob("*-s[0-9]")):
        one, other = Run(folder).predictions(), Run(torn / folder.name).predictions()
        np.testing.assert_array_equal(one.probabilities, other.probabilities)


def ended(out: Path) -> dict[str, str]:
    """When each finished run ended."""
    found = {}
    for folder in out.glob("*-s[0-9]"):
        if (folder / "status.json").exists() and Run(folder).status.state == "done":
            found[folder.name] = Run(folder).status.ended
    return found
