"""Scope: a run directory's life: created, locked, killed, resumed, finished, cleared, listed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rnncli.errors import StorageError, UsageError
from rnncli.run import Run, runs_under

TRAINER = """
import pathlib, sys
from rnncli.run import Run
run = Run.create(pathlib.Path(sys.argv[1]))
with run.lock():
    run.set_status("running", epoch=2)
    print("started", flush=True)
    sys.stdin.read()
    run.set_status("done")
"""


def _start(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", TRAINER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    return process


def _state(run: Run) -> str:
    return run.status.state


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run that has just begun."""
    run = Run.create(tmp_path / "runs" / "lstm-0a1b2c3d-s1")
    run.set_status("running")
    return run


def test_the_directory_name_holds_name_digest_and_seed() -> None:
    path = Run.directory_for(Path("runs"), "lstm", "0123456789abcdef", 7)
    assert path == Path("runs/lstm-01234567-s7")
    assert (
        Run.directory_for(Path("r"), "../한글 이름/x", "a" * 64, 0).name
        == "한글-이름-x-aaaaaaaa-s0"
    )
    for name, safe in (("../한글 이름/x", "한글-이름-x"), ("///", "run"), ("a" * 99, "a" * 60)):
        assert Run.directory_for(Path("r"), name, "b" * 64, 0) == Path(f"r/{safe}-bbbbbbbb-s0")


