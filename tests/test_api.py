"""Scope: the Python API: what it has, and that it does what the commands do."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import rnncli
from rnncli import Reporter, RnnError, Run, evaluate, load_classifier, load_config, predict, train
from tests.synthetic import TINY

PUBLIC = [
    "Classifier",
    "Evaluation",
    "Experiment",
    "Prediction",
    "Reporter",
    "RnnError",
    "Run",
    "__version__",
    "evaluate",
    "load_classifier",
    "load_config",
    "predict",
    "train",
]


def test_the_public_names() -> None:
    assert rnncli.__all__ == PUBLIC
    assert set(PUBLIC) <= set(dir(rnncli))


@pytest.mark.parametrize("name", [name for name in PUBLIC if not name.startswith("_")])
def test_each_is_documented_and_typed(name: str) -> None:
    thing = getattr(rnncli, name)
    assert inspect.getdoc(thing)
    if inspect.isfunction(thing):
        signature = inspect.signature(thing)
        assert signature.return_annotation is not inspect.Signature.empty
        for parameter in signature.parameters.values():
            assert parameter.annotation is not inspect.Parameter.empty


def test_nothing_else_is_promised() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'fit'"):
        _ = rnncli.fit


def test_the_readme_s_lines(tmp_path: Path) -> None:
    """From config to prediction, as the README shows it, on a smaller sample."""
    told: list[int] = []

    class Counting(Reporter):
        def epoch_started(self, epoch: int) -> None:
            told.append(epoch)

    experiment = load_config("sample_en.yaml", list(TINY))
    run = train(experiment, out=tmp_path, reporter=Counting())
    assert told == [1, 2]
    score = run.read("metrics")["test"]
    assert evaluate(load_classifier(run)).metrics == score
    (answer,) = predict(run, ["not good at all"])
    assert answer.label in answer.probabilities
    assert predict(str(run.path), []) == []
    assert train(experiment, out=tmp_path).path == run.path  # done: left alone


def test_errors_have_one_base_and_an_exit_code(tmp_path: Path) -> None:
    with pytest.raises(RnnError, match="no such run") as caught:
        Run.open(tmp_path / "none")
    assert caught.value.exit_code == 2
    with pytest.raises(RnnError) as caught:
        load_config("sample_en.yaml", ["seed=x", "epochs=3"])
    assert len(caught.value.lines) == 2
