"""Examples of a corpus decoded as a model gets to see them, and how far hanja are covered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnncli.hanja_reading import has_hanja
from rnncli.tokenizers.base import UNKNOWN

if TYPE_CHECKING:
    from rnncli.corpus import Corpus, SplitName
    from rnncli.tokenizers import FittedTokenizer

__all__ = ["DecodedExample", "decoded_examples", "hanja_coverage"]


@dataclass(frozen=True)
class DecodedExample:
    """One text, from its characters to ids and back."""

    id: str
    label: str
    text: str
    tokens: list[str]
    """All of the text's tokens."""
    unknown: list[bool]
    """Whether each of them lacks an id of its own."""
    ids: list[int]
    """After truncation; with n-grams, of the 1-grams."""
    decoded: list[str]
    """The ids' entries in the vocabulary: `<unk>` where a token is unknown."""
    ngrams: list[str]
    """The 2..N-grams that also have an id, in the order of their beginnings."""


def decoded_examples(
    corpus: Corpus, tokenizer: FittedTokenizer, split: SplitName, count: int
) -> list[DecodedExample]:
    """The first `count` texts of each label in a split, labels in their order."""
    texts = corpus[split]
    found = []
    for label, name in enumerate(corpus.label_names):
        rows = [row for row, given in enumerate(texts.labels) if given == label]
        found += [
            _decoded(texts.ids[row], name, texts.texts[row], tokenizer) for row in rows[:count]
        ]
    return found


def hanja_coverage(corpus: Corpus, tokenizer: FittedTokenizer) -> dict[str, dict[str, Any]]:
    """For each split, how many hanja its texts have and how many of their tokens are known.

    Keys: `hanja` (characters), `different` (characters), `tokens` (with at least one hanja) and
    `known` (of those tokens).
    """
    found: dict[str, dict[str, Any]] = {}
    for name, split in corpus.splits.items():
        letters: list[str] = []
        tokens: list[str] = []
        for text in split.texts:
            here = [letter for letter in text if has_hanja(letter)]
            if here:
                letters += here
                tokens += [t for t in tokenizer.tokens(text) if has_hanja(t)]
        found[name] = {
            "hanja": len(letters),
            "different": len(set(letters)),
            "tokens": len(tokens),
            "known": sum(token in tokenizer.known for token in tokens),
        }
    return found


def _decoded(identifier: str, label: str, text: str, tokenizer: FittedTokenizer) -> DecodedExample:
    vocabulary, tokens = tokenizer.vocabulary, tokenizer.tokens(text)
    ids = tokenizer.encode(text)
    first = ids if ids.ndim == 1 else ids[:, 0]
    longer = [] if ids.ndim == 1 else ids[:, 1:].ravel().tolist()
    return DecodedExample(
        id=identifier,
        label=label,
        text=text,
        tokens=tokens,
        unknown=[token not in tokenizer.known for token in tokens],
        ids=first.tolist(),
        decoded=[vocabulary[number] for number in first.tolist()],
        ngrams=[vocabulary[number] for number in longer if number > UNKNOWN],
    )
