"""The model class: Keras' own, with a training step and a prediction that cost little beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import keras

from rnncli.layers import adversarial
from rnncli.layers.compiled_loop import CompiledLoop
from rnncli.layers.jax_step import step_of, variables_of

__all__ = ["Network"]


@keras.saving.register_keras_serializable(package="rnncli")
class Network(keras.Model):
    """A functional model from ids to logits whose batches are NumPy arrays.

    On TensorFlow a step is traced once for each size of a batch, whatever the length of its texts,
    and nothing stands between the caller and the compiled function; Keras' methods trace twice
    and take some 2 ms a step for adapters, metrics and logs. So they do on JAX, where a step is one
    compiled function, too. On PyTorch, and over several of JAX's devices, they are used.
    """

    adversarial_epsilon: float | None = None
    """ε of `rnncli.layers.adversarial`; None trains on the texts as they are."""

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, **kwargs: Any
    ) -> Any:
        """One step of the compiled optimizer; the mean loss before it."""
        if sample_weight is None or kwargs:
            return super().train_on_batch(x, y, sample_weight, **kwargs)
        return float(self.begin_step(x, y, sample_weight))

    def begin_step(self, x: Any, y: Any, sample_weight: Any) -> Any:
        """One step of the compiled optimizer; `float` of what comes back waits for its loss.

        On a GPU the next batch can be made meanwhile.
        """
        if keras.backend.backend() == "tensorflow":
            return self._traced("train", x, lambda: _training_step(self, x, y))(x, y, sample_weight)
        if keras.backend.backend() == "jax" and keras.distribution.distribution() is None:
            return self._jax_step(x, y, sample_weight)
        return super().train_on_batch(x, y, sample_weight)

    def _jax_step(self, *batch: Any) -> Any:
        import jax

        step = self._kept("step", lambda: jax.jit(step_of(self), donate_argnums=0))
        variables = variables_of(self)
        state, loss = step([variable.value for variable in variables], *batch)
        for variable, value in zip(variables, state, strict=True):
            variable.assign(value)
        return loss

    def predict_on_batch(self, x: Any) -> Any:
        """Logits [B, C] of ids [B, T] or [B, T, N]."""
        if keras.backend.backend() != "tensorflow":
            return super().predict_on_batch(x)
        return self._traced("predict", x, lambda: _prediction(self, x))(x).numpy()

    @property
    def passes_over_padding(self) -> bool:
        """Whether texts may be padded as far as any is long, at next to no cost.

        A GPU makes light of products over padding, and our own loop for JAX does not walk over it.
        """
        if keras.backend.backend() != "jax":
            return False
        import jax

        loops = [part for part in self._flatten_layers() if isinstance(part, keras.layers.RNN)]
        return jax.default_backend() == "gpu" and all(
            isinstance(loop, CompiledLoop) and loop.compiled for loop in loops
        )

    def compile(self, *args: Any, adversarial_epsilon: float | None = None, **kwargs: Any) -> None:
        """See `keras.Model.compile`; steps of an earlier optimizer are forgotten."""
        super().compile(*args, **kwargs)
        self.adversarial_epsilon = adversarial_epsilon
        self.__dict__.pop("_functions", None)

    def compute_loss_and_updates(self, trainable: Any, *rest: Any, **kwargs: Any) -> Any:
        """Keras' hook on JAX: the loss to minimise, and what else a step finds."""
        compute = super().compute_loss_and_updates
        if self.adversarial_epsilon is None or not kwargs.get("training"):
            return compute(trainable, *rest, **kwargs)
        return adversarial.jax_loss_and_updates(self, compute, trainable, *rest, **kwargs)

    def train_step(self, *args: Any, **kwargs: Any) -> Any:
        """Keras' step, on PyTorch with the adversarial loss."""
        if self.adversarial_epsilon is None or keras.backend.backend() != "torch":
            return super().train_step(*args, **kwargs)
        return adversarial.torch_train_step(self, *args)

    def _traced(self, kind: str, ids: Any, make: Callable[[], Any]) -> Callable[..., Any]:
        return self._kept((kind, len(ids)), make)

    def _kept(self, name: Any, make: Callable[[], Any]) -> Callable[..., Any]:
        # Not an attribute that Keras tracks: a function is no part of the model.
        functions = self.__dict__.setdefault("_functions", {})
        if name not in functions:
            functions[name] = make()
        return functions[name]


