"""Scope: texts are rearranged as meant, scores and intervals are paired, companions are found."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter
from sklearn.metrics import f1_score

from rnncli import Run, load_config, train
from rnncli.study import order
from rnncli.study.bag import bag_of_words
from rnncli.study.material import singles
from rnncli.study.shallow import companion, shallow
from rnncli.tokenizers import Text
from tests.terminal import rnn

TEXTS = ["a b c a b d", "b c a", "d", "a c", ""]


@pytest.mark.parametrize("ngrams", [1, 3])
@pytest.mark.parametrize("tokenizer", ["word", "character"])
def test_tokens_laid_anew_are_as_if_they_had_been_read(tokenizer: str, ngrams: int) -> None:
    spec = TypeAdapter(Text).validate_python(
        {"tokenizer": tokenizer, "ngrams": ngrams, "vocabulary_size": 60, "minimum_count": 1}
    )
    fitted = spec.fit(TEXTS)
    rows = singles(fitted, TEXTS)
    assert all(row.ndim == 1 for row in rows)
    for laid, read in zip(fitted.relaid(rows), fitted.encode_many(TEXTS), strict=True):
        np.testing.assert_array_equal(laid, read)
    turned = fitted.relaid([row[::-1] for row in rows])
    joiner = " " if tokenizer == "word" else ""
    for text, laid in zip(TEXTS, turned, strict=True):
        backwards = joiner.join(reversed(text.split(" ") if tokenizer == "word" else text))
        np.testing.assert_array_equal(laid, fitted.encode(backwards))


def test_scores_are_those_of_each_arrangement_and_gaps_are_paired() -> None:
    random = np.random.default_rng(2)
    gold = random.integers(0, 3, 400)
    right = np.where(random.random(400) < 0.9, gold, 0)
    worse = [np.where(random.random(400) < 0.2, 1, right) for _ in range(3)]
    found = order.scores(gold, {"as written": [right], "same": [right], "worse": worse}, 3)
    assert found["same"].lost["macro_f1"] == order.Gap(0, (0, 0))
    score = found["worse"]
    each = [f1_score(gold, one, average="macro") for one in worse]
    assert score.values["macro_f1"] == pytest.approx(np.mean(each))
    assert score.spread["macro_f1"] == pytest.approx(np.std(each))
    accuracies = [(one == gold).mean() for one in worse]
    gap = score.lost["accuracy"]
    assert gap.mean == pytest.approx((right == gold).mean() - np.mean(accuracies))
    # The paired standard error of a mean of differences, by hand.
    differences = (right == gold) - np.mean([one == gold for one in worse], axis=0)
    error = differences.std() / np.sqrt(len(gold))
    low, high = gap.interval_95
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.15)


def test_shuffles_keep_the_tokens_and_differ_by_seed_and_text() -> None:
    row = np.arange(2, 30, dtype=np.int32)
    first, other = order._shuffle(0), order._shuffle(1)
    assert Counter(first(0, row).tolist()) == Counter(row.tolist())
    np.testing.assert_array_equal(first(0, row), order._shuffle(0)(0, row))
    assert first(0, row).tolist() != first(1, row).tolist() != other(0, row).tolist()


def test_words_move_whole() -> None:
    text = " ab cde  f "
    places = order._between_spaces(list(text))
    assert [text[start:stop] for start, stop in places] == ["ab", "cde", "f"]
    row = np.array([ord(letter) for letter in text], np.int32)
    seen = set()
    for seed in range(20):
        moved = "".join(map(chr, order._shuffle_words([places], seed)(0, row)))
        assert sorted(moved.split()) == ["ab", "cde", "f"]
        assert Counter(moved) == Counter(text)
        seen.add(moved)
    assert len(seen) == 6
    pieces = ["▁ab", "c", "▁d", ".", "▁e"]
    assert order._from_marks(pieces) == [(0, 2), (2, 4), (4, 5)]
    assert order._between_spaces([]) == order._from_marks([]) == []


def test_a_bag_learns_tokens_and_not_their_order() -> None:
    known = [np.array(row, np.int32) for row in ([2, 3], [3, 2, 2], [4, 3], [3, 4, 4])]
    asked = [np.array(row, np.int32) for row in ([3, 3, 2], [2, 3, 3], [3, 4])]
    assert bag_of_words(known, np.array([0, 0, 1, 1]), asked, 5).tolist() == [0, 0, 1]


@pytest.mark.parametrize("name", ["lstm_klue", "bilstm_imdb", "sample_en"])
def test_the_companion_is_the_same_experiment_without_recurrence(name: str) -> None:
    experiment = load_config(name)
    dense = shallow(experiment)
    assert (dense.text, dense.data, dense.train) == (
        experiment.text,
        experiment.data,
        experiment.train,
    )
    (layer,) = dense.model.layers
    assert not layer.recurrent
    dim = experiment.model.embedding.dim
    from rnncli.matching import layer_parameters

    sizes = [layer_parameters(one.model.layers, dim) for one in (dense, experiment)]
    assert sizes[0] == pytest.approx(sizes[1], rel=0.03)
    assert shallow(dense).digest() == dense.digest()


def test_the_shipped_dense_config_is_a_companion() -> None:
    assert shallow(load_config("lstm_klue")).digest() == load_config("dense_klue").digest()


def test_the_companion_is_trained_beside_the_run_once(run_copy: Run, tmp_path: Path) -> None:
    asked = ("order", run_copy.path, "--shuffles", "2", "--out", tmp_path / "a")
    before = rnn(*asked, "--json")
    assert before.code == 0, before.err
    assert before.json["runs"][0]["no recurrence"] is None
    assert f"rnn order {run_copy.path} --train-dense" in before.json["sentences"][-1]
    assert companion(run_copy) is None
    trained = rnn(*asked, "--train-dense", "--json")
    assert trained.code == 0, trained.err
    (dense,) = (path for path in run_copy.path.parent.iterdir() if "dense" in path.name)
    told = rnn(*asked, dense)
    assert told.code == 0, told.err
    assert dense.name in told.out
    assert f"{dense.name} has no recurrence: shuffling the tokens costs 0.0" in told.out
    again = rnn(*asked, "--json").json["runs"][0]
    assert again["no recurrence"] == trained.json["runs"][0]["no recurrence"]
    assert again["no recurrence"]["name"] == dense.name
    recorded = run_copy.read("metrics")["test"]
    written = again["scores"]["as written"]["values"]
    assert written["accuracy"] == pytest.approx(recorded["accuracy"])
    assert written["macro_f1"] == pytest.approx(recorded["macro_f1"])
    for kind in ("svg", "html", "json"):
        assert run_copy.name in (tmp_path / "a" / f"order.{kind}").read_text("utf-8")


def test_an_unfinished_run_is_told_in_a_line(run_copy: Run) -> None:
    run_copy.set_status("failed", reason="x")
    assert "failed; `rnn train` finishes it" in rnn("order", run_copy.path).failed(2)


@pytest.mark.slow
def test_where_order_decides_it_is_seen(tmp_path: Path) -> None:
    """The English sample is made so that the order of the words decides."""
    run = train(load_config("sample_en"), out=tmp_path)
    found = rnn("order", run.path, "--train-dense", "--json", "--texts", "400").json["runs"][0]
    assert found["scores"]["as written"]["values"]["accuracy"] > 0.95
    for other in (found["scores"]["tokens shuffled"], found["scores"]["bag of tokens"]):
        assert other["lost"]["accuracy"]["interval_95"][0] > 0.2
    assert found["no recurrence"]["lost"]["accuracy"]["interval_95"][0] > 0.2
