"""IMDB as Keras ships it: word ids, and the ranks that turn them back into words.

Ids 0, 1 and 2 are padding, start and unknown; a word's id is its rank plus 3, while
`get_word_index()` gives the rank without the 3 (keras issue 5912).
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rnncli.datasets.reach import out_of_reach, reachable
from rnncli.errors import Interrupted

__all__ = ["INDEX_FROM", "decoded", "keras_imdb"]

INDEX_FROM = 3
"""How much higher a word's id is than its rank, which counts from 1."""

_HOST = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/imdb.npz"
_FILES = ("imdb.npz", "imdb_word_index.json")


def keras_imdb(name: str) -> tuple[Any, dict[str, int]]:
    """Train and test, each as (sequences of ids, labels), and the rank of every word.

    Args:
        name: the data set's name in a config, for messages.

    Raises:
        DataError: it is neither cached nor in reach.
    """
    sought = "as keras.datasets.imdb (data.source: keras, which takes no path)"
    if not _cached() and not reachable(_HOST):
        raise out_of_reach(name, sought, "no answer from Keras' download host")
    import keras

    try:
        with contextlib.redirect_stdout(sys.stderr):  # Keras draws its download bar there
            halves = keras.datasets.imdb.load_data(index_from=INDEX_FROM)
            ranks: dict[str, int] = keras.datasets.imdb.get_word_index()
    except Interrupted:
        raise
    except Exception as error:
        # A failed download is a bare Exception in Keras.
        raise out_of_reach(name, sought, error) from error
    return halves, ranks


def decoded(ids: Iterable[int], words: Mapping[int, str]) -> str:
    """The words of a review; padding and start, ids 0 and 1, stand for none, an unknown id for unk.

    Args:
        ids: as Keras has them.
        words: by id, `INDEX_FROM` added.
    """
    return " ".join(words.get(int(number), "unk") for number in ids if int(number) > 1)


def _cached() -> bool:
    home = os.environ.get("KERAS_HOME")
    folder = (Path(home) if home else Path.home() / ".keras") / "datasets"
    return all((folder / file).is_file() for file in _FILES)
