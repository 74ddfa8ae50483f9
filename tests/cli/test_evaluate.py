"""`rnn evaluate`: a run against its own test split and against other texts."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from rnncli import Run
from tests.synthetic import TINY
from tests.terminal import rnn

SMALL = [word for setting in TINY for word in ("--set", setting)]


def labelled(run: Run, path: Path) -> Path:
    """The run's test texts as a file."""
    found = run.predictions()
    names = run.labels()
    rows = [
        {"text": text, "label": names[gold]}
        for text, gold in zip(found.texts, found.gold, strict=True)
    ]
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n"
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def test_the_test_split_scores_as_at_the_end_of_training(trained: Run) -> None:
    found = rnn("evaluate", trained.path, "--json").json
    recorded = trained.read("metrics")["test"]
    assert found.pop("run") == str(trained.path)
    assert found.pop("source") == "sample-en, test split"
    assert found.pop("left_out") == 0
    assert found == recorded


@pytest.mark.parametrize("name", ["unseen.jsonl", "unseen.jsonl.gz"])
def test_a_file_of_the_same_texts_scores_the_same(trained: Run, tmp_path: Path, name: str) -> None:
    path = labelled(trained, tmp_path / name)
    found = rnn("evaluate", trained.path, "--data", path, "--json").json
    assert found["source"] == str(path)
    assert found["confusion"] == trained.read("metrics")["test"]["confusion"]


def test_the_table_names_every_class(trained: Run) -> None:
    outcome = rnn("evaluate", trained.path)
    assert outcome.code == 0, outcome.err
    test = trained.read("metrics")["test"]
    assert f"accuracy  {test['accuracy']:.4f}" in outcome.out
    assert f"macro-F1  {test['macro_f1']:.4f}" in outcome.out
    assert "gold \\ predicted" in outcome.out
    for name in trained.labels():
        assert name in outcome.out


def test_a_label_unseen_in_training(trained: Run, tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("text,label\ngood,pos\nnone,neutral\n", encoding="utf-8")
    line = rnn("evaluate", trained.path, "--data", path).failed(3)
    assert line.startswith(f"{path}:3: ")
    assert "'neutral'" in line


def test_texts_that_are_not_utf8(trained: Run, tmp_path: Path) -> None:
    path = tmp_path / "korean.csv"
    path.write_bytes("text,label\n좋다,pos\n".encode("cp949"))
    assert "UTF-8" in rnn("evaluate", trained.path, "--data", path).failed(3)


@pytest.mark.parametrize(
    ("content", "expected"),
    [("", "no rows"), ("text,label\n", "no rows"), ("words,label\na,pos\n", "'text'")],
)
def test_files_without_texts(trained: Run, tmp_path: Path, content: str, expected: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content, encoding="utf-8")
    line = rnn("evaluate", trained.path, "--data", path).failed(3)
    assert line.startswith(str(path))
    assert expected in line


def test_no_such_run_names_those_there_are(run_copy: Run) -> None:
    line = rnn("evaluate", run_copy.path.with_name("tiny-0")).failed(2)
    assert "no such run" in line
    assert run_copy.name in line


def test_weights_of_another_architecture(run_copy: Run) -> None:
    config = run_copy.path / "config.resolved.yaml"
    config.write_text(config.read_text("utf-8").replace("units: 4", "units: 5"), encoding="utf-8")
    line = rnn("evaluate", run_copy.path).failed(3)
    assert "weights of another architecture" in line


def test_truncated_weights(run_copy: Run) -> None:
    run_copy.weights.write_bytes(run_copy.weights.read_bytes()[:2000])
    line = rnn("evaluate", run_copy.path).failed(3)
    assert line.startswith(f"{run_copy.weights}: damaged weights")


def test_weights_that_are_not_numbers(run_copy: Run) -> None:
    """A file that opens but lacks a layer's weights."""
    with h5py.File(run_copy.weights, "r+") as file:
        del file["layers"]
    assert str(run_copy.weights) in rnn("evaluate", run_copy.path).failed(3)


@pytest.mark.parametrize("name", ["tokenizer.json", "labels.json", "config.resolved.yaml"])
@pytest.mark.parametrize("content", [None, b"", b"{", b"[1]", b"\xff\xfe"])
def test_damaged_records(run_copy: Run, name: str, content: bytes | None) -> None:
    path = run_copy.path / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    assert str(path) in rnn("evaluate", run_copy.path).failed(3)


def test_a_run_without_weights(run_copy: Run) -> None:
    run_copy.weights.unlink()
    assert "has no weights yet" in rnn("evaluate", run_copy.path).failed(2)


def test_another_backend_must_be_a_new_process(trained: Run) -> None:
    pytest.importorskip("jax")
    line = rnn("evaluate", trained.path, "--backend", "jax").failed(4)
    assert "this process already runs Keras on tensorflow" in line


def test_predictions_do_not_depend_on_company(trained: Run) -> None:
    """A text alone is classified as among others: batches and padding have no say."""
    from rnncli import load_classifier

    classifier = load_classifier(trained)
    texts = trained.predictions().texts[:12]
    together = classifier.probabilities(texts)
    alone = np.concatenate([classifier.probabilities([text]) for text in texts])
    np.testing.assert_allclose(alone, together, atol=1e-6)


def test_a_data_set_that_has_changed_has_no_test_split_of_the_run_s(tmp_path: Path) -> None:
    rows = [json.dumps({"text": f"{word} {n}", "label": word}) for n in range(40) for word in "ab"]
    data = tmp_path / "texts.jsonl"
    data.write_text("\n".join(rows), encoding="utf-8")
    source = f"data={{name: files, path: {data}}}"
    assert (
        rnn("train", "-c", "sample_en", *SMALL, "--set", source, "--out", tmp_path / "r").code == 0
    )
    (path,) = (tmp_path / "r").glob("tiny-*")
    assert rnn("evaluate", path).code == 0
    data.write_text("\n".join([*rows, *rows[:8]]), encoding="utf-8")
    assert "its data set has changed since it was trained" in rnn("evaluate", path).failed(3)
    assert rnn("evaluate", path, "--data", data).code == 0
