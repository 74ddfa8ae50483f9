"""Scope: a corpus is tokenized once, and the kept ids are those that would be made again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rnncli import preparation
from rnncli.corpus import SPLITS
from rnncli.errors import Interrupted
from rnncli.experiment import Experiment
from rnncli.preparation import Prepared
from tests.synthetic import corpus_of, experiment_of

WORD = {"tokenizer": "word", "vocabulary_size": 64, "max_length": 16}
CHARACTER = {**WORD, "tokenizer": "character", "ngrams": 3}
BPE = {**WORD, "tokenizer": "bpe"}


def same(one: Prepared, other: Prepared) -> bool:
    return one.tokenizer.state() == other.tokenizer.state() and all(
        np.array_equal(one.encoded[name].ids, other.encoded[name].ids)
        and np.array_equal(one.encoded[name].offsets, other.encoded[name].offsets)
        for name in SPLITS
    )


def entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever tokenizes fails."""

    def fail(*_: object) -> None:
        raise AssertionError("tokenized again")

    monkeypatch.setattr("rnncli.tokenizers.word.Word.fit", fail)


@pytest.mark.parametrize("text", [WORD, CHARACTER, BPE], ids=["word", "n-grams", "bpe"])
def test_what_comes_back_is_what_was_made(tmp_path: Path, text: dict[str, object]) -> None:
    experiment, corpus = experiment_of(text=text), corpus_of()
    plain = preparation.tokenize(experiment, corpus)
    for _ in range(2):
        assert same(preparation.tokenize(experiment, corpus, tmp_path), plain)
    assert len(entries(tmp_path)) == 1
    texts = corpus["test"].texts
    again = preparation.tokenize(experiment, corpus, tmp_path).tokenizer
    for one, other in zip(
        again.encode_many(texts), plain.tokenizer.encode_many(texts), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_the_second_time_nothing_is_tokenized_and_ids_stay_on_disk(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    experiment, corpus = experiment_of(text=WORD), corpus_of()
    preparation.tokenize(experiment, corpus, tmp_path)
    request.getfixturevalue("forbidden")
    prepared = preparation.tokenize(experiment, corpus, tmp_path)
    assert isinstance(prepared.encoded["train"].ids, np.memmap)
    rows = np.arange(4)
    padded = prepared.encoded["train"].padded(rows)
    assert not isinstance(padded, np.memmap)


def other_text() -> Experiment:
    return experiment_of(text={**WORD, "max_length": 15})


def test_other_texts_or_settings_are_another_entry(tmp_path: Path) -> None:
    preparation.tokenize(experiment_of(text=WORD), corpus_of(), tmp_path)
    preparation.tokenize(other_text(), corpus_of(), tmp_path)
    preparation.tokenize(experiment_of(text=WORD), corpus_of((48, 18, 11)), tmp_path)
    assert len(entries(tmp_path)) == 3
    preparation.tokenize(experiment_of(text=WORD, train={"epochs": 9}), corpus_of(), tmp_path)
    assert len(entries(tmp_path)) == 3


def test_a_changed_rule_is_another_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    preparation.tokenize(experiment_of(text=WORD), corpus_of(), tmp_path)
    monkeypatch.setattr("rnncli.token_cache._source", lambda: "edited")
    preparation.tokenize(experiment_of(text=WORD), corpus_of(), tmp_path)
    assert len(entries(tmp_path)) == 2


@pytest.mark.parametrize("name", ["tokenizer.json", "train.ids.npy", "test.offsets.npy"])
@pytest.mark.parametrize("keep", [None, 0, 40, -4])
def test_a_damaged_entry_is_made_again(tmp_path: Path, name: str, keep: int | None) -> None:
    experiment, corpus = experiment_of(text=WORD), corpus_of()
    plain = preparation.tokenize(experiment, corpus)
    preparation.tokenize(experiment, corpus, tmp_path)
    (entry,) = entries(tmp_path)
    content = (entry / name).read_bytes()
    if keep is None:
        (entry / name).unlink()
    else:
        (entry / name).write_bytes(content[:keep])
    assert same(preparation.tokenize(experiment, corpus, tmp_path), plain)
    assert (entry / name).read_bytes() == content


def test_a_disk_that_cannot_be_written_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment, corpus = experiment_of(text=WORD), corpus_of()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    plain = preparation.tokenize(experiment, corpus)
    assert same(preparation.tokenize(experiment, corpus, tmp_path), plain)
    assert entries(tmp_path) == []
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert same(preparation.tokenize(experiment, corpus, tmp_path / "file"), plain)


def test_a_stop_amid_writing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise Interrupted("stopped by SIGINT")

    monkeypatch.setattr(np, "save", stopped)
    with pytest.raises(Interrupted):
        preparation.tokenize(experiment_of(text=WORD), corpus_of(), tmp_path)
    assert entries(tmp_path) == []
