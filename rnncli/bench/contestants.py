"""The contestants on Keras: this program, and the script a user would write.

A contestant makes training steps on given rows and answers with logits; all begin with the same
weights, and `rnncli.bench.measuring` checks that they do the same work.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli.bench.workload import BATCH, CELLS, FEATURES
from rnncli.scoring import length_multiple, logits

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from numpy.typing import NDArray

    from rnncli.bench.workload import Network, Workload

    Weights = Sequence[NDArray[np.float32]]

__all__ = [
    "Contestant",
    "PlainKeras",
    "ThisProgram",
    "initial_weights",
    "telling_weights",
    "worth_compiling",
]


class Contestant(ABC):
    """A network with an optimizer."""

    variant: str

    def __init__(self, network: Network, load: Workload, optimizer: str, weights: Weights) -> None:
        """Build the network, give it the weights [Keras' order], and an optimizer.

        Args:
            network: its size.
            load: the texts.
            optimizer: `adam` (learning rate 0.001) or `sgd` (0.1).
            weights: see `initial_weights`.
        """
        self.network = network
        self.load = load
        self.build(optimizer, weights)

    @abstractmethod
    def build(self, optimizer: str, weights: Weights) -> None:
        """Make the model."""

    @abstractmethod
    def step(self, rows: NDArray[np.int64]) -> float:
        """One training step: the batch's mean loss before it."""

    @abstractmethod
    def epoch(self) -> None:
        """All texts once, in batches as this contestant forms them."""

    def seconds_of_epoch(self) -> float:
        """How long `epoch` takes."""
        began = time.perf_counter()
        self.epoch()
        return time.perf_counter() - began

    @abstractmethod
    def answer(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Logits [N, C]."""

    def products_made(self, batches: Iterable[NDArray[np.int64]]) -> float:
        """Of the matrix products that the equations ask for, in training, the share made."""
        return 1.0


def initial_weights(network: Network, load: Workload) -> Weights:
    """Embedding [V, D], for each direction kernel, recurrent kernel and bias, dense [·, C], [C].

    They are drawn as Keras draws its own: recurrent kernels are orthogonal, without which a
    SimpleRNN's gradients grow over hundreds of steps until rounding decides where they lead.
    """
    random = np.random.default_rng(1)
    columns = CELLS[network.cell] * network.units

    def uniform(rows: int, columns: int) -> NDArray[np.float32]:
        limit = np.sqrt(6 / (rows + columns))  # Glorot & Bengio 2010
        return random.uniform(-limit, limit, (rows, columns)).astype(np.float32)

    def orthogonal(rows: int, columns: int) -> NDArray[np.float32]:
        turned, upper = np.linalg.qr(random.normal(size=(columns, rows)))  # Saxe et al. 2014
        return (turned * np.sign(np.diag(upper))).T.astype(np.float32)

    weights = [random.uniform(-0.05, 0.05, (load.vocabulary_size, FEATURES)).astype(np.float32)]
    for _ in range(network.directions):
        bias = (2, columns) if network.cell == "gru" else (columns,)
        kernels = [uniform(FEATURES, columns), orthogonal(network.units, columns)]
        weights += [*kernels, np.zeros(bias, np.float32)]
    read = network.directions * network.units
    return [*weights, uniform(read, load.classes), np.zeros(load.classes, np.float32)]


_SPREAD, _KEEPING = 10.0, 2.0
_KEEPS = {"gru": 0, "lstm": 1}
"""Which of a cell's gates keeps its state: z of the GRU, f of the LSTM."""


def telling_weights(network: Network, load: Workload) -> Weights:
    """Initial weights under which an answer depends on a text's beginning and on every weight.

    With small vectors and gates half open all answers are alike, and those of an LSTM that
    reads the last ten tokens alone differ by less than rounding may.
    """
    embedding, *others = initial_weights(network, load)
    if network.cell in _KEEPS:
        first = _KEEPS[network.cell] * network.units
        for bias in others[2 : 3 * network.directions : 3]:
            np.atleast_2d(bias)[0, first : first + network.units] = _KEEPING
    return [embedding * _SPREAD, *others]


def _ours(network: Network, load: Workload) -> Any:
    """The network as `rnn train` builds it."""
    from rnncli.model import build_model
    from rnncli.topology import ModelSpec

    layer = {
        "cell": network.cell,
        "units": network.units,
        "bidirectional": network.bidirectional,
    }
    spec = ModelSpec.model_validate({"embedding": {"dim": FEATURES}, "layers": [layer]})
    return build_model(
        spec,
        vocabulary_size=load.vocabulary_size,
        classes=load.classes,
        compiled=worth_compiling([0]),
    )


def worth_compiling(layers: Iterable[int]) -> Collection[int]:
    """Of some layers those that `rnn train` compiles on this backend, in a long training."""
    import keras

    from rnncli.kernels import gains

    kind = "cpu"
    if keras.backend.backend() == "jax":
        import jax

        kind = jax.default_backend()
    return set(layers) if gains(keras.backend.backend(), kind) else set()


class ThisProgram(Contestant):
    """The model, batches, optimizer and steps of `rnn train`."""

    variant = "rnn"

    def build(self, optimizer: str, weights: Weights) -> None:
        """See `Contestant.build`."""
        from rnncli.experiment import TrainSpec
        from rnncli.fitting import compile_model

        rate = {"adam": 1e-3, "sgd": 0.1}[optimizer]
        settings = {"name": optimizer, "learning_rate": rate}
        self._model = _ours(self.network, self.load)
        self._model.set_weights(weights)
        compile_model(self._model, TrainSpec.model_validate({"optimizer": settings}))
        self._targets = np.eye(self.load.classes, dtype=np.float32)
        self._multiple = length_multiple(self.load.encoded, self._model)

    def step(self, rows: NDArray[np.int64]) -> float:
        """See `Contestant.step`."""
        return float(self._begin(rows))

    def _begin(self, rows: NDArray[np.int64]) -> Any:
        from rnncli.epochs import weights_of_filled

        filled = np.resize(rows, min(BATCH, len(self.load.encoded)))
        weights = weights_of_filled(len(rows), len(filled))
        targets = self._targets[self.load.labels[filled]]
        ids = self.load.encoded.padded(filled, self._multiple)
        return self._model.begin_step(ids, targets, weights)

    def epoch(self) -> None:
        """See `Contestant.epoch`."""
        from rnncli.epochs import one_behind

        for loss in one_behind(map(self._begin, self.load.batches)):
            float(loss)

    def products_made(self, batches: Iterable[NDArray[np.int64]]) -> float:
        """See `Contestant.products_made`; those of the inputs are made for distinct tokens."""
        from rnncli.layers.compiled_loop import multiplies_distinct
        from rnncli.layers.recurrence import distinct_tokens

        if not multiplies_distinct(FEATURES):
            return 1.0
        encoded, network = self.load.encoded, self.network
        batches = list(batches)
        tokens = sum(int(encoded.lengths[rows].sum()) for rows in batches)
        distinct = sum(distinct_tokens(encoded.padded(rows)) for rows in batches)
        return network.flops(tokens, distinct) / network.flops(tokens)

    def answer(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """See `Contestant.answer`."""
        from rnncli.batching import Encoded

        encoded = self.load.encoded
        texts = [encoded.ids[encoded.offsets[row] : encoded.offsets[row + 1]] for row in rows]
        return logits(self._model, Encoded.of(texts))


class PlainKeras(Contestant):
    """Texts padded to one length, `mask_zero`, Keras' own layer and Adam, `fit`."""

    variant = "keras"

    def build(self, optimizer: str, weights: Weights) -> None:
        """See `Contestant.build`."""
        import keras

        load, network = self.load, self.network
        kinds = {"lstm": "LSTM", "gru": "GRU", "simple_rnn": "SimpleRNN"}
        layer = getattr(keras.layers, kinds[network.cell])(network.units)
        if network.bidirectional:
            layer = keras.layers.Bidirectional(layer)
        self._model = keras.Sequential(
            [
                keras.Input((load.max_length,), dtype="int32"),
                keras.layers.Embedding(load.vocabulary_size, FEATURES, mask_zero=True),
                layer,
                keras.layers.Dense(load.classes),
            ]
        )
        self._model.set_weights(weights)
        kind = {"adam": keras.optimizers.Adam(1e-3), "sgd": keras.optimizers.SGD(0.1)}
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self._model.compile(kind[optimizer], loss)
        self._everything = load.padded_to_the_limit(np.arange(len(load.encoded)))

    def step(self, rows: NDArray[np.int64]) -> float:
        """See `Contestant.step`."""
        ids = self._everything[rows]
        return float(self._model.train_on_batch(ids, self.load.labels[rows]))

    def epoch(self) -> None:
        """See `Contestant.epoch`."""
        self._fit()

    def seconds_of_epoch(self) -> float:
        """To the end of the epoch, not of `fit`.

        That may wait as long again for a thread of tf.data's that sleeps, if once for all epochs.
        """
        import keras

        ends: list[float] = []
        began = time.perf_counter()
        self._fit(
            keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: ends.append(time.perf_counter()))
        )
        return ends[0] - began

    def _fit(self, *callbacks: Any) -> None:
        self._model.fit(
            self._everything,
            self.load.labels,
            batch_size=BATCH,
            verbose=0,
            callbacks=list(callbacks),
        )

    def answer(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """See `Contestant.answer`."""
        ids = self._everything[rows]
        if len(rows) == 1:
            return np.asarray(self._model.predict_on_batch(ids))
        return np.asarray(self._model.predict(ids, batch_size=256, verbose=0))
