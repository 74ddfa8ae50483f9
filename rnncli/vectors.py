"""Pretrained word vectors in word2vec's and fastText's text format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rnncli.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Vectors", "read_vectors"]


@dataclass(frozen=True)
class Vectors:
    """An initial embedding."""

    matrix: NDArray[np.float32]
    """[V, D]: the file's vector where it has the token, random elsewhere, zeros for padding."""
    found: int
    """How many tokens of the vocabulary the file has."""

    @property
    def coverage(self) -> float:
        """Share of the vocabulary, the two reserved ids apart, that has a vector."""
        return self.found / max(len(self.matrix) - 2, 1)


def read_vectors(path: Path, vocabulary: Sequence[str], dim: int, seed: int) -> Vectors:
    """Read the vectors of a vocabulary; the rest of the file is passed over.

    A line is a token and its numbers, apart by spaces; a first line with two integers (how many
    vectors, of which length) is optional. Tokens the file lacks get normal noise of the same
    spread as the vectors found.

    Args:
        path: UTF-8 text.
        vocabulary: tokens by id; ids 0 (padding) and 1 (unknown) are not looked up.
        dim: D, the length the model expects.
        seed: of the noise.

    Raises:
        DataError: the file is missing, or a line is not a token and `dim` numbers.
    """
    wanted = {token: index for index, token in enumerate(vocabulary) if index >= 2}
    rows: dict[int, NDArray[np.float32]] = {}
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                token, _, rest = line.rstrip().partition(" ")
                if number == 1 and token.isdigit() and rest.strip().isdigit():
                    continue
                index = wanted.get(token)
                if index is not None and index not in rows:
                    rows[index] = _row(path, number, rest, dim)
    except OSError as error:
        raise DataError(f"{path}: cannot read vectors: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 at byte {error.start}; convert the file") from error
    if not rows:
        raise DataError(
            f"{path}: has none of the {len(wanted)} tokens of the vocabulary; is it the right "
            "language and tokenizer?"
        )
    spread = float(np.std(np.stack(list(rows.values()))))
    noise = np.random.default_rng(seed).normal(0.0, spread, (len(vocabulary), dim))
    matrix = noise.astype(np.float32)
    matrix[0] = 0.0
    for index, row in rows.items():
        matrix[index] = row
    return Vectors(matrix, len(rows))


def _row(path: Path, number: int, text: str, dim: int) -> NDArray[np.float32]:
    try:
        row = np.array(text.split(" "), dtype=np.float32)
    except ValueError as error:
        raise DataError(
            f"{path}:{number}: expected a token and numbers, got {text[:60]!r}"
        ) from error
    if not np.isfinite(row).all():
        raise DataError(f"{path}:{number}: expected finite numbers, got {text[:60]!r}")
    if len(row) != dim:
        raise DataError(
            f"{path}:{number}: a vector of {len(row)} numbers, but model.embedding.dim is {dim}; "
            f"set model.embedding.dim={len(row)}"
        )
    return row