def _training_step(model: Any, x: Any, y: Any) -> Callable[..., Any]:
    import tensorflow as tf

    epsilon = model.adversarial_epsilon

    def slopes(ids: Any, targets: Any, weights: Any, perturbation: Any) -> tuple[Any, list[Any]]:
        """The loss, and its gradients by the weights and, last, by the perturbation if any."""
        sources = [variable.value for variable in model.trainable_variables]
        with tf.GradientTape() as tape, adversarial.moved(model, perturbation):
            if perturbation is not None:
                tape.watch(perturbation)
                sources.append(perturbation)
            logits = model(ids, training=True)
            loss = model.compute_loss(ids, targets, logits, weights, training=True)
            scaled = model.optimizer.scale_loss(loss)
        return loss, tape.gradient(scaled, sources)

    def whole(ids: Any, targets: Any, weights: Any) -> tuple[Any, list[Any]]:
        if epsilon is None:
            return slopes(ids, targets, weights, None)
        still = adversarial.standing_still(model, ids)
        twice = tf.function(slopes, autograph=False, experimental_attributes={"_noinline": True})
        loss, gradients = twice(ids, targets, weights, still)
        worst = tf.ensure_shape(adversarial.steepest(gradients.pop(), epsilon), still.shape)
        again, there = twice(ids, targets, weights, worst)
        # TensorFlow makes a copy of the function for calls of which other answers are used.
        with tf.control_dependencies([tf.identity(again), tf.identity(there.pop())]):
            loss = tf.identity(loss)
        return loss, [_sum(*pair) for pair in zip(gradients, there, strict=True)]

    def step(*batch: Any) -> Any:
        return _on_replicas(whole, model, *batch)

    with _compiling(model, *x.shape[:2]):
        return _concrete(
            step,
            _any_length(x),
            tf.TensorSpec(y.shape, tf.float32),
            tf.TensorSpec([len(x)], tf.float32),
        )


def _on_replicas(whole: Callable[..., tuple[Any, list[Any]]], model: Any, *batch: Any) -> Any:
    """Update the model by a batch, each replica of the strategy in force taking its share of it.

    Keras scales a replica's loss by their number, so that sums are those of the whole batch.
    """
    import tensorflow as tf

    strategy = tf.distribute.get_strategy()
    count = strategy.num_replicas_in_sync
    if count == 1:
        loss, gradients = whole(*batch)
        model.optimizer.apply(gradients, model.trainable_variables)
        return loss

    def share() -> Any:
        replica = tf.distribute.get_replica_context()
        size = batch[0].shape[0] // count
        first = replica.replica_id_in_sync_group * size
        mine = (tf.ensure_shape(a[first : first + size], [size, *a.shape[1:]]) for a in batch)
        loss, gradients = whole(*mine)
        dense = [tf.convert_to_tensor(gradient) for gradient in gradients if gradient is not None]
        summed = iter(replica.all_reduce("SUM", dense))
        model.optimizer.apply(
            [None if gradient is None else next(summed) for gradient in gradients],
            model.trainable_variables,
        )
        return loss

    return strategy.reduce("SUM", strategy.run(share), axis=None)


def _sum(first: Any, second: Any) -> Any:
    """The sum of two gradients of one variable, None standing for zero, rows left unsummed."""
    import tensorflow as tf

    if first is None or second is None:
        return first if second is None else second
    if not isinstance(first, tf.IndexedSlices):
        return first + second
    return tf.IndexedSlices(
        tf.concat([first.values, second.values], 0),
        tf.concat([first.indices, second.indices], 0),
        first.dense_shape,
    )


@contextmanager
def _compiling(model: Any, batch: int, steps: int) -> Iterator[None]:
    """Compile the recurrences beside what the block does, which is Python and leaves a core free.

    Whatever goes wrong there comes up again, and is told, when the step runs.
    """
    from rnncli.layers import recurrence

    loops = [part for part in model._flatten_layers() if isinstance(part, CompiledLoop)]
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
