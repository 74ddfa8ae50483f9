"""A Keras model written in a format of others, read back and asked, on TensorFlow."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["EXPORTS", "through_onnx", "through_saved_model"]


def through_saved_model(model: Any, inputs: Array) -> list[Array]:
    """The outputs of a model exported as a SavedModel."""
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        model.export(folder, format="tf_saved_model", verbose=False)
        loaded = tf.saved_model.load(folder)  # held: its functions live as long as it does
        return [np.asarray(output) for output in tf.nest.flatten(loaded.serve(inputs))]


def through_onnx(model: Any, inputs: Array) -> list[Array]:
    """As `through_saved_model`, by ONNX and its runtime, which has no LSTM in float64."""
    import onnxruntime

    model(inputs)  # Keras exports to ONNX what has been called
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # Keras 3.15 looks for `np.object`.
        warnings.simplefilter("ignore", FutureWarning)
        file = str(Path(folder) / "model.onnx")
        model.export(file, format="onnx", verbose=False)
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    return [np.asarray(output) for output in session.run(None, {given.name: inputs})]


EXPORTS: dict[str, Callable[[Any, Array], list[Array]]] = {
    "exported": through_saved_model,
    "ONNX": through_onnx,
}
"""By check: how a model is exported, loaded and asked."""
