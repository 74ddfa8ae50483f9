"""The catalogue of tokenizers: one file each, one line in the union below."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rnncli.tokenizers.base import PADDING, RESERVED, UNKNOWN, FittedTokenizer, TokenizerSpec
from rnncli.tokenizers.bpe import Bpe
from rnncli.tokenizers.character import Character
from rnncli.tokenizers.jamo import Jamo
from rnncli.tokenizers.morpheme import Morpheme
from rnncli.tokenizers.unigram import Unigram
from rnncli.tokenizers.word import Word

__all__ = [
    "PADDING",
    "RESERVED",
    "TOKENIZERS",
    "UNKNOWN",
    "Bpe",
    "Character",
    "FittedTokenizer",
    "Jamo",
    "Morpheme",
    "Text",
    "TokenizerSpec",
    "Unigram",
    "Word",
]

TOKENIZERS = (Word, Character, Jamo, Bpe, Unigram, Morpheme)
Text = Annotated[
    Word | Character | Jamo | Bpe | Unigram | Morpheme, Field(discriminator="tokenizer")
]
