"""Keras' optimizers with two corrections, the same on every backend.

- Keras 3.15's TensorFlow backend updates an embedding row once for each time it occurs in a
  batch instead of once with the summed gradient. Here repeated rows are summed first, which is
  what the equations say and what JAX and PyTorch do.
- The moving average of the weights begins as the weights after the first step and then has a
  short memory, min(decay, (1 + n)/(10 + n)) at step n, so that it does not lag for the first
  thousands of steps.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

__all__ = ["SGD", "Adam", "AdamW", "RMSprop"]


class _Corrected:
    """Mixed in before a Keras optimizer."""

    iterations: Any
    global_clipnorm: float | None
    ema_momentum: float
    _trainable_variables: list[Any]
    _model_variables_moving_average: list[Any]

    def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
        """Sum repeated rows of sparse gradients, then update."""
        known = self._trainable_variables
        variables = list(known if trainable_variables is None else trainable_variables)
        sum_rows = _distinct if self._clips_rows else _dense
        summed = [sum_rows(grad, var.shape) for grad, var in zip(grads, variables, strict=True)]
        return super().apply(summed, variables)  # type: ignore[misc]

    @property
    def _clips_rows(self) -> bool:
        return keras.backend.backend() == "tensorflow" and bool(self.global_clipnorm)

    def _clip_gradients(self, gradients: Any) -> Any:
        """As Keras does it; by the global norm without a pass over rows that no text has."""
        if not self._clips_rows:
            return super()._clip_gradients(gradients)  # type: ignore[misc]
        import tensorflow as tf

        clipped, _ = tf.clip_by_global_norm(gradients, self.global_clipnorm)
        return [_dense(gradient, gradient.shape) for gradient in clipped]

    def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> Any:
        """Leave them: `rnncli.layers.network` has summed them, before they are clipped."""
        return grads_and_vars

    def _update_model_variables_moving_average(self, trainable_variables: Any) -> None:
        step = ops.cast(self.iterations, "float32") + 1.0
        decay = ops.minimum(self.ema_momentum, (1.0 + step) / (10.0 + step))
        decay = ops.where(step > 1.0, decay, 0.0)
        averages = self._model_variables_moving_average
        for variable, average in zip(trainable_variables, averages, strict=True):
            if average is not None:
                _move(average, average - variable, 1 - ops.cast(decay, variable.dtype))


def _move(average: Any, distance: Any, share: Any) -> None:
    """Set average ← average − share · distance, by TensorFlow's own kernel in one pass."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        if tf.distribute.get_strategy().num_replicas_in_sync == 1:
            tf.raw_ops.ResourceApplyGradientDescent(
                var=average.value.handle, alpha=share, delta=distance
            )
            return
    average.assign_sub(share * distance)


def _dense(gradient: Any, shape: Any) -> Any:
    """A gradient [V, D], given its shape, each row summed; a dense one as it is."""
    if not _is_sparse(gradient):
        return gradient
    return ops.segment_sum(*_contributions(gradient, shape), num_segments=shape[0])


def _distinct(gradient: Any, shape: Any) -> Any:
    """As `_dense`, but TensorFlow's gradients of rows stay what they are, each row there once."""
    if not _is_sparse(gradient):
        return gradient
    import tensorflow as tf

    values, rows = _contributions(gradient, shape)
    distinct, places = tf.unique(rows)
    summed = tf.math.unsorted_segment_sum(values, places, tf.size(distinct))
    return tf.IndexedSlices(summed, distinct, tf.constant(list(shape)))


def _is_sparse(gradient: Any) -> bool:
    return hasattr(gradient, "dense_shape")  # TensorFlow's IndexedSlices alone have one


def _contributions(gradient: Any, shape: Any) -> tuple[Any, Any]:
    """What each occurrence of a row contributes [·, D], and to which row [·]."""
    rows = ops.reshape(gradient.indices, (-1,))
    return ops.reshape(gradient.values, (-1, *shape[1:])), rows


class _FusedAdam(_Corrected):
    """Adam's update by TensorFlow's own kernel, one pass over the weights.

    Keras writes it as a dozen operations, each a pass with a temporary array, which tells in a
    large embedding.
    """

    beta_1: float
    beta_2: float
    epsilon: float
    amsgrad: bool
    _momentums: list[Any]
    _velocities: list[Any]
    _get_variable_index: Any

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable and its two moments."""
        if keras.backend.backend() != "tensorflow" or self.amsgrad:
            super().update_step(gradient, variable, learning_rate)  # type: ignore[misc]
            return
        import tensorflow as tf

        index = self._get_variable_index(variable)
        weights = variable.value if isinstance(variable, keras.Variable) else variable
        step = tf.cast(self.iterations.value + 1, weights.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=weights.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, weights.dtype), step),
            beta2_power=tf.pow(tf.cast(self.beta_2, weights.dtype), step),
            lr=tf.cast(learning_rate, weights.dtype),
            beta1=tf.cast(self.beta_1, weights.dtype),
            beta2=tf.cast(self.beta_2, weights.dtype),
            epsilon=tf.cast(self.epsilon, weights.dtype),
            grad=tf.cast(gradient, weights.dtype),
        )


class Adam(_FusedAdam, keras.optimizers.Adam):
    """Kingma & Ba, Adam, ICLR 2015."""


class AdamW(_FusedAdam, keras.optimizers.AdamW):
    """Loshchilov & Hutter, Decoupled weight decay regularization, ICLR 2019."""


class SGD(_Corrected, keras.optimizers.SGD):
    """Stochastic gradient descent with momentum."""


class RMSprop(_Corrected, keras.optimizers.RMSprop):
    """Tieleman & Hinton, Lecture 6.5, 2012."""
