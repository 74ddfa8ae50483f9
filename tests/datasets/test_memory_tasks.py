"""The memory tasks: a reader of the whole text is always right, one of less is as wrong as said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import pytest

from rnncli.config import load_config
from rnncli.corpus import SPLITS
from rnncli.datasets import Adding, CopyFirst, TemporalOrder
from rnncli.datasets.memory_task import MemoryTask
from rnncli.errors import ConfigError
from rnncli.tokenizers.word import Word

LAGS = (10, 30)
ORDER = "d d b b c c b a d x a b a c c x b d b b c"
COPY = "d c a c b d c b d b a"
ADDING = "3 x0 x1 3 0 2 3 2 1 3 2 3"
Rule = Callable[[list[str]], str]


def order(words: list[str]) -> str:
    return "".join(word for word in words if word in "xy")


def total(words: list[str]) -> str:
    return str(sum(int(word[1:]) for word in words if word[0] == "x"))


SPECS = [
    *((TemporalOrder(name="temporal-order", lag=lag, size=1000), order) for lag in LAGS),
    *((Adding(name="adding", lag=lag, size=1000), total) for lag in LAGS),
    *((CopyFirst(name="copy-first", lag=lag, size=1000), lambda words: words[0]) for lag in LAGS),
]
every_task = pytest.mark.parametrize(("spec", "rule"), SPECS, ids=lambda v: getattr(v, "name", ""))


def texts(spec: MemoryTask) -> list[tuple[str, str]]:
    corpus = spec.load()
    return [
        (text, corpus.label_names[label])
        for name in SPLITS
        for text, label in zip(corpus[name].texts, corpus[name].labels, strict=True)
    ]


@every_task
def test_the_rule_gives_the_class_and_the_tokens_are_the_words(
    spec: MemoryTask, rule: Rule
) -> None:
    tokenizer = Word(tokenizer="word")
    for text, label in texts(spec):
        assert tokenizer.split(text) == text.split()
        assert rule(text.split()) == label


@every_task
def test_what_matters_first_is_a_lag_from_the_end_and_no_text_is_longer_than_said(
    spec: MemoryTask, rule: Rule
) -> None:
    lengths, distances = [], []
    for text, _ in texts(spec):
        words = text.split()
        marks = [at for at, word in enumerate(words) if word[0] in "xy"] or [0]
        lengths.append(len(words))
        distances.append(len(words) - 1 - marks[0])
    assert min(distances) == spec.lag
    assert spec.longest_text - 2 <= max(lengths) <= spec.longest_text
    assert len(set(lengths)) > 1 or not spec.slack


@every_task
def test_classes_are_balanced_and_no_text_stands_twice(spec: MemoryTask, rule: Rule) -> None:
    corpus = spec.load()
    for name in SPLITS:
        counts = corpus.label_counts(name).values()
        assert max(counts) - min(counts) <= 0.03 * max(counts) + 1
    found = [text for text, _ in texts(spec)]
    assert len(set(found)) == len(found) == spec.size + spec.test_size
    assert corpus.source.synthetic
    assert corpus.source.details["chance"] == 1 / len(corpus.label_names)


@every_task
def test_another_generator_seed_is_another_corpus_and_the_same_one_the_same(
    spec: MemoryTask, rule: Rule
) -> None:
    again, other = spec.load(), spec.model_copy(update={"generator_seed": 1}).load()
    for name in SPLITS:
        assert again[name].checksum() == spec.load()[name].checksum() != other[name].checksum()


def test_pinned_across_machines() -> None:
    """`random.Random` promises its stream for a seed."""
    assert TemporalOrder(name="temporal-order", lag=10).load()["test"].texts[0] == ORDER
    assert CopyFirst(name="copy-first", lag=10).load()["test"].texts[0] == COPY
    assert Adding(name="adding", lag=10).load()["test"].texts[0] == ADDING


def test_the_order_is_not_in_the_counts() -> None:
    """Of xy and yx a bag of words sees the same, so that it gets three in four right."""
    found = texts(SPECS[1][0])
    by_bag: dict[int, Counter[str]] = {}
    for text, label in found:
        by_bag.setdefault(text.split().count("x"), Counter())[label] += 1
    right = sum(counts.most_common(1)[0][1] for counts in by_bag.values())
    assert right / len(found) == pytest.approx(0.75, abs=0.02)


def test_one_number_alone_gives_three_sums_of_seven() -> None:
    found = [
        ([word for word in text.split() if word[0] == "x"], label)
        for text, label in texts(SPECS[3][0])
    ]
    for which in (0, 1):
        by_number: dict[str, Counter[str]] = {}
        for marked, label in found:
            by_number.setdefault(marked[which], Counter())[label] += 1
        right = sum(counts.most_common(1)[0][1] for counts in by_number.values())
        assert right / len(found) == pytest.approx(3 / 7, abs=0.04)


def test_what_follows_the_first_symbol_says_nothing_of_it() -> None:
    found = [text.split() for text, _ in texts(SPECS[5][0])]
    pairs = Counter(word == after for words in found for word, after in pairwise(words))
    assert pairs[True] / pairs.total() == pytest.approx(0.25, abs=0.02)
    same = Counter(word == words[0] for words in found for word in words[1:])
    assert same[True] / same.total() == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("text.max_length=40", "text.max_length 40 cuts texts of temporal-order, which have up to"),
        ("text.tokenizer=character", "use text.tokenizer: word, not character"),
        ("data.lag=9", "data.lag=9: expected an integer ≥ 10 and ≤ 1000, got 9"),
    ],
)
def test_what_would_spoil_a_task_is_refused(setting: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config("temporal_order.yaml", [setting])
    assert any(told in line for line in caught.value.lines), caught.value.lines


@every_task
def test_other_texts_have_other_ids(spec: MemoryTask, rule: Rule) -> None:
    """By them runs are known to have been tested on the same texts."""
    changed = ({"generator_seed": 1}, {"lag": spec.lag + 1})
    others = [spec.model_copy(update=update).load()["test"].ids for update in changed]
    for ids in others:
        assert not set(ids) & set(spec.load()["test"].ids)
