"""The whole experiment: defaults, what is frozen, and what its digest depends on."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from rnncli.experiment import Experiment

SETTINGS: dict[str, Any] = {
    "data": {"name": "sample-ko"},
    "text": {"tokenizer": "character"},
    "model": {"layers": [{"cell": "lstm", "units": 8}]},
}


def _experiment(**changes: Any) -> Experiment:
    return Experiment.model_validate(SETTINGS | changes)


def test_defaults_are_written_out() -> None:
    resolved = _experiment().to_dict()
    assert list(resolved) == [
        *("name", "seed", "backend", "device", "devices"),
        *("data", "text", "model", "train", "baselines"),
    ]
    assert resolved["seed"] == 1
    assert resolved["train"]["optimizer"]["name"] == "adam"
    assert resolved["model"]["layers"][0]["return_sequences"] is False
    assert Experiment.model_validate(resolved) == _experiment()


def test_an_experiment_is_frozen() -> None:
    experiment = _experiment()
    with pytest.raises(ValidationError):
        experiment.seed = 3  # type: ignore[misc]
    with pytest.raises(ValidationError):
        experiment.model.layers[0].units = 3  # type: ignore[misc]


@pytest.mark.parametrize("key", ["text", "model", "data"])
def test_the_three_sections_are_needed(key: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Experiment.model_validate({k: v for k, v in SETTINGS.items() if k != key})
    assert [(error["type"], error["loc"]) for error in caught.value.errors()] == [
        ("missing", (key,))
    ]


@pytest.mark.parametrize(
    "change", [{"name": "x"}, {"seed": 2}, {"device": "cpu"}, {"baselines": False}]
)
def test_the_digest_leaves_out_what_does_not_shape_the_result(change: dict[str, Any]) -> None:
    assert _experiment(**change).digest() == _experiment().digest()


@pytest.mark.parametrize(
    "change",
    [
        {"backend": "jax"},
        {"data": {"name": "sample-en"}},
        {"text": {"tokenizer": "jamo"}},
        {"model": {"layers": [{"cell": "lstm", "units": 9}]}},
        {"train": {"epochs": 11}},
        {"train": {"class_weight": {"정치": 1.5}}},
    ],
)
def test_the_digest_depends_on_all_else(change: dict[str, Any]) -> None:
    assert _experiment(**change).digest() != _experiment().digest()


def test_the_digest_does_not_depend_on_how_it_was_written() -> None:
    written = _experiment(
        train={"optimizer": {"name": "adam", "learning_rate": 0.001}, "epochs": 10}
    )
    assert written.digest() == _experiment().digest()


def test_pretrained_vectors_and_ngrams_exclude_each_other() -> None:
    model = {**SETTINGS["model"], "embedding": {"vectors": "x.vec"}}
    _experiment(model=model)
    with pytest.raises(ValidationError, match="cannot be combined with text"):
        _experiment(model=model, text={"tokenizer": "word", "ngrams": 2})


@pytest.mark.parametrize("value", [None, "none", "balanced", {"정치": 2.0}])
def test_class_weights(value: Any) -> None:
    weight = _experiment(train={"class_weight": value}).train.class_weight
    assert weight == (None if value == "none" else value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_are_finite(value: float) -> None:
    with pytest.raises(ValidationError, match="finite"):
        _experiment(train={"optimizer": {"learning_rate": value}})
