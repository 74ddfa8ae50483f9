"""Data parallel training: the model on several devices, each with its share of every batch.

On JAX it is Keras' own distribution: the arrays of a step are spread over the devices, and a step
means the same as on one. On TensorFlow it is `tf.distribute.MirroredStrategy`, and
`rnncli.layers.network` sums the replicas' gradients before the update, so that clipping sees what
it would see on one device; there every replica draws the same dropout for its share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from rnncli.errors import DeviceError

if TYPE_CHECKING:
    from rnncli.experiment import Backend

__all__ = ["distribute", "shares"]


def distribute(backend: Backend, kind: Literal["cpu", "gpu"], devices: int) -> None:
    """Spread what this process trains from now on over the first devices of a kind; 1 undoes it.

    To be called before a model is built.

    Raises:
        DeviceError: there are fewer.
    """
    if backend == "jax":
        _distribute_jax(kind, devices)
    elif backend == "tensorflow":
        _distribute_tensorflow(kind, devices)
    elif devices > 1:
        raise DeviceError(f"devices: {devices}: not offered on {backend}; use tensorflow or jax")


def shares() -> int:
    """Into how many equal shares a batch that is given to the model must fall."""
    import keras

    if keras.backend.backend() != "jax":
        return 1
    current = keras.distribution.distribution()
    return 1 if current is None else int(current.device_mesh.devices.size)


def _distribute_jax(kind: str, devices: int) -> None:
    import keras

    if devices == 1:
        if keras.distribution.distribution() is not None:
            keras.distribution.set_distribution(None)
        return
    found = keras.distribution.list_devices(kind)
    _require(found, kind, devices, "jax")
    chosen = keras.distribution.DataParallel(devices=found[:devices], auto_shard_dataset=False)
    keras.distribution.set_distribution(chosen)


def _distribute_tensorflow(kind: str, devices: int) -> None:
    import tensorflow as tf

    if devices == 1:
        if tf.distribute.get_strategy().num_replicas_in_sync > 1:
            tf.distribute.experimental_set_strategy(None)
        return
    found = [device.name for device in tf.config.list_logical_devices(kind.upper())]
    _require(found, kind, devices, "tensorflow")
    tf.distribute.experimental_set_strategy(tf.distribute.MirroredStrategy(found[:devices]))


def _require(found: list[Any], kind: str, devices: int, backend: str) -> None:
    if len(found) < devices:
        raise DeviceError(
            f"devices: {devices}: Keras on {backend} finds {len(found)} {kind.upper()} here; "
            f"lower devices to {len(found)}, or see `rnn doctor`"
        )
