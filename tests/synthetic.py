"""A corpus small enough to train on in a test, and the experiment around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnncli.config import load_config
from rnncli.corpus import SPLITS, Corpus, Source, Split
from rnncli.experiment import Experiment
from rnncli.preparation import Prepared, tokenize

__all__ = ["TINY", "corpus_of", "experiment_of", "prepared_for", "tiny"]

LABELS = ("정치", "경제", "스포츠")
WORDS = (("국회", "여야", "선거"), ("금리", "수출", "증시"), ("축구", "야구", "결승"))
TINY = (
    "name=tiny",
    "data.size=200",
    "data.test_size=40",
    "train.epochs=2",
    "model.layers=[{cell: gru, units: 4}]",
)
"""What makes the shipped sample configs train in a second or two."""
COMMON = ("오늘", "내일", "발표", "전망", "관련")


def corpus_of(sizes: Sequence[int] = (48, 18, 12), longest: int = 9) -> Corpus:
    """Texts of 1 to `longest` words; one of them tells the label, the rest are noise."""
    random = np.random.default_rng(11)
    splits = {}
    for name, size in zip(SPLITS, sizes, strict=True):
        texts, labels = [], []
        for index in range(size):
            label = int(index % 4 % 3)  # class 0 is twice as frequent as the others
            words = [str(word) for word in random.choice(COMMON, index % longest)]
            words.insert(int(random.integers(len(words) + 1)), str(random.choice(WORDS[label])))
            texts.append(" ".join(words))
            labels.append(label)
        splits[name] = Split(texts, labels, [f"{name}-{index}" for index in range(size)])
    return Corpus(LABELS, splits, Source("sample-ko", "built in the tests", "ko", synthetic=True))


def experiment_of(**sections: Any) -> Experiment:
    """A small experiment; `model`, `train` and the rest replace or extend the defaults.

    The default network has no recurrence, because TensorFlow compiles it four times faster.
    """
    model = {
        "embedding": {"dim": 4},
        "layers": [{"cell": "dense", "units": 3}],
        "readout": "mean",
        **sections.pop("model", {}),
    }
    train = {"epochs": 3, "batch_size": 8, **sections.pop("train", {})}
    return Experiment.model_validate(
        {
            "data": {"name": "sample-ko"},
            "text": {"tokenizer": "word", "vocabulary_size": 64, "max_length": 16},
            "model": model,
            "train": train,
            **sections,
        }
    )


def tiny(*settings: str, config: str = "sample_en") -> Experiment:
    """A shipped sample config made tiny."""
    return load_config(config, [*TINY, *settings])


def prepared_for(experiment: Experiment, corpus: Corpus | None = None) -> Prepared:
    """The corpus as ids."""
    return tokenize(experiment, corpus or corpus_of())
