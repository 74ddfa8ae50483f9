"""IMDB: cleaning, local copies, the hub and Keras (both replaced here) and the real files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from rnncli.datasets import Imdb, hub, keras_imdb
from rnncli.errors import DataError, Interrupted

IMDB = Imdb(name="imdb")


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("Good.<br /><br />Bad.", "Good. Bad."),
        ("a<BR>b<br/>c", "a b c"),
        ("a<br<br />/>b", "a b"),
        ("it\x92s \x93fine\x94\x85", "it’s “fine”…"),
        ("caf\xe9 \x81", "caf\xe9  "),
    ],
)
def test_cleaning(raw: str, clean: str) -> None:
    assert IMDB.clean(raw) == clean


def test_a_local_folder(tmp_path: Path) -> None:
    rows = [
        {"text": f"a<br />{i}", "label": ["neg", "pos"][i % 2], "id": f"r{i}"} for i in range(40)
    ]
    for name in ("train", "test"):
        lines = "\n".join(json.dumps(row) for row in rows)
        (tmp_path / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    corpus = Imdb(name="imdb", path=str(tmp_path)).load()
    assert corpus.label_names == ("neg", "pos")
    assert [len(corpus[name]) for name in ("train", "validation", "test")] == [36, 4, 40]
    assert (corpus["test"].texts[1], corpus["test"].labels[1], corpus["test"].ids[1]) == (
        "a 1",
        1,
        "r1",
    )


def test_numbers_are_neg_and_pos(tmp_path: Path) -> None:
    path = tmp_path / "more.csv"
    path.write_text("text,label\nbad,0\nfine,1\nfine,pos\n", encoding="utf-8")
    assert list(IMDB.read_labelled(path, ("neg", "pos"))[0].labels) == [0, 1, 1]


def test_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    monkeypatch.delenv("RNN_DATA", raising=False)
    monkeypatch.setattr(hub, "_online", lambda: True)
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])}
    )
    rows = [{"text": f"a<br />{i}", "label": i % 2} for i in range(40)]
    half = datasets.Dataset.from_list(rows, features=features)
    asked = []

    def load(*name: Any) -> Any:
        asked.append(name)
        return datasets.DatasetDict(train=half, test=half, unsupervised=half)

    monkeypatch.setattr(datasets, "load_dataset", load)
    corpus = IMDB.load()
    assert asked == [("stanfordnlp/imdb", None)]
    assert (corpus["test"].texts[1], corpus["test"].labels[1]) == ("a 1", 1)
    assert len(corpus["test"]) == 40


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_stop_while_the_hub_is_read_is_a_stop(
    wrapped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    def load(*_: Any) -> Any:
        stop = Interrupted("stopped by SIGINT")
        if not wrapped:
            raise stop
        raise datasets.exceptions.DatasetGenerationError("an error occurred") from stop

    monkeypatch.delenv("RNN_DATA", raising=False)
    monkeypatch.setattr(hub, "_online", lambda: True)
    monkeypatch.setattr(datasets, "load_dataset", load)
    with pytest.raises(Interrupted, match="stopped by SIGINT"):
        IMDB.load()


RANKS = {"the": 1, "and": 2, "film": 3, "great": 4, "dull": 5}
"""As `get_word_index()`: without the shift by 3."""


def as_keras_encodes(text: str) -> list[int]:
    """Start is 1, unknown 2, a word its rank plus 3: Keras' documented encoding, done here."""
    return [1, *(RANKS[word] + 3 if word in RANKS else 2 for word in text.split())]


@pytest.fixture
def keras_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras
    import numpy as np

    texts = ["the film and the great film", "dull film"]
    sequences = np.empty(40, dtype=object)
    sequences[:] = [[0, *as_keras_encodes(texts[i % 2])] for i in range(40)]
    half = (sequences, np.array([1 - i % 2 for i in range(40)]))

    def load_data(index_from: int = 3) -> Any:
        assert index_from == 3
        return half, half

    monkeypatch.setattr(keras_imdb, "_cached", lambda: True)
    monkeypatch.setattr(keras.datasets.imdb, "load_data", load_data)
    monkeypatch.setattr(keras.datasets.imdb, "get_word_index", lambda: dict(RANKS))


@pytest.mark.usefixtures("keras_copy")
def test_keras_ids_become_the_words_they_were() -> None:
    corpus = Imdb(name="imdb", source="keras").load()
    assert list(corpus["test"].texts[:2]) == ["the film and the great film", "dull film"]
    assert list(corpus["test"].labels[:2]) == [1, 0]
    assert corpus.source.location == "keras.datasets.imdb"


def test_keras_texts_are_cleaned_as_keras_did() -> None:
    spec = Imdb(name="imdb", source="keras")
    assert spec.clean("It's GREAT!<br />Really; see it.") == "it's great really see it"


def test_a_failed_download_of_keras_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras_imdb, "_cached", lambda: False)
    monkeypatch.setattr(keras_imdb, "reachable", lambda _: False)
    with pytest.raises(DataError, match=r"keras\.datasets\.imdb"):
        Imdb(name="imdb", source="keras").load()
    import keras

    def load_data(index_from: int) -> Any:
        raise Exception("URL fetch failure on https://example.org: None")

    monkeypatch.setattr(keras_imdb, "reachable", lambda _: True)
    monkeypatch.setattr(keras.datasets.imdb, "load_data", load_data)
    with pytest.raises(DataError, match=r"URL fetch failure.*go online") as caught:
        Imdb(name="imdb", source="keras").load()
    assert len(caught.value.lines) == 1

    def stopped(index_from: int) -> Any:
        raise Interrupted("stopped by SIGINT")

    monkeypatch.setattr(keras.datasets.imdb, "load_data", stopped)
    with pytest.raises(Interrupted):
        Imdb(name="imdb", source="keras").load()


def test_path_with_keras_has_no_effect() -> None:
    with pytest.raises(ValidationError, match="no effect"):
        Imdb(name="imdb", source="keras", path="x")


@pytest.mark.data
def test_the_real_files(real_data: Path) -> None:
    corpus = Imdb(name="imdb", path=str(real_data / "imdb")).load()
    assert [len(corpus[name]) for name in ("train", "validation", "test")] == [22500, 2500, 12500]
    texts = [text for split in corpus.splits.values() for text in split.texts]
    assert not any("<br" in text for text in texts)
    assert not any(re.search("[\x80-\x9f]", text) for text in texts)
    assert set(corpus.label_counts("train").values()) == {11250}


def test_a_share_of_validation_where_there_is_a_file_of_it(tmp_path: Path) -> None:
    rows = [json.dumps({"text": f"a {i}", "label": ["neg", "pos"][i % 2]}) for i in range(40)]
    for name in ("train", "validation", "test"):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows), encoding="utf-8")
    assert len(Imdb(name="imdb", path=str(tmp_path)).load()["validation"]) == 40
    with pytest.raises(DataError, match=r"data\.validation_fraction has no effect"):
        Imdb(name="imdb", path=str(tmp_path), validation_fraction=0.2).load()
