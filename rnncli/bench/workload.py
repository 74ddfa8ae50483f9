"""What every contestant works on: the same texts, network and initial weights.

Shape letters: B batch, T time, V vocabulary, D features, U units, C classes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from rnncli.batching import Encoded, training_batches
from rnncli.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from rnncli.experiment import Experiment

__all__ = ["BATCH", "CELLS", "FEATURES", "Network", "Workload", "workload"]

BATCH = 64
FEATURES = 128
CELLS = {"simple_rnn": 1, "gru": 3, "lstm": 4}
"""The cells that all contestants have, and how many gates each has."""
_CONFIGS = {
    "imdb": "lstm_last_imdb",
    "klue-tc": "lstm_klue",
    "sample-en": "sample_en",
    "sample-ko": "sample_ko",
}
_VOCABULARY = 20_000


@dataclass(frozen=True)
class Network:
    """Embedding, one recurrent layer, its last output, a dense layer of logits."""

    cell: str
    units: int
    bidirectional: bool

    @property
    def directions(self) -> int:
        """2 if bidirectional, else 1."""
        return 2 if self.bidirectional else 1

    def flops(self, tokens: int, vectors: int | None = None) -> float:
        """Of the matrix products of a training step, forward and back.

        Args:
            tokens: read one after the other.
            vectors: to which the kernel is applied; by default to that of every token.
        """
        vectors = tokens if vectors is None else vectors
        one = 2 * CELLS[self.cell] * self.units
        return 3.0 * one * (FEATURES * vectors + self.units * tokens) * self.directions


@dataclass(frozen=True)
class Workload:
    """Texts of one data set as ids, with labels."""

    data: str
    encoded: Encoded
    labels: NDArray[np.int64]
    vocabulary_size: int
    classes: int
    max_length: int
    """To which a plain script pads every text."""

    @cached_property
    def batches(self) -> list[NDArray[np.int64]]:
        """The rows of each batch of an epoch as this program forms them."""
        return training_batches(self.encoded.lengths, BATCH, seed=1, epoch=0)

    @cached_property
    def shuffled(self) -> list[NDArray[np.int64]]:
        """The rows of each batch as a plain shuffle forms them."""
        order = np.random.default_rng(1).permutation(len(self.encoded))
        return [order[start : start + BATCH] for start in range(0, len(order), BATCH)]

    @property
    def tokens(self) -> int:
        """Of an epoch, padding not counted."""
        return int(self.encoded.lengths.sum())

    def padded(self, rows: NDArray[np.int64]) -> NDArray[np.int32]:
        """Some texts, as long as the longest of them [B, T]."""
        return self.encoded.padded(rows)

    def padded_to_the_limit(self, rows: NDArray[np.int64]) -> NDArray[np.int32]:
        """Some texts, all as long as a text may be [B, max_length]."""
        return self.encoded.padded(rows, self.max_length)


def workload(data: str, path: Path | None, texts: int) -> Workload:
    """Read a data set and keep some of its training texts.

    Args:
        data: its name.
        path: a local copy; by default where RNN_DATA or the hub has it.
        texts: how many.

    Raises:
        UsageError: no benchmark is made of that data set.
        DataError: it is not to be had.
    """
    from rnncli.config import load_config

    if data not in _CONFIGS:
        raise UsageError(f"--data {data}: expected one of {', '.join(_CONFIGS)}")
    settings = ["text.ngrams=1", f"text.vocabulary_size={_VOCABULARY}"]
    if path is not None:
        settings.append(f"data.path={json.dumps(str(path), ensure_ascii=False)}")
    experiment: Experiment = load_config(_CONFIGS[data], settings)
    corpus = experiment.data.load()
    train = corpus["train"]
    tokenizer = experiment.text.fit(train.texts)
    chosen = np.random.default_rng(0).permutation(len(train))[:texts]
    encoded = Encoded.of(tokenizer.encode_many([train.texts[row] for row in chosen]))
    return Workload(
        data,
        encoded,
        np.asarray(train.labels)[chosen],
        len(tokenizer.vocabulary),
        len(corpus.label_names),
        experiment.text.max_length,
    )
