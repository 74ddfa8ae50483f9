"""`rnn data show` and `rnn data stats`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.terminal import rnn


def test_examples_decode_to_their_tokens() -> None:
    found = rnn("data", "show", "--data", "sample-ko", "--split", "test", "-n", "3", "--json").json
    assert len(found) == 9
    for example in found:
        assert len(example["ids"]) == len(example["decoded"])
        known = [token for token, odd in zip(example["tokens"], example["unknown"]) if not odd]  # noqa: B905
        assert [token for token in example["decoded"] if token != "<unk>"] == known[: len(known)]


def test_examples_for_people() -> None:
    outcome = rnn("data", "show", "--config", "sample_en.yaml", "-n", "1")
    assert outcome.code == 0, outcome.err
    assert "sample-en (built in, synthetic)" in outcome.out
    assert outcome.out.count("  tokens") == 2


def test_statistics_count_what_is_there(tmp_path: Path) -> None:
    def write(name: str, rows: list[tuple[str, str]]) -> None:
        lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")

    write("train.jsonl", [("one two three four", "a"), ("美 大選", "b"), ("", "a"), ("one", "a")])
    write("validation.jsonl", [("one", "a"), ("zzz", "b")])
    write("test.jsonl", [("one", "b"), ("unseen words", "a")])
    data = f"data={{name: files, path: {tmp_path}}}"
    found = rnn(
        *("data", "stats", "--config", "sample_en", "--set", data),
        *("--set", "text={tokenizer: word, max_length: 3}", "--json"),
    ).json
    train = found["splits"]["train"]
    assert train["all"]["texts"] == 4
    assert train["labels"]["a"]["texts"] == 3
    assert train["empty"] == 1
    assert train["hanja_texts"] == 1
    assert train["tokens"]["max"] == 4
    assert train["labels"]["a"]["truncation_rate"] == pytest.approx(1 / 3)
    assert found["splits"]["test"]["labels"]["a"]["oov_rate"] == 1.0
    overlap = found["overlaps"]["train/test"]
    assert (overlap["texts"], overlap["contradicting"]) == (1, 1)


def test_statistics_for_people() -> None:
    outcome = rnn("data", "stats", "--data", "sample-ko")
    assert outcome.code == 0, outcome.err
    for word in ("정치", "OOV %", "truncated %", "with hanja", "also stand in train"):
        assert word in outcome.out


@pytest.mark.parametrize("subcommand", ["show", "stats"])
def test_failures(subcommand: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RNN_DATA", raising=False)
    assert "give one of --config and --data" in rnn("data", subcommand).failed(2)
    line = rnn("data", subcommand, "--data", "sample_ko").failed(2)
    assert "did you mean sample-ko?" in line
    assert "RNN_DATA" in rnn("data", subcommand, "--data", "klue-tc").failed(3)
    line = rnn("data", subcommand, "--data", "sample-ko", "--set", "text.max_length=0").failed(2)
    assert line.startswith("--set text.max_length=0: ")


def test_the_tokenizer_has_read_the_auxiliary_topics_as_in_training(tmp_path: Path) -> None:
    texts = {"정치": "가나", "스포츠": "나가", "사회": "다라"}
    for split, read in (("train", texts), ("test", dict.fromkeys(texts, "다라"))):
        rows = [json.dumps({"text": text, "label": label}) for label, text in read.items()] * 20
        (tmp_path / f"{split}.jsonl").write_text("\n".join(rows), encoding="utf-8")
    data = f"{{name: klue-tc, path: {tmp_path}, topics: [정치, 스포츠], auxiliary_topics: [사회]}}"
    asked = ("--config", "sample_ko", "--set", f"data={data}", "--set", "text.tokenizer=character")
    for example in rnn("data", "show", *asked, "--split", "test", "-n", "1", "--json").json:
        assert not any(example["unknown"])
