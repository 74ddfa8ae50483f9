"""Scope: auxiliary labels: learned from their texts, and gone from what a model answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from rnncli import epochs, fitting
from rnncli.corpus import Split
from rnncli.fitting import Progress
from rnncli.interrupt import StopRequest
from rnncli.layers.narrowing import Narrowed
from rnncli.model import build_model
from rnncli.progress import Reporter
from rnncli.run import Run
from rnncli.scoring import logits, softmax
from tests.synthetic import corpus_of, experiment_of, prepared_for

FURTHER = Split(
    ["비 바람 오늘", "비 내일", "바람 비 발표"] * 8, [3] * 24, [f"a{i}" for i in range(24)]
)


def test_all_logits_in_training_those_asked_for_otherwise() -> None:
    layer = Narrowed(2)
    scores = np.arange(12.0, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(np.array(layer(scores, training=True)), scores)
    np.testing.assert_array_equal(np.array(layer(scores)), scores[:, :2])
    assert Narrowed.from_config(layer.get_config()).classes == 2


def test_a_model_learns_from_auxiliary_texts_and_answers_without_their_label(
    tmp_path: Path,
) -> None:
    experiment = experiment_of(
        model={"embedding": {"dim": 8}, "layers": [{"cell": "dense", "units": 8}]},
        train={"epochs": 30, "optimizer": {"name": "adam", "learning_rate": 0.02}},
    )
    corpus = replace(corpus_of(), auxiliary_names=("날씨",), auxiliary=FURTHER)
    keras.utils.set_random_seed(1)
    prepared = prepared_for(experiment, corpus)
    assert len(prepared.encoded["train"]) == len(corpus["train"]) + len(FURTHER)
    assert {"비", "바람"} <= set(prepared.tokenizer.vocabulary)
    model = build_model(
        experiment.model,
        vocabulary_size=len(prepared.tokenizer.vocabulary),
        classes=3,
        auxiliary_classes=1,
    )
    fitting.compile_model(model, experiment.train)
    batch = np.ones((8, 4), np.int32), np.eye(4, dtype=np.float32)[[0, 1] * 4], np.ones(8)
    model._symbolic_build(data_batch=batch)  # Keras does so on JAX and PyTorch, on predictions
    run = Run.create(tmp_path / "run")
    fitting.fit(model, experiment, prepared, run, Progress(), Reporter(), StopRequest())
    scores = logits(model, prepared.encoded["test"])
    assert scores.shape == (12, 3)
    predicted = softmax(scores).argmax(axis=1)
    assert np.mean(predicted == np.asarray(corpus["test"].labels)) > 0.9
    auxiliary = prepared.encoded["train"].padded(np.arange(48, 72))
    whole = keras.ops.convert_to_numpy(model(auxiliary, training=True))
    assert np.mean(whole.argmax(axis=1) == 3) > 0.9


def test_balanced_weights_count_auxiliary_labels_too() -> None:
    experiment = experiment_of(train={"class_weight": "balanced"})
    corpus = replace(corpus_of(), auxiliary_names=("날씨",), auxiliary=FURTHER)
    weights = epochs.class_weights(experiment.train, corpus)
    assert weights is not None
    np.testing.assert_allclose(weights, 72 / (4 * np.array([24, 12, 12, 24])))
    weights = epochs.class_weights(
        experiment_of(train={"class_weight": {"날씨": 0.5}}).train, corpus
    )
    np.testing.assert_allclose(weights, [1, 1, 1, 0.5])
