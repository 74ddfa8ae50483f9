"""Scope: a search as it runs: values, seeds, pruning, failures, dead workers, kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from rnncli import Run, sweeping
from rnncli.errors import StorageError, UsageError
from rnncli.interrupt import StopRequest
from rnncli.search import Search, search_of
from rnncli.search_best import best_of
from rnncli.search_plan import SearchPlan, kept_values
from rnncli.sweep import Trial, read_sweep
from rnncli.sweep_plan import Progress
from rnncli.sweeping import run_plan
from rnncli.tables import Epoch
from tests.synthetic import TINY
from tests.terminal import command, rnn, rnn_process
from tests.test_sweeping import descendants

pytest.importorskip("optuna")

from rnncli.search_study import JOURNAL, StudyPoint, open_study

TRAINING = """
import json, signal, sys, time
from pathlib import Path
from rnncli.run import Run
from rnncli.tables import Epoch
path, log, orders = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
signal.signal(2, lambda *_: sys.exit(130))
with log.open("a") as file:
    file.write(path.name + chr(10))
if "code" in orders:
    print("error: the loss became nan" if orders["code"] == 5 else "error: no data",
          file=sys.stderr)
    sys.exit(orders["code"])
run = Run.create(path)
with run.lock():
    run.set_status("running")
    epochs = []
    for value in orders["values"]:
        rise = not epochs or value > max(epoch.validation_macro_f1 for epoch in epochs)
        epochs.append(Epoch(len(epochs) + 1, 0.1, 1 - value, value, value, 0.1, 1.0, 9.0, rise))
        run.write_history(epochs)
        time.sleep(orders.get("pause", 0))
    run.set_status("done")
