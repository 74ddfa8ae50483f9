"""Scope: the adversarial step against finite differences of the loss, on the process's backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops
from numpy.typing import NDArray

from rnncli import fitting
from rnncli.experiment import Experiment
from rnncli.layers.adversarial import moved, standing_still, steepest
from rnncli.layers.network import Network
from rnncli.model import build_model
from tests.autodiff import finite_differences
from tests.synthetic import experiment_of

EPSILON = 0.7
IDS = np.array([[2, 3, 4], [5, 2, 0]], np.int32)
TARGETS = np.array([[1, 0, 0], [0, 0, 1]], np.float32)
WEIGHTS = np.array([0.5, 1.5], np.float32)


def experiment(ngrams: bool, **adversarial: Any) -> Experiment:
    return experiment_of(
        text={"tokenizer": "word", "ngrams": 2 if ngrams else 1, "vocabulary_size": 64},
        model={"embedding": {"dim": 3}, "layers": [{"cell": "simple_rnn", "units": 2}]},
        train={"optimizer": {"name": "sgd", "learning_rate": 1.0}, **adversarial},
    )


def model_of(asked: Experiment) -> Any:
    keras.utils.set_random_seed(3)
    model = build_model(
        asked.model,
        vocabulary_size=6,
        classes=3,
        ids_per_position=asked.text.ids_per_position,
    )
    random = np.random.default_rng(5)
    model.set_weights([random.normal(0.0, 0.7, w.shape) for w in model.get_weights()])
    fitting.compile_model(model, asked.train)
    return model


def batch(ngrams: bool) -> NDArray[np.int32]:
    if not ngrams:
        return IDS
    longer = np.array([[4, 0, 0], [3, 0, 0]], np.int32)
    return np.stack([IDS, longer], axis=-1)


def loss(model: Any, ids: NDArray[np.int32], perturbation: NDArray[Any]) -> float:
    """The weighted mean cross-entropy, in float64 from the logits on."""
    with moved(model, ops.convert_to_tensor(perturbation.astype(np.float32))):
        scores = np.array(ops.convert_to_numpy(model(ids, training=False)), np.float64)
    scores -= scores.max(axis=-1, keepdims=True)
    logs = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    return float(np.mean(WEIGHTS * -(TARGETS * logs).sum(axis=-1)))


@pytest.mark.parametrize("ngrams", [False, True])
def test_a_step_follows_the_loss_at_the_text_and_at_the_worst_place_beside_it(
    ngrams: bool,
) -> None:
    model, ids = model_of(experiment(ngrams, adversarial={"epsilon": EPSILON})), batch(ngrams)
    before = [np.array(w, np.float64) for w in model.get_weights()]
    still = np.zeros((2, 3, 3))
    (slope,) = finite_differences(lambda at: loss(model, ids, at[0]), [still], step=1e-2)
    worst = EPSILON * slope / np.sqrt((slope**2).sum(axis=(1, 2), keepdims=True))

    def objective(weights: Sequence[NDArray[np.float64]]) -> float:
        model.set_weights([w.astype(np.float32) for w in weights])
        return loss(model, ids, still) + loss(model, ids, worst)

    wanted = finite_differences(objective, before, step=1e-2)
    model.set_weights(before)
    reported = model.train_on_batch(ids, TARGETS, sample_weight=WEIGHTS)
    taken = [old - new for old, new in zip(before, model.get_weights(), strict=True)]
    for got, want in zip(taken, wanted, strict=True):
        np.testing.assert_allclose(got, want, atol=2e-3)
    model.set_weights(before)
    assert float(reported) == pytest.approx(loss(model, ids, still), abs=1e-5)


def test_a_text_moves_by_epsilon_its_padding_and_a_text_without_slope_not_at_all() -> None:
    gradient = np.zeros((3, 4, 2), np.float32)
    gradient[0, :2] = 1e-22
    gradient[1, 0] = [3.0, -4.0]
    found = np.array(steepest(ops.convert_to_tensor(gradient), 5.0))
    np.testing.assert_allclose(np.sqrt((found**2).sum(axis=(1, 2))), [5.0, 5.0, 0.0], rtol=1e-5)
    np.testing.assert_allclose(found[1, 0], [3.0, -4.0], rtol=1e-5)
    assert not found[0, 2:].any()


def test_nothing_is_moved_once_the_block_ends() -> None:
    model = model_of(experiment(False))
    plain = loss(model, IDS, np.zeros((2, 3, 3)))
    with pytest.raises(ZeroDivisionError), moved(model, ops.ones((2, 3, 3))):
        raise ZeroDivisionError
    assert loss(model, IDS, np.zeros((2, 3, 3))) == plain
    assert standing_still(model, IDS).shape == (2, 3, 3)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow traces")
def test_the_network_is_traced_once_for_both_places(monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of(experiment(False, adversarial={"epsilon": EPSILON}))
    traces = []
    call = Network.call

    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        traces.append(self)
        return call(self, *args, **kwargs)

    monkeypatch.setattr(Network, "call", counted)
    for ids in (batch(False), batch(False)[:, :2]):
        model.train_on_batch(ids, TARGETS, sample_weight=WEIGHTS)
    assert len(traces) == 1
