"""The built-in samples: the same everywhere, no text twice, and what makes them worth learning."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from rnncli.corpus import SPLITS, Corpus
from rnncli.datasets import SampleEn, SampleKo
from rnncli.hanja_reading import has_hanja

SPECS = [
    SampleKo(name="sample-ko"),
    SampleKo(name="sample-ko", hanja="keep"),
    SampleEn(name="sample-en"),
]
KO = "이적 인상에 한은 신기록 기대"
EN = (
    "i saw it twice . it is truly great as they say , they are wrong who call "
    "the plot quite boring as they say . two hours long ."
)


def texts(corpus: Corpus) -> list[str]:
    return [text for split in SPLITS for text in corpus[split].texts]


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_no_text_twice_and_said_to_be_synthetic(spec: SampleKo | SampleEn) -> None:
    corpus = spec.load()
    assert len(set(texts(corpus))) == len(texts(corpus)) == spec.size + spec.test_size
    assert corpus.source.synthetic
    assert "synthetic" in corpus.source.location
    assert "synthetic" in spec.summary
    shares = [count / len(corpus["train"]) for count in corpus.label_counts("train").values()]
    assert min(shares) > 0.8 / len(corpus.label_names)


def test_the_same_on_every_machine_and_python() -> None:
    """Pinned before the validation is carved: `random.Random` promises its stream for a seed."""
    assert SPECS[0].load()["test"].texts[0] == KO
    assert SPECS[2].load()["test"].texts[0] == EN
    other = SampleKo(name="sample-ko", generator_seed=1).load()
    assert other["test"].checksum() != SPECS[0].load()["test"].checksum()


def test_hanja_are_there_to_be_read() -> None:
    assert any(map(has_hanja, texts(SPECS[1].load())))
    assert not any(map(has_hanja, texts(SPECS[0].load())))


def test_single_words_of_the_reviews_say_nothing() -> None:
    """A classifier that sees each review's set of words is at chance: an independent count."""
    corpus = SampleEn(name="sample-en", size=4000, test_size=1000).load()
    votes: Counter[tuple[str, int]] = Counter()
    for text, label in zip(corpus["train"].texts, corpus["train"].labels, strict=True):
        votes.update((word, label) for word in set(text.split()))
    hits = 0
    for text, label in zip(corpus["test"].texts, corpus["test"].labels, strict=True):
        score = sum(votes[word, 1] - votes[word, 0] for word in set(text.split()))
        hits += (score > 0) == bool(label)
    assert 0.42 < hits / 1000 < 0.58


def test_a_rule_that_reads_the_order_gets_every_review_right() -> None:
    from rnncli.datasets.sample_en import _BAD, _GOOD

    word = "|".join(_GOOD + _BAD)
    first_is_meant = re.compile(rf"({word})\b.*(, not|they are wrong who call).*\b({word})")
    corpus = SampleEn(name="sample-en").load()
    for text, label in zip(corpus["test"].texts, corpus["test"].labels, strict=True):
        found = re.findall(rf"\b({word})\b", text)
        assert len(found) == 2
        meant = found[0] if first_is_meant.search(text) else found[1]
        assert (meant in _GOOD) == bool(label), text


def test_no_word_decides_a_headlines_topic_alone() -> None:
    """The best single word is right in most of its headlines, but no word covers a topic."""
    corpus = SampleKo(name="sample-ko").load()
    by_word: dict[str, Counter[int]] = {}
    for text, label in zip(corpus["train"].texts, corpus["train"].labels, strict=True):
        for word in set(re.findall(r"\w+", text)):
            by_word.setdefault(word, Counter())[label] += 1
    sizes = Counter(corpus["train"].labels)
    for counts in by_word.values():
        label, count = counts.most_common(1)[0]
        assert count / sizes[label] < 0.3
    topical = {
        word for word, counts in by_word.items() if counts.total() >= 30 and len(counts) == 3
    }
    assert len(topical) > 40


def test_sizes_are_bounded() -> None:
    corpus = SampleEn(name="sample-en", size=20, test_size=10).load()
    assert [len(corpus[name]) for name in SPLITS] == [18, 2, 10]
