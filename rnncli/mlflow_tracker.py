"""A run's epochs and results in MLflow (extra `mlflow`).

The run directory is the truth. What is sent is read from it, and `mlflow.json` in it says how far
that has come: what a server that was away has missed is sent with the next epoch, by the next
`rnn train` of the config, or by `rnn runs --sync`. A server that does not answer costs a training
some seconds now and then, never the training.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rnncli.atomic import read_json, write_json
from rnncli.dotted import dotted
from rnncli.errors import Interrupted, StorageError
from rnncli.mlflow_server import MlflowServer, RunState, address
from rnncli.progress import Relay, Reporter
from rnncli.quiet import native_output_to
from rnncli.run import Run

if TYPE_CHECKING:
    from rnncli.tables import Epoch

__all__ = ["Sent", "Server", "Tracker", "sync", "to_be_tracked", "tracked"]

_RECORD = "mlflow.json"
_NOT_CURVES = ("epoch", "improved")
_STATES: dict[str, RunState] = {
    "done": "FINISHED",
    "failed": "FAILED",
    "interrupted": "KILLED",
    "running": "RUNNING",
}
_FILES = ("config.resolved.yaml", "metrics.json", "report.html")
_PATIENCE = 30.0
"""Seconds that a server which did not answer is left alone, while training goes on."""


class Server(Protocol):
    """Where runs are sent: `rnncli.mlflow_server.MlflowServer`, which says what each is."""

    def create(self, name: str, tags: Mapping[str, str]) -> str: ...  # noqa: D102
    def parameters(self, run_id: str, settings: Mapping[str, object]) -> None: ...  # noqa: D102
    def metrics(self, run_id: str, rows: Sequence[tuple[str, float, int]]) -> None: ...  # noqa: D102
    def file(self, run_id: str, path: Path) -> None: ...  # noqa: D102
    def state(self, run_id: str, state: RunState) -> None: ...  # noqa: D102


@dataclass(frozen=True)
class Sent:
    """`mlflow.json`: how much of a run the server has."""

    server: str
    run_id: str
    settings: bool = False
    epochs: int = 0
    state: RunState = "RUNNING"


@contextmanager
def tracked(runs: Sequence[Run], reporter: Reporter) -> Iterator[Reporter]:
    """A reporter that sends what happens to these runs in the block, and how it ended."""
    tracker = Tracker(runs, reporter)
    try:
        yield tracker
    finally:
        tracker.send(hurry=True)


class Tracker(Relay):
    """Passes each call on, and sends what the runs have gained after every epoch."""

    def __init__(
        self,
        runs: Sequence[Run],
        then: Reporter,
        connect: Callable[[], Server] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Send these runs, and tell another reporter the same.

        Args:
            runs: the runs; each has a run of MLflow's own.
            then: told everything too, and what goes wrong with the server.
            connect: reaches the server; MLflow's by default.
            clock: seconds, from anywhere.
        """
        super().__init__(then)
        self._runs = runs
        self._connect = connect or MlflowServer
        self._clock = clock
        self._server: Server | None = None
        self._warned = False
        self._next = float("-inf")

    def send(self, *, hurry: bool = False) -> bool:
        """Send what the server lacks of the runs; say once if it cannot be.

        Args:
            hurry: try even if the server did not answer a moment ago.

        Returns:
            whether the server has all there is.
        """
        if not hurry and self._clock() < self._next:
            return False
        try:
            # MLflow prints where a run can be seen; stdout is for results.
            with native_output_to(), redirect_stdout(io.StringIO()):
                self._server = self._server or self._connect()
                for run in self._runs:
                    if run.exists and sync(run, self._server):
                        self._then.note(f"mlflow: {run.name} is sent to {address()}")
        except Interrupted:
            raise
        except Exception as error:  # whatever a client may raise: a tracker is no reason to stop
            self._next = self._clock() + _PATIENCE
            if not self._warned:
                self._then.note(_warning(error))
            self._warned = True
            return False
        return True

    def epoch_ended(self, epoch: Epoch) -> None:
        """Passed on, and sent."""
        self._then.epoch_ended(epoch)
        self.send()


def to_be_tracked(run: Run) -> bool:
    """Whether a run's config has `train.tracker: mlflow`, or it was sent before."""
    try:
        train = _config(run).get("train") or {}
    except StorageError:
        return False
    return train.get("tracker") == "mlflow" or (run.path / _RECORD).is_file()


def sync(run: Run, server: Server) -> bool:
    """Send what the server lacks of a run: settings and epochs, then result, files and state.

    Returns:
        whether the run is new to the server.

    Raises:
        StorageError: the run directory cannot be read or written.
        Exception: whatever the server's client raises; what was sent before is kept in mind.
    """
    if not (run.path / "environment.json").is_file():  # it failed before there was anything
        return False
    sent = _read(run)
    new = sent is None or sent.server != address()
    if sent is None or new:
        sent = _keep(run, Sent(address(), server.create(run.name, _tags(run))))
    if not sent.settings:
        server.parameters(sent.run_id, dotted(_config(run)))
        sent = _keep(run, replace(sent, settings=True))
    history = run.history() if (run.path / "history.csv").is_file() else []
    if len(history) > sent.epochs:
        rows = [
            (name, float(value), epoch.epoch)
            for epoch in history[sent.epochs :]
            for name, value in asdict(epoch).items()
            if name not in _NOT_CURVES
        ]
        server.metrics(sent.run_id, rows)
        sent = _keep(run, replace(sent, epochs=len(history)))
    state = _STATES[run.status.state]
    if state != sent.state:
        if state == "FINISHED":
            server.metrics(sent.run_id, [(*row, len(history)) for row in _results(run)])
            for name in _FILES:
                server.file(sent.run_id, run.path / name)
        server.state(sent.run_id, state)
        _keep(run, replace(sent, state=state))
    return new


def _config(run: Run) -> dict[str, Any]:
    import yaml

    return dict(yaml.safe_load(run.config_text()))


def _tags(run: Run) -> dict[str, str]:
    environment = run.read("environment")
    tags = {"rnncli.run": run.name, "rnncli.version": str(environment["packages"].get("rnncli"))}
    if environment.get("git"):
        tags["mlflow.source.git.commit"] = environment["git"]["commit"]
    return tags


def _read(run: Run) -> Sent | None:
    path = run.path / _RECORD
    if not path.is_file():
        return None
    try:
        return Sent(**read_json(path))
    except TypeError as error:
        raise StorageError(f"{path}: {error}: damaged; delete it to send the run anew") from error


def _keep(run: Run, sent: Sent) -> Sent:
    write_json(run.path / _RECORD, asdict(sent))
    return sent


def _results(run: Run) -> Iterator[tuple[str, float]]:
    """The test's scores and the costs, by name."""
    test, cost = run.read("metrics")["test"], run.read("cost")
    for key in ("accuracy", "macro_f1", "cross_entropy", "expected_calibration_error"):
        yield f"test_{key}", float(test[key])
    yield "parameters", float(cost["parameters"]["total"])
    for key in ("seconds", "peak_memory_bytes"):
        if cost.get(key) is not None:
            yield key, float(cost[key])


def _warning(error: Exception) -> str:
    told = re.sub(r"//[^/@\s]*@", "//", " ".join(str(error).split()))[:120]
    return (
        f"mlflow: not sent ({type(error).__name__}: {told}); training goes on, "
        "the next epoch or `rnn runs --sync` sends it"
    )
