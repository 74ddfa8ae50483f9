"""Words and punctuation: English as the Penn Treebank splits it, Korean by eojeol.

Marcus, Santorini & Marcinkiewicz, Building a large annotated corpus of English: the Penn
Treebank, Computational Linguistics 19(2), 1993, for the splitting of contractions.
"""

from __future__ import annotations

import re
from typing import ClassVar, Literal

from rnncli.tokenizers.cleaning import clean
from rnncli.tokenizers.splitting import NgramSpec

__all__ = ["Word"]

_TOKEN = re.compile(
    r"""[nN]'[tT](?!\w)                  # negation, set apart by `split`
    | [^\W\d_][^\W_]*                    # a word; Korean: an eojeol
    | \d+(?:[.,]\d+)*[^\W_]*             # 8, 3.5, 1,000억, 1980s
    | '(?:[sdmSDM]|re|ve|ll|RE|VE|LL)(?!\w)  # it's, they're
    | \.\.\.
    | [^\w\s] | _                        # punctuation, one mark at a time
    """,
    re.VERBOSE,
)


class Word(NgramSpec):
    """Whitespace and punctuation part words; `don't` is `do` + `n't`, so that all negations meet.

    Numbers stay whole (3.5, 1,000억); so does an eojeol, whatever scripts it mixes (LG전자).
    """

    summary: ClassVar[str] = "words, numbers and punctuation; eojeol for Korean; n-grams"
    joiner: ClassVar[Literal["", " "]] = " "

    tokenizer: Literal["word"]
    lowercase: bool = True
    """Whether `The` and `the` are one word."""

    def split(self, text: str) -> list[str]:
        """See `SplittingSpec.split`; together the tokens are the text without its whitespace."""
        text = clean(text).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
        if self.lowercase:
            text = text.lower()
        text = text.replace("n't", " n't").replace("N'T", " N'T")
        return _TOKEN.findall(text)
