"""Scope: history, confusion and predictions read back exactly; damaged ones are named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from rnncli.errors import StorageError
from rnncli.tables import (
    Epoch,
    Predictions,
    read_confusion,
    read_history,
    read_predictions,
    write_confusion,
    write_history,
    write_predictions,
)

EPOCHS = [
    Epoch(1, 0.1 + 0.2, 0.5, 0.9, 1 / 3, 1e-3, 6.25, 2843.125, True),
    Epoch(2, float("nan"), float("inf"), 0.0, 0.0, 5e-324, 6.0, 1e9, False),
]
PREDICTIONS = Predictions(
    ids=["a", "b", "c"],
    texts=["與野 충돌", "", "lone \udcff, comma\nline"],
    gold=np.array([0, 1, 1]),
    probabilities=np.array([[0.75, 0.25], [0.5, 0.5], [0.125, 0.875]]),
    label_names=("정치", "a,b\"'"),
)


def test_history_is_exact_and_its_header_is_fixed(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    write_history(path, EPOCHS)
    header, first, _ = path.read_text(encoding="utf-8").splitlines()
    assert header == (
        "epoch,loss,validation_loss,validation_accuracy,validation_macro_f1,"
        "learning_rate,seconds,texts_per_second,improved"
    )
    assert first.startswith("1,0.30000000000000004,")
    assert first.endswith(",1")
    assert [repr(epoch) for epoch in read_history(path)] == [repr(epoch) for epoch in EPOCHS]


def test_no_epoch_yet(tmp_path: Path) -> None:
    write_history(tmp_path / "history.csv", [])
    assert read_history(tmp_path / "history.csv") == []


@pytest.mark.parametrize("line", ["3,0.1", "x,1,1,1,1,1,1,1,1", "3,1,1,1,1,1,1,1,yes", "\x00"])
def test_a_damaged_history_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "history.csv"
    write_history(path, EPOCHS)
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(StorageError, match=r"history\.csv, line 4"):
        read_history(path)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "\n"])
def test_another_table_is_no_history(tmp_path: Path, text: str) -> None:
    (tmp_path / "history.csv").write_text(text, encoding="utf-8")
    with pytest.raises(StorageError, match=r"history\.csv"):
        read_history(tmp_path / "history.csv")


def test_confusion_keeps_labels_of_any_kind(tmp_path: Path) -> None:
    path = tmp_path / "confusion.csv"
    names = ("정치", 'a,"b"', "두 줄\n이름")
    counts = [[3, 0, 1], [0, 2, 0], [1, 1, 9]]
    write_confusion(path, names, counts)
    assert read_confusion(path) == (names, counts)


@pytest.mark.parametrize("text", ["x,a,b\na,1,2\n", "x,a\na,one\n", "x,a\nb,1\n", 'x,"a\n'])
def test_a_damaged_confusion_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "confusion.csv").write_text(text, encoding="utf-8")
    with pytest.raises(StorageError, match=r"confusion\.csv"):
        read_confusion(tmp_path / "confusion.csv")


def test_predictions_read_back(tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    write_predictions(path, PREDICTIONS)
    back = read_predictions(path)
    assert back.ids == PREDICTIONS.ids
    assert back.texts == ["與野 충돌", "", "lone \\udcff, comma\nline"]
    assert back.gold.tolist() == [0, 1, 1]
    assert back.predicted.tolist() == [0, 0, 1]
    assert back.label_names == PREDICTIONS.label_names
    np.testing.assert_array_equal(back.probabilities, PREDICTIONS.probabilities)


def test_predictions_are_plain_parquet(tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    write_predictions(path, PREDICTIONS)
    first = pq.read_table(path).to_pylist()[0]
    assert first == {
        "id": "a",
        "text": "與野 충돌",
        "gold": "정치",
        "predicted": "정치",
        "probabilities": [0.75, 0.25],
    }


def test_truncated_predictions_are_named(tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    write_predictions(path, PREDICTIONS)
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(StorageError, match="not a predictions file") as caught:
            read_predictions(path)
        assert len(caught.value.lines) == 1
