"""Scope: attributions against a network that can be worked by hand, sums, and what is shown."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import keras
import numpy as np
import pytest
from pydantic import TypeAdapter

from rnncli import Run, predict
from rnncli.model import build_model
from rnncli.study.attribute import attribute, rank_agreement
from rnncli.study.attribute_page import sentence, write
from rnncli.study.colouring import heat_html, heat_picture, heat_text, strengths
from rnncli.study.material import Subject, singles
from rnncli.study.tokens import readable, without
from rnncli.tokenizers import Text
from tests.synthetic import LABELS, experiment_of
from tests.terminal import rnn

TEXTS = ("오늘 국회 발표 금리", "내일 축구 결승 전망 관련 오늘", "국회")
TOKENIZERS: list[dict[str, Any]] = [
    {"tokenizer": "word"},
    {"tokenizer": "word", "ngrams": 2, "ngram_minimum_count": 1},
    {"tokenizer": "character", "ngrams": 3, "ngram_minimum_count": 1},
    {"tokenizer": "jamo"},
    {"tokenizer": "bpe"},
    {"tokenizer": "unigram"},
]


def subject_of(model: dict[str, Any], text: dict[str, Any], labels: tuple[str, ...]) -> Subject:
    """An untrained network over a few words, its weights made larger so that answers differ."""
    text = {"vocabulary_size": 80, "max_length": 12, **text}
    experiment = experiment_of(model=model, text=text)
    tokenizer = TypeAdapter(Text).validate_python(text).fit(TEXTS)
    keras.utils.set_random_seed(4)
    network = build_model(
        experiment.model,
        vocabulary_size=len(tokenizer.vocabulary),
        classes=len(labels),
        ids_per_position=experiment.text.ids_per_position,
    )
    network.set_weights([3 * weight for weight in network.get_weights()])
    network.compile(jit_compile=False)
    gold = np.zeros(len(TEXTS), np.int64)
    return Subject("net", None, experiment, tokenizer, labels, network, TEXTS, gold, "here")


def test_a_linear_network_is_attributed_exactly() -> None:
    """Two classes, h = W x + b, their mean: F is linear, so every method's answer is known."""
    model = {"layers": [{"cell": "dense", "units": 3, "activation": "linear"}]}
    subject = subject_of(model, {"tokenizer": "word"}, LABELS[:2])
    (one,) = attribute(subject, TEXTS[:1], LABELS[1])
    table, kernel, bias, out, shift = subject.model.get_weights()
    ids = subject.tokenizer.encode(TEXTS[0])
    each = (table[ids] @ kernel) @ (out[:, 1] - out[:, 0])
    level = bias @ (out[:, 1] - out[:, 0]) + shift[1] - shift[0]
    np.testing.assert_allclose(one.integrated, each / 4, atol=1e-4)
    assert one.log_odds == pytest.approx(each.mean() + level, abs=1e-4)
    assert one.log_odds_of_zeros == pytest.approx(level, abs=1e-4)
    left = [each.mean() - np.delete(each, place).mean() for place in range(4)]
    np.testing.assert_allclose(one.deleted, left, atol=1e-4)
    unknown = (table[1] @ kernel) @ (out[:, 1] - out[:, 0])
    np.testing.assert_allclose(one.replaced, (each - unknown) / 4, atol=1e-4)
    assert (one.points, one.complete) == (32, True)
    assert one.probability == pytest.approx(1 / (1 + math.exp(-one.log_odds)), abs=1e-6)


@pytest.mark.parametrize("text", TOKENIZERS, ids=str)
def test_attributions_add_up_for_every_tokenizer(text: dict[str, Any]) -> None:
    recurrent = "ngrams" in text or text["tokenizer"] == "bpe"  # a loop is slow to trace
    lower = {"cell": "gru" if recurrent else "dense", "units": 3, "bidirectional": recurrent}
    layers = [lower, {"cell": "dense", "units": 3}]
    subject = subject_of({"layers": layers, "readout": "max"}, text, LABELS)
    for one in attribute(subject, [TEXTS[0], ""]):
        change = one.log_odds - one.log_odds_of_zeros
        assert one.integrated.sum() == pytest.approx(change, abs=max(0.01, 0.01 * abs(change)))
        assert len(one.tokens) == len(one.unknown) == len(one.integrated) == len(one.deleted)
        assert one.label == one.predicted
        probabilities = subject.probabilities(singles(subject.tokenizer, [one.text]))
        assert one.probability == pytest.approx(probabilities.max())


