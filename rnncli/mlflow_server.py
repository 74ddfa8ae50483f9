"""MLflow's client (extra `mlflow`), in the few words that `rnncli.mlflow_tracker` needs."""

from __future__ import annotations

import importlib.util
import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from rnncli.errors import UsageError

__all__ = ["MlflowServer", "RunState", "address", "require_mlflow"]

RunState = Literal["RUNNING", "FINISHED", "FAILED", "KILLED"]
_LONGEST_VALUE, _MOST_PARAMETERS, _MOST_METRICS = 500, 100, 1000
"""What MLflow takes as a parameter's value, and at a time."""
_SETTINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # not seven, each after a longer pause
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_FILE_STORE": "true",  # `file:` is what works without a server
}


def require_mlflow() -> None:
    """Fail before anything is trained when the package or the server's address is missing.

    Raises:
        UsageError: mlflow is not installed, or `MLFLOW_TRACKING_URI` is not set.
    """
    if importlib.util.find_spec("mlflow") is None:
        raise UsageError(
            "train.tracker: mlflow needs a package that is not installed; "
            "pip install 'rnncli[mlflow]', or leave the setting out"
        )
    address()


def address() -> str:
    """The server's address, without a password that it may hold.

    Raises:
        UsageError: `MLFLOW_TRACKING_URI` is not set.
    """
    found = os.environ.get("MLFLOW_TRACKING_URI", "")
    if not found:
        raise UsageError(
            "train.tracker: mlflow needs the address of a server; set MLFLOW_TRACKING_URI, "
            "as http://127.0.0.1:5000 or file:///folder"
        )
    return re.sub(r"//[^/@]*@", "//", found)


class MlflowServer:
    """The server of `MLFLOW_TRACKING_URI`; every method raises what MLflow's client raises."""

    def __init__(self) -> None:
        for name, value in _SETTINGS.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient

        self._client = MlflowClient(tracking_uri=os.environ["MLFLOW_TRACKING_URI"])

    def create(self, name: str, tags: Mapping[str, str]) -> str:
        """A new run, in the experiment of `MLFLOW_EXPERIMENT_NAME` or `rnncli`; its id."""
        experiment = os.environ.get("MLFLOW_EXPERIMENT_NAME") or "rnncli"
        found = self._client.get_experiment_by_name(experiment)
        where = found.experiment_id if found else self._client.create_experiment(experiment)
        return str(self._client.create_run(where, run_name=name, tags=dict(tags)).info.run_id)

    def parameters(self, run_id: str, settings: Mapping[str, object]) -> None:
        """Settings by dotted key; they may be sent again, as they were."""
        from mlflow.entities import Param

        every = [Param(key, str(value)[:_LONGEST_VALUE]) for key, value in settings.items()]
        for start in range(0, len(every), _MOST_PARAMETERS):
            self._client.log_batch(run_id, params=every[start : start + _MOST_PARAMETERS])

    def metrics(self, run_id: str, rows: Sequence[tuple[str, float, int]]) -> None:
        """Values: a name, the value, the epoch."""
        from mlflow.entities import Metric

        now = int(1000 * time.time())
        every = [Metric(name, value, now, epoch) for name, value, epoch in rows]
        for start in range(0, len(every), _MOST_METRICS):
            self._client.log_batch(run_id, metrics=every[start : start + _MOST_METRICS])

    def file(self, run_id: str, path: Path) -> None:
        """A file to keep with the run."""
        self._client.log_artifact(run_id, str(path))

    def state(self, run_id: str, state: RunState) -> None:
        """How the run stands."""
        if state == "RUNNING":
            self._client.update_run(run_id, status=state)
        else:
            self._client.set_terminated(run_id, status=state)
