"""Scope: files are whole or untouched, whatever interrupts the write, and failures are one line."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rnncli import atomic
from rnncli.atomic import read_json, read_text, replacing, write_bytes, write_json, write_text
from rnncli.errors import StorageError


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "메모.json"
    value = {"라벨": ["정치", "경제"], "n": np.int64(3), "x": np.arange(2.0), "bad": float("nan")}
    write_json(path, value)
    assert read_json(path) == {"라벨": ["정치", "경제"], "n": 3, "x": [0.0, 1.0], "bad": None}
    assert "정치" in path.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [path]


def test_a_lone_surrogate_survives_json(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"text": "\udcff"})
    assert read_json(tmp_path / "a.json") == {"text": "\udcff"}


def test_an_error_while_writing_leaves_the_old_file_and_no_leftover(tmp_path: Path) -> None:
    path = tmp_path / "model.weights.h5"
    path.write_bytes(b"old")

    def fail_halfway() -> None:
        with replacing(path) as temporary:
            assert temporary.name.endswith(".weights.h5")
            temporary.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageError, match=r"model\.weights\.h5: cannot write: no space.*free"):
        fail_halfway()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_kill_at_any_step_leaves_the_old_or_the_new_file(tmp_path: Path, call: str) -> None:
    path = tmp_path / "status.json"
    path.write_text('"old"', encoding="utf-8")
    code = (
        "import os, pathlib, sys\n"
        "from rnncli.atomic import write_json\n"
        "die = lambda *a, **k: os.kill(os.getpid(), 9)\n"
        "if sys.argv[2] == 'fsync': os.fsync = die\n"
        "else: pathlib.Path.replace = die\n"
        "write_json(pathlib.Path(sys.argv[1]), 'new')\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path), call], check=False)
    assert done.returncode == -9
    assert read_json(path) == "old"
    leftovers = [p for p in tmp_path.iterdir() if p != path]
    assert leftovers
    assert all(p.name.startswith(".tmp-") for p in leftovers)


def test_a_folder_that_is_not_there_names_the_path(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"nowhere/a\.txt: cannot write: no such file"):
        write_text(tmp_path / "nowhere" / "a.txt", "x")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder_says_what_to_do(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match=r"permission denied.*--out"):
        write_bytes(tmp_path / "a", b"")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO])
def test_each_error_is_one_line_with_path_and_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def fail(_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageError) as caught:
        write_bytes(tmp_path / "a.bin", b"x")
    (line,) = caught.value.lines
    assert "a.bin" in line
    assert os.strerror(code).lower() in line
    assert "; " in line
    assert not list(tmp_path.iterdir())


def test_damaged_text_and_json_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"x": \xff}')
    with pytest.raises(StorageError, match="byte 6 is not UTF-8"):
        read_text(tmp_path / "a.json")
    whole = json.dumps({"x": [1, 2, {"y": "z"}]})
    for length in range(len(whole)):
        (tmp_path / "a.json").write_text(whole[:length], encoding="utf-8")
        with pytest.raises(StorageError, match="not valid JSON"):
            read_json(tmp_path / "a.json")


def test_what_kills_left_is_removed_and_what_is_being_written_stays(tmp_path: Path) -> None:
    old, young, half = (tmp_path / f".tmp-{name}" for name in ("old", "young", "half"))
    for folder in (old, young):
        folder.mkdir()
        (folder / "train.npy").write_bytes(b"ids")
    half.write_bytes(b"half")
    (tmp_path / "whole").touch()
    long_ago = time.time() - 2 * atomic.A_DAY
    for path in (*old.iterdir(), old, young, half):
        os.utime(path, (long_ago, long_ago))
    atomic.remove_leftovers(tmp_path, older=atomic.A_DAY)  # a file of `young` is new
    assert sorted(path.name for path in tmp_path.iterdir()) == [".tmp-young", "whole"]
    atomic.remove_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]
    atomic.remove_leftovers(tmp_path / "missing")
