"""Scope: what MLflow is sent of a run, once each, and that a server that is away stops nothing."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from rnncli import Reporter, Run, mlflow_tracker, train
from rnncli.errors import Interrupted, UsageError
from rnncli.mlflow_server import MlflowServer, address, require_mlflow
from rnncli.mlflow_tracker import Tracker, sync
from rnncli.training import train_seeds
from tests.synthetic import tiny
from tests.terminal import rnn

TRACKED = "train.tracker=mlflow"


class StandIn:
    """A server that keeps what it is sent, and is away for the calls whose numbers are given."""

    def __init__(self, away: Sequence[int] = ()) -> None:
        self.away = away
        self.calls = 0
        self.runs: list[dict[str, Any]] = []

    def _run(self, run_id: str = "") -> dict[str, Any]:
        self.calls += 1
        if self.calls in self.away:
            raise ConnectionError("http://me:secret@host:1 does not answer")
        print("View run at http://host")  # noqa: T201  as MLflow does
        if not run_id:
            self.runs.append({"values": [], "files": {}, "states": [], "settings": {}})
            return self.runs[-1]
        return self.runs[int(run_id)]

    def create(self, name: str, tags: Mapping[str, str]) -> str:
        self._run().update(name=name, tags=dict(tags))
        return str(len(self.runs) - 1)

    def parameters(self, run_id: str, settings: Mapping[str, object]) -> None:
        self._run(run_id)["settings"] |= settings

    def metrics(self, run_id: str, rows: Sequence[tuple[str, float, int]]) -> None:
        self._run(run_id)["values"] += rows

    def file(self, run_id: str, path: Path) -> None:
        self._run(run_id)["files"][path.name] = path.read_text("utf-8")

    def state(self, run_id: str, state: str) -> None:
        self._run(run_id)["states"].append(state)


class Notes(Reporter):
    """Keeps what is noted."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def note(self, message: str) -> None:
        self.told.append(message)


@pytest.fixture
def at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package and an address, as far as anyone looks."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@host:1")
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "mlflow" or found(name))


def serving(monkeypatch: pytest.MonkeyPatch, server: StandIn) -> StandIn:
    monkeypatch.setattr("rnncli.mlflow_tracker.MlflowServer", lambda: server)
    return server


def losses(kept: dict[str, Any]) -> list[tuple[float, int]]:
    return [(value, epoch) for name, value, epoch in kept["values"] if name == "loss"]


