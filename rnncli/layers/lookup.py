"""Sequences that remember which vectors they were looked up from.

Texts repeat their words: 64 film reviews hold some 15,000 tokens, 2,800 of them distinct. A layer
right above the embedding multiplies all of them by its kernel, the same rows again and again,
unless it knows where they come from (`rnncli.layers.inputs`). What drops or moves single vectors
on the way makes new sequences, which remember nothing.

Shape letters: B batch, T time, N any number, D features.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

__all__ = ["Lookup", "flipped", "lookup_of", "remembering"]


@dataclass(frozen=True)
class Lookup:
    """Where sequences [B, T, D] come from."""

    ids: Any
    """Which vectors they are [B, T]."""
    vectors_of: Callable[[Any], Any]
    """The vectors of any ids [N] to [N, D]."""


def remembering(sequences: Any, lookup: Lookup) -> Any:
    """The sequences [B, T, D], which `lookup_of` knows from now on, on TensorFlow.

    They bear it as Keras lets them bear their mask.
    """
    if keras.backend.backend() == "tensorflow":
        sequences._rnncli_lookup = lookup
    return sequences


def lookup_of(sequences: Any) -> Lookup | None:
    """Where sequences come from, if they are still what was looked up."""
    return getattr(sequences, "_rnncli_lookup", None)


def flipped(sequences: Any) -> Any:
    """The sequences from their end to their beginning."""
    backwards, lookup = ops.flip(sequences, axis=1), lookup_of(sequences)
    if lookup is None:
        return backwards
    return remembering(backwards, Lookup(ops.flip(lookup.ids, axis=1), lookup.vectors_of))
