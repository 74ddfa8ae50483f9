"""Statistics of a corpus against counts made by hand."""

from __future__ import annotations

import json

import pytest

from rnncli.corpus import Corpus, Source, Split
from rnncli.corpus_statistics import Duplicates, corpus_statistics, duplicates, lengths, overlaps
from rnncli.tokenizers import Word

CORPUS = Corpus(
    ("a", "b"),
    {
        "train": Split(["x y", "x y", "z", "z", "美 w"], [0, 0, 0, 1, 1], list("12345")),
        "validation": Split(["x y", "new words here too"], [1, 0], ["6", "7"]),
        "test": Split(["z", "", "x q"], [1, 0, 1], ["8", "9", "10"]),
    },
    Source("made", "here", "und"),
)


def test_overlaps_count_repetitions_and_contradictions() -> None:
    found = overlaps(CORPUS)
    assert set(found) == {"train/validation", "train/test", "validation/test"}
    assert (found["train/validation"].texts, found["train/validation"].contradicting) == (1, 1)
    assert (found["train/test"].texts, found["train/test"].contradicting) == (1, 0)
    assert found["train/test"].share == pytest.approx(1 / 3)
    assert found["validation/test"].texts == 0


def test_duplicates_within_a_split() -> None:
    assert duplicates(CORPUS["train"]) == Duplicates(texts=2, contradicting=1)
    assert duplicates(CORPUS["test"]) == Duplicates(texts=0, contradicting=0)


def test_rates_per_label() -> None:
    tokenizer = Word(tokenizer="word", max_length=3).fit(CORPUS["train"].texts)
    statistics = corpus_statistics(CORPUS, tokenizer)
    validation = statistics.splits["validation"]
    assert validation.labels["a"].oov_rate == 1.0
    assert validation.labels["a"].truncation_rate == 1.0
    assert validation.labels["b"].oov_rate == 0.0
    assert validation.all.oov_rate == pytest.approx(4 / 6)
    assert validation.all.truncation_rate == 0.5
    train, test = statistics.splits["train"], statistics.splits["test"]
    assert (train.labels["a"].texts, train.labels["a"].share) == (3, 0.6)
    assert (train.hanja_texts, test.empty) == (1, 1)
    assert test.tokens.max == 2
    assert test.characters.max == 3


def test_percentiles_are_lengths_that_occur() -> None:
    found = lengths([1, 2, 3, 100])
    assert (found.p50, found.p75, found.max) == (2, 3, 100)
    assert found.mean == 26.5
    assert lengths([]).max == 0


def test_to_dict_is_ready_for_json() -> None:
    tokenizer = Word(tokenizer="word").fit(CORPUS["train"].texts)
    statistics = corpus_statistics(CORPUS, tokenizer).to_dict()
    assert json.loads(json.dumps(statistics)) == statistics
