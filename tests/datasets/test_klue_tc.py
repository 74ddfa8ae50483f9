"""KLUE-TC: topics, hanja, local copies, the hub (replaced here) and the real files."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from rnncli.datasets import KlueTc, hub
from rnncli.datasets.klue_tc import TOPICS
from rnncli.errors import DataError


def folder(path: Path, splits: dict[str, list[dict[str, Any]]]) -> Path:
    path.mkdir(exist_ok=True)
    for name, rows in splits.items():
        content = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        (path / f"{name}.jsonl").write_text(content, encoding="utf-8")
    return path


ROWS = [{"text": f"美 기사 {i}", "label": TOPICS[i % 7]} for i in range(140)]
HUB_ROWS = [
    {"guid": f"g{i}", "title": f"美 기사 {i}", "label": i % 7, "url": "", "date": ""}
    for i in range(140)
]


def test_topics_choose_and_order_the_labels(tmp_path: Path) -> None:
    path = folder(tmp_path / "k", {"train": ROWS, "test": ROWS[:70]})
    corpus = KlueTc(name="klue-tc", path=str(path), topics=("세계", "IT과학")).load()
    assert corpus.label_names == ("세계", "IT과학")
    assert corpus.label_counts("test") == {"세계": 10, "IT과학": 10}
    assert corpus.label_counts("validation") == {"세계": 2, "IT과학": 2}
    assert corpus["test"].texts[0] == "미 기사 0"
    assert corpus["test"].labels[0] == 1
    assert corpus.source.details["topics"] == ["세계", "IT과학"]


def test_hanja_can_be_kept(tmp_path: Path) -> None:
    path = folder(tmp_path / "k", {"train": ROWS, "test": ROWS[:70]})
    assert KlueTc(name="klue-tc", path=str(path), hanja="keep").load()["test"].texts[0][0] == "美"


def test_the_hubs_columns_and_official_validation_locally(tmp_path: Path) -> None:
    path = folder(tmp_path / "k", {"train": HUB_ROWS, "validation": HUB_ROWS[:70]})
    corpus = KlueTc(name="klue-tc", path=str(path)).load()
    assert corpus.label_counts("test") == {"정치": 10, "경제": 10, "스포츠": 10}
    assert list(corpus["test"].ids[:3]) == ["g1", "g5", "g6"]
    assert list(corpus["test"].labels[:3]) == [1, 2, 0]
    assert not set(corpus["validation"].ids) & set(corpus["train"].ids)


def test_rnn_data_points_at_the_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path / "klue-tc", {"train": ROWS, "test": ROWS[:70]})
    monkeypatch.setenv("RNN_DATA", str(tmp_path))
    assert len(KlueTc(name="klue-tc").load()["test"]) == 30
    monkeypatch.setenv("RNN_DATA", str(tmp_path / "none"))
    with pytest.raises(DataError, match=r"RNN_DATA .*none: no such folder"):
        KlueTc(name="klue-tc").load()


def test_a_path_that_is_not_there() -> None:
    with pytest.raises(DataError, match=r"data\.path nowhere: no such folder"):
        KlueTc(name="klue-tc", path="nowhere").load()


@pytest.mark.parametrize(
    ("topics", "expected"),
    [
        (("정치", "스포스"), "did you mean 스포츠"),
        (("정치", "정치"), "given twice"),
        (("정치",), "at least 2"),
        ((), "at least 2"),
    ],
)
def test_unusable_topics(topics: tuple[str, ...], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        KlueTc(name="klue-tc", topics=topics)


def test_read_labelled_leaves_out_other_topics_and_no_other_label(tmp_path: Path) -> None:
    spec = KlueTc(name="klue-tc")
    path = folder(tmp_path / "k", {"test": ROWS[:14]}) / "test.jsonl"
    split, left_out = spec.read_labelled(path, spec.topics)
    assert (len(split), left_out) == (6, 8)
    assert split.texts[0].startswith("미")
    only_other = folder(tmp_path / "o", {"test": [ROWS[0]]}) / "test.jsonl"
    with pytest.raises(DataError, match="none of its 1 texts has one of the labels"):
        spec.read_labelled(only_other, spec.topics)
    wrong = folder(tmp_path / "w", {"test": [{"text": "a", "label": "날씨"}]}) / "test.jsonl"
    with pytest.raises(DataError, match=r"test\.jsonl:1: label '날씨' was not seen"):
        spec.read_labelled(wrong, spec.topics)


@pytest.fixture
def hub_copy(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The hub, with `datasets.load_dataset` answering from here."""
    import datasets

    monkeypatch.delenv("RNN_DATA", raising=False)
    monkeypatch.setattr(hub, "_online", lambda: True)
    features = datasets.Features(
        {key: datasets.Value("string") for key in ("guid", "title", "url", "date")}
        | {"label": datasets.ClassLabel(names=list(TOPICS))}
    )
    answer: dict[str, Any] = {
        "train": datasets.Dataset.from_list(HUB_ROWS, features=features),
        "validation": datasets.Dataset.from_list(HUB_ROWS[:70], features=features),
    }
    answer["train"].info.download_checksums = {
        f"hf://datasets/klue/klue@{'ab12' * 10}/ynat/train.parquet": {}
    }
    asked: list[Any] = []
    answer_to = lambda *name: asked.append(name) or datasets.DatasetDict(answer)  # noqa: E731
    monkeypatch.setattr(datasets, "load_dataset", answer_to)
    return {"answer": answer, "asked": asked}


