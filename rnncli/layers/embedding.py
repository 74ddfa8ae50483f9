"""Embeddings: of one id a position, or summed over a position's n-grams."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from rnncli.layers.dropout import dropped
from rnncli.layers.lookup import Lookup, remembering

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["NgramEmbedding", "TokenEmbedding", "beginning_as"]


def beginning_as(vectors: NDArray[np.float32]) -> Callable[..., Any]:
    """An initializer: these vectors [V, D].

    Keras' `Constant` would hold two more tables of that size, ones and their product.
    """

    def initial(shape: Any, dtype: Any = None) -> Any:
        return ops.convert_to_tensor(vectors, dtype)

    return initial


@keras.saving.register_keras_serializable(package="rnncli")
class TokenEmbedding(keras.layers.Embedding):
    """Keras' embedding, whose vectors adversarial training can move."""

    perturbation: Any = None
    """What is added to the vectors [B, T, D]; see `rnncli.layers.adversarial`."""

    def call(self, ids: Any) -> Any:
        """Ids [B, T] to vectors [B, T, D], which remember them unless they are moved."""
        vectors = super().call(ids)
        if self.perturbation is None:
            return remembering(vectors, Lookup(ids, super().call))
        return self._perturbed(vectors)

    def _perturbed(self, vectors: Any) -> Any:
        return vectors if self.perturbation is None else vectors + self.perturbation


@keras.saving.register_keras_serializable(package="rnncli")
class NgramEmbedding(TokenEmbedding):
    """Each position is the sum of the vectors of its n-grams; id 0 (absent) adds nothing.

    The subword sum of Bojanowski et al., Enriching word vectors with subword information,
    TACL 5, 2017, laid along a sequence.
    """

    def __init__(
        self, input_dim: int, output_dim: int, ngram_dropout: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(input_dim, output_dim, **kwargs)
        self.ngram_dropout = ngram_dropout
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, ids: Any, training: bool = False) -> Any:
        """Ids [B, T, N] to vectors [B, T, D]; in training, some n-grams above order 1 are left out.

        A position keeps its 1-gram, so that the model cannot lean on long n-grams it has by heart.
        """
        vectors = keras.layers.Embedding.call(self, ids)
        known = ops.cast(ops.not_equal(ids, 0), vectors.dtype)
        if training and self.ngram_dropout:
            longer = dropped(known[:, :, 1:], self.ngram_dropout, self.seed_generator)
            known = ops.concatenate([known[:, :, :1], longer], axis=2)
        return self._perturbed(ops.sum(vectors * ops.expand_dims(known, -1), axis=2))

    def compute_output_shape(self, ids_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """[B, T, D]."""
        return (*ids_shape[:2], self.output_dim)

    def compute_output_spec(self, ids: Any, training: bool = False) -> Any:
        """Symbolic [B, T, D]."""
        return keras.KerasTensor(self.compute_output_shape(ids.shape), dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """What Keras needs to build the layer again."""
        return {**super().get_config(), "ngram_dropout": self.ngram_dropout}
