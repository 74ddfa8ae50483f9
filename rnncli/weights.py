"""A model's weights as Keras' HDF5 file: the layers' alone, without the optimizer's state."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from rnncli.atomic import replacing
from rnncli.errors import StorageError

__all__ = ["load_weights", "save_weights"]


def save_weights(model: Any, path: Path) -> None:
    """Replace the file whole.

    Raises:
        StorageError: it cannot be written.
    """
    with replacing(path) as temporary:
        _layers_of(model).save_weights(temporary)


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
            _layers_of(model).load_weights(path)
    except (OSError, KeyError) as error:
        raise StorageError(f"{path}: damaged weights ({error}); train the run again") from error
    except (ValueError, UserWarning) as error:
        raise other from error


def _layers_of(model: Any) -> Any:
    """The same layers in a model never compiled: with a compiled one goes its optimizer."""
    import keras

    return keras.Model(model.inputs, model.outputs)