def test_nothing_is_begun_without_package_or_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(UsageError, match="set MLFLOW_TRACKING_URI"):
        address()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'rnncli\[mlflow\]'"):
        require_mlflow()
    with pytest.raises(UsageError):
        train(tiny(TRACKED), out=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_setting_does_not_make_another_experiment() -> None:
    assert tiny(TRACKED).digest() == tiny().digest()
    assert tiny("train.tracker=none").train.tracker is None


@pytest.mark.usefixtures("at_hand")
def test_epochs_settings_and_result_are_sent_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = serving(monkeypatch, StandIn())
    notes = Notes()
    run = train(tiny(TRACKED), out=tmp_path, reporter=notes)
    (kept,) = server.runs
    assert losses(kept) == [(row.loss, row.epoch) for row in run.history()]
    assert kept["name"] == kept["tags"]["rnncli.run"] == run.name
    assert kept["settings"]["model.layers.0.cell"] == "gru"
    assert kept["states"] == ["FINISHED"]
    macro_f1 = run.read("metrics")["test"]["macro_f1"]
    assert ("test_macro_f1", macro_f1, 2) in kept["values"]
    assert json.loads(kept["files"]["metrics.json"]) == run.read("metrics")
    assert "<html" in kept["files"]["report.html"]
    assert [told for told in notes.told if "mlflow" in told] == [
        f"mlflow: {run.name} is sent to http://host:1"
    ]
    assert "secret" not in (run.path / "mlflow.json").read_text("utf-8")
    calls = server.calls
    train(tiny(TRACKED), out=tmp_path)
    assert server.calls == calls  # there is nothing new
    train(tiny(TRACKED), out=tmp_path, force=True)
    assert [len(losses(one)) for one in server.runs] == [2, 2]


@pytest.mark.usefixtures("at_hand")
@pytest.mark.parametrize("away", range(1, 10))
def test_whatever_call_fails_the_next_sync_completes_it(run_copy: Run, away: int) -> None:
    server, notes = StandIn([away]), Notes()
    tracker = Tracker([run_copy], notes, lambda: server)
    complete = tracker.send()
    assert complete == (away > 8)  # create, settings, epochs, result, three files, state
    assert len([told for told in notes.told if "not sent" in told]) == (not complete)
    assert "secret" not in " ".join(notes.told)
    assert tracker.send(hurry=True)
    kept = server.runs[-1]
    assert losses(kept) == [(row.loss, row.epoch) for row in run_copy.history()]
    assert kept["states"] == ["FINISHED"]
    assert set(kept["files"]) == {"config.resolved.yaml", "metrics.json", "report.html"}
    assert len(server.runs) == 1


@pytest.mark.usefixtures("at_hand")
def test_a_server_that_is_away_is_told_once_and_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = serving(monkeypatch, StandIn(range(1, 1000)))
    notes = Notes()
    run = train(tiny(TRACKED), out=tmp_path, reporter=notes)
    assert run.status.state == "done"
    (told,) = [told for told in notes.told if "mlflow" in told]
    assert told.startswith("mlflow: not sent (ConnectionError: http://host:1 does not answer)")
    assert server.calls == 2  # after the first epoch and, since that was just now, in the end
    server.away = ()
    outcome = rnn("runs", tmp_path, "--sync", "--json")
    assert [row["state"] for row in outcome.json] == ["done"]
    assert outcome.code == 0, outcome.err
    assert "mlflow: has all there is, runs: 1" in outcome.err
    (kept,) = server.runs
    assert len(losses(kept)) == 2
    assert kept["states"] == ["FINISHED"]


@pytest.mark.usefixtures("at_hand")
def test_a_stop_while_sending_is_a_stop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def stopped(*_: Any) -> bool:
        raise Interrupted("stopped by SIGINT")

    serving(monkeypatch, StandIn())
    monkeypatch.setattr(mlflow_tracker, "sync", stopped)
    with pytest.raises(Interrupted):
        train_seeds(tiny(TRACKED), 2, out=tmp_path)
    assert len(list(tmp_path.glob("*-s*"))) == 1, "the second seed is not begun"


@pytest.mark.usefixtures("at_hand")
def test_it_is_left_alone_for_a_while(run_copy: Run) -> None:
    now = [0.0]
    server = StandIn([1, 2])
    tracker = Tracker([run_copy], Notes(), lambda: server, lambda: now[0])
    assert not tracker.send()
    now[0] = 29.0
    assert not tracker.send()
    assert server.calls == 1
    now[0] = 30.0
    assert not tracker.send()
    now[0] = 61.0
    assert tracker.send()


@pytest.mark.usefixtures("at_hand")
def test_a_run_goes_on_under_its_id_and_on_another_server_anew(
    run_copy: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, history = StandIn(), run_copy.history()
    run_copy.write_history(history[:1])
    run_copy.set_status("interrupted")
    assert sync(run_copy, server)
    run_copy.write_history(history)
    run_copy.set_status("done")
    assert not sync(run_copy, server)
    (kept,) = server.runs
    assert [epoch for _, epoch in losses(kept)] == [1, 2]
    assert kept["states"] == ["KILLED", "FINISHED"]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://elsewhere")
    assert sync(run_copy, server)
    assert [len(losses(one)) for one in server.runs] == [2, 2]


def test_there_may_be_nothing_to_sync(run_copy: Run) -> None:
    assert "no run in" in rnn("runs", run_copy.path.parent, "--sync").err


def test_mlflow_itself(run_copy: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "store").as_uri())
    server = MlflowServer()
    assert sync(run_copy, server)
    assert not sync(run_copy, server)
    client = mlflow.MlflowClient(tracking_uri=(tmp_path / "store").as_uri())
    experiment = client.get_experiment_by_name("rnncli")
    (found,) = client.search_runs([experiment.experiment_id])
    assert found.info.status == "FINISHED"
    assert found.info.run_name == run_copy.name
    assert found.data.params["model.layers.0.units"] == "4"
    steps = client.get_metric_history(found.info.run_id, "validation_macro_f1")
    assert [(one.step, one.value) for one in steps] == [
        (row.epoch, row.validation_macro_f1) for row in run_copy.history()
    ]
    assert {one.path for one in client.list_artifacts(found.info.run_id)} >= {"report.html"}
