"""What `bpe` and `unigram` share: pieces of words, encoded by the `tokenizers` library.

A text is cleaned and split at whitespace and punctuation; `▁` (U+2581) stands for the space
before a word, so that pieces tell beginnings from middles. Punctuation never joins a piece.
There is no byte fallback: a run of characters that the training texts do not have (or too
rarely) is one unknown token within its word.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rnncli.errors import Interrupted
from rnncli.tokenizers.base import RESERVED, UNKNOWN, FittedTokenizer, TokenizerSpec
from rnncli.tokenizers.cleaning import single_spaced
from rnncli.tokenizers.state import checked_vocabulary, damaged

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer
    from tokenizers.models import Model

__all__ = ["SubwordTokenizer", "alphabet", "make_tokenizer", "normalized", "word_counts"]

BATCH = 1000
"""Texts encoded at once; the library's encodings are large."""

NEVER_SEEN = "\U0010ffff"
"""A code point that Unicode assigns to no character."""


def normalized(text: str, lowercase: bool) -> str:
    """The text as the pieces see it."""
    text = single_spaced(text)
    return text.lower() if lowercase else text


def make_tokenizer(model: Model) -> Tokenizer:
    """The library's tokenizer around a model, splitting at whitespace and punctuation.

    No special tokens are registered: `<pad>` in a text is five characters, never an id.
    """
    # One thread, and no warning when a process that has encoded starts another.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from tokenizers import Tokenizer
    from tokenizers.pre_tokenizers import Metaspace, Punctuation, Sequence

    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = Sequence([Metaspace(), Punctuation("isolated")])
    return tokenizer


def word_counts(texts: Iterable[str]) -> Counter[str]:
    """How often each word, as the pieces see it, stands in normalized texts."""
    from tokenizers.models import BPE

    splitter = make_tokenizer(BPE()).pre_tokenizer
    spaced: Counter[str] = Counter()
    for text in texts:
        spaced.update(text.split())
    words: Counter[str] = Counter()
    for string, count in spaced.items():
        for word, _ in splitter.pre_tokenize_str(string):
            words[word] += count
    return words


def alphabet(words: Counter[str], spec: TokenizerSpec) -> list[str]:
    """The characters that get an id: the most frequent, as many as the vocabulary has room for."""
    characters: Counter[str] = Counter()
    for word, count in words.items():
        for character in word:
            characters[character] += count
    frequent = [(-n, character) for character, n in characters.items() if n >= spec.minimum_count]
    room = spec.vocabulary_size - len(RESERVED)
    return sorted(character for _, character in sorted(frequent)[:room])


class SubwordTokenizer(FittedTokenizer):
    """A model of the `tokenizers` library whose ids 0 and 1 are the reserved ones."""

    def __init__(self, spec: TokenizerSpec, tokenizer: Tokenizer, *, lowercase: bool) -> None:
        """Wrap a tokenizer of the library; `lowercase` is applied before it."""
        self.spec = spec
        self._tokenizer = tokenizer
        self._lowercase = lowercase
        ids = tokenizer.get_vocab()
        self._vocabulary = tuple(sorted(ids, key=ids.__getitem__))

    @classmethod
    def restore(cls, spec: TokenizerSpec, state: dict[str, Any], *, lowercase: bool) -> Self:
        """The tokenizer of a state.

        Raises:
            StorageError: the state is malformed or belongs to another tokenizer.
        """
        model = state.get("model")
        if not isinstance(model, dict):
            raise damaged("`model` is missing, expected an object")
        from tokenizers import Tokenizer

        try:
            restored = Tokenizer.from_str(json.dumps(model))
            probe = restored.encode(NEVER_SEEN, add_special_tokens=False).ids
        except Interrupted:
            raise
        except Exception as error:  # the library raises nothing narrower
            raise damaged(f"`model` is no tokenizer ({error})") from None
        ids = restored.get_vocab().values()
        if probe[-1:] != [UNKNOWN] or set(ids) != set(range(len(ids))):
            raise damaged("`model` has other ids than 0 padding, 1 unknown, 2… tokens")
        fitted = cls(spec, restored, lowercase=lowercase)
        checked_vocabulary(state, spec, list(fitted.vocabulary))
        return fitted

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """See `FittedTokenizer.vocabulary`."""
        return self._vocabulary

    def tokens(self, text: str) -> list[str]:
        """See `FittedTokenizer.tokens`; what is unknown as it stands in the text."""
        text = normalized(text, self._lowercase)
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        return [
            text[start:end] if identifier == UNKNOWN else token
            for identifier, token, (start, end) in zip(
                encoding.ids, encoding.tokens, encoding.offsets, strict=True
            )
        ]

    def encode(self, text: str) -> NDArray[np.int32]:
        """See `FittedTokenizer.encode`."""
        return self.encode_many([text])[0]

    def encode_many(self, texts: Iterable[str]) -> list[NDArray[np.int32]]:
        """See `FittedTokenizer.encode_many`."""
        arrays: list[NDArray[np.int32]] = []
        batch: list[str]
        source = iter(texts)
        while batch := [normalized(text, self._lowercase) for text in islice(source, BATCH)]:
            encodings = self._tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            arrays += [np.array(self.spec.cut(e.ids) or [UNKNOWN], np.int32) for e in encodings]
        return arrays

    def oov_count(self, text: str) -> tuple[int, int]:
        """See `FittedTokenizer.oov_count`."""
        text = normalized(text, self._lowercase)
        ids = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids.count(UNKNOWN), len(ids)

    def state(self) -> dict[str, Any]:
        """See `FittedTokenizer.state`; `model` is the library's own format."""
        model = json.loads(self._tokenizer.to_str())
        return {"tokenizer": self.spec.tokenizer, "model": model}
