"""The user's own files: formats, folders, labels by name and number, and every mistake."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from rnncli.datasets import Files
from rnncli.errors import DataError


def jsonl(path: Path, labels: Sequence[Any], text: str = "text") -> Path:
    rows = (
        json.dumps({text: f"글 {path.stem} {i}", "label": label}) for i, label in enumerate(labels)
    )
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def spec(path: Path, **settings: Any) -> Files:
    return Files(name="files", path=str(path), **settings)


def test_one_file_is_divided_in_three(tmp_path: Path) -> None:
    corpus = spec(jsonl(tmp_path / "all.jsonl", ["긍정", "부정"] * 50), test_fraction=0.2).load()
    assert corpus.label_names == ("긍정", "부정")
    assert corpus.label_counts("test") == {"긍정": 10, "부정": 10}
    assert corpus.label_counts("validation") == {"긍정": 4, "부정": 4}
    ids = [identifier for split in corpus.splits.values() for identifier in split.ids]
    assert len(set(ids)) == 100
    assert corpus.source.details["files"] == {
        "all.jsonl": __import__("hashlib").sha256((tmp_path / "all.jsonl").read_bytes()).hexdigest()
    }


def test_a_folder_with_its_own_validation(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("text,label\na,x\nb,y\nc,x\n", encoding="utf-8")
    (tmp_path / "dev.tsv").write_text("text\tlabel\nd\ty\n", encoding="utf-8")
    jsonl(tmp_path / "test.jsonl", ["y", "x"])
    corpus = spec(tmp_path).load()
    assert [len(corpus[name]) for name in ("train", "validation", "test")] == [3, 1, 2]
    assert list(corpus["test"].labels) == [1, 0]
    with pytest.raises(DataError, match=r"data\.validation_fraction has no effect.*dev\.tsv"):
        spec(tmp_path, validation_fraction=0.3).load()
    with pytest.raises(DataError, match=r"data\.test_fraction has no effect"):
        spec(tmp_path, test_fraction=0.3).load()


def test_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("review,sentiment\n" + "a,x\nb,y\n" * 20, encoding="utf-8")
    corpus = spec(path, text_column="review", label_column="sentiment").load()
    assert set(corpus["train"].texts) == {"a", "b"}
    with pytest.raises(DataError, match=r"a\.csv:2: no text column 'text'; there are review, sent"):
        spec(path).load()


@pytest.mark.parametrize(
    ("labels", "names", "expected"),
    [
        ([0, 1] * 10, None, ("0", "1")),
        ([1, 2] * 10, None, ("1", "2")),
        ([-1, 1] * 10, None, ("-1", "1")),
        ([2, 10] * 10, None, ("2", "10")),
        (["2", "10"] * 10, None, ("2", "10")),
        (["b", "a"] * 10, None, ("a", "b")),
        (["b", "a"] * 10, ("b", "a"), ("b", "a")),
        ([" b", "a "] * 10, ("b", "a"), ("b", "a")),
        ([0, 1] * 10, ("b", "a"), ("b", "a")),
        (["0", "1"] * 10, ("b", "a"), ("b", "a")),
    ],
)
def test_labels_by_name_and_number(
    tmp_path: Path, labels: list[Any], names: tuple[str, ...] | None, expected: tuple[str, ...]
) -> None:
    path = jsonl(tmp_path / "train.jsonl", labels)
    jsonl(tmp_path / "test.jsonl", labels)
    corpus = spec(tmp_path, labels=names).load()
    assert corpus.label_names == expected
    first = str(labels[0]).strip()
    meant = expected.index(first) if first in expected else int(first)
    assert path.is_file()
    assert corpus["test"].labels[0] == meant


def test_labels_typed_in_another_unicode_form_are_the_same(tmp_path: Path) -> None:
    import unicodedata

    label = unicodedata.normalize("NFD", "정치")
    path = jsonl(tmp_path / "a.jsonl", [label, "경제"] * 10)
    assert spec(path, labels=("정치", "경제")).load().label_names == ("정치", "경제")


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([1, "x"], r"a\.jsonl:2: the label 'x' is a name, but the rows before have a number"),
        (["x", None], r"a\.jsonl:2: the label is None, expected a name or a whole number"),
        (["x", 1.5], r"a\.jsonl:2: the label is 1\.5"),
        ([True, False], r"a\.jsonl:1: the label is True"),
        (["x", " "], r"a\.jsonl:2: the label is ' '"),
        (["x", "x"], r"a\.jsonl: all texts have the label 'x'"),
        (["x", "y"], r"the validation split has no texts"),
    ],
)
def test_unusable_labels(tmp_path: Path, labels: list[Any], expected: str) -> None:
    with pytest.raises(DataError, match=expected):
        spec(jsonl(tmp_path / "a.jsonl", labels)).load()


def test_a_label_of_test_that_train_lacks(tmp_path: Path) -> None:
    jsonl(tmp_path / "train.jsonl", ["x", "y"] * 10)
    jsonl(tmp_path / "test.jsonl", ["x", "z"])
    with pytest.raises(
        DataError, match=r"test\.jsonl:2: label 'z' was not seen in training.* x, y"
    ):
        spec(tmp_path).load()
    with pytest.raises(DataError, match="no training text has the label 'z'"):
        spec(tmp_path, labels=("x", "y", "z")).load()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"test.csv": "text,label\na,x\n"}, "no train file; expected train with one of .csv"),
        ({"train.csv": "text,label\na,x\n", "train.tsv": "text\tlabel\n"}, "could both be"),
        ({"train.csv": ""}, "train.csv: holds no rows"),
        ({"train.csv": "text,label\n"}, "train.csv: holds no rows"),
        ({"train.jsonl": '{"text": null, "label": "x"}'}, "train.jsonl:1: the text is None"),
        ({"train.jsonl": '{"label": "x"}'}, "train.jsonl:1: no text column 'text'"),
    ],
)
def test_unusable_folders(tmp_path: Path, files: dict[str, str], expected: str) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        spec(tmp_path).load()
    assert expected in str(caught.value)


def test_missing_path_and_small_limit(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file or folder"):
        spec(tmp_path / "none.csv").load()
    path = jsonl(tmp_path / "a.jsonl", ["x", "y", "z"] * 20)
    assert len(spec(path, limit=5).load()["train"]) == 5
    with pytest.raises(DataError, match=r"data\.limit 2: fewer than the 3 labels"):
        spec(path, limit=2).load()


def test_an_empty_text_is_a_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\n" + ",x\nb,y\n" * 20, encoding="utf-8")
    assert "" in spec(path).load()["train"].texts


def test_settings_are_closed(tmp_path: Path) -> None:
    for settings in ({"labels": ("only",)}, {"columns": "x"}, {"test_fraction": 1.0}):
        with pytest.raises(ValidationError):
            spec(tmp_path, **settings)


def test_read_labelled_knows_only_the_labels_of_the_run(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "more.jsonl", ["y", "x", "y"])
    split, left_out = spec(tmp_path).read_labelled(path, ("x", "y"))
    assert (list(split.labels), left_out) == ([1, 0, 1], 0)
    with pytest.raises(DataError, match=r"more\.jsonl:1: label 'y' was not seen in training"):
        spec(tmp_path).read_labelled(path, ("x", "z"))
    with pytest.raises(DataError, match="no such file"):
        spec(tmp_path).read_labelled(tmp_path / "none.jsonl", ("x", "y"))
