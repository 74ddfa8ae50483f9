"""The unigram language model of subwords.

Kudo, Subword regularization: improving neural network translation models with multiple subword
candidates, ACL 2018.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from rnncli.tokenizers.base import RESERVED, UNKNOWN, FittedTokenizer, TokenizerSpec

__all__ = ["Unigram"]


class Unigram(TokenizerSpec):
    """Pieces of words, each with a probability; a word is split the most probable way.

    The pieces are trained by `unigram_training`, as the library's trainer gives another result
    each time; the library splits. `minimum_count` is the least count of a character, and of a
    piece in the seed vocabulary.
    """

    summary: ClassVar[str] = "subwords by a unigram language model (no byte fallback)"

    tokenizer: Literal["unigram"]
    lowercase: bool = True
    """Whether `The` and `the` are one word."""

    def fit(self, texts: Iterable[str]) -> FittedTokenizer:
        """See `TokenizerSpec.fit`."""
        from tokenizers.models import Unigram as UnigramModel

        from rnncli.tokenizers import subword
        from rnncli.tokenizers.unigram_training import train_pieces

        words = subword.word_counts(subword.normalized(text, self.lowercase) for text in texts)
        characters = subword.alphabet(words, self)
        spaces = {ord(c): " " for c in set().union(*words) - set(characters)}
        known: Counter[str] = Counter()
        for word, count in words.items():
            for part in word.translate(spaces).split():
                known[part] += count
        room = self.vocabulary_size - len(RESERVED)
        pieces = train_pieces(known, characters, room, self.minimum_count)
        model = UnigramModel([(token, 0.0) for token in RESERVED] + pieces, UNKNOWN, False)
        return subword.SubwordTokenizer(
            self, subword.make_tokenizer(model), lowercase=self.lowercase
        )

    def restore(self, state: dict[str, Any]) -> FittedTokenizer:
        """See `TokenizerSpec.restore`."""
        from rnncli.tokenizers.subword import SubwordTokenizer

        return SubwordTokenizer.restore(self, state, lowercase=self.lowercase)
