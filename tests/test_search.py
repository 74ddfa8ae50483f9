"""Scope: what a search's file may say, its corners, and the points that are proposed."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import pytest
from pydantic import ValidationError

from rnncli.errors import ConfigError
from rnncli.search import Search, search_of
from rnncli.search_space import Range, corners, size
from rnncli.sweep import read_sweep

needs_optuna = pytest.mark.skipif(
    importlib.util.find_spec("optuna") is None, reason="optuna is not installed"
)

SPACE = """\
    model.layers.0.units: {low: 4, high: 32, step: 4, log: true}
    train.optimizer.learning_rate: {low: 1.0e-4, high: 1, log: true}
    model.layers.0.cell: [lstm, gru]
"""


def written(folder: Path, space: str = SPACE, top: str = "", **settings: object) -> Path:
    lines = "".join(f"  {key}: {value}\n" for key, value in {"trials": 4, **settings}.items())
    path = folder / "found.yaml"
    path.write_text(f"base: sample_en\n{top}search:\n{lines}  space:\n{space}", encoding="utf-8")
    return path


def search(folder: Path, space: str = SPACE, top: str = "", **settings: object) -> Search:
    path = written(folder, space, top, **settings)
    return search_of(read_sweep(path), path)


def test_a_range_is_of_the_numbers_that_its_key_takes(tmp_path: Path) -> None:
    space = (
        "    model.embedding.dropout: {low: 0, high: 0.5}\n"
        "    train.label_smoothing: {low: 0, high: 0.5}\n"
        "    model.layers.0.units: {low: 2, high: 9}\n"
    )
    found = search(tmp_path, space, "seeds: [3, 1]\n").spec.space
    assert [(axis.low, axis.whole) for axis in found.values() if isinstance(axis, Range)] == [
        (0, False),
        (0, False),
        (2, True),
    ]


def test_trials_of_a_point(tmp_path: Path) -> None:
    found = search(tmp_path, top="seeds: [3, 1]\n")
    one, two = found.trials({"model.layers.0.units": 8, "train.optimizer.learning_rate": 0.003149})
    assert (one.seed, two.seed) == (3, 1)
    assert one.experiment.model.layers[0].units == 8
    assert one.experiment.train.optimizer.learning_rate == 0.003149
    assert one.run(tmp_path).name.startswith("sample_en.units-8.learning_rate-0.003149-")


@pytest.mark.parametrize(
    ("axis", "points"),
    [
        ({"low": 1, "high": 4}, 4),
        ({"low": 4, "high": 32, "step": 4}, 8),
        ({"low": 4, "high": 32, "step": 4, "log": True}, 8),
        ({"low": 0.1, "high": 0.7, "step": 0.2}, 4),
        ({"low": 0.1, "high": 0.7}, math.inf),
    ],
)
def test_how_many_points_a_space_has(axis: dict[str, float], points: float) -> None:
    assert size({"a": Range.model_validate(axis), "b": ("x", "y")}) == 2 * points


def test_corners() -> None:
    few = {"a": Range(low=1, high=4), "b": ("x", "y", "z")}
    assert len(list(corners(few))) == 6
    many = {str(n): Range(low=1, high=4) for n in range(10)}
    found = list(corners(many))
    assert len(found) == 22
    assert {value for corner in found for value in corner.values()} == {1, 4}
    assert sum(set(corner.values()) == {1} for corner in found) == 1


@pytest.mark.parametrize(
    ("space", "settings", "message"),
    [
        ("model.layers.0.units: {low: 9, high: 2}", {}, "found.yaml:5: search.space"),
        ("model.layers.0.units: {low: 9, high: 2}", {}, "low 9 is not below high 2"),
        ("train.batch_size: {low: 0, high: 8, log: true}", {}, "needs a low above 0, got 0"),
        ("train.batch_size: {low: 1, high: 8, step: 2}", {}, "step 2 does not lead from low 1"),
        ("train.batch_size: {low: 1, high: 8, step: -1}", {}, "step -1 is not above 0"),
        (
            "train.batch_size: {low: 3, high: 11, step: 4, log: true}",
            {},
            "low 3 must be a multiple of 4",
        ),
        ("train.batch_size: {low: 1, hihg: 8}", {}, "did you mean high?"),
        ("train.batch_size: [3]", {}, "search.space.train.batch_size"),
        ("train.batch_size: {low: 1.5, high: 8}", {}, "takes integers"),
        ("train.batch_sise: [1, 2]", {}, "did you mean batch_size?"),
        ("train.batch_size: {low: 0, high: 8}", {}, "--set train.batch_size=0"),
        ("model.layers.1.units: [4, 8]", {}, "has no item 1"),
        ("seed: [1, 2]", {}, "search.space.seed: changes no result; give seeds in seeds"),
        ("train.batch_size: [8, 16]", {}, "search.trials: 4, but the space has 2 points"),
        ("train.batch_size: [8, 16]", {"trials": 0}, "search.trials"),
        ("train.batch_size: [8, 16]", {"metric": "f1"}, "search.metric"),
        ("train.batch_size: [8, 16]", {"sampler": "tpr"}, "did you mean tpe?"),
    ],
)
def test_problems_are_told_before_anything_runs(
    space: str, settings: dict[str, object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        search(tmp_path, f"    {space}\n", **settings)
    assert message in "\n".join(caught.value.lines)


@pytest.mark.parametrize(
    ("top", "message"),
    [
        ("grid: {train.epochs: [1, 2]}\n", "search and grid do not go together"),
        ("list: [{train.epochs: 1}]\n", "search and list do not go together"),
    ],
)
def test_a_search_stands_alone(top: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        search(tmp_path, top=top)
    assert message in "\n".join(caught.value.lines)


@needs_optuna
def test_proposals_are_in_the_space_all_different_and_repeatable(tmp_path: Path) -> None:
    from rnncli.search_sampling import propose

    for sampler in ("tpe", "random"):
        spec = search(tmp_path, sampler=sampler).spec
        points = [propose(spec, [], number) for number in range(40)]
        assert points == [propose(spec, [], number) for number in range(40)]
        for point in points:
            assert point["model.layers.0.units"] in range(4, 33, 4)
            assert 1e-4 <= point["train.optimizer.learning_rate"] <= 1
            assert point["model.layers.0.cell"] in ("lstm", "gru")


@needs_optuna
def test_the_sampler_learns(tmp_path: Path) -> None:
    """After 20 points worth more the nearer a rate is to 0.01, those that follow are near it."""
    from rnncli.search_study import open_study

    found = search(tmp_path, trials=60)

    def worth(rate: float) -> float:
        return -abs(math.log10(rate) + 2)

    rates = []
    with open_study(found, tmp_path / "out") as study:
        while claimed := study.claim():
            rates.append(float(claimed.point["train.optimizer.learning_rate"]))
            study.done(claimed.number, worth(rates[-1]))
    first, last = ([worth(rate) for rate in part] for part in (rates[:10], rates[-20:]))
    assert sorted(last)[10] > sorted(first)[5] + 0.3


@needs_optuna
def test_a_small_space_is_searched_without_repetition(tmp_path: Path) -> None:
    from rnncli.search_study import open_study

    space = "    train.batch_size: {low: 1, high: 12}\n"
    found = search(tmp_path, space, trials=12)
    tried = []
    with open_study(found, tmp_path / "out") as study:
        while claimed := study.claim():
            tried.append(claimed.point["train.batch_size"])
            study.done(claimed.number, 0.5)
    assert sorted(tried) == list(range(1, 13))


@needs_optuna
def test_a_narrow_range_of_many_numbers(tmp_path: Path) -> None:
    """Ten of them have four digits."""
    from rnncli.search_study import open_study

    found = search(tmp_path, "    train.label_smoothing: {low: 0.999, high: 0.9999}\n", trials=15)
    tried = []
    with open_study(found, tmp_path / "out") as study:
        while claimed := study.claim():
            tried.append(claimed.point["train.label_smoothing"])
            study.done(claimed.number, 0.5)
    assert len(set(tried)) == 15
    assert all(0.999 <= value <= 0.9999 for value in tried)


@pytest.mark.parametrize(
    ("axis", "told"),
    [
        ({"low": 1, "high": 10**400}, "is too large a number"),
        ({"low": 0.0, "high": 1.0, "step": 1e-320}, "does not lead from low"),
    ],
)
def test_numbers_beyond_a_computer_s(axis: dict[str, float], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Range.model_validate(axis)
