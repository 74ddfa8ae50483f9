"""`rnn predict`: texts from arguments, a file or standard input, in their order."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rnncli import Run, predict
from tests.terminal import rnn

TEXTS = ("not good at all", "a great film , not boring", "", "good")


@pytest.fixture(scope="module")
def expected(trained: Run) -> list[tuple[str, dict[str, float]]]:
    return [(row.label, row.probabilities) for row in predict(trained, TEXTS)]


def objects(text: str) -> list[tuple[str, dict[str, float]]]:
    rows = [json.loads(line) for line in text.splitlines()]
    assert all(set(row) == {"label", "probabilities"} for row in rows)
    return [(row["label"], row["probabilities"]) for row in rows]


def same(
    found: list[tuple[str, dict[str, float]]], others: list[tuple[str, dict[str, float]]]
) -> bool:
    return [label for label, _ in found] == [label for label, _ in others] and all(
        a.keys() == b.keys() and np.allclose([*a.values()], [*b.values()], atol=1e-6)
        for (_, a), (_, b) in zip(found, others, strict=True)
    )


def test_probabilities_sum_to_one_and_name_the_label(
    trained: Run, expected: list[tuple[str, dict[str, float]]]
) -> None:
    for label, probabilities in expected:
        assert tuple(probabilities) == trained.labels()
        assert sum(probabilities.values()) == pytest.approx(1.0)
        assert probabilities[label] == max(probabilities.values())


def test_arguments(trained: Run, expected: list[tuple[str, dict[str, float]]]) -> None:
    outcome = rnn("predict", trained.path, "--json", "--", *TEXTS)
    assert outcome.err == ""
    assert same(objects(outcome.out), expected)


def test_a_file_an_empty_line_included(
    trained: Run, tmp_path: Path, expected: list[tuple[str, dict[str, float]]]
) -> None:
    path = tmp_path / "texts.txt"
    for end in ("", "\n"):
        path.write_text("\n".join(TEXTS) + end, encoding="utf-8")
        assert same(objects(rnn("predict", trained.path, "-f", path, "--json").out), expected)
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(TEXTS).encode())
    assert same(objects(rnn("predict", trained.path, "-f", path, "--json").out), expected)


def test_standard_input(trained: Run, expected: list[tuple[str, dict[str, float]]]) -> None:
    piped = "\n".join(TEXTS) + "\n"
    assert same(objects(rnn("predict", trained.path, "--json", stdin=piped).out), expected)
    named = rnn("predict", trained.path, "--json", "--file", "-", stdin=piped)
    assert same(objects(named.out), expected)


def test_more_texts_than_one_portion_keep_their_order(trained: Run, tmp_path: Path) -> None:
    texts = [f"{'not ' * (index % 7)}good {'film ' * (index % 5)}" for index in range(2500)]
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(texts), encoding="utf-8")
    found = objects(rnn("predict", trained.path, "--file", path, "--json").out)
    assert same(found, [(row.label, row.probabilities) for row in predict(trained, texts)])


def test_lines_for_people(trained: Run, expected: list[tuple[str, dict[str, float]]]) -> None:
    lines = rnn("predict", trained.path, *TEXTS[:2]).out.splitlines()
    assert len(lines) == 2
    for line, text, (label, probabilities) in zip(lines, TEXTS, expected, strict=False):
        assert line.startswith(f"{label}  {probabilities[label]:.3f}  (")
        assert line.endswith(text)


def test_nothing_in_is_nothing_out(trained: Run) -> None:
    outcome = rnn("predict", trained.path, "--json", stdin="")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


@pytest.mark.parametrize(
    "text", ["\0", "💥👍🏽", "a" * 100_000, "한글과 漢字", "\u202eabc", " \t ", "a\nb", "<br />"]
)
def test_odd_texts_are_texts(trained: Run, text: str) -> None:
    assert len(objects(rnn("predict", trained.path, "--json", "--", text).out)) == 1
    assert len(rnn("predict", trained.path, "--", text).out.splitlines()) == 1


def test_what_cannot_be_read(trained: Run, tmp_path: Path) -> None:
    latin = tmp_path / "latin.txt"
    latin.write_bytes(b"good\ncaf\xe9\n")
    line = rnn("predict", trained.path, "--file", latin).failed(3)
    assert line.startswith(f"{latin}, line 2, byte 4: 0xe9 is not UTF-8")
    outcome = rnn("predict", trained.path, stdin=b"good\ncaf\xe9\n")
    assert outcome.failed(3).startswith("standard input, line 2, byte 4: ")
    assert len(outcome.out.splitlines()) == 1  # what came before is answered
    missing = tmp_path / "none.txt"
    assert rnn("predict", trained.path, "-f", missing).failed(3).startswith(f"{missing}: no such")
    assert str(tmp_path) in rnn("predict", trained.path, "-f", tmp_path).failed(3)


def test_texts_and_a_file_at_once(trained: Run) -> None:
    assert "give one of them" in rnn("predict", trained.path, "good", "--file", "x").failed(2)
