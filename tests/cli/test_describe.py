"""Scope: `rnn describe` as a user meets it."""

from __future__ import annotations

from pathlib import Path

from rnncli import Run
from tests.terminal import rnn


def test_for_people() -> None:
    out = rnn("describe", "stacked_bilstm_klue").out
    assert "not trained: 4,000 ids are the most" in out
    assert "● return_sequences: true   return_state: false  y [B, T, 64]" in out
    assert "h_f [B, 32], c_f [B, 32], h_b [B, 32], c_b [B, 32]" in out
    assert "input gate:  128·32 kernel + 32·32 recurrent + 32 bias = 5,152" in out
    assert "both:        2·20,608 = 41,216" in out
    assert "cₜ = f ⊙ cₜ₋₁ + i ⊙ g" in out
    assert "= at most 578,243" in out
    assert "┌" in out


def test_the_change_that_makes_it_fast() -> None:
    setting = "model.layers.0.recurrent_dropout=0.1"
    out = rnn("describe", "lstm_klue", "--set", setting).out
    row = next(line for line in out.splitlines() if "tensorflow" in line and "gpu" in line)
    assert row.split()[-2:] == ["--set", "model.layers.0.recurrent_dropout=0"]


def test_for_programs(trained: Run) -> None:
    found = rnn("describe", trained.path, "--json", "--length", "7").json
    cost = trained.read("cost")["parameters"]
    assert found["trained"]
    assert found["parameters"] == cost["total"]
    assert {p["name"]: p["parameters"] for p in found["parts"] if p["parameters"]} == {
        name: count for name, count in cost.items() if name != "total"
    }
    assert found["costs"][-1]["tokens"] == 7
    assert found["vocabulary"] == {
        "size": trained.read("data")["vocabulary"],
        "upper_bound": False,
    }
    assert len(found["kernels"]) == 6


def test_a_drawing(tmp_path: Path) -> None:
    file = tmp_path / "network.svg"
    outcome = rnn("describe", "sample_ko", "--svg", file, "--json")
    assert outcome.json["name"] == "sample_ko"
    assert outcome.err == f"{file} written\n"
    assert "<title>sample_ko</title>" in file.read_text("utf-8")
    missing = tmp_path / "none" / "x.svg"
    assert str(missing.parent) in rnn("describe", "sample_ko", "--svg", missing).failed(3)


def test_wrong_usage(trained: Run, tmp_path: Path) -> None:
    assert "no shipped config" in rnn("describe", "lstm_kleu").failed(2)
    assert "not a run directory" in rnn("describe", tmp_path).failed(2)
    line = rnn("describe", trained.path, "--set", "seed=2").failed(2)
    assert "give its config instead" in line
    assert "give one of them" in rnn("describe", "sample_ko", "--code", "--json").failed(2)
    assert "unknown key" in rnn("describe", "sample_ko", "--set", "model.layers.0.unit=2").failed(2)


def test_labels_that_only_the_data_knows(tmp_path: Path) -> None:
    """A missing file is told; a file that is there is counted."""
    config = tmp_path / "mine.yaml"
    config.write_text(
        f"data: {{name: files, path: {tmp_path}}}\ntext: {{tokenizer: word}}\n"
        "model: {layers: [{cell: gru, units: 4}]}\n",
        encoding="utf-8",
    )
    assert rnn("describe", config).code == 3
    rows = "".join(f"text {n},{'abcd'[n % 4]}\n" for n in range(40))
    for split in ("train", "test"):
        (tmp_path / f"{split}.csv").write_text(f"text,label\n{rows}", encoding="utf-8")
    assert rnn("describe", config, "--json").json["labels"] == list("abcd")


def test_damaged_record(run_copy: Run) -> None:
    (run_copy.path / "data.json").write_text("{}", encoding="utf-8")
    assert "damaged" in rnn("describe", run_copy.path).failed(3)
