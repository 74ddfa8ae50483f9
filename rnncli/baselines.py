"""The yardsticks of every result: the most frequent label, and TF-IDF with a linear classifier.

Wang & Manning 2012, "Baselines and Bigrams", showed how far a linear model over n-grams goes:
a recurrent network that does not reach it has not learned what order is for. Nothing is tuned:
words 1-2 for English and the like, characters 2-4 within words for Korean, and C = 1.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
import warnings
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncli.atomic import A_DAY, make_folder, read_json, remove_leftovers, write_json
from rnncli.corpus import Corpus
from rnncli.datasets.splitting import limited
from rnncli.errors import StorageError
from rnncli.metrics import majority_metrics, prediction_metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Analyzer = Callable[[str], list[str]]

__all__ = ["baselines", "keep_linear", "known_linear", "linear_baseline", "majority_baseline"]

_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_FEATURES = 300_000
"""Bound on memory: a float64 weight for each n-gram and class."""
_TEXTS = 200_000
"""Bound on memory and time: of more training texts than this, so many are drawn, by label."""
_WORDS, _CHARACTERS = "words 1-2", "characters 2-4 within words"


def baselines(
    corpus: Corpus, cache: Path | None = None, linear: dict[str, Any] | None = None
) -> dict[str, dict[str, Any]]:
    """`majority` and `linear`, as `metrics.json` holds them; `linear` if it is known already."""
    return {
        "majority": majority_baseline(corpus),
        "linear": linear_baseline(corpus, cache) if linear is None else linear,
    }


def majority_baseline(corpus: Corpus) -> dict[str, Any]:
    """Label, accuracy and macro-F1 on test of always answering train's most frequent label.

    `{"skipped": why}` where train or test is empty.
    """
    train, test = corpus["train"], corpus["test"]
    if not len(train) or not len(test):
        return {"skipped": "a split is empty"}
    counts = Counter(train.labels)
    label = min(counts, key=lambda index: (-counts[index], index))
    return majority_metrics(list(test.labels), label, corpus.label_names)


def linear_baseline(
    corpus: Corpus, cache: Path | None = None, language: str | None = None
) -> dict[str, Any]:
    """TF-IDF and a linear SVM, fitted on train, scored on test.

    Args:
        corpus: the texts; validation is not used.
        cache: a folder for results, keyed by the texts' checksums; None for no cache.
        language: `ko`, `en`, …; by default what the corpus says, Hangul if that is unknown.

    Returns:
        `accuracy`, `macro_f1`, `interval_95`, `seconds`, `method`, and `per_class`; or
        `{"skipped": why}` where train has one label only, or no words, or test is empty.
    """
    if not len(corpus["test"]) or len(set(corpus["train"].labels)) < 2:
        skipped = "it needs two labels in train and a text in test"
        return {"method": _method(corpus, language), "skipped": skipped}
    known = known_linear(corpus, cache, language) if cache else None
    if known is not None:
        return known
    korean = _is_korean(corpus, language)
    result = {"method": _method(corpus, language), **_fit_and_score(corpus, korean=korean)}
    if cache is not None:
        keep_linear(result, corpus, cache, language)
    return result


def known_linear(corpus: Corpus, cache: Path, language: str | None = None) -> dict[str, Any] | None:
    """What `linear_baseline` has found of these texts before; None if it has not."""
    path = _entry(corpus, cache, language)
    with suppress(StorageError, TypeError, ValueError):  # a damaged one is made again
        return dict(read_json(path)) if path.is_file() else None
    return None


def keep_linear(
    result: Mapping[str, Any], corpus: Corpus, cache: Path, language: str | None = None
) -> None:
    """Keep what `linear_baseline` found for the next run with these texts.

    A full or read-only disk is no error: the next run finds it again.
    """
    with suppress(StorageError):
        make_folder(cache)
        remove_leftovers(cache, older=A_DAY)
        write_json(_entry(corpus, cache, language), result)


def _fit_and_score(corpus: Corpus, *, korean: bool) -> dict[str, Any]:
    import numpy as np
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.svm import LinearSVC

    train, test = limited(corpus["train"], _TEXTS, seed=0), corpus["test"]
    started = time.perf_counter()
    analyze = CountVectorizer(
        analyzer="char_wb" if korean else "word",
        ngram_range=(2, 4) if korean else (1, 2),
        token_pattern=r"(?u)\b\w+\b",
    ).build_analyzer()
    many = len(train) >= 1000
    vectorizer = TfidfVectorizer(
        analyzer=_without_hapaxes(analyze, train.texts) if many else analyze,
        min_df=2 if many else 1,
        max_features=_FEATURES,
        sublinear_tf=True,
        dtype=np.float32,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            features = vectorizer.fit_transform(train.texts)
        except ValueError as error:  # "empty vocabulary"
            return {"skipped": f"the training texts have no n-grams ({error})"}
        classifier = LinearSVC(C=1.0, random_state=0).fit(features, np.asarray(train.labels))
    predicted = classifier.predict(vectorizer.transform(test.texts))
    scores = prediction_metrics(list(test.labels), predicted, corpus.label_names)
    kept = ("accuracy", "macro_f1", "interval_95", "per_class")
    seconds = round(time.perf_counter() - started, 2)
    return {key: scores[key] for key in kept} | {"seconds": seconds}


def _without_hapaxes(analyze: Analyzer, texts: Sequence[str]) -> Analyzer:
    """An analyzer that leaves out most n-grams that only one of the texts has.

    The vectorizer would drop them itself (`min_df=2`), but only after it has kept every one, and
    most n-grams of words occur once: what it needs beside the texts falls on IMDB from 460 MB to
    270. Texts are counted by the hash of the n-gram, and one with a rare hash is rare: the features
    chosen are the same, whatever the hash.
    """
    slots = 1 << 24
    texts_with = bytearray(slots)  # 0, 1, or 2 for more
    for text in texts:
        for gram in set(analyze(text)):
            slot = hash(gram) % slots
            if texts_with[slot] < 2:
                texts_with[slot] += 1
    return lambda text: [gram for gram in analyze(text) if texts_with[hash(gram) % slots] == 2]


def _method(corpus: Corpus, language: str | None) -> str:
    grams = _CHARACTERS if _is_korean(corpus, language) else _WORDS
    method = f"TF-IDF of {grams}, linear SVM"
    if len(corpus["train"]) > _TEXTS:
        method += f", on {_TEXTS:,} of the training texts"
    return method


def _is_korean(corpus: Corpus, language: str | None) -> bool:
    language = language or corpus.source.language
    if language != "und":
        return language == "ko"
    sample = corpus["train"].texts[:1000]
    return sum(bool(_HANGUL.search(text)) for text in sample) > len(sample) / 3


def _entry(corpus: Corpus, cache: Path, language: str | None) -> Path:
    rules = [_WORDS, _CHARACTERS, str(_FEATURES), str(_TEXTS)]
    parts = [*rules, language or corpus.source.language, *corpus.label_names]
    parts += [corpus[split].checksum() for split in ("train", "test")]
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
    return cache / f"linear-{key}.json"