def test_leaving_out_is_what_predict_says_of_the_shorter_text(run_copy: Run) -> None:
    text = "the plot is not good , it is bad ."
    told = rnn("attribute", run_copy.path, text, "--json").json
    (one,) = told["texts"]
    names = list(run_copy.labels())
    where = names.index(one["label"])

    words = text.split()
    assert one["tokens"] == words
    every = range(len(words))
    rest = [" ".join(words[:place] + words[place + 1 :]) for place in every]
    other = [" ".join(["qqqq" if n == place else words[n] for n in every]) for place in every]
    answers = predict(run_copy, [text, *rest, *other])
    p = np.array([list(answer.probabilities.values())[where] for answer in answers])
    odds = np.log(p / (1 - p))
    np.testing.assert_allclose(one["deleted"], odds[0] - odds[1 : len(words) + 1], atol=2e-5)
    np.testing.assert_allclose(one["replaced"], odds[0] - odds[len(words) + 1 :], atol=2e-5)
    assert abs(one["error"]) < 0.01
    for kind in ("json", "svg", "html"):
        assert "good" in (run_copy.path / "study" / f"attribute.{kind}").read_text("utf-8")


def test_a_label_of_choice_and_wrong_ones(run_copy: Run) -> None:
    first, second, *_ = run_copy.labels()
    texts = ("it is good .", "it is bad .")
    found = {
        name: rnn("attribute", run_copy.path, *texts, "--label", name, "--json").json["texts"]
        for name in (first, second)
    }
    for one, other in zip(*found.values(), strict=True):
        np.testing.assert_allclose(one["integrated"], np.negative(other["integrated"]), atol=1e-5)
    line = rnn("attribute", run_copy.path, "x", "--label", first[:-1]).failed(2)
    assert f"did you mean {first}?" in line
    assert "at most 20" in rnn("attribute", run_copy.path, *["x"] * 21).failed(2)
    assert "missing argument" in rnn("attribute", run_copy.path).failed(2)


def test_the_terminal_names_what_speaks_most(run_copy: Run) -> None:
    outcome = rnn("attribute", run_copy.path, "it is good .", "", "<b>&\x1b[31m")
    assert outcome.code == 0, outcome.err
    assert "integrated gradients" in outcome.out
    assert "“it is good .” is " in outcome.out
    assert "\x1b" not in outcome.out
    page = (run_copy.path / "study" / "attribute.html").read_text("utf-8")
    assert "<b>&" not in page
    ElementTree.fromstring((run_copy.path / "study" / "attribute.svg").read_text("utf-8"))


def test_agreement_is_spearmans() -> None:
    first = np.array([1.0, 5.0, 2.0, 9.0])
    assert rank_agreement(first, first**3) == pytest.approx(1)
    assert rank_agreement(first, -first) == pytest.approx(-1)
    assert rank_agreement(first, np.array([1.0, 2.0, 5.0, 9.0])) == pytest.approx(0.8)
    assert rank_agreement(first, np.zeros(4)) is None
    assert rank_agreement(first[:2], first[:2]) is None


@pytest.mark.parametrize("apart", [False, True])
def test_four_hundred_tokens_do_not_overlap(apart: bool) -> None:
    random = np.random.default_rng(0)
    words = ("i", "the", "박대통령", "WWW", "unfortunately", "…", "x" * 90)
    tokens = [str(random.choice(words)) for _ in range(400)]
    svg = heat_picture("제목", "아래", tokens, random.standard_normal(400).tolist(), apart)
    root = ElementTree.fromstring(svg)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    boxes = [[float(r.attrib[k]) for k in ("x", "y", "width", "height")] for r in root.iter("rect")]
    assert len(boxes) == 400
    for (x, y, wide, high), (left, top, *_) in itertools.pairwise(boxes):
        assert x + wide <= left + 0.11 or y + high <= top
        assert x + wide <= width
        assert y + high <= height


def test_colours_follow_sign_and_strength() -> None:
    assert strengths([1.0, -2.0, 0.0]) == [0.5, -1.0, 0.0]
    assert strengths([0.0]) == [0.0]
    html = heat_html(["a", "<b>", "c"], [1.0, -2.0, 0.0], True)
    assert re.findall(r"var\(--(\w+)\) (\d+)%", html) == [("blue", "32"), ("orange", "62")]
    assert "&lt;b&gt;</span> <span title" in html
    text = heat_text(["가", "나"], [1.0, -1.0], False)
    assert text.plain == "가나"
    assert [str(span.style) for span in text.spans] == [
        "white on rgb(36,99,166)",
        "white on rgb(180,83,15)",
    ]


def test_jamo_and_pieces_are_readable() -> None:
    assert [readable(jamo) for jamo in ("\u1100", "\u1161", "\u11a8", "\u11b0")] == list("ㄱㅏㄱㄺ")
    assert readable("▁북한") == " 북한"
    assert without(np.array([7], np.int32), 0).tolist() == [1]


def test_a_sum_that_is_off_is_said(tmp_path: Path) -> None:
    subject = subject_of({}, {"tokenizer": "word"}, LABELS)
    (one,) = attribute(subject, TEXTS[:1])
    assert "rough" not in sentence(one, True)
    rough = replace(one, error=5.0)
    assert not rough.complete
    assert "too much, take them as rough" in sentence(rough, True)
    numbers = write(subject, [one], tmp_path)
    assert numbers["texts"][0]["complete"] is True
