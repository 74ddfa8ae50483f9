"""Whether a trained run's network computes what its equations say, on its own test texts.

NumPy replays it in float64 from the embedding to the logits, with the run's weights; and a text's
logits depend neither on its neighbours nor on the padding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli import preparation
from rnncli.batching import Encoded
from rnncli.classifier import load_classifier
from rnncli.scoring import logits, softmax
from rnncli.study.exports import EXPORTS
from rnncli.study.inside import Replica
from rnncli.study.verify import Finding, finding, missing_extra
from rnncli.weights import load_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.classifier import Classifier
    from rnncli.experiment import Backend
    from rnncli.run import Run

    Array = NDArray[Any]

__all__ = ["verify_run"]

_BATCH = 32
_ALONE = 8
"""So many texts are also classified by themselves."""
_EXTRA = 17
"""Steps of padding more than needed."""
_SINGLE, _HALF = 1e-4, 5e-2
"""What rounding may leave over a whole text, where the largest value is 1 or less."""
_TF32 = 1e-2
"""Likewise, where a GPU multiplied factors of 10 bits."""


def verify_run(
    run: Run, backend: Backend | None = None, texts: int = 64, device: str | None = None
) -> Iterator[Finding]:
    """Check a run's network on its own test texts.

    Args:
        run: a run with weights and test predictions.
        backend: instead of the run's.
        texts: how many of the test texts to take, of all lengths.
        device: instead of the run's.

    Yields:
        a finding for each part, in order, then for the whole.

    Raises:
        UsageError: the run has no weights yet.
        StorageError: a file of the run is missing or damaged.
        DeviceError: the backend is not available.
    """
    classifier = load_classifier(run, device, backend, exact=True)
    predictions = run.predictions()
    encoded = Encoded.of(classifier.tokenizer.encode_many(predictions.texts))
    rows = _of_all_lengths(encoded.lengths, texts)
    name, on = run.name, classifier.device.backend
    half = classifier.experiment.train.precision != "float32"
    allowed = _HALF if half else _SINGLE
    replayed = np.zeros((len(rows), len(classifier.labels)))
    for part, pairs in _parts(classifier, encoded, rows, replayed).items():
        yield finding(on, name, part, "values", pairs, allowed)
    batch = encoded.padded(rows)
    together = classifier.model.predict_on_batch(batch)
    alone = [
        (classifier.model.predict_on_batch(encoded.padded(rows[row : row + 1]))[0], together[row])
        for row in range(0, len(rows), max(1, len(rows) // _ALONE))
    ]
    yield finding(on, name, "alone or in a batch", "values", alone, allowed)
    edges = [(0, 0), (0, _EXTRA), *[(0, 0)] * (batch.ndim - 2)]
    padded = classifier.model.predict_on_batch(np.pad(batch, edges))
    yield finding(on, name, "extra padding", "values", [(padded, together)], allowed)
    if (on, classifier.device.kind) == ("tensorflow", "cpu"):
        for check, export in EXPORTS.items():
            if missing_extra(check) is None:
                (found,) = export(classifier.model, batch)
                yield finding(on, name, check, "values", [(found, replayed)], allowed)
    answers = softmax(logits(classifier.model, encoded))
    recorded = predictions.probabilities.astype(np.float64)
    where = run.read("environment")["device"]["kind"]
    coarse = allowed if where == "cpu" else max(allowed, _TF32)
    yield finding(on, name, "recorded probabilities", "values", [(answers, recorded)], coarse)
    compiled = _compiled(classifier, run)
    if compiled is not None:
        found = compiled.predict_on_batch(batch)
        yield finding(on, name, "compiled", "values", [(found, replayed)], allowed)


def _of_all_lengths(lengths: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Texts from the shortest to the longest, evenly."""
    order = np.argsort(lengths, kind="stable")
    places = np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int)
    return np.asarray(order[places])


def _parts(
    classifier: Classifier, encoded: Encoded, rows: NDArray[np.int64], replayed: Array
) -> dict[str, list[tuple[Array, Array]]]:
    """For each part, what Keras and what NumPy made of the texts; NumPy's logits are kept."""
    import keras

    model, spec = classifier.model, classifier.experiment.model
    layers = [f"layer_{index}" for index in range(len(spec.layers))]
    outputs = [model.get_layer(name).output for name in layers]
    probe = keras.Model(
        model.input,
        [
            model.get_layer("embedding").output,
            *(output[0] if isinstance(output, list | tuple) else output for output in outputs),
            model.get_layer("logits").input,
            model.output,
        ],
    )
    replica = Replica.of(classifier)
    pairs: dict[str, list[tuple[Array, Array]]] = {
        name: [] for name in ("embedding", *layers, "readout", "logits")
    }
    for start in range(0, len(rows), _BATCH):
        ids = encoded.padded(rows[start : start + _BATCH])
        expected = replica.run(ids, record=False)
        replayed[start : start + _BATCH] = expected.logits
        values = (*expected.inputs, expected.top, expected.vector, expected.logits)
        for part, found, wanted in zip(pairs, probe(ids), values, strict=True):
            array = np.asarray(keras.ops.convert_to_numpy(found), np.float64)
            real = expected.mask
            kept = (array[real], wanted[real]) if wanted.ndim == 3 else (array, wanted)
            pairs[part].append(kept)
    return pairs


def _compiled(classifier: Classifier, run: Run) -> Any:
    """The network with every layer that can be on the compiled recurrence; None if none can."""
    experiment, device = classifier.experiment, classifier.device
    able = [index for index, layer in enumerate(experiment.model.layers) if layer.compiles]
    single = experiment.train.precision == "float32"
    if not able or not single or device.kind == "gpu" or device.backend == "torch":
        return None
    size = len(classifier.tokenizer.vocabulary)
    model = preparation.build(experiment, size, len(classifier.labels), compiled=able)
    load_weights(model, run.weights)
    return model
