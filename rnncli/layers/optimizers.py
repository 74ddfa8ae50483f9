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
    ema_momentum: float
    _trainable_variables: list[Any]
    _model_variables_moving_average: list[Any]

    def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
        """Sum repeated rows of sparse gradients, then update."""
        known = self._trainable_variables
        variables = list(known if trainable_variables is None else trainable_variables)
        dense = [_dense(grad, var) for grad, var in zip(grads, variables, strict=True)]
        return super().apply(dense, variables)  # type: ignore[misc]

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
                momentum = ops.cast(decay, variable.dtype)
                average.assign_sub((1 - momentum) * (average - variable))


def _dense(gradient: Any, variable: Any) -> Any:
    """A gradient [V, D] with each row's contributions summed; dense ones as they are."""
    if not hasattr(gradient, "dense_shape"):  # TensorFlow's IndexedSlices alone has one
        return gradient
    rows = ops.reshape(gradient.indices, (-1,))
    values = ops.reshape(gradient.values, (-1, *variable.shape[1:]))
    return ops.segment_sum(values, rows, num_segments=variable.shape[0])


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
