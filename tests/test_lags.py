"""Scope: which trainings a question needs, who is given up, and that cells differ in little."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rnncli import lags
from rnncli.datasets import TemporalOrder
from rnncli.errors import CheckFailed, ConfigError, UsageError
from rnncli.interrupt import StopRequest
from rnncli.lags import CELL_NAMES, TASKS, Question, curves, planned
from rnncli.shipped import shipped_configs
from rnncli.sweep_plan import Plan, Progress
from tests.terminal import rnn

ASKED = Question("temporal-order", ("simple_rnn", "lstm"), (10, 20, 40), (1, 2))


class Trainings:
    """Stands in for `run_plan`: SimpleRNN solves lag 10, seed 1 of LSTM everything."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.labels: list[str] = []
        self.state: Any = "done"
        monkeypatch.setattr(lags, "run_plan", self)

    def __call__(self, plan: Plan, out: Path, **_: Any) -> list[Progress]:
        for one in plan.everything:
            trial = one.trial
            self.labels.append(f"{trial.label}, seed {trial.seed}")
            run = trial.run(out)
            type(run).create(run.path)
            lag = trial.experiment.to_dict()["data"]["lag"]
            good = lag == 10 or "lstm" in trial.label
            run.write("metrics", {"test": {"accuracy": (1.0 if trial.seed == 1 else 0.97) * good}})
            one.state, one.reason = self.state, "no space"
        return plan.everything


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> Trainings:
    return Trainings(monkeypatch)


def test_the_curves_of_what_the_runs_say(trainings: Trainings, tmp_path: Path) -> None:
    plain, gated = curves(ASKED, tmp_path, jobs=1, every_lag=False, stop=StopRequest())
    assert [(p.lag, dict(p.accuracies)) for p in plain.points] == [
        (10, {1: 1.0, 2: 0.97}),
        (20, {1: 0.0, 2: 0.0}),
    ]
    assert (plain.solved_up_to, plain.skipped) == (10, [40])
    assert (gated.solved_up_to, gated.skipped) == (40, [])
    assert "simple_rnn, lag 40, seed 1" not in trainings.labels
    assert len(trainings.labels) == 10


def test_every_lag_gives_nobody_up(trainings: Trainings, tmp_path: Path) -> None:
    plain, _ = curves(ASKED, tmp_path, jobs=1, every_lag=True, stop=StopRequest())
    assert len(plain.points) == 3
    assert not plain.skipped


def test_a_failed_training_is_an_error(trainings: Trainings, tmp_path: Path) -> None:
    trainings.state = "failed"
    with pytest.raises(CheckFailed, match="simple_rnn, lag 10, seed 1: no space"):
        curves(ASKED, tmp_path, jobs=1, every_lag=False, stop=StopRequest())


def test_cells_differ_in_their_layer_and_the_plain_ones_learning_rate_alone() -> None:
    found = {c: ASKED.trial(c, 20, 1).experiment.to_dict() for c in ("simple_rnn", "lstm", "gru")}
    for cell, experiment in found.items():
        (layer,) = experiment["model"].pop("layers")
        del experiment["name"]
        assert (layer["cell"], layer["units"]) == (cell, 32)
        assert layer.get("chrono") == (None if cell == "simple_rnn" else 20)
    rate = found["simple_rnn"]["train"]["optimizer"].pop("learning_rate")
    assert rate < found["lstm"]["train"]["optimizer"].pop("learning_rate")
    del found["gru"]["train"]["optimizer"]["learning_rate"]
    assert found["simple_rnn"] == found["lstm"] == found["gru"]


def test_settings_and_units_reach_every_training() -> None:
    asked = Question(
        "copy-first", ("gru",), (10,), (1,), units=7, settings=("train.epochs=1", "data.size=50")
    )
    (trial,) = planned(asked)
    assert trial.experiment.model.layers[0].units == 7
    assert trial.experiment.train.epochs == 1
    assert trial.seed == trial.experiment.seed == 1


def test_every_task_has_a_config_that_allows_the_longest_lag() -> None:
    for task in TASKS:
        assert task.replace("-", "_") in shipped_configs()
        for cell in CELL_NAMES:
            assert planned(Question(task, (cell,), (10, 1000), (1,)))
    assert TASKS["temporal-order"] is TemporalOrder


@pytest.mark.parametrize(
    ("asked", "error", "told"),
    [
        (Question("temporal", ("gru",), (10,), (1,)), UsageError, "did you mean temporal-order"),
        (Question("adding", ("ltsm",), (10,), (1,)), UsageError, "did you mean lstm"),
        (Question("adding", ("gru",), (3,), (1,)), ConfigError, "data.lag"),
        (
            Question("adding", ("gru",), (10,), (1,), settings=("x=1",)),
            ConfigError,
            "x=1: unknown key",
        ),
        (
            Question("adding", ("gru",), (10,), (1,), settings=("data.lag=20",)),
            UsageError,
            "--set: `rnn lags` varies data.name, data.lag",
        ),
        (
            Question(
                "adding", ("gru",), (10,), (1,), settings=("model.layers=[{cell: lstm, units: 4}]",)
            ),
            UsageError,
            "choose them by TASK, --lags and --cells",
        ),
    ],
)
def test_wrong_questions(asked: Question, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        planned(asked)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--lags", "10,,20"), "--lags '10,,20': expected values with a comma between two"),
        (("--lags", "10,x"), "--lags 10,x: 'x' is no whole number"),
        (("--seeds", "1,1"), "--seeds 1,1: 1 stands there twice; leave one out"),
        (("--lags", "10,010"), "--lags 10,010: 10 stands there twice; leave one out"),
        (("--jobs", "many"), "--jobs many: expected auto or a number from 1"),
    ],
)
def test_wrong_options_are_one_line(options: tuple[str, ...], told: str) -> None:
    assert rnn("lags", "temporal-order", *options).failed(2) == told


def test_the_command_leaves_page_and_numbers(trainings: Trainings, tmp_path: Path) -> None:
    asked = ("lags", "temporal-order", "--cells", "simple_rnn,lstm", "--lags", "20,10,40")
    outcome = rnn(*asked, "--seeds", "1,2", "--out", tmp_path)
    assert outcome.code == 0, outcome.err
    assert "left out, since no seed solves the lag before: from simple_rnn 40 on" in outcome.out
    assert "At lag 20 simple_rnn gets 0.00 of the texts right" in outcome.out
    told = rnn(*asked, "--seeds", "1,2", "--out", tmp_path, "--json").json
    assert [curve["solved_up_to"] for curve in told["curves"]] == [10, 40]
    assert (tmp_path / "lags.json").read_text("utf-8").strip()
    assert len((tmp_path / "lags.csv").read_text("utf-8").splitlines()) == 1 + 10
    assert "<svg" in (tmp_path / "lags.html").read_text("utf-8")
