"""`rnn train`: what it leaves, what it says, and what it says when it cannot."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncli import Run, fitting, recording, train, training
from rnncli.errors import Interrupted
from rnncli.interrupt import StopRequest
from rnncli.progress import Reporter
from rnncli.tables import Epoch
from tests.synthetic import TINY, tiny
from tests.terminal import Outcome, rnn

SMALL = [word for setting in TINY for word in ("--set", setting)]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RNN_DATA", raising=False)


def trained_here(*arguments: str) -> Outcome:
    return rnn("train", "--config", "sample_en.yaml", *SMALL, *arguments)


def test_leaves_a_whole_run_directory_and_says_where() -> None:
    outcome = trained_here("--seed", "3")
    assert outcome.code == 0, outcome.err
    path = Path(outcome.out.rsplit("run: ", 1)[1].strip())
    assert path.parent == Path("runs")
    assert path.name.startswith("tiny-")
    assert path.name.endswith("-s3")
    assert sorted(child.name for child in path.iterdir() if not child.name.startswith(".")) == [
        "checkpoints",
        "config.resolved.yaml",
        "config.yaml",
        "confusion.csv",
        "cost.json",
        "data.json",
        "environment.json",
        "history.csv",
        "labels.json",
        "metrics.json",
        "model.weights.h5",
        "predictions.parquet",
        "report.html",
        "status.json",
        "tokenizer.json",
    ]
    run = Run.open(path)
    assert (run.status.state, run.status.epoch) == ("done", 2)
    test = run.read("metrics")["test"]
    assert f"this run       {test['accuracy']:.4f}" in outcome.out
    assert {"linear", "majority"} <= set(run.read("metrics")["baselines"])
    assert "synthetic" in outcome.out
    assert "epoch 2/2: loss " in outcome.err


def test_metrics_are_those_of_the_predictions_it_wrote(trained: Run) -> None:
    found, test = trained.predictions(), trained.read("metrics")["test"]
    assert (found.probabilities.argmax(axis=1) == found.gold).mean() == test["accuracy"]
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1.0, atol=1e-6)
    assert trained.confusion()[1] == test["confusion"]
    best = trained.read("metrics")["best_epoch"]
    row = trained.history()[best - 1]
    assert row.validation_macro_f1 == trained.read("metrics")["validation"]["macro_f1"]


def test_a_finished_run_is_left_alone_and_force_trains_it_anew(run_copy: Run) -> None:
    out = str(run_copy.path.parent)
    weights, stamp = run_copy.weights.read_bytes(), run_copy.weights.stat().st_mtime_ns
    predictions = run_copy.predictions().probabilities
    again = trained_here("--out", out)
    assert again.code == 0
    assert "already trained; --force" in again.err
    assert f"run: {run_copy.path}" in again.out
    assert run_copy.weights.stat().st_mtime_ns == stamp
    forced = trained_here("--out", out, "--force", "--quiet")
    assert (forced.code, forced.err) == (0, "")
    assert run_copy.weights.stat().st_mtime_ns > stamp
    assert len(run_copy.weights.read_bytes()) == len(weights)
    np.testing.assert_array_equal(run_copy.predictions().probabilities, predictions)


def test_json_is_one_object_and_progress_is_json_lines(run_copy: Run) -> None:
    outcome = trained_here("--out", str(run_copy.path.parent), "--force", "--json")
    result = outcome.json
    assert result["run"] == str(run_copy.path)
    assert result["test"]["macro_f1"] == run_copy.read("metrics")["test"]["macro_f1"]
    assert result["synthetic"] is True
    events = [json.loads(line) for line in outcome.err.splitlines()]
    assert [event["event"] for event in events][:3] == ["started", "epoch", "epoch"]
    assert events[1]["loss"] == run_copy.history()[0].loss


def test_seed_and_settings_name_the_run(trained: Run) -> None:
    """Another setting is another run; the device and the way it is written are not."""
    same = rnn("train", "--config", "sample_en", *SMALL, "--out", trained.path.parent, "--json")
    assert same.json["run"] == str(trained.path)
    other = tiny("train.epochs=3")
    assert other.digest() != tiny().digest()
    assert tiny("train.epochs=2", "seed=1", "device=cpu").digest() == tiny().digest()


class StopAfterFirst(Reporter):
    """Ctrl-C during the second epoch."""

    stop: StopRequest

    def epoch_ended(self, epoch: Epoch) -> None:
        import os
        import signal

        os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupted_run_is_resumed_to_the_same_end(trained: Run, tmp_path: Path) -> None:
    with pytest.raises(Interrupted, match=r"the same command resumes .*tiny-"):
        train(tiny(), out=tmp_path, reporter=StopAfterFirst())
    with pytest.raises(Interrupted, match="the same command without --force resumes"):
        train(tiny(), out=tmp_path, force=True, reporter=StopAfterFirst())
    run = Run(tmp_path / trained.path.name)
    assert (run.status.state, run.status.epoch) == ("interrupted", 1)
    outcome = trained_here("--out", str(tmp_path))
    assert outcome.code == 0
    assert "resumed: 1 of 2 epochs were done earlier" in outcome.err
    np.testing.assert_array_equal(
        run.predictions().probabilities, trained.predictions().probabilities
    )
    assert run.read("metrics")["test"] == trained.read("metrics")["test"]


@pytest.mark.parametrize(("cpu", "earlier"), [("first", []), ("second", ["first"])])
def test_a_run_resumed_elsewhere_names_both_machines(
    cpu: str, earlier: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = recording.describe_environment()
    monkeypatch.setattr(recording, "describe_environment", lambda: facts)
    facts["cpu"] = "first"
    with pytest.raises(Interrupted):
        train(tiny(), out=tmp_path, reporter=StopAfterFirst())
    facts |= {"cpu": cpu, "command": ["rnn", "in", "other", "words"]}
    found = train(tiny(), out=tmp_path).read("environment")
    assert found["cpu"] == cpu
    assert [machine["cpu"] for machine in found.get("earlier", [])] == earlier


@pytest.mark.parametrize("damage", ["", '{"earlier": null}', "{}"])
def test_a_damaged_environment_stops_no_resuming(damage: str, tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        train(tiny(), out=tmp_path, reporter=StopAfterFirst())
    (path,) = tmp_path.glob("*/environment.json")
    path.write_text(damage, encoding="utf-8")
    assert "cpu" in train(tiny(), out=tmp_path).read("environment")


def test_a_run_does_not_go_on_with_other_texts(tmp_path: Path) -> None:
    rows = [
        f'{{"text": "{word} {number}", "label": "{word}"}}' for number in range(20) for word in "ab"
    ]
    for split in ("train", "test"):
        Path(f"{split}.jsonl").write_text("\n".join(rows), encoding="utf-8")
    data = "data={name: files, path: .}"
    experiment = tiny(data)
    with pytest.raises(Interrupted):
        train(experiment, out=tmp_path / "r", reporter=StopAfterFirst())
    Path("train.jsonl").write_text("\n".join(rows[2:]), encoding="utf-8")
    (environment,) = tmp_path.glob("r/*/environment.json")
    before = environment.read_bytes()
    outcome = rnn("train", "-c", "sample_en", *SMALL, "--set", data, "--out", "r")
    assert environment.read_bytes() == before
    assert "texts have changed since it was started; restore them, or use --force" in (
        outcome.failed(3)
    )
    assert rnn("train", "-c", "sample_en", *SMALL, "--set", data, "--out", "r", "--force").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (
            ["--set", "model.layers.0.unit=4"],
            2,
            "--set model.layers.0.unit=4: unknown key; did you",
        ),
        (["--set", "model.layers.0.units=0"], 2, "expected an integer"),
        (["--set", "seed"], 2, "expected key=value"),
        (["--seed", "x"], 2, "'x' is not an integer"),
        (["--backend", "caffe"], 2, "'caffe' is not one of 'tensorflow', 'jax', 'torch'"),
        (["--device", "gpu"], 4, "device gpu: Keras on tensorflow finds no GPU here"),
        (["--set", "data={name: imdb}"], 3, "imdb: "),
        (["--set", "data={name: files, path: none.csv}"], 3, "none.csv: no such file"),
        (["--set", "data={name: files, path: ~nobody-of-this-name/x}"], 3, "no such file"),
        (["--set", "data={name: imdb, path: ~nobody-of-this-name}"], 3, "no such folder"),
        (["--seed", "2147483647", "--seeds", "2"], 2, "2 seeds from 2147483647 on"),
        (["--set", "train.class_weight={bad: 2.0}"], 2, "train.class_weight.bad: no such label"),
        (
            ["--set", "train.optimizer={name: sgd, learning_rate: 3e38}"],
            5,
            "the loss became",
        ),
        (["--out", "file"], 3, "file"),
        (["--nope"], 2, "no such option: --nope"),
    ],
)
def test_failures_are_one_line_with_the_documented_code(
    arguments: list[str], code: int, expected: str
) -> None:
    Path("file").write_text("not a folder", encoding="utf-8")
    line = trained_here(*arguments).failed(code)
    assert expected.lower() in line.lower()


def test_missing_data_names_the_three_ways_out() -> None:
    line = trained_here("--set", "data={name: imdb}").failed(3)
    assert "RNN_DATA" in line
    assert "data.path" in line
    assert "network" in line or "online" in line


def test_a_failed_run_says_why_in_its_status() -> None:
    trained_here("--set", "train.optimizer={name: sgd, learning_rate: 3e38}").failed(5)
    (path,) = Path("runs").glob("tiny-*")
    status = Run(path).status
    assert status.state == "failed"
    assert "the loss became" in status.reason


def test_no_config_at_all() -> None:
    assert "missing option '--config'" in rnn("train").failed(2)
    assert "did you mean" in rnn("train", "--config", "sample_em.yaml").failed(2)


def test_a_run_another_process_trains_is_left_to_it(run_copy: Run) -> None:
    with run_copy.lock():
        line = trained_here("--out", str(run_copy.path.parent), "--force").failed(2)
    assert "another process is training this run" in line
    assert run_copy.status.state == "done"


def test_a_run_that_another_process_finishes_meanwhile(
    run_copy: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks unfinished once, before its lock is free."""
    finished, before, look = run_copy.status, run_copy.read("cost"), training._unfinished
    looks = [lambda every, runs, reporter: (list(every), list(runs)), look]
    monkeypatch.setattr(training, "_unfinished", lambda *given: looks.pop(0)(*given))
    train(tiny(), out=run_copy.path.parent)
    assert not looks
    assert (run_copy.status, run_copy.read("cost")) == (finished, before)


def test_a_resumed_run_costs_what_its_epochs_took_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Interrupted):
        train(tiny(), out=tmp_path, reporter=StopAfterFirst())
    restore = fitting.restore

    def restored_slowly(*given: Any) -> tuple[fitting.Progress, str | None]:
        progress, warning = restore(*given)
        progress.history[:] = [replace(row, seconds=1000.0) for row in progress.history]
        return progress, warning

    monkeypatch.setattr(fitting, "restore", restored_slowly)
    assert 1000 < train(tiny(), out=tmp_path).read("cost")["seconds"] < 1100
