"""Scope: reading word vectors: both text formats, coverage, and one clear line for a bad file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rnncli.errors import DataError
from rnncli.vectors import read_vectors

VOCABULARY = ("<pad>", "<unk>", "경제", "film", "축구", "never")
LINES = "경제 1 2 3\nfilm -0.5 0.25 1e-1\nother 9 9 9\n축구 0 0 1\n"


def file_with(folder: Path, text: str | bytes) -> Path:
    path = folder / "vectors.vec"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("head", ["", "4 3\n"], ids=["glove", "word2vec"])
@pytest.mark.parametrize("end", ["\n", "\r\n", " \n"], ids=["lf", "crlf", "space"])
def test_both_formats(tmp_path: Path, head: str, end: str) -> None:
    path = file_with(tmp_path, (head + LINES).replace("\n", end))
    vectors = read_vectors(path, VOCABULARY, 3, seed=1)
    assert vectors.matrix.dtype == np.float32
    assert vectors.matrix.shape == (6, 3)
    np.testing.assert_array_equal(vectors.matrix[0], 0)
    np.testing.assert_array_equal(vectors.matrix[2], [1, 2, 3])
    np.testing.assert_array_equal(vectors.matrix[3], np.float32([-0.5, 0.25, 0.1]))
    np.testing.assert_array_equal(vectors.matrix[4], [0, 0, 1])
    assert vectors.found == 3
    assert vectors.coverage == 0.75


def test_missing_tokens_get_noise_of_the_same_spread(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    known = [f"w{n}" for n in range(300)]
    rows = random.normal(0, 0.3, (300, 8))
    text = "".join(f"{w} {' '.join(map(str, r))}\n" for w, r in zip(known, rows, strict=True))
    vocabulary = ("<pad>", "<unk>", *known, *(f"absent{n}" for n in range(300)))
    path = file_with(tmp_path, text)
    one = read_vectors(path, vocabulary, 8, seed=1)
    assert one.matrix[302:].std() == pytest.approx(one.matrix[2:302].std(), rel=0.05)
    assert abs(one.matrix[302:].mean()) < 0.05
    np.testing.assert_array_equal(one.matrix, read_vectors(path, vocabulary, 8, seed=1).matrix)
    other = read_vectors(path, vocabulary, 8, seed=2).matrix
    np.testing.assert_array_equal(one.matrix[2:302], other[2:302])
    assert (one.matrix[302:] != other[302:]).all()


def test_the_first_of_two_rows_counts(tmp_path: Path) -> None:
    path = file_with(tmp_path, "film 1 2\nfilm 3 4\n")
    assert read_vectors(path, VOCABULARY, 2, 1).matrix[3].tolist() == [1, 2]


def test_reserved_ids_are_not_looked_up(tmp_path: Path) -> None:
    path = file_with(tmp_path, "<unk> 7 7\n<pad> 7 7\nfilm 1 2\n")
    vectors = read_vectors(path, VOCABULARY, 2, 1)
    assert vectors.found == 1
    assert 7 not in vectors.matrix


@pytest.mark.parametrize(
    ("content", "dim", "message"),
    [
        ("film 1 2\n", 3, r":1: a vector of 2 numbers, but model\.embedding\.dim is 3; set"),
        ("x 1 2\nfilm 1 two\n", 2, r":2: expected a token and numbers, got '1 two'"),
        ("other 1 2\n", 2, "none of the 4 tokens of the vocabulary"),
        ("", 2, "none of the 4 tokens"),
        ("경제 1 2\n".encode("cp949"), 2, "not UTF-8"),
        ("film 1 nan\n", 2, ":1: expected finite numbers"),
        ("film 1 inf\n", 2, ":1: expected finite numbers"),
        ("film\n", 2, ":1: expected a token and numbers"),
    ],
)
def test_a_bad_file_is_one_line(
    tmp_path: Path, content: str | bytes, dim: int, message: str
) -> None:
    path = file_with(tmp_path, content)
    with pytest.raises(DataError, match=message) as caught:
        read_vectors(path, VOCABULARY, dim, 1)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot read vectors: No such file"):
        read_vectors(tmp_path / "absent.vec", VOCABULARY, 2, 1)
    with pytest.raises(DataError, match="cannot read vectors: Is a directory"):
        read_vectors(tmp_path, VOCABULARY, 2, 1)
