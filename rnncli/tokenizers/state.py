"""A fitted tokenizer as data and as JSON, and the checks that reading it back needs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rnncli.errors import StorageError
from rnncli.tokenizers.base import RESERVED, FittedTokenizer, TokenizerSpec

__all__ = ["checked_vocabulary", "damaged", "from_json", "read_vocabulary", "to_json"]


def to_json(tokenizer: FittedTokenizer) -> str:
    """The contents of a run's `tokenizer.json`."""
    # Not by `indent`, which json's quick encoder does not know.
    return json.dumps(tokenizer.state(), ensure_ascii=False, separators=(",\n", ": ")) + "\n"


def from_json(spec: TokenizerSpec, text: str) -> FittedTokenizer:
    """The tokenizer that `to_json` wrote.

    Raises:
        StorageError: not JSON, or not this tokenizer's state.
    """
    try:
        state = json.loads(text)
    except ValueError as error:
        raise damaged(f"not JSON ({error})") from None
    if not isinstance(state, dict):
        raise damaged(f"got {_shown(state)}, expected an object")
    return spec.restore(state)


def read_vocabulary(state: Mapping[str, Any], spec: TokenizerSpec) -> tuple[str, ...]:
    """The `vocabulary` of a state, checked against the spec.

    Raises:
        StorageError: missing, malformed, too large, or of another tokenizer.
    """
    return checked_vocabulary(state, spec, state.get("vocabulary"))


def checked_vocabulary(
    state: Mapping[str, Any], spec: TokenizerSpec, vocabulary: object
) -> tuple[str, ...]:
    """The vocabulary as a tuple, if the state is the spec's and the ids are as they must be.

    Raises:
        StorageError: malformed, too large, or of another tokenizer.
    """
    if state.get("tokenizer") != spec.tokenizer:
        got = _shown(state.get("tokenizer"))
        raise damaged(f"`tokenizer` is {got}, the config says {spec.tokenizer!r}")
    if not isinstance(vocabulary, list) or not all(isinstance(token, str) for token in vocabulary):
        raise damaged(f"`vocabulary` is {_shown(vocabulary)}, expected a list of strings")
    if tuple(vocabulary[: len(RESERVED)]) != RESERVED:
        got = _shown(vocabulary[: len(RESERVED)])
        raise damaged(f"`vocabulary` begins with {got}, expected {list(RESERVED)}")
    tokens = vocabulary[len(RESERVED) :]
    if len(set(tokens)) != len(tokens):
        repeated = next(token for token in tokens if tokens.count(token) > 1)
        raise damaged(f"`vocabulary` has {_shown(repeated)} more than once")
    if len(vocabulary) > spec.vocabulary_size:
        raise damaged(
            f"`vocabulary` has {len(vocabulary)} tokens, the config allows {spec.vocabulary_size}"
        )
    return tuple(vocabulary)


def damaged(problem: str) -> StorageError:
    """The error of a state that cannot be read."""
    return StorageError(f"tokenizer.json: {problem}; restore the file from a copy or train again")


def _shown(value: object) -> str:
    """The value in at most 60 characters; what is absent is `missing`."""
    if value is None:
        return "missing"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
