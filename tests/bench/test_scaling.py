"""Scope: fitted exponents, and that a quantity's growth is measured as such."""

from __future__ import annotations

import pytest

from rnncli.bench import scaling
from rnncli.bench.scaling import fitted_exponent, growth
from rnncli.progress import Reporter


def test_exponents_of_known_laws() -> None:
    values = (2, 4, 8, 16)
    for power in (0.0, 0.5, 1.0, 2.0):
        times = [3.0 * value**power for value in values]
        assert fitted_exponent(values, times) == pytest.approx(power, abs=1e-12)


def test_growth_trains_at_every_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "_VALUES", {"texts": (32, 64), "layers": (1, 2)})
    monkeypatch.setattr(scaling, "_ROUNDS", 1)
    found = growth("simple_rnn", Reporter())
    assert [(one.quantity, one.values) for one in found] == [
        ("texts", (32, 64)),
        ("layers", (1, 2)),
    ]
    for one in found:
        assert all(milliseconds > 0 for milliseconds in one.median_ms)
        assert one.exponent == fitted_exponent(one.values, one.median_ms)
