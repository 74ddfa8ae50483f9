"""Byte-pair encoding, on characters.

Sennrich, Haddow & Birch, Neural machine translation of rare words with subword units, ACL 2016.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from rnncli.tokenizers.base import RESERVED, FittedTokenizer, TokenizerSpec

__all__ = ["Bpe"]


class Bpe(TokenizerSpec):
    """Pieces of words: starting from characters, the most frequent pair is merged, and again.

    `minimum_count` is the least count of a character, and of a pair that is merged.
    """

    summary: ClassVar[str] = "subwords by byte-pair merges (characters, no byte fallback)"

    tokenizer: Literal["bpe"]
    lowercase: bool = True
    """Whether `The` and `the` are one word."""

    def fit(self, texts: Iterable[str]) -> FittedTokenizer:
        """See `TokenizerSpec.fit`."""
        from tokenizers.models import BPE
        from tokenizers.trainers import BpeTrainer

        from rnncli.tokenizers import subword

        prepared = [subword.normalized(text, self.lowercase) for text in texts]
        # The library cuts an alphabet with ties at random: it gets exactly what it may keep.
        characters = subword.alphabet(subword.word_counts(prepared), self)
        trained = subword.make_tokenizer(BPE())
        trainer = BpeTrainer(
            vocab_size=self.vocabulary_size - len(RESERVED),
            min_frequency=self.minimum_count,
            show_progress=False,
            initial_alphabet=characters,
            limit_alphabet=len(characters),
        )
        trained.train_from_iterator(prepared, trainer)
        learned = json.loads(trained.to_str())["model"]
        pieces = sorted(learned["vocab"], key=learned["vocab"].__getitem__)
        model = BPE(
            vocab={piece: identifier for identifier, piece in enumerate([*RESERVED, *pieces])},
            merges=[tuple(merge) for merge in learned["merges"]],
            unk_token=RESERVED[1],
            fuse_unk=True,
        )
        return subword.SubwordTokenizer(
            self, subword.make_tokenizer(model), lowercase=self.lowercase
        )

    def restore(self, state: dict[str, Any]) -> FittedTokenizer:
        """See `TokenizerSpec.restore`."""
        from rnncli.tokenizers.subword import SubwordTokenizer

        return SubwordTokenizer.restore(self, state, lowercase=self.lowercase)
