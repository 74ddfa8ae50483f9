"""Specs of optimizers and learning-rate schedules: names, defaults, factors, rules."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from rnncli.optimizers import OPTIMIZERS, SCHEDULES, Adam, Optimizer, Schedule

OPTIMIZER: TypeAdapter[Any] = TypeAdapter(Optimizer)
SCHEDULE: TypeAdapter[Any] = TypeAdapter(Schedule)


def test_a_name_alone_stands_for_the_defaults() -> None:
    for spec in OPTIMIZERS:
        name = spec.model_fields["name"].annotation.__args__[0]  # type: ignore[union-attr]
        assert OPTIMIZER.validate_python(name) == OPTIMIZER.validate_python({"name": name})
        assert type(OPTIMIZER.validate_python(name)) is spec


def test_without_a_name_it_is_adam() -> None:
    assert OPTIMIZER.validate_python({"learning_rate": 0.5}) == Adam(learning_rate=0.5)


def test_every_member_says_what_it_is() -> None:
    assert all(spec.summary and spec.__doc__ for spec in (*OPTIMIZERS, *SCHEDULES))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"clipnorm": 1.0, "global_clipnorm": 1.0}, "clipnorm and global_clipnorm cannot"),
        ({"ema_momentum": 0.9}, "ema_momentum has no effect without use_ema: true"),
        ({"name": "sgd", "nesterov": True}, "nesterov has no effect without momentum > 0"),
        ({"learning_rate": 0.0}, "greater than 0"),
        ({"name": "sgd", "beta_1": 0.9}, "Extra inputs are not permitted"),
        ({"name": "adamw", "weight_decay": 0.0}, "greater than 0"),
    ],
)
def test_what_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        OPTIMIZER.validate_python(settings)


@pytest.mark.parametrize(
    ("settings", "factors"),
    [
        ("constant", {0: 1, 3: 1, 10: 1}),
        ("linear", {0: 1, 5: 0.5, 10: 0, 12: 0}),
        ({"name": "linear", "warmup_epochs": 2, "final_factor": 0.2}, {0: 0, 1: 0.5, 2: 1, 6: 0.6}),
        ("cosine", {0: 1, 2.5: 0.5 + math.sqrt(0.125), 5: 0.5, 10: 0}),
        (
            {"name": "cosine", "warmup_epochs": 4, "final_factor": 0.5},
            {2: 0.5, 4: 1, 7: 0.75, 10: 0.5},
        ),
        ({"name": "exponential", "decay_rate": 0.5}, {0: 1, 0.9: 1, 1: 0.5, 3.5: 0.125}),
    ],
)
def test_factors_of_schedules(settings: Any, factors: dict[float, float]) -> None:
    schedule = SCHEDULE.validate_python(settings)
    for epoch, factor in factors.items():
        assert schedule.factor(epoch, 10) == pytest.approx(factor, abs=1e-12)


def test_warm_up_of_all_epochs_ends_at_one() -> None:
    for name in ("cosine", "linear"):
        schedule = SCHEDULE.validate_python({"name": name, "warmup_epochs": 10})
        assert schedule.factor(9.999, 10) == pytest.approx(1.0, abs=1e-3)
        assert 0.0 <= schedule.factor(10, 10) <= 1.0
