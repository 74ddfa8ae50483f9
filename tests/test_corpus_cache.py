"""Scope: a corpus from the cache is the one its files give, and never another."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from rnncli.corpus import SPLITS, Corpus
from rnncli.corpus_cache import corpus_of
from rnncli.datasets import Data
from rnncli.datasets.base import DataSpec
from rnncli.errors import DataError

ROWS = [
    {"text": text, "label": label, "id": f"n{number}"}
    for number, (text, label) in enumerate(
        [
            ("美 대선 “속보”", "정치"),
            ("", "경제"),
            ("축구 \U0001f600 결승", "스포츠"),
            ("a<br />b", "정치"),
        ]
        * 6
    )
]


def folder_of(folder: Path, rows: list[dict[str, str]] = ROWS) -> Path:
    folder.mkdir(exist_ok=True)
    for split in ("train", "test"):
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{split}.jsonl").write_text(lines, encoding="utf-8")
    return folder


def spec_of(**settings: Any) -> DataSpec:
    spec: DataSpec = TypeAdapter(Data).validate_python(settings)
    return spec


def contents(corpus: Corpus) -> list[Any]:
    splits = [*(corpus[name] for name in SPLITS), corpus.auxiliary]
    return [
        corpus.label_names,
        corpus.auxiliary_names,
        corpus.source,
        corpus.train_test_overlap(),
        [(list(s.texts), list(s.labels), list(s.ids), s.checksum()) for s in splits],
    ]


@pytest.mark.parametrize("name", ["klue-tc", "files"])
def test_the_same_corpus_without_reading(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = spec_of(name=name, path=str(folder_of(tmp_path / "data")))
    expected = spec.load()
    first = corpus_of(spec, tmp_path / "cache")
    monkeypatch.setattr(type(spec), "load", lambda _: pytest.fail("read again"))
    again = corpus_of(spec, tmp_path / "cache")
    assert contents(first) == contents(expected)
    assert contents(again) == contents(expected)


def test_changed_texts_or_settings_are_another_entry(tmp_path: Path) -> None:
    folder, cache = folder_of(tmp_path / "data"), tmp_path / "cache"
    hangul = corpus_of(spec_of(name="klue-tc", path=str(folder)), cache)
    kept = corpus_of(spec_of(name="klue-tc", path=str(folder), hanja="keep"), cache)
    assert hangul["train"].texts[0] != kept["train"].texts[0]
    folder_of(folder, [{**row, "text": row["text"] + "!"} for row in ROWS])
    changed = corpus_of(spec_of(name="klue-tc", path=str(folder)), cache)
    assert changed["train"].texts[0] == hangul["train"].texts[0] + "!"
    assert len(list(cache.iterdir())) == 3


def test_a_damaged_entry_is_made_again(tmp_path: Path) -> None:
    spec, cache = spec_of(name="files", path=str(folder_of(tmp_path / "data"))), tmp_path / "cache"
    expected = corpus_of(spec, cache)
    (entry,) = cache.iterdir()
    entry.write_bytes(entry.read_bytes()[:-9])
    assert contents(corpus_of(spec, cache)) == contents(expected)
    assert contents(corpus_of(spec, cache)) == contents(expected)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    spec = spec_of(name="files", path=str(folder_of(tmp_path / "data")))
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    assert contents(corpus_of(spec, closed / "cache")) == contents(spec.load())


def test_generated_texts_are_not_kept(tmp_path: Path) -> None:
    corpus_of(spec_of(name="sample-ko", size=100), tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_what_is_wrong_with_a_file_is_told_as_ever(tmp_path: Path) -> None:
    spec = spec_of(name="files", path=str(folder_of(tmp_path / "data")))
    (tmp_path / "data" / "train.jsonl").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"train\.jsonl:1: not JSON"):
        corpus_of(spec, tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*"))
