"""From all labels a model learns to those it is asked for."""

from __future__ import annotations

from typing import Any

import keras

__all__ = ["Narrowed"]


@keras.saving.register_keras_serializable(package="rnncli")
class Narrowed(keras.layers.Layer):
    """All logits in training, those of the first `classes` labels otherwise."""

    def __init__(self, classes: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.classes = classes

    def call(self, logits: Any, training: bool = False) -> Any:
        """[B, C + K] as they are in training, [B, C] otherwise."""
        return logits if training else logits[:, : self.classes]

    def compute_output_spec(self, logits: Any, training: bool = False) -> Any:
        """Symbolic [B, C], whatever is built next."""
        return keras.KerasTensor((logits.shape[0], self.classes), dtype=logits.dtype)

    def get_config(self) -> dict[str, Any]:
        """What Keras needs to build the layer again."""
        return {**super().get_config(), "classes": self.classes}
