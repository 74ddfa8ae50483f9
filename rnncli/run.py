"""A run directory: everything one training leaves behind, and who may write it.

Each file is replaced whole (`rnncli.atomic`); `status.json` says `done` only after all others
are in place. While a process trains, it holds `.lock`; a status of `running` whose lock is free
belonged to a process that was killed, and reads as `interrupted`.
"""

from __future__ import annotations

import difflib
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self, get_args

from rnncli import tables
from rnncli.atomic import (
    make_folder,
    read_json,
    read_text,
    remove_leftovers,
    storage_error,
    write_json,
    write_text,
)
from rnncli.errors import StorageError, UsageError
from rnncli.lock import exclusive, held
from rnncli.status import State, Status, read_status

__all__ = ["Record", "Run", "State", "Status", "runs_under"]

Record = Literal["metrics", "data", "cost", "environment", "tokenizer"]
"""A JSON object of the run directory, by its file's stem."""

_STATUS = "status.json"
_CONFIG = "config.resolved.yaml"
_FILES = (
    "config.yaml",
    _CONFIG,
    *(f"{record}.json" for record in get_args(Record)),
    "labels.json",
    "history.csv",
    "model.weights.h5",
    "predictions.parquet",
    "confusion.csv",
    "report.html",
    "mlflow.json",
    "tensorflow.log",
)
_DEPTH = 3
"""How many folders deep `runs_under` looks: `runs/<sweep>/<group>/<run>`."""


