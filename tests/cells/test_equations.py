"""Every cell's equations by hand: one unit, two inputs, two steps, written out in scalars.

Nothing of the cells' NumPy or Keras code is used on the expected side. The formulas are those of
the papers named in `rnncli/cells/`; σ is the logistic function.
"""

from __future__ import annotations

from math import exp, tanh
from typing import Any

import keras
import numpy as np
import pytest
from pydantic import TypeAdapter

from rnncli.cells import CELLS, Cell
from rnncli.cells.replay import replay

X = ((0.5, -1.0), (1.5, 0.25))
"""Two steps of two features."""


def s(x: float) -> float:
    """σ."""
    return 1 / (1 + exp(-x))


def elman() -> tuple[list[Any], float, float | None]:
    """W = (0.3, −0.2), R = 0.7, b = 0.1."""
    h = tanh(0.3 * 0.5 - 0.2 * -1.0 + 0.1)
    h = tanh(0.3 * 1.5 - 0.2 * 0.25 + 0.7 * h + 0.1)
    return [[[0.3], [-0.2]], [[0.7]], [0.1]], h, None


def shallow() -> tuple[list[Any], float, float | None]:
    """The second step alone counts."""
    return [[[0.3], [-0.2]], [0.1]], tanh(0.3 * 1.5 - 0.2 * 0.25 + 0.1), None


# Columns of the gated cells: each gate's two input weights, its recurrent weight and its bias.
INPUT, FORGET, CANDIDATE, OUTPUT = (
    (0.2, -0.4, 0.6, 0.1),
    (-0.3, 0.5, -0.7, 0.9),
    (0.8, 0.3, -0.5, -0.2),
    (0.4, 0.7, 0.25, 0.05),
)


def drive(gate: tuple[float, ...], x: tuple[float, float], h: float) -> float:
    """W x + R h + b of one gate."""
    return gate[0] * x[0] + gate[1] * x[1] + gate[2] * h + gate[3]


def columns(*gates: tuple[float, ...]) -> list[Any]:
    """Keras' kernel [2, n], recurrent kernel [1, n] and bias [n]."""
    table = np.array(gates).T
    return [table[:2], table[2:3], table[3]]


def lstm() -> tuple[list[Any], float, float | None]:
    h = c = 0.0
    for x in X:
        i, f, o = s(drive(INPUT, x, h)), s(drive(FORGET, x, h)), s(drive(OUTPUT, x, h))
        c = f * c + i * tanh(drive(CANDIDATE, x, h))
        h = o * tanh(c)
    return columns(INPUT, FORGET, CANDIDATE, OUTPUT), h, c


def peephole() -> tuple[list[Any], float, float | None]:
    """P_i = 0.35, P_f = −0.15 on the old cell state, P_o = 0.45 on the new one."""
    h = c = 0.0
    for x in X:
        i, f = s(drive(INPUT, x, h) + 0.35 * c), s(drive(FORGET, x, h) - 0.15 * c)
        c = f * c + i * tanh(drive(CANDIDATE, x, h))
        h = s(drive(OUTPUT, x, h) + 0.45 * c) * tanh(c)
    return [*columns(INPUT, FORGET, CANDIDATE, OUTPUT), [0.35], [-0.15], [0.45]], h, c


def full_peephole() -> tuple[list[Any], float, float | None]:
    """With one unit a matrix [1, 1] is the same number."""
    weights, h, c = peephole()
    return [*weights[:3], *([row] for row in weights[3:])], h, c


def textbook_gru() -> tuple[list[Any], float, float | None]:
    """Cho et al.: the reset gate scales h before R_g; z keeps the old state."""
    h = 0.0
    for x in X:
        z, r = s(drive(INPUT, x, h)), s(drive(FORGET, x, h))
        g = tanh(CANDIDATE[0] * x[0] + CANDIDATE[1] * x[1] + CANDIDATE[2] * (r * h) + CANDIDATE[3])
        h = z * h + (1 - z) * g
    return columns(INPUT, FORGET, CANDIDATE), h, None


def cudnn_gru() -> tuple[list[Any], float, float | None]:
    """The reset gate scales R_g h + b′, with b′ = (0.11, −0.12, 0.13) for z, r, g."""
    h = 0.0
    for x in X:
        z, r = s(drive(INPUT, x, h) + 0.11), s(drive(FORGET, x, h) - 0.12)
        g = tanh(
            CANDIDATE[0] * x[0] + CANDIDATE[1] * x[1] + CANDIDATE[3] + r * (CANDIDATE[2] * h + 0.13)
        )
        h = z * h + (1 - z) * g
    kernel, recurrent, bias = columns(INPUT, FORGET, CANDIDATE)
    return [kernel, recurrent, [bias, [0.11, -0.12, 0.13]]], h, None


CASES = [
    ({"cell": "dense"}, shallow),
    ({"cell": "simple_rnn"}, elman),
    ({"cell": "lstm"}, lstm),
    ({"cell": "gru", "reset_after": False}, textbook_gru),
    ({"cell": "gru", "reset_after": True}, cudnn_gru),
    ({"cell": "peephole_lstm", "peephole": "diagonal"}, peephole),
    ({"cell": "peephole_lstm", "peephole": "full"}, full_peephole),
]


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("case", "by_hand"), CASES, ids=lambda v: getattr(v, "__name__", None))
def test_two_steps_by_hand(case: dict[str, Any], by_hand: Any) -> None:
    spec = TypeAdapter(Cell).validate_python({**case, "units": 1})
    weights, h, c = by_hand()
    weights = [np.array(weight, np.float64) for weight in weights]
    expected = [h] if c is None else [h, c]
    x = np.array([X])
    found = [float(state[0, 0]) for state in replay(spec, weights, x).states]
    assert found == pytest.approx(expected, abs=1e-15)
    layer = spec.make_layer(return_sequences=False, return_state=True, name="l")
    layer.build(x.shape)
    layer.set_weights(weights)
    output, *states = (float(keras.ops.convert_to_numpy(v)[0, 0]) for v in layer(x))
    assert output == states[0]
    exact = keras.backend.backend() == "tensorflow"
    assert states == pytest.approx(expected, abs=1e-15 if exact else 1e-6)


def test_every_cell_has_its_hand_worked_case() -> None:
    named = {case["cell"] for case, _ in CASES}
    assert named <= {cell.model_fields["cell"].annotation.__args__[0] for cell in CELLS}
    assert len(named) >= 5


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tanh", [tanh(-2.0), 0.0, tanh(0.5)]),
        ("sigmoid", [1 / (1 + exp(2.0)), 0.5, 1 / (1 + exp(-0.5))]),
        ("relu", [0.0, 0.0, 0.5]),
        ("linear", [-2.0, 0.0, 0.5]),
    ],
)
def test_activations(name: Any, expected: list[float]) -> None:
    from rnncli.cells.activations import activate

    found = activate(name, np.array([-2.0, 0.0, 0.5]))
    assert found == pytest.approx(expected, abs=1e-15)


def test_sigmoid_does_not_overflow() -> None:
    from rnncli.cells.base import sigmoid

    with np.errstate(all="raise"):
        assert sigmoid(np.array([-1e4, 1e4])).tolist() == [0.0, 1.0]
