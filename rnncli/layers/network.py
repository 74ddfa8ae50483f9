"""The model class: Keras' own, with a training step and a prediction that cost little beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import keras

from rnncli.layers import recurrence

__all__ = ["Network"]


@keras.saving.register_keras_serializable(package="rnncli")
class Network(keras.Model):
    """A functional model from ids to logits whose batches are NumPy arrays.

    On TensorFlow a step is traced once for each size of a batch, whatever the length of its texts,
    and nothing stands between the caller and the compiled function; Keras' methods trace twice
    and take some 2 ms a step for adapters, metrics and logs. On other backends they are used.
    """

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, **kwargs: Any
    ) -> Any:
        """One step of the compiled optimizer; the mean loss before it."""
        if keras.backend.backend() != "tensorflow" or sample_weight is None or kwargs:
            return super().train_on_batch(x, y, sample_weight, **kwargs)
        step = self._traced("train", x, lambda: _training_step(self, x, y))
        return float(step(x, y, sample_weight))

    def predict_on_batch(self, x: Any) -> Any:
        """Logits [B, C] of ids [B, T] or [B, T, N]."""
        if keras.backend.backend() != "tensorflow":
            return super().predict_on_batch(x)
        return self._traced("predict", x, lambda: _prediction(self, x))(x).numpy()

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """See `keras.Model.compile`; steps of an earlier optimizer are forgotten."""
        super().compile(*args, **kwargs)
        self.__dict__.pop("_functions", None)

    def _traced(self, kind: str, ids: Any, make: Callable[[], Any]) -> Callable[..., Any]:
        # Not an attribute that Keras tracks: a function is no part of the model.
        functions = self.__dict__.setdefault("_functions", {})
        if (kind, len(ids)) not in functions:
            functions[kind, len(ids)] = make()
        return functions[kind, len(ids)]


def _training_step(model: Any, x: Any, y: Any) -> Callable[..., Any]:
    import tensorflow as tf

    def step(ids: Any, targets: Any, weights: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = model(ids, training=True)
            loss = model.compute_loss(ids, targets, logits, weights, training=True)
            scaled = model.optimizer.scale_loss(loss)
        variables = model.trainable_variables
        gradients = tape.gradient(scaled, [variable.value for variable in variables])
        model.optimizer.apply(gradients, variables)
        return loss

    with _compiling(model, *x.shape[:2]):
        return _concrete(
            step,
            _any_length(x),
            tf.TensorSpec(y.shape, tf.float32),
            tf.TensorSpec([len(x)], tf.float32),
        )


@contextmanager
def _compiling(model: Any, batch: int, steps: int) -> Iterator[None]:
    """Compile the recurrences beside what the block does, which is Python and leaves a core free.

    Whatever goes wrong there comes up again, and is told, when the step runs.
    """
    loops = [part for part in model._flatten_layers() if isinstance(part, recurrence.CompiledLoop)]
    programs = [recurrence.ahead(loop, batch, steps) for loop in loops if loop.compiled]

    def compile_all() -> None:
        with suppress(Exception):
            for program in programs:
                program()

    thread = threading.Thread(target=compile_all)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _prediction(model: Any, x: Any) -> Callable[..., Any]:
    return _concrete(lambda ids: model(ids, training=False), _any_length(x))


def _concrete(function: Callable[..., Any], *signature: Any) -> Callable[..., Any]:
    """A function of arrays, traced once and for all."""
    import tensorflow as tf

    traced = tf.function(function, autograph=False).get_concrete_function(*signature)

    def called(*arrays: Any) -> Any:
        pairs = zip(arrays, signature, strict=True)
        return traced(*(tf.convert_to_tensor(array, spec.dtype) for array, spec in pairs))

    return called


def _any_length(ids: Any) -> Any:
    import tensorflow as tf

    return tf.TensorSpec([len(ids), None, *ids.shape[2:]], tf.int32)