class Run:
    """One run directory."""

    def __init__(self, path: Path) -> None:
        """Name a directory, without touching it; `create` and `open` check it."""
        self.path = path

    @staticmethod
    def directory_for(out: Path, name: str, digest: str, seed: int) -> Path:
        """`<out>/<name>-<first 8 of the config's digest>-s<seed>`, the name made safe for files."""
        safe = re.sub(r"[^\w.+-]+", "-", name).strip("-.")[:60] or "run"
        return out / f"{safe}-{digest[:8]}-s{seed}"

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make the directory, or take the one that is there; its status is the caller's to set.

        Raises:
            StorageError: the folder cannot be made.
        """
        make_folder(path)
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> Self:
        """An existing run.

        Raises:
            UsageError: there is no such directory, or it is not a run.
            StorageError: its status is damaged.
        """
        run = cls(path)
        if not path.is_dir():
            raise UsageError(f"{path}: no such run; {_nearby(path)}")
        if not run.exists:
            raise UsageError(f"{path}: not a run directory (no {_STATUS}); {_nearby(path)}")
        _ = run.status
        return run

    def __repr__(self) -> str:
        """The path it stands for."""
        return f"Run({str(self.path)!r})"

    @property
    def name(self) -> str:
        """The directory's name."""
        return self.path.resolve().name

    @property
    def exists(self) -> bool:
        """Whether a training was ever started here."""
        return (self.path / _STATUS).is_file()

    @property
    def weights(self) -> Path:
        """Where the best epoch's weights lie."""
        return self.path / "model.weights.h5"

    @property
    def checkpoints(self) -> Path:
        """The folder of `rnncli.checkpoint`."""
        return self.path / "checkpoints"

    @property
    def study(self) -> Path:
        """The folder of what studies of `rnncli.study` found in the trained network."""
        return self.path / "study"

    @property
    def backend_log(self) -> Path:
        """Where what TensorFlow prints is kept."""
        return self.path / "tensorflow.log"

    @property
    def report(self) -> Path:
        """The report for a browser."""
        return self.path / "report.html"

    # -- status and lock --

    @property
    def status(self) -> Status:
        """The stored status; `interrupted` if it says running and no process holds the run.

        Raises:
            StorageError: the status file is missing or damaged.
        """
        status = read_status(self.path / _STATUS)
        if status.state == "running" and not self.locked:
            status = read_status(self.path / _STATUS)  # it may have ended in between
        if status.state == "running" and not self.locked:
            reason = "the process was killed; the same command, without --force, continues it"
            return replace(status, state="interrupted", reason=reason)
        return status

    def set_status(self, state: State, *, reason: str = "", epoch: int | None = None) -> None:
        """Store a status with the time; `started` and, unless given, `epoch` stay as they were.

        Raises:
            StorageError: the file cannot be written.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            before = read_status(self.path / _STATUS)
        except StorageError:
            before = Status("running", started=now)
        status = Status(
            state=state,
            reason=" ".join(reason.split()),
            started=before.started,
            ended="" if state == "running" else now,
            epoch=before.epoch if epoch is None else epoch,
        )
        write_json(self.path / _STATUS, asdict(status))

    @property
    def locked(self) -> bool:
        """Whether some process, this one included, holds the run."""
        return held(self.path / ".lock")

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the run for a `with` block; what a kill left half written is removed.

        Raises:
            UsageError: another process has it.
            StorageError: the lock file cannot be made.
        """
        with exclusive(self.path / ".lock") as taken:
            if not taken:
                message = "another process is training this run; wait for it or stop it"
                raise UsageError(f"{self.path}: {message}")
            for folder in (self.path, self.checkpoints):
                remove_leftovers(folder)
            yield

    def clear(self) -> None:
        """Forget the training, so that it starts from nothing; foreign files stay.

        Raises:
            StorageError: a file cannot be removed.
        """
        if self.exists:
            self.set_status("running", epoch=0)
        try:
            for folder in (self.checkpoints, self.study, self.path / "tensorboard"):
                if folder.exists():
                    shutil.rmtree(folder)
            for name in _FILES:
                (self.path / name).unlink(missing_ok=True)
            (self.path / _STATUS).unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(self.path, "clear this run", error) from error

    # -- records: every reader raises StorageError for a missing or damaged file,
    # -- every writer for one that cannot be written

    def read(self, record: Record) -> dict[str, Any]:
        """`<record>.json`."""
        path = self.path / f"{record}.json"
        value = read_json(path)
        if not isinstance(value, dict):
            found = type(value).__name__
            raise StorageError(f"{path}: holds a {found}, expected an object: damaged; restore it")
        return value

    def write(self, record: Record, value: Mapping[str, object]) -> None:
        """Replace `<record>.json`."""
        write_json(self.path / f"{record}.json", value)

    def write_tokenizer(self, text: str) -> None:
        """Replace `tokenizer.json` by what `rnncli.tokenizers.state.to_json` made."""
        write_text(self.path / "tokenizer.json", text)

    def labels(self) -> tuple[str, ...]:
        """Label names by index."""
        path = self.path / "labels.json"
        names = read_json(path)
        if not (isinstance(names, list) and names and all(isinstance(n, str) for n in names)):
            raise StorageError(f"{path}: expected a list of label names: damaged; restore it")
        return tuple(names)

    def write_labels(self, names: Sequence[str]) -> None:
        """Replace `labels.json`."""
        write_json(self.path / "labels.json", list(names))

    def config_text(self) -> str:
        """The resolved config, YAML, checked to be a mapping."""
        import yaml

        path = self.path / _CONFIG
        text = read_text(path)
        try:
            valid = isinstance(yaml.safe_load(text), dict)
        except yaml.YAMLError:
            valid = False
        if not valid:
            raise StorageError(f"{path}: not a YAML mapping: damaged; restore it or train again")
        return text

    def write_config(self, given: str, resolved: str) -> None:
        """Replace `config.yaml`, as the user wrote it, and `config.resolved.yaml`."""
        write_text(self.path / "config.yaml", given)
        write_text(self.path / _CONFIG, resolved)

    def history(self) -> list[tables.Epoch]:
        """`history.csv`, a row per epoch."""
        return tables.read_history(self.path / "history.csv")

    def write_history(self, epochs: Sequence[tables.Epoch]) -> None:
        """Replace `history.csv`."""
        tables.write_history(self.path / "history.csv", epochs)

    def predictions(self) -> tables.Predictions:
        """`predictions.parquet`, of the test split."""
        return tables.read_predictions(self.path / "predictions.parquet")

    def write_predictions(self, predictions: tables.Predictions) -> None:
        """Replace `predictions.parquet`."""
        tables.write_predictions(self.path / "predictions.parquet", predictions)

    def confusion(self) -> tuple[tuple[str, ...], list[list[int]]]:
        """Label names and counts [C gold, C predicted] of `confusion.csv`."""
        return tables.read_confusion(self.path / "confusion.csv")

    def write_confusion(self, label_names: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
        """Replace `confusion.csv`."""
        tables.write_confusion(self.path / "confusion.csv", label_names, counts)


def runs_under(folder: Path) -> Iterator[tuple[Run, Status]]:
    """Every run below a folder, sorted by path; a damaged one with state `unreadable` and why.

    Raises:
        StorageError: the folder itself cannot be listed.
    """
    for path in sorted(_run_directories(folder, _DEPTH)):
        run = Run(path)
        try:
            yield run, run.status
        except StorageError as error:
            yield run, Status("unreadable", reason=str(error))


def _run_directories(folder: Path, depth: int) -> Iterator[Path]:
    try:
        children = [child for child in folder.iterdir() if not child.name.startswith(".")]
    except OSError as error:
        if depth == _DEPTH:
            raise storage_error(folder, "list this folder", error) from error
        return
    for child in children:
        try:
            if (child / _STATUS).is_file() or (child / _CONFIG).is_file():
                yield child
            elif depth > 1 and child.is_dir() and not child.is_symlink():
                yield from _run_directories(child, depth - 1)
        except PermissionError:
            continue


def _nearby(path: Path) -> str:
    """What the user may have meant: similar names in, beside or under `runs/`, else the first."""
    for folder in (path, path.parent, Path("runs")):
        names = sorted(child.name for child in _run_directories(folder, depth=1))
        if names:
            chosen = difflib.get_close_matches(path.name, names, n=3, cutoff=0.5) or names[:3]
            runs = "1 run" if len(names) == 1 else f"{len(names)} runs"
            return f"{folder} has {runs}: {', '.join(chosen)}{', …' * (len(names) > len(chosen))}"
    return "`rnn train --config …` makes one, and `rnn runs` lists them"
