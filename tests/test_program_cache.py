"""Scope: what is kept is found again, is the user's own, and never stands in a training's way."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from rnncli import program_cache
from rnncli.backend import trouble_told
from rnncli.errors import StorageError
from rnncli.program_cache import keep_programs, kept_programs, programs_folder


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("TF_XLA_FLAGS", "JAX_COMPILATION_CACHE_DIR"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("RNN_PROGRAMS", str(tmp_path / "programs"))
    return tmp_path / "programs"


def test_tensorflow_is_told_by_its_flags(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_XLA_FLAGS", "--tf_xla_cpu_global_jit")
    keep_programs("tensorflow")
    (own,) = folder.iterdir()
    assert kept_programs() == str(own)
    assert os.environ["TF_XLA_FLAGS"].startswith("--tf_xla_cpu_global_jit --tf_xla_persistent")
    keep_programs("tensorflow")
    assert os.environ["TF_XLA_FLAGS"].count("persistent_cache_directory") == 1


def test_jax_is_told_by_its_own_variable(folder: Path) -> None:
    keep_programs("jax")
    (own,) = folder.iterdir()
    assert os.environ["JAX_COMPILATION_CACHE_DIR"] == str(own)
    assert kept_programs() == ""


def test_another_processor_has_another_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_programs("jax")
    monkeypatch.setattr(program_cache, "processor_features", lambda: "another")
    keep_programs("jax")
    assert len(list(folder.iterdir())) == 2


def test_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNN_PROGRAMS", "off")
    keep_programs("tensorflow")
    assert kept_programs() == ""
    assert not folder.exists()


def test_the_users_cache_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RNN_PROGRAMS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert programs_folder() == tmp_path / "rnncli" / "programs"


def test_a_folder_that_others_may_write_to_is_not_used(folder: Path) -> None:
    keep_programs("tensorflow")
    (own,) = folder.iterdir()
    del os.environ["TF_XLA_FLAGS"]
    own.chmod(0o777)
    keep_programs("tensorflow")
    assert kept_programs() == ""


def test_a_folder_that_cannot_be_made_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("RNN_PROGRAMS", str(tmp_path / "file" / "below"))
    keep_programs("tensorflow")
    assert kept_programs() == ""


def test_a_backend_under_another_packages_name_keeps_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def version(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(program_cache, "version", version)
    keep_programs("tensorflow")
    assert kept_programs() == ""


@pytest.mark.parametrize("disk", [0, 2**30])
def test_a_full_disk_is_left_alone(disk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": disk})
    monkeypatch.setattr(program_cache.shutil, "disk_usage", lambda _: usage)
    keep_programs("tensorflow")
    assert bool(kept_programs()) == bool(disk)


WHOLE = b"\x0a\x03abc" + b"\x12\xac\x02" + bytes(300)
"""Field 1 of three bytes, field 2 of 300."""


@pytest.mark.parametrize(
    ("content", "stays"),
    [(WHOLE, True), (WHOLE[:-1], False), (WHOLE[:6], False), (b"", False), (b"text", False)],
)
def test_entries_that_are_cut_are_removed(folder: Path, content: bytes, stays: bool) -> None:
    keep_programs("jax")
    (own,) = folder.iterdir()
    entry = own / "entry.pb"
    entry.write_bytes(content)
    keep_programs("jax")
    assert entry.exists() == stays


def test_the_oldest_half_goes_when_there_is_too_much(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_programs("jax")
    (own,) = folder.iterdir()
    for age in range(4):
        (own / f"{age}").write_bytes(bytes(100))
        os.utime(own / f"{age}", (1000 - age, 1000 - age))
    monkeypatch.setattr(program_cache, "_MOST_BYTES", 399)
    keep_programs("jax")
    assert sorted(path.name for path in own.iterdir()) == ["0", "1"]


def test_what_goes_wrong_is_told_with_a_way_out() -> None:
    keep_programs("tensorflow")
    with pytest.raises(StorageError, match="RNN_PROGRAMS=off"), trouble_told():
        raise OSError(f"{kept_programs()}; no space left on device")
    with pytest.raises(OSError, match="elsewhere"), trouble_told():
        raise OSError("elsewhere; no space left on device")


PROGRAM = """
import sys
from rnncli.backend import activate
activate("tensorflow", "cpu")
import tensorflow as tf
f = tf.function(lambda x: tf.tanh(x) @ x, jit_compile=True)
sys.stdout.write(f(tf.ones([3, 3])).numpy().tobytes().hex())
"""


def test_another_process_finds_the_program(folder: Path) -> None:
    answers, entries = [], []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
        )
        answers.append(done.stdout)
        entries.append({path: path.stat().st_mtime_ns for path in folder.glob("*/*.pb")})
    assert len(entries[0]) == 1
    assert answers[0] == answers[1]
    assert entries[0] == entries[1]


def test_a_home_that_nobody_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNN_PROGRAMS", "~nobody-of-this-name/programs")
    assert programs_folder() is None
