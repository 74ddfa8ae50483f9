"""N-grams against a direct count with strings and a Counter."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from pydantic import ValidationError

from rnncli.errors import StorageError
from rnncli.tokenizers import Character, Word
from rnncli.tokenizers.splitting import NgramSpec


def test_words_by_hand() -> None:
    spec = Word(tokenizer="word", ngrams=2)
    fitted = spec.fit(["not good", "not good at all", "good"])
    assert fitted.vocabulary == ("<pad>", "<unk>", "good", "not", "not good", "all", "at")
    assert fitted.encode("so not good at").tolist() == [[1, 0], [3, 4], [2, 0], [6, 0]]


def test_characters_by_hand() -> None:
    spec = Character(tokenizer="character", ngrams=3, vocabulary_size=8)
    fitted = spec.fit(["가나", "가나"])
    assert fitted.tokens("가나") == [" ", "가", "나", " "]
    # " " stands 4 times; all others twice: shorter first, then by code point
    assert fitted.vocabulary == ("<pad>", "<unk>", " ", "가", "나", " 가", "가나", "나 ")
    assert fitted.encode("가").tolist() == [[2, 5, 0], [3, 0, 0], [2, 0, 0]]


def test_no_ngram_spans_two_texts() -> None:
    fitted = Word(tokenizer="word", ngrams=2, ngram_minimum_count=1).fit(["a b", "c d"])
    assert set(fitted.vocabulary[2:]) == {"a", "b", "c", "d", "a b", "c d"}
    assert [row.tolist() for row in fitted.encode_many(["a", "b"])] == [[[2, 0]], [[3, 0]]]


def direct(spec: NgramSpec, texts: list[str]) -> tuple[str, ...]:
    """The vocabulary, counted naively."""
    counts: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        tokens = spec.split(text)
        for n in range(1, spec.ngrams + 1):
            counts.update(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))
    least = max(spec.minimum_count, spec.ngram_minimum_count)
    ranked = sorted(
        (-count, len(gram), spec.joiner.join(gram))
        for gram, count in counts.items()
        if count >= (spec.minimum_count if len(gram) == 1 else least)
    )
    return ("<pad>", "<unk>", *(gram for *_, gram in ranked[: spec.vocabulary_size - 2]))


@pytest.mark.parametrize("minimum_count", [1, 3])
@pytest.mark.parametrize("size", [5, 60, 20_000])
@pytest.mark.parametrize("ngrams", [2, 4, 6])
@pytest.mark.parametrize(
    "make",
    [
        lambda **settings: Word(tokenizer="word", **settings),
        lambda **settings: Character(tokenizer="character", **settings),
    ],
    ids=["word", "character"],
)
def test_against_direct_count(make, ngrams: int, size: int, minimum_count: int) -> None:  # type: ignore[no-untyped-def]
    rng = random.Random(ngrams)
    texts = ["".join(rng.choice("abc  .") for _ in range(rng.randrange(40))) for _ in range(60)]
    spec = make(ngrams=ngrams, vocabulary_size=size, minimum_count=minimum_count, max_length=30)
    fitted = spec.fit(texts)
    assert fitted.vocabulary == direct(spec, texts)
    ids = {gram: i for i, gram in enumerate(fitted.vocabulary)}
    for text in texts:
        tokens = spec.split(text)[:30]
        expected = [
            [
                ids.get(spec.joiner.join(tokens[i : i + n]), 1 if n == 1 else 0)
                if i + n <= len(tokens)
                else 0
                for n in range(1, ngrams + 1)
            ]
            for i in range(len(tokens))
        ]
        assert fitted.encode(text).tolist() == (expected or [[1] + [0] * (ngrams - 1)])


@pytest.mark.parametrize(
    "settings",
    [
        {"ngrams": 0},
        {"ngrams": 7},
        {"ngram_minimum_count": 3},
        {"ngrams": 2, "ngram_minimum_count": 3, "minimum_count": 4},
    ],
)
def test_settings_out_of_range_or_without_effect(settings: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="ngram"):
        Word(tokenizer="word", **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("tokens", [["a b"], ["a", "a b"], ["a", "b", "a b", "a b a"]])
def test_state_with_impossible_ngrams(tokens: list[str]) -> None:
    state = {"tokenizer": "word", "vocabulary": ["<pad>", "<unk>", *tokens]}
    with pytest.raises(StorageError, match=r"tokenizer\.json"):
        Word(tokenizer="word", ngrams=2).restore(state).encode("a")
