"""BPE merges by hand; the unigram model's EM against enumeration of all segmentations."""

from __future__ import annotations

import itertools
import math
import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rnncli.errors import Interrupted, StorageError
from rnncli.tokenizers import Bpe, Unigram
from rnncli.tokenizers.unigram_training import Lattices, train_pieces


def test_bpe_by_hand() -> None:
    fitted = Bpe(tokenizer="bpe", vocabulary_size=8).fit(["ab ab ab abc"])
    # alphabet ▁ a b c, then the pairs a+b (4 times) and ▁+ab (4 times)
    assert set(fitted.vocabulary[2:6]) == {"▁", "a", "b", "c"}
    assert fitted.vocabulary[6:] == ("ab", "▁ab")
    assert fitted.tokens("AB abc cab") == ["▁ab", "▁ab", "c", "▁", "c", "ab"]


@pytest.mark.parametrize("make", [Bpe, Unigram])
def test_unknown_run_is_one_token_as_it_stands(make) -> None:  # type: ignore[no-untyped-def]
    name = make.__name__.lower()
    fitted = make(tokenizer=name, vocabulary_size=30).fit(["ab ab abc"])
    assert fitted.tokens("ab ЖЖ!") == ["▁ab", "▁", "жж", "!"]
    assert fitted.oov_count("ab ЖЖ!") == (2, 4)
    cased = make(tokenizer=name, lowercase=False).fit(["Ab"])
    assert cased.oov_rate("Ab") == 0.0 < cased.oov_rate("ab")


@pytest.mark.parametrize("name", ["bpe", "unigram"])
def test_alphabet_keeps_the_most_frequent(name: str) -> None:
    make = Bpe if name == "bpe" else Unigram
    fitted = make(tokenizer=name, vocabulary_size=5).fit(["ㄱ ㄴㄴ ㄷ ㄹ ㅁ"])  # type: ignore[arg-type]
    assert set(fitted.vocabulary[2:]) == {"▁", "ㄴ", "ㄱ"}


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("bpe", {"unk_token": None}),
        ("bpe", {"merges": [["q", "r"]]}),
        ("bpe", {"vocab": {"<pad>": 0, "<unk>": 1, "a": 7}, "merges": []}),
        ("unigram", {"unk_id": None}),
        ("unigram", {"unk_id": 99}),
        ("unigram", {"unk_id": 2}),
        ("unigram", {"vocab": []}),
    ],
)
def test_damaged_model(name: str, damage: dict[str, Any]) -> None:
    spec = Bpe(tokenizer="bpe") if name == "bpe" else Unigram(tokenizer="unigram")
    state = spec.fit(["ab ab abc"]).state()
    state["model"]["model"].update(damage)
    with pytest.raises(StorageError, match="`model`"):
        spec.restore(state)


def test_a_stop_while_a_model_is_read_is_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(_: str) -> None:
        raise Interrupted("stopped by SIGINT")

    spec = Bpe(tokenizer="bpe")
    state = spec.fit(["ab ab abc"]).state()
    monkeypatch.setattr("tokenizers.Tokenizer", SimpleNamespace(from_str=stopped))
    with pytest.raises(Interrupted):
        spec.restore(state)


def segmentations(word: str, pieces: set[str]) -> list[tuple[str, ...]]:
    """All ways to write the word as pieces, by trying every set of cuts."""
    found = []
    for cuts in itertools.product([False, True], repeat=len(word) - 1):
        bounds = [0, *(i + 1 for i, cut in enumerate(cuts) if cut), len(word)]
        parts = tuple(word[a:b] for a, b in itertools.pairwise(bounds))
        if set(parts) <= pieces:
            found.append(parts)
    return found


def test_expected_counts_against_enumeration() -> None:
    probabilities = {"a": 0.2, "b": 0.1, "ab": 0.3, "ba": 0.15, "aba": 0.2, "bb": 0.05}
    words = {"abab": 3.0, "a": 1.0, "babba": 2.0}
    expected = dict.fromkeys(probabilities, 0.0)
    for word, count in words.items():
        paths = {
            path: math.prod(probabilities[piece] for piece in path)
            for path in segmentations(word, set(probabilities))
        }
        for path, probability in paths.items():
            for piece in path:
                expected[piece] += count * probability / sum(paths.values())
    index = {piece: i for i, piece in enumerate(probabilities)}
    lattices = Lattices(list(words), index)
    got = lattices.expected(np.array([*probabilities.values()]), np.array([*words.values()]))
    np.testing.assert_allclose(got, [*expected.values()], rtol=1e-12)


def test_pieces_are_a_distribution_with_every_character() -> None:
    words = {"▁abc": 50, "▁abd": 40, "▁x": 5, "bc": 3, "▁" + "ab" * 40: 2}
    pieces = dict(train_pieces(words, ["a", "b", "c", "d", "x", "▁"], 9, 1))
    assert len(pieces) == 9
    assert {"a", "b", "c", "d", "x", "▁"} < set(pieces)
    assert "▁ab" in pieces or {"▁abc", "▁abd"} <= set(pieces)
    assert sum(map(math.exp, pieces.values())) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("name", ["bpe", "unigram"])
def test_same_in_other_processes(name: str) -> None:
    program = (
        "from rnncli.tokenizers import Bpe, Unigram\n"
        "from rnncli.tokenizers.state import to_json\n"
        "texts = [' '.join(chr(0xAC00 + i * j % 97) * (j % 3 + 1) + chr(0xAC00 + i % 31)"
        " for j in range(9)) for i in range(300)]\n"
        f"make = Bpe if {name!r} == 'bpe' else Unigram\n"
        f"print(to_json(make(tokenizer={name!r}, vocabulary_size=160).fit(texts)))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert len(outputs.pop()) > 1000