"""
"""What stands in for a training: scores as ordered."""


def search_in(
    folder: Path, trials: int, seeds: Sequence[int] = (1,), pruning: str = "none", **more: object
) -> Search:
    path = folder / "found.yaml"
    settings = "".join(f"  {key}: {value}\n" for key, value in more.items())
    path.write_text(
        f"base: sample_en\nseeds: {list(seeds)}\nsearch:\n  trials: {trials}\n"
        f"  pruning: {pruning}\n{settings}"
        "  space:\n    train.batch_size: {low: 1, high: 1000}\n",
        encoding="utf-8",
    )
    return search_of(read_sweep(path), path)


class Stage:
    """Stand-ins for trainings, and how often each was started."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "started.txt"
        self.orders: dict[str, object] = {"values": [0.5]}
        self.by_start: dict[int, dict[str, object]] = {}
        """Other orders for the n-th start, counted from 0."""
        self._starts = 0

    def arguments(self, trial: Trial, out: Path, further: Sequence[str]) -> list[str]:
        orders = self.by_start.get(self._starts, self.orders)
        self._starts += 1
        return ["-c", TRAINING, str(trial.run(out).path), str(self.log), json.dumps(orders)]

    @property
    def started(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stage:
    found = Stage(tmp_path)
    monkeypatch.setattr(sweeping, "_arguments", found.arguments)
    return found


def run(
    search: Search, out: Path, *, jobs: int = 1, keep_going: bool = False
) -> tuple[list[StudyPoint], list[Progress]]:
    with open_study(search, out) as study:
        plan = SearchPlan(search, study, out, keep_going=keep_going)
        ended = run_plan(plan, out, jobs=jobs, stop=StopRequest())
        return study.points(), ended


def test_the_value_is_that_of_the_epoch_whose_weights_are_kept(
    stage: Stage, tmp_path: Path
) -> None:
    stage.orders = {"values": [0.5, 0.75, 0.625]}
    (point,), (one,) = run(search_in(tmp_path, 1), tmp_path / "out")
    assert (point.state, point.value, point.epochs, one.state) == ("done", 0.75, 3, "done")
    trial_run = one.trial.run(tmp_path / "out")
    assert kept_values(trial_run, "macro_f1") == [0.5, 0.75, 0.75]
    assert kept_values(trial_run, "loss") == [0.5, 0.25, 0.25]


def test_kept_values_follow_the_run_s_own_monitor(tmp_path: Path) -> None:
    """A run that monitors something else keeps its epochs, whatever this metric says of them."""
    epoch = Epoch(1, 0.1, 0.5, 0.5, 0.5, 0.1, 1.0, 9.0, True)
    better = replace(epoch, epoch=2, validation_macro_f1=0.9, improved=False)
    other = Run.create(tmp_path)
    other.write_history([epoch, better, replace(better, epoch=3, improved=True)])
    assert kept_values(other, "macro_f1") == [0.5, 0.5, 0.9]


def test_a_finished_search_starts_nothing_and_more_trials_go_on_from_it(
    stage: Stage, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    points, _ = run(search_in(tmp_path, 3), out, jobs=2)
    assert [point.state for point in points] == ["done"] * 3
    assert len(stage.started) == 3
    again, ended = run(search_in(tmp_path, 3), out)
    assert again == points
    assert [one.state for one in ended] == ["done"] * 3
    more, _ = run(search_in(tmp_path, 5), out)
    assert more[:3] == points
    assert len(stage.started) == len(set(stage.started)) == 5


def test_the_mean_over_seeds(stage: Stage, tmp_path: Path) -> None:
    stage.by_start = {0: {"values": [0.5]}, 1: {"values": [1.0]}}
    (point,), ended = run(search_in(tmp_path, 1, seeds=(4, 2)), tmp_path / "out")
    assert point.value == 0.75
    assert [one.trial.seed for one in ended] == [4, 2]


def test_a_hopeless_point_is_stopped_and_its_other_seeds_never_start(
    stage: Stage, tmp_path: Path
) -> None:
    """After five points of 0.5, 0.6, 0.7, a sixth with 0.1 at the second epoch is given up."""
    stage.orders = {"values": [0.5, 0.6, 0.7]}
    stage.by_start[10] = {"values": [0.1] * 5, "pause": 2}
    search = search_in(tmp_path, 7, seeds=(1, 2), pruning="median")
    points, ended = run(search, tmp_path / "out")
    assert [point.state for point in points] == ["done"] * 5 + ["pruned", "done"]
    assert (points[5].value, points[5].epochs) == (0.1, 2)
    assert len(ended) == len(stage.started) == 13
    pruned = next(one for one in ended if one.state == "pruned")
    status = pruned.trial.run(tmp_path / "out").status
    assert (status.state, status.reason[:35]) == (
        "interrupted",
        "pruned by a search after epoch 2; t",
    )
    assert best_of(search, points) == points[0]


def test_the_least_loss_is_best(stage: Stage, tmp_path: Path) -> None:
    stage.by_start = {1: {"values": [0.75]}}
    search = search_in(tmp_path, 3, metric="loss")
    points, _ = run(search, tmp_path / "out")
    assert [point.value for point in points] == [0.5, 0.25, 0.5]
    assert best_of(search, points) == points[1]


def test_a_diverged_point_is_a_result(stage: Stage, tmp_path: Path) -> None:
    stage.by_start = {1: {"code": 5}}
    search = search_in(tmp_path, 3, seeds=(1, 2), pruning="median")
    points, ended = run(search, tmp_path / "out")
    states = {point.state for point in points}
    assert states == {"done", "failed"}
    assert {point.reason for point in points} == {"", "the loss became nan"}
    assert "diverged" in {one.state for one in ended}
    assert run(search, tmp_path / "out")[0] == points


def test_another_failure_is_tried_again_by_the_next_start(stage: Stage, tmp_path: Path) -> None:
    stage.by_start = {1: {"code": 3}}
    out = tmp_path / "out"
    points, ended = run(search_in(tmp_path, 4), out)
    assert [point.state for point in points] == ["done", "running"]
    assert (ended[1].state, ended[1].reason) == ("failed", "no data")
    points, _ = run(search_in(tmp_path, 4), out)
    assert [point.state for point in points] == ["done"] * 4
    assert len(stage.started) == 5


def test_keep_going_tries_the_others(stage: Stage, tmp_path: Path) -> None:
    stage.by_start = {1: {"code": 3}}
    points, _ = run(search_in(tmp_path, 4), tmp_path / "out", keep_going=True)
    assert [point.state for point in points] == ["done", "running", "done", "done"]


def test_a_point_of_a_dead_worker_is_taken_over_that_of_a_living_one_is_not(
    stage: Stage, tmp_path: Path
) -> None:
    search, out = search_in(tmp_path, 2), tmp_path / "out"
    with open_study(search, out) as living:
        first = living.claim()
        assert first is not None
        with open_study(search, out) as dying:
            second = dying.claim()
            assert second is not None
            assert dying.claim() is None
        adopted = living.claim()
        assert adopted == second != first
        assert living.claim() is None
        (first_run, second_run) = (search.trials(p.point)[0].run(out) for p in (first, second))
    points, _ = run(search, out)
    assert [point.state for point in points] == ["done", "done"]
    assert sorted(stage.started) == sorted([first_run.name, second_run.name])


def test_one_journal_holds_one_search(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with open_study(search_in(tmp_path, 2), out):
        pass
    with (
        pytest.raises(UsageError, match="another base, space, metric or seeds"),
        open_study(search_in(tmp_path, 2, metric="loss"), out),
    ):
        pass


def test_a_torn_line_is_cut_off_and_a_damaged_one_told(stage: Stage, tmp_path: Path) -> None:
    search, out = search_in(tmp_path, 2), tmp_path / "out"
    points, _ = run(search, out)
    whole = (out / JOURNAL).read_bytes()
    (out / JOURNAL).write_bytes(whole + b'{"op_code": 4, "worker')
    assert run(search_in(tmp_path, 3), out)[0][:2] == points
    (out / JOURNAL).write_bytes(b"nonsense\n" + whole)
    with pytest.raises(StorageError, match=r"search\.journal: damaged"), open_study(search, out):
        pass


def tiny_search(folder: Path, trials: int, pruning: str) -> Path:
    values = dict(setting.split("=", 1) for setting in TINY if setting[:4] != "name")
    base = folder / "base.yaml"
    base.write_text(
        "extends: sample_en\nname: tiny\n"
        f"data: {{size: {values['data.size']}, test_size: {values['data.test_size']}}}\n"
        f"model: {{layers: {values['model.layers']}}}\ntrain: {{epochs: 4}}\n",
        encoding="utf-8",
    )
    path = folder / "tiny.yaml"
    path.write_text(
        f"base: base.yaml\nsearch:\n  trials: {trials}\n  pruning: {pruning}\n  space:\n"
        "    train.optimizer.learning_rate: {low: 1.0e-3, high: 0.1, log: true}\n"
        "    model.layers.0.cell: [gru, simple_rnn]\n",
        encoding="utf-8",
    )
    return path


@pytest.mark.process
def test_the_command(tmp_path: Path) -> None:
    path, out = tiny_search(tmp_path, 2, "none"), tmp_path / "out"
    before = rnn("sweep", path, "--out", out, "--dry-run", "--json").json
    assert (before["trainings_left"], before["expected_seconds"], before["trials"]) == (2, None, [])
    assert before["space"]["train.optimizer.learning_rate"] == "0.001 to 0.1, log"
    outcome = rnn_process("sweep", path, "--out", out, "--json")
    assert outcome.code == 0, outcome.err
    best, trials = outcome.json["best"], outcome.json["trials"]
    assert [trial["state"] for trial in trials] == ["done", "done"]
    assert best["value"] == max(trial["value"] for trial in trials)
    for trial in trials:
        (folder,) = trial["runs"]
        assert trial["value"] == pytest.approx(
            Run(Path(folder)).read("metrics")["validation"]["macro_f1"], abs=1e-12
        )
    told = rnn("sweep", path, "--out", out)
    assert told.code == 0
    assert f"best: trial {best['trial']}, validation macro_f1 {best['value']:.4f}" in told.out
    assert "--set train.optimizer.learning_rate=" in told.out
    again = rnn("train", "--config", out / "best.yaml", "--out", out, "--json")
    assert "already trained" in again.err
    assert again.json["run"] == best["runs"][0]
    after = rnn("sweep", path, "--out", out, "--dry-run")
    assert "2 ended; 0 trainings left" in after.out


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux' /proc")
@pytest.mark.parametrize("pruning", ["none", "median"])
def test_a_search_killed_twice_ends_with_the_trials_asked_for(pruning: str, tmp_path: Path) -> None:
    """`kill -9` on the whole tree; without pruning the points are those of one undisturbed."""
    path, torn = tiny_search(tmp_path, 10, pruning), tmp_path / "torn"
    ends: dict[str, str] = {}
    for wanted in (2, 6):
        process = subprocess.Popen(
            command("sweep", path, "--out", torn, "--jobs", "1"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 300
        while len(_ended(torn)) < wanted and time.monotonic() < deadline:
            time.sleep(0.05)
        for pid in descendants(process.pid):
            with suppress(ProcessLookupError):  # a trial may end by itself meanwhile
                os.kill(pid, signal.SIGKILL)
        process.wait()
        ends |= _ended(torn)
        assert wanted <= len(ends) < 10
    outcome = rnn_process("sweep", path, "--out", torn, "--jobs", "1", "--json", timeout=600)
    assert outcome.code == 0, outcome.err
    trials = outcome.json["trials"]
    assert len(trials) == 10
    assert {trial["state"] for trial in trials} <= {"done", "pruned"}
    last = _ended(torn)
    assert {name: last[name] for name in ends} == ends
    assert len(list(torn.glob("*-s1"))) == 10
    if pruning == "none":
        whole = rnn_process(
            "sweep", path, "--out", tmp_path / "whole", "--json", "--jobs", "1", timeout=600
        ).json
        assert [(t["settings"], t["value"]) for t in whole["trials"]] == [
            (t["settings"], t["value"]) for t in trials
        ]


@pytest.mark.slow
@pytest.mark.process
def test_two_processes_share_a_search(tmp_path: Path) -> None:
    path, out = tiny_search(tmp_path, 6, "none"), tmp_path / "out"
    processes = [
        subprocess.Popen(
            command("sweep", path, "--out", out, "--jobs", "1", "--json"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    ends = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], ends
    one, other = (json.loads(out) for out, _ in ends)
    assert one == other
    assert [trial["state"] for trial in one["trials"]] == ["done"] * 6
    shares = [err.decode().count(": running") for _, err in ends]
    assert sum(shares) == 6
    assert min(shares) >= 1


def _ended(out: Path) -> dict[str, str]:
    """When each run ended that is finished or given up."""
    found = {}
    for folder in out.glob("*-s1"):
        if (folder / "status.json").exists():
            status = Run(folder).status
            if status.state == "done" or status.reason.startswith("pruned"):
                found[folder.name] = status.ended
    return found


def test_a_point_that_a_living_process_could_not_train_is_not_waited_for(
    stage: Stage, tmp_path: Path
) -> None:
    """Two processes of one search with a failed point each would wait for one another for good."""
    stage.orders = {"code": 3}
    search, out = search_in(tmp_path, 2), tmp_path / "out"
    with open_study(search, out) as one, open_study(search, out) as other:
        plans = [SearchPlan(search, study, out, keep_going=True) for study in (one, other)]
        for plan in plans:
            begun = plan.next()
            assert begun is not None
            begun.state, begun.code = "failed", 3
            plan.ended(begun)
        assert [point.state for point in one.points()] == ["running"] * 2
        assert not any(plan.left() for plan in plans)
    points, _ = run(search, out)
    assert [point.state for point in points] == ["running"] * 2
    stage.orders = {"values": [0.5]}
    points, _ = run(search, out)
    assert [point.state for point in points] == ["done"] * 2
