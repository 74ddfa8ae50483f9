"""Interventions on a run's test texts: scores by hand, pairs, and what suits a cell."""

from __future__ import annotations

import numpy as np
import pytest

from rnncli import Run
from rnncli.cells import GRU, LSTM, Dense, PeepholeLSTM, SimpleRNN
from rnncli.cells.clamps import Clamp, read_clamp
from rnncli.classifier import opened
from rnncli.study.inside import Direction
from rnncli.study.interventions import Effects, effects, menu

FIRST = Direction(0, False)
CELLS = (
    LSTM(cell="lstm", units=2),
    GRU(cell="gru", units=2),
    PeepholeLSTM(cell="peephole_lstm", units=2),
    SimpleRNN(cell="simple_rnn", units=2),
    Dense(cell="dense", units=2),
)


@pytest.fixture(scope="module")
def found(trained: Run) -> Effects:
    with opened(trained, "cpu") as classifier:
        return effects(
            classifier,
            trained.predictions(),
            [
                ((), {}),
                (("hidden=0",), {FIRST: [Clamp("hidden", 0.0)]}),
                (("update=1",), {FIRST: [Clamp("update", 1.0)]}),
            ],
            texts=1000,
        )


def test_nothing_held_is_the_run_itself(trained: Run, found: Effects) -> None:
    test = trained.read("metrics")["test"]
    assert found.texts == found.of == test["texts"]
    assert found.accuracy == pytest.approx(test["accuracy"])
    assert found.macro_f1 == pytest.approx(test["macro_f1"])
    assert found.difference_from_keras < 1e-5
    nothing = found.interventions[0]
    assert (nothing.difference, nothing.changed, nothing.p, nothing.p_mcnemar) == (0, 0, 1, 1)


def test_without_a_state_only_the_bias_answers(trained: Run, found: Effects) -> None:
    """A state that is zero, or never written, leaves one label for all texts."""
    predictions = trained.predictions()
    shares = np.bincount(predictions.gold) / len(predictions.gold)
    for effect in found.interventions[1:]:
        label = int(np.abs(shares - effect.accuracy).argmin())
        assert effect.accuracy == pytest.approx(shares[label])
        assert effect.macro_f1 == pytest.approx(
            2 * shares[label] / (1 + shares[label]) / len(shares)
        )
        assert effect.difference == pytest.approx(effect.macro_f1 - found.macro_f1)
        assert effect.interval_95[0] < effect.difference < effect.interval_95[1]
        assert effect.changed == pytest.approx((predictions.predicted != label).mean())


def test_a_draw_is_repeatable(trained: Run) -> None:
    with opened(trained, "cpu") as classifier:
        predictions = trained.predictions()
        one, two = (effects(classifier, predictions, [], texts=10, seed=3) for _ in range(2))
    assert one == two
    assert (one.texts, one.of) == (10, len(predictions.gold))


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.cell)
def test_the_menu_suits_the_cell(cell: LSTM, later: bool) -> None:
    sets = menu([cell, cell], later=later)
    assert len(sets) == len(set(sets))
    for texts in sets:
        for text in texts:
            assert str(read_clamp(text, [cell])) == text
    assert bool(sets) is (later or bool(cell.gate_names))


def test_the_menu_of_the_peephole_lstm() -> None:
    sets = menu([CELLS[2]], later=False)
    dropped = ("peephole_input=0", "peephole_forget=0", "peephole_output=0")
    assert {("forget=1",), ("forget_bias=+2",), ("output=0",), dropped} < set(sets)
    assert {(name,) for name in dropped} < set(sets)
