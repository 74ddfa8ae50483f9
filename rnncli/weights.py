"""A model's weights as Keras' HDF5 file: the layers' alone, without the optimizer's state."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

from rnncli.atomic import write_bytes
from rnncli.errors import StorageError

__all__ = ["load_weights", "save_weights"]


class _NamedBytes(io.BytesIO):
    """A file in memory, because HDF5 dies of a full disk; Keras asks for a name's ending."""

    def __str__(self) -> str:
        return ".weights.h5"


def save_weights(model: Any, path: Path) -> None:
    """Replace the file whole.

    Raises:
        StorageError: it cannot be written.
    """
    memory = _NamedBytes()
    _layers_of(model).save_weights(memory)
    write_bytes(path, memory.getbuffer())


def load_weights(model: Any, path: Path) -> None:
    """Give a model the weights of a file that has exactly its layers.

    Raises:
        StorageError: the file is missing, damaged, or of another architecture.
    """
    other = StorageError(
        f"{path}: weights of another architecture than config.resolved.yaml describes; "
        "restore the run or train it again"
    )
    try:
        with warnings.catch_warnings():
            # Keras tells of a part that it left at its initial values, and goes on.
            warnings.filterwarnings("error", message="Skipping nested container")
            layers = _layers_of(model)
            layers.load_weights(path)
        if _weights_in(path) != len(layers.weights):
            raise other
    except (OSError, KeyError) as error:
        raise StorageError(f"{path}: damaged weights ({error}); train the run again") from error
    except (ValueError, UserWarning) as error:
        raise other from error


def _weights_in(path: Path) -> int:
    """How many weights a file holds; Keras passes over those of layers that a model lacks."""
    import h5py

    found: list[str] = []
    with h5py.File(path) as file:
        file["layers"].visititems(
            lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None
        )
    return sum("seed_generator" not in name for name in found)


def _layers_of(model: Any) -> Any:
    """The same layers in a model never compiled: with a compiled one goes its optimizer.

    It keeps the name, which the file holds: Keras would number it by the models made before.
    """
    import keras

    return keras.Model(model.inputs, model.outputs, name=model.name)