def test_importing_it_loads_nothing_heavy() -> None:
    code = (
        "import sys, rnncli.run; "
        "print([m for m in ('numpy', 'pyarrow', 'yaml', 'keras') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_living_process_is_running_and_excludes_others(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with _start(path) as process:
        run = Run.open(path)
        assert _state(run) == "running"
        with pytest.raises(UsageError, match="another process is training this run"), run.lock():
            pass
        process.communicate("")
    assert _state(run) == "done"
    assert run.status.epoch == 2
    with run.lock():
        assert run.locked


def test_a_killed_process_reads_as_interrupted_and_its_run_can_be_taken(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with _start(path) as process:
        process.send_signal(signal.SIGKILL)
    run = Run.open(path)
    assert _state(run) == "interrupted"
    assert run.status.reason.startswith("the process was killed; the same command, without --force")
    assert run.status.epoch == 2
    with run.lock():
        run.set_status("running")
        assert _state(run) == "running"


def test_what_a_kill_left_half_written_is_removed(run: Run) -> None:
    run.checkpoints.mkdir()
    kept = run.checkpoints / "epoch-0001.npz"
    left = [run.path / ".tmp-00-metrics.json", run.checkpoints / ".tmp-00-epoch-0002.npz"]
    for file in (kept, *left):
        file.write_bytes(b"x")
    with run.lock():
        assert [file.exists() for file in left] == [False, False]
        left[0].write_bytes(b"x")
        with pytest.raises(UsageError), run.lock():
            pass
        assert left[0].exists(), "it belongs to whoever holds the run"
    assert kept.exists()


def test_a_run_that_ends_between_two_looks_was_not_killed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ending(self: Run) -> bool:
        self.set_status("done")
        return False

    monkeypatch.setattr(Run, "locked", property(ending))
    assert _state(run) == "done"


def test_status_keeps_the_start_and_tells_the_end(run: Run) -> None:
    started = json.loads((run.path / "status.json").read_text(encoding="utf-8"))["started"]
    assert started.endswith("+00:00")
    run.set_status("failed", reason="loss became NaN\nin epoch 3", epoch=3)
    status = run.status
    assert (status.state, status.reason) == ("failed", "loss became NaN in epoch 3")
    assert (status.started, status.epoch) == (started, 3)
    assert status.ended >= started
    run.set_status("running")
    with run.lock():
        assert (run.status.ended, run.status.reason, run.status.epoch) == ("", "", 3)


def test_records_read_back(run: Run) -> None:
    run.write("metrics", {"test": {"accuracy": 0.5}})
    run.write_labels(["정치", "경제"])
    run.write_config("seed: 1 # mine\n", "seed: 1\n")
    run.write_confusion(["정치", "경제"], [[1, 2], [3, 4]])
    assert run.read("metrics") == {"test": {"accuracy": 0.5}}
    assert run.labels() == ("정치", "경제")
    assert run.config_text() == "seed: 1\n"
    assert (run.path / "config.yaml").read_text(encoding="utf-8") == "seed: 1 # mine\n"
    assert run.confusion() == (("정치", "경제"), [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("file", "content", "read"),
    [
        ("metrics.json", "[1]", lambda run: run.read("metrics")),
        ("metrics.json", "{", lambda run: run.read("metrics")),
        ("labels.json", '{"a": 1}', Run.labels),
        ("labels.json", "[]", Run.labels),
        ("config.resolved.yaml", "a: [1", Run.config_text),
        ("config.resolved.yaml", "", Run.config_text),
    ],
)
def test_a_damaged_record_is_named(
    run: Run, file: str, content: str, read: Callable[[Run], object]
) -> None:
    with pytest.raises(StorageError, match=f"{file}: cannot read: no such file"):
        read(run)
    (run.path / file).write_text(content, encoding="utf-8")
    with pytest.raises(StorageError, match=file) as caught:
        read(run)
    assert len(caught.value.lines) == 1


def test_a_missing_run_names_its_neighbours(run: Run) -> None:
    with pytest.raises(UsageError, match=r"lstm-0a1b-s1: no such run.*lstm-0a1b2c3d-s1"):
        Run.open(run.path.parent / "lstm-0a1b-s1")
    notes = run.path.parent / "notes"
    notes.mkdir()
    for path in (notes, run.path.parent):
        with pytest.raises(UsageError, match=r"not a run directory.*1 run: lstm-0a1b2c3d-s1$"):
            Run.open(path)


def test_no_run_anywhere_says_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="rnn train"):
        Run.open(tmp_path / "a")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"state": "odd"}', '{"state": 3}'])
def test_a_damaged_status_is_a_storage_error_and_listed_as_unreadable(
    run: Run, content: str
) -> None:
    (run.path / "status.json").write_text(content, encoding="utf-8")
    with pytest.raises(StorageError, match=r"status\.json"):
        Run.open(run.path)
    ((listed, status),) = runs_under(run.path.parent)
    assert listed.name == run.name
    assert status.state == "unreadable"
    assert "status.json" in status.reason


def test_runs_are_found_in_groups_and_nothing_else_is(tmp_path: Path) -> None:
    for place in ("b-s1", "sweep/a-s1", "sweep/a-s2"):
        Run.create(tmp_path / place).set_status("done")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "metrics.json").write_text("{}", encoding="utf-8")
    (tmp_path / "file.txt").write_text("x", encoding="utf-8")
    found = [run.path.relative_to(tmp_path).as_posix() for run, _ in runs_under(tmp_path)]
    assert found == ["b-s1", "sweep/a-s1", "sweep/a-s2"]
    with pytest.raises(StorageError, match="missing: cannot list"):
        list(runs_under(tmp_path / "missing"))


def test_clear_forgets_the_training_and_keeps_what_is_not_its_own(run: Run) -> None:
    run.write("metrics", {})
    run.checkpoints.mkdir()
    (run.checkpoints / "epoch-0001.npz").write_bytes(b"x")
    (run.study / "gates").mkdir(parents=True)
    (run.study / "gates" / "page.html").write_bytes(b"x")
    (run.path / "tensorboard").mkdir()
    (run.path / "tensorboard" / "events").write_bytes(b"x")
    (run.path / "my notes.txt").write_text("keep", encoding="utf-8")
    with run.lock():
        run.clear()
    assert not run.exists
    assert sorted(p.name for p in run.path.iterdir()) == [".lock", "my notes.txt"]


def test_a_file_in_the_way_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("", encoding="utf-8")
    with pytest.raises(StorageError, match="cannot create this folder"):
        Run.create(tmp_path / "runs" / "a")
