"""The catalogue of tokenizers: one file each, one line in the union below."""

from __future__ import annotations

from typing import Annotated, get_args

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

Text = Annotated[
    Word | Character | Jamo | Bpe | Unigram | Morpheme, Field(discriminator="tokenizer")
]
TOKENIZERS: tuple[type[TokenizerSpec], ...] = get_args(get_args(Text)[0])
