"""Scope: trainings on an engine: orders, lost workers, and Ray and submitit for real."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from rnncli import Run
from rnncli.engines import Ended, Engine, Job, on_slurm, open_engine
from rnncli.engines.remote import Order, carry_out
from rnncli.errors import DeviceError, Interrupted, UsageError
from rnncli.interrupt import StopRequest
from rnncli.sweep_plan import FixedPlan, Progress
from rnncli.sweeping import run_plan
from tests.terminal import command, environment, rnn, rnn_process
from tests.test_sweeping import descendants, tiny_sweep, trials_of

WAIT = "import signal, sys, time; signal.signal(2, lambda *_: sys.exit(130)); time.sleep(60)"


def order(folder: Path, program: str) -> Order:
    return Order.of(["-c", program], folder / "run")


@pytest.mark.parametrize("variable", ["RNN_DATA", "MLFLOW_TRACKING_URI"])
def test_an_order_is_carried_out(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = f"import os, sys; sys.exit(os.getcwd() + ' ' + os.environ['{variable}'])"
    monkeypatch.setenv(variable, "here")
    given = order(tmp_path, program)
    monkeypatch.setenv(variable, "there")
    monkeypatch.chdir(tmp_path)
    assert carry_out(given) == (1, f"{given.folder} here\n")
    assert given.folder != tmp_path


def test_an_order_holds_no_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@server")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    assert "secret" not in str(order(tmp_path, WAIT))


def test_a_revoked_order_ends_by_itself(tmp_path: Path) -> None:
    given = order(tmp_path, WAIT)
    threading.Timer(1.0, given.revoke).start()
    assert carry_out(given) == (130, "")
    given.forget()
    assert not given.stop.exists()
    given.revoke()
    assert carry_out(given) == (130, "")
    assert not order(tmp_path, WAIT).stop.exists()  # a new order forgets an old stop


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_process_that_somebody_else_stops_is_lost(number: int, tmp_path: Path) -> None:
    # A shell's background job, as a CI may be one, ignores SIGINT, and so do its children.
    heed = f"signal.signal({int(number)}, signal.SIG_DFL)" if number != signal.SIGKILL else "pass"
    stop = f"os.kill(os.getpid(), {int(number)})"
    given = order(tmp_path, f"import os, signal, time\n{heed}\n{stop}\ntime.sleep(9)")
    code, told = carry_out(given)
    assert (code, told) == (None, "its process was stopped")


class Losing(Engine):
    """Loses every worker but the last ones; each finishes so many epochs before."""

    def __init__(self, losses: int, epochs: int = 0) -> None:
        self.left, self.epochs, self.started = losses, epochs, 0

    def start(self, arguments: Sequence[str], run: Path) -> Job:
        self.started += 1
        self.left -= 1
        lost, trained = self.left >= 0, Run.create(run)
        trained.set_status("running" if lost else "done", epoch=self.started * self.epochs)
        return Ending(Ended(None, "its node is gone") if lost else Ended(0))


class Ending(Job):
    """Ends at once."""

    def __init__(self, end: Ended) -> None:
        self._end = end

    def ended(self) -> Ended:
        return self._end


def run_on(engine: Engine, folder: Path) -> Progress:
    plan = FixedPlan(trials_of(folder, 1), folder, keep_going=False)
    (one,) = run_plan(plan, folder, jobs=1, stop=StopRequest(), engine=engine)
    return one


def test_a_lost_training_is_started_again(tmp_path: Path) -> None:
    engine = Losing(2)
    assert run_on(engine, tmp_path).state == "done"
    assert engine.started == 3


def test_one_lost_again_and_again_is_given_up(tmp_path: Path) -> None:
    engine = Losing(3)
    one = run_on(engine, tmp_path)
    assert (one.state, engine.started) == ("failed", 3)
    assert one.reason == "its worker was lost 3 times without an epoch between: its node is gone"


def test_one_that_advances_between_is_not(tmp_path: Path) -> None:
    engine = Losing(6, epochs=1)
    assert run_on(engine, tmp_path).state == "done"
    assert engine.started == 7


def test_a_stop_while_a_result_is_fetched_is_a_stop(tmp_path: Path) -> None:
    class Fetched:
        job_id = "7"
        error: Exception = TimeoutError("time limit")

        def done(self) -> bool:
            return True

        def result(self) -> object:
            raise self.error

    job = Fetched()
    submitted = on_slurm._Submitted(order(tmp_path, ""), job)
    assert submitted.ended() == Ended(None, "job 7: time limit")
    job.error = Interrupted("stopped by SIGINT")
    with pytest.raises(Interrupted):
        submitted.ended()


@pytest.mark.parametrize(("name", "package"), [("ray", "ray"), ("slurm", "submitit")])
def test_an_engine_that_is_not_installed(
    name: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda asked: None if asked == package else find(asked)
    )
    told = rnn("sweep", tiny_sweep(tmp_path, (1,)), "--on", name, "--out", tmp_path).failed(2)
    assert told == (
        f"--on {name} needs {package}, which is not installed; pip install 'rnncli[{name}]'"
    )


def test_words_without_an_engine(tmp_path: Path) -> None:
    told = rnn("sweep", tiny_sweep(tmp_path, (1,)), "--with", "num_cpus=1", "--out", tmp_path)
    assert told.failed(2).startswith("--with num_cpus=1: has no effect")


def test_words_of_no_engine(tmp_path: Path) -> None:
    pytest.importorskip("submitit")
    with pytest.raises(UsageError, match="--with partition: expected KEY=VALUE"):
        open_engine("slurm", ["partition"], tmp_path)
    with pytest.raises(UsageError, match=r"--on slurm: .*partitoin"):
        open_engine("slurm", ["cluster=local", "slurm_partitoin=gpu"], tmp_path)
    with pytest.raises(DeviceError, match=r"--on slurm: .* or --with cluster=local"):
        open_engine("slurm", ["slurm_partition=gpu"], tmp_path)


def a_training_and_its_parent(root: int) -> tuple[int, int] | None:
    """A `rnn train` below a process that has finished an import or so, and what started it."""
    for pid in descendants(root):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            continue
        if b"train" in words and b"--quiet" in words:
            return pid, int(stat.rpartition(")")[2].split()[1])
    return None


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux' /proc")
@pytest.mark.parametrize(
    ("package", "words"),
    [
        ("ray", ("--on", "ray")),
        (
            "submitit",
            ("--on", "slurm", "--with", "cluster=local", "--with", "timeout_min=20", "--jobs", "2"),
        ),
    ],
)
def test_a_worker_killed_and_results_as_without_an_engine(
    package: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    path = tiny_sweep(tmp_path, (2, 3, 20))
    here, there = tmp_path / "here", tmp_path / "there"
    log = tmp_path / "log.txt"
    with log.open("w") as file:
        process = subprocess.Popen(
            command("sweep", path, "--out", there, *words),
            env=environment(RAY_DISABLE_IMPORT_WARNING="1"),
            stdout=file,
            stderr=file,
        )
        deadline = time.monotonic() + 300
        killed = None
        while killed is None and process.poll() is None and time.monotonic() < deadline:
            if any(there.glob("*-s1/history.csv")):
                killed = a_training_and_its_parent(process.pid)
            time.sleep(0.05)
        assert killed is not None, log.read_text()
        for pid in reversed(killed):
            os.kill(pid, signal.SIGKILL)
        assert process.wait(timeout=500) == 0, log.read_text()
    assert log.read_text().count(": running") == 4
    assert rnn_process("sweep", path, "--out", here, "--jobs", "2", timeout=500).code == 0
    runs = sorted(here.glob("*-s1"))
    assert len(runs) == 3
    for folder in runs:
        one, other = Run(folder), Run(there / folder.name)
        assert other.status.state == "done"
        np.testing.assert_array_equal(
            one.predictions().probabilities, other.predictions().probabilities
        )


@pytest.mark.slow
@pytest.mark.process
def test_a_search_on_an_engine(tmp_path: Path) -> None:
    pytest.importorskip("submitit")
    pytest.importorskip("optuna")
    from tests.test_search_plan import tiny_search

    path, out = tiny_search(tmp_path, 7, "median"), tmp_path / "out"
    words = ("--on", "slurm", "--with", "cluster=local", "--with", "timeout_min=20", "--jobs", "2")
    outcome = rnn_process("sweep", path, "--out", out, *words, "--json", timeout=500)
    assert outcome.code == 0, outcome.err
    assert {trial["state"] for trial in outcome.json["trials"]} <= {"done", "pruned"}
    assert len(outcome.json["trials"]) == 7


def test_this_module_needs_no_engine() -> None:
    """Importing the engines imports none of their packages."""
    program = (
        "import sys, rnncli.engines.on_ray, rnncli.engines.on_slurm;"
        "sys.exit(int(bool({'ray', 'submitit', 'optuna'} & set(sys.modules))))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
