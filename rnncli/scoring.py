"""A model's answers for many texts, in the order of the texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli.batching import Encoded, prediction_batches
from rnncli.distribution import shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rnncli.tokenizers import FittedTokenizer

__all__ = ["length_multiple", "logits", "probabilities", "softmax"]


def logits(model: Any, encoded: Encoded, batch_size: int = 256) -> NDArray[np.float32]:
    """The model's logits [N, C]; the batches are sorted by length, the answer is not.

    A batch too small is filled up by repeating its texts, so that compilers see few sizes.
    """
    results = np.zeros((len(encoded), model.output_shape[-1]), np.float32)
    multiple = 1 << (length_multiple(encoded, model) - 1).bit_length()  # few, for single texts
    size = min(batch_size, 1 << max(len(encoded) - 1, 0).bit_length())
    size += -size % shares()
    for rows in prediction_batches(encoded.lengths, size):
        answers = model.predict_on_batch(encoded.padded(np.resize(rows, size), multiple))
        results[rows] = np.asarray(answers)[: len(rows)]
    return results


def probabilities(
    model: Any, tokenizer: FittedTokenizer, texts: Sequence[str]
) -> NDArray[np.float64]:
    """Class probabilities [N, C] of cleaned texts, one or more."""
    return softmax(logits(model, Encoded.of(tokenizer.encode_many(texts))))


def softmax(scores: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Probabilities [N, C] of logits [N, C], in float64 so that they sum to 1."""
    shifted = scores.astype(np.float64) - scores.max(axis=-1, keepdims=True)
    powers = np.exp(shifted)
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def length_multiple(encoded: Encoded, model: Any) -> int:
    """To what the padded length is rounded up for a model on the backend in use.

    JAX compiles once for each shape, so that a corpus gets some eight lengths, or a single one
    where padding costs next to nothing; the others take any length as it comes.
    """
    import keras

    if keras.backend.backend() != "jax" or not len(encoded):
        return 1
    longest = int(encoded.lengths.max())
    if model.passes_over_padding:
        return max(8, -(-longest // 8) * 8)
    return max(8, -(-longest // 64) * 8)