def test_the_hub(hub_copy: dict[str, Any]) -> None:
    corpus = KlueTc(name="klue-tc", topics=("스포츠", "IT과학")).load()
    assert hub_copy["asked"] == [("klue/klue", "ynat")]
    assert corpus.label_counts("test") == {"스포츠": 10, "IT과학": 10}
    assert list(corpus["test"].ids[:2]) == ["g0", "g5"]
    assert list(corpus["test"].labels[:2]) == [1, 0]
    assert corpus["test"].texts[0] == "미 기사 0"
    assert corpus.source.location == f"hub klue/klue, ynat at {'ab12' * 10}"


def test_a_hub_that_has_changed_is_an_error(hub_copy: dict[str, Any]) -> None:
    train = hub_copy["answer"]["train"]
    hub_copy["answer"]["train"] = train.rename_column("title", "headline")
    with pytest.raises(DataError, match=r"has no column 'title', but guid, headline"):
        KlueTc(name="klue-tc").load()
    del hub_copy["answer"]["train"]
    with pytest.raises(DataError, match="no split 'train'"):
        KlueTc(name="klue-tc").load()


@pytest.mark.data
def test_the_real_files(real_data: Path) -> None:
    corpus = KlueTc(name="klue-tc", path=str(real_data / "klue-tc")).load()
    assert [len(corpus[name]) for name in ("train", "validation", "test")] == [15532, 1726, 1361]
    assert not set(corpus["train"].texts) & set(corpus["test"].texts)
    assert Counter(corpus["test"].labels).keys() == {0, 1, 2}


@pytest.mark.parametrize("hub_rows", [False, True])
def test_auxiliary_topics_are_learned_but_neither_validated_nor_tested(
    hub_rows: bool, tmp_path: Path
) -> None:
    rows, test = (HUB_ROWS, "validation") if hub_rows else (ROWS, "test")
    path = folder(tmp_path / "k", {"train": rows, test: rows[:70]})
    plain = KlueTc(name="klue-tc", path=str(path)).load()
    spec = KlueTc(name="klue-tc", path=str(path), auxiliary_topics=("세계", "사회"))
    corpus = spec.load()
    assert corpus.splits == plain.splits
    assert corpus.training_names == ("정치", "경제", "스포츠", "세계", "사회")
    assert Counter(corpus.auxiliary.labels) == {3: 20, 4: 20}
    assert len(corpus.training) == len(corpus["train"]) + 40
    assert not len(plain.auxiliary)


def test_an_auxiliary_topic_is_not_among_the_topics() -> None:
    with pytest.raises(ValidationError, match="경제 stands in topics already"):
        KlueTc(name="klue-tc", auxiliary_topics=("세계", "경제"))
    with pytest.raises(ValidationError, match="given twice"):
        KlueTc(name="klue-tc", auxiliary_topics=("세계", "세계"))
