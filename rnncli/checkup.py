"""What this machine has for training: versions, backends, data, disk."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from rnncli.environment import describe_environment
from rnncli.experiment import BACKENDS

__all__ = ["checkup", "data_in_reach", "probe_backend"]

_PATIENCE = 180.0
"""Seconds a backend may take to start and make a step."""


def checkup() -> dict[str, Any]:
    """Everything `rnn doctor` shows, JSON-ready.

    Keys: those of `describe_environment`, `backends` (by name: `installed`, then `error` or what
    `rnncli.probe` prints), `data` (by name: where it lies, or an empty string), `hub` (whether
    it answers), `programs` (the folder of compiled programs and their bytes, or None) and
    `free_bytes`.
    """
    from rnncli.datasets.reach import reachable

    facts = describe_environment()
    del facts["git"], facts["command"]
    return {
        **facts,
        "backends": {name: probe_backend(name) for name in BACKENDS},
        "data": {name: data_in_reach(name) for name in ("klue-tc", "imdb")},
        "hub": reachable(os.environ.get("HF_ENDPOINT", "https://huggingface.co")),
        "programs": _programs(),
        "free_bytes": shutil.disk_usage(Path.cwd()).free,
    }


def _programs() -> dict[str, Any] | None:
    from rnncli.program_cache import programs_folder

    folder = programs_folder()
    if folder is None:
        return None
    held = [path.stat().st_size for path in folder.glob("*/*") if path.is_file()]
    return {"folder": str(folder), "bytes": sum(held)}


def probe_backend(backend: str) -> dict[str, Any]:
    """One training step on a backend, in a process of its own: a process has one backend."""
    if importlib.util.find_spec(backend) is None:
        return {"installed": False}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "rnncli.probe", backend],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_PATIENCE,
            check=False,
        )
        return {"installed": True, **json.loads(done.stdout.splitlines()[-1])}
    except subprocess.TimeoutExpired:
        return {"installed": True, "error": f"no training step within {_PATIENCE:.0f} s"}
    except (OSError, ValueError, IndexError):
        return {"installed": True, "error": f"its process ended with code {done.returncode}"}


def data_in_reach(name: str) -> str:
    """Where a data set lies on this machine; empty if nowhere."""
    from rnncli.datasets.local_copy import local_folder
    from rnncli.errors import DataError

    try:
        folder = local_folder(name, None)
    except DataError as error:
        return str(error)
    if folder is not None:
        return f"{folder} (RNN_DATA)"
    home = Path(os.environ.get("HF_HOME", "~/.cache/huggingface")).expanduser()
    cache = Path(os.environ.get("HF_DATASETS_CACHE", home / "datasets"))
    repository = {"klue-tc": "klue___klue/ynat", "imdb": "stanfordnlp___imdb"}[name]
    if (cache / repository).is_dir():
        return "the hub's cache"
    keras = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()
    if name == "imdb" and (keras / "datasets" / "imdb.npz").is_file():
        return "Keras' cache (source: keras)"
    return ""
