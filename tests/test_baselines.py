"""Scope: the yardsticks are what scikit-learn gives, fitted on train alone, quiet and cached."""

from __future__ import annotations

import gzip
import json
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from rnncli.baselines import baselines, linear_baseline, majority_baseline
from rnncli.corpus import Corpus, Source, Split
from tests.synthetic import corpus_of


def _split(rows: list[tuple[str, int]]) -> Split:
    texts, labels = [text for text, _ in rows], [label for _, label in rows]
    return Split(texts, labels, [str(index) for index in range(len(rows))])


def _corpus(language: str, train: list[tuple[str, int]], test: list[tuple[str, int]]) -> Corpus:
    splits = {"train": _split(train), "validation": _split([]), "test": _split(test)}
    return Corpus(("부정", "긍정"), splits, Source("x", "built in", language))  # type: ignore[arg-type]


ENGLISH = _corpus(
    "en",
    [("a fine film", 1), ("not a fine film", 0), ("really great", 1), ("dull and grey", 0)] * 3,
    [("a really fine film", 1), ("not great", 0), ("dull film", 0), ("unseen words", 1)],
)
KOREAN = _corpus(
    "und",
    [("정말 좋았다", 1), ("좋은 영화", 1), ("지루했다", 0), ("너무 지루한 영화", 0), ("지루함", 0)],
    [("좋았어요", 1), ("지루해요", 0), ("좋다", 1)],
)


def test_linear_equals_a_plain_pipeline() -> None:
    pipeline = make_pipeline(
        TfidfVectorizer(
            ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b", dtype=np.float32
        ),
        LinearSVC(random_state=0),
    )
    train, test = ENGLISH["train"], ENGLISH["test"]
    predicted = pipeline.fit(train.texts, train.labels).predict(test.texts)
    ours = linear_baseline(ENGLISH)
    assert ours["accuracy"] == pytest.approx(np.mean(predicted == np.array(test.labels)))
    assert ours["macro_f1"] == pytest.approx(f1_score(test.labels, predicted, average="macro"))
    assert "words 1-2" in ours["method"]


def test_rare_n_grams_are_left_out_as_min_df_does() -> None:
    random = np.random.default_rng(0)
    words = np.array([f"w{rank}" for rank in range(2000)])
    weights = 1 / np.arange(1, len(words) + 1)
    rows = []
    for _ in range(1200):
        picked = random.choice(words, 12, p=weights / weights.sum())
        rows.append((" ".join(picked), int("w3" in picked or random.random() < 0.3)))
    corpus = _corpus("en", rows[:1000], rows[1000:])
    pipeline = make_pipeline(
        TfidfVectorizer(
            ngram_range=(1, 2), min_df=2, max_features=1500, sublinear_tf=True, dtype=np.float32
        ),
        LinearSVC(random_state=0),
    )
    train, test = corpus["train"], corpus["test"]
    predicted = pipeline.fit(train.texts, train.labels).predict(test.texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rnncli.baselines._FEATURES", 1500)
        ours = linear_baseline(corpus)
    assert 0.5 < ours["accuracy"] < 1
    assert ours["accuracy"] == pytest.approx(np.mean(predicted == np.array(test.labels)))
    assert ours["macro_f1"] == pytest.approx(f1_score(test.labels, predicted, average="macro"))


def test_hangul_is_read_by_characters_when_the_language_is_unknown() -> None:
    result = linear_baseline(KOREAN)
    assert "characters 2-4" in result["method"]
    assert "words 1-2" in linear_baseline(KOREAN, language="en")["method"]


def test_majority_is_train_s_most_frequent_label_scored_on_test() -> None:
    result = majority_baseline(KOREAN)
    assert result == {"label": "부정", "accuracy": pytest.approx(1 / 3), "macro_f1": 0.25}


def test_nothing_is_printed_or_warned(capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        both = baselines(KOREAN)
    assert set(both) == {"majority", "linear"}
    assert capfd.readouterr() == ("", "")
    assert json.loads(json.dumps(both)) == both


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ([("a b", 0), ("c d", 0)], [("a", 0)]),
        ([("", 0), ("!", 1)], [("a", 0)]),
        ([("a b", 0), ("c d", 1)], []),
        ([], [("a", 0)]),
    ],
)
def test_what_cannot_be_fitted_is_skipped_with_a_reason(
    train: list[tuple[str, int]], test: list[tuple[str, int]]
) -> None:
    result = linear_baseline(_corpus("en", train, test))
    assert result["skipped"]
    assert "accuracy" not in result


def test_the_cache_is_keyed_by_the_texts_and_survives_damage(tmp_path: Path) -> None:
    first = linear_baseline(ENGLISH, tmp_path)
    (path,) = tmp_path.iterdir()
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert stored == first
    path.write_text(json.dumps({**stored, "seconds": -1}), encoding="utf-8")
    assert linear_baseline(ENGLISH, tmp_path)["seconds"] == -1
    path.write_text("{", encoding="utf-8")
    assert linear_baseline(ENGLISH, tmp_path)["accuracy"] == first["accuracy"]
    linear_baseline(KOREAN, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.data
def test_klue_reaches_the_known_score() -> None:
    root = Path(os.environ.get("RNN_DATA", Path(__file__).parents[2] / "shared" / "data"))
    folder = root / "klue-tc" if (root / "klue-tc").is_dir() else root
    if not (folder / "train.jsonl.gz").is_file() or "klue" not in folder.name:
        pytest.skip("no KLUE-TC here; set RNN_DATA")
    topics = ("정치", "경제", "스포츠")

    def read(name: str) -> Split:
        with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        return _split([(r["text"], topics.index(r["label"])) for r in rows if r["label"] in topics])

    splits = {"train": read("train"), "validation": _split([]), "test": read("test")}
    corpus = Corpus(topics, splits, Source("klue-tc", "local", "ko"))  # type: ignore[arg-type]
    assert linear_baseline(corpus)["macro_f1"] > 0.96


def test_of_very_many_texts_some_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough to be a yardstick, and the method says so."""
    corpus = corpus_of((48, 18, 12))
    monkeypatch.setattr("rnncli.baselines._TEXTS", 30)
    some = linear_baseline(corpus)
    assert some["method"].endswith(", on 30 of the training texts")
    assert 0.5 < some["accuracy"] <= 1.0
    monkeypatch.setattr("rnncli.baselines._TEXTS", 48)
    assert linear_baseline(corpus)["method"].endswith("linear SVM")
