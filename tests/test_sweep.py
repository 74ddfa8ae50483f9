"""Scope: what a sweep's file says: its points, their names, and all that is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnncli.errors import ConfigError, UsageError
from rnncli.lags import Question
from rnncli.sweep import Trial, read_sweep, trials


def written(folder: Path, text: str) -> Path:
    path = folder / "cells.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def trials_of(folder: Path, text: str) -> list[Trial]:
    path = written(folder, text)
    return trials(read_sweep(path), path)


def test_all_combinations_a_seed_of_each_first(tmp_path: Path) -> None:
    found = trials_of(
        tmp_path,
        "base: sample_en\n"
        "grid:\n"
        "  model.layers.0.cell: [simple_rnn, gru]\n"
        "  model.embedding.dim: [8, 16]\n"
        "list:\n"
        "  - {}\n"
        "  - {model.readout: {name: max, dropout: 0.1}, train.epochs: 3}\n"
        "seeds: [4, 2]\n",
    )
    assert [trial.seed for trial in found] == [4] * 8 + [2] * 8
    first, second, third = found[:3]
    assert first.label == "sample_en, cell=simple_rnn, dim=8"
    assert second.label == (
        "sample_en, cell=simple_rnn, dim=8, readout=name:max,dropout:0.1, epochs=3"
    )
    assert (third.experiment.model.layers[0].cell, third.experiment.model.embedding.dim) == (
        "simple_rnn",
        16,
    )
    assert second.experiment.model.readout.dropout == 0.1
    assert second.experiment.train.epochs == 3
    names = {trial.run(tmp_path).name for trial in found}
    assert len(names) == 16
    assert first.run(tmp_path).name.startswith("sample_en.cell-simple_rnn.dim-8-")


def test_several_bases_shipped_or_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.yaml").write_text("extends: sample_ko\ntrain: {epochs: 1}\n", encoding="utf-8")
    one, two = trials_of(tmp_path, "base: [sample_en, own.yaml]\n")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    (below,) = trials_of(tmp_path / "sub", "base: ./own.yaml\n")
    assert below.experiment == two.experiment
    assert (one.label, two.label) == ("sample_en", "own")
    assert (one.experiment.name, two.experiment.train.epochs) == ("sample_en", 1)


def test_keys_of_one_ending_are_told_apart(tmp_path: Path) -> None:
    (trial,) = trials_of(
        tmp_path,
        "base: sample_ko\n"
        "list: [{model.layers.0.dropout: 0.1, model.embedding.dropout: 0.2, text.max_length: 9}]\n",
    )
    assert trial.label == "sample_ko, layers.0.dropout=0.1, embedding.dropout=0.2, max_length=9"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("base: sample_en\ngird: {}\n", "cells.yaml:2: gird: unknown key; did you mean grid?"),
        ("grid: {}\n", "cells.yaml: base: missing"),
        ("base: sample_en\nseeds: []\n", "cells.yaml:2: seeds: "),
        ("base: sample_en\nseeds: [-1]\n", "cells.yaml:2: seeds.0: "),
        (
            "base: sample_en\ngrid: {model.layers.0.unit: [4]}\n",
            "did you mean units?",
        ),
        ("base: sample_en\ngrid: {train.epochs: [0]}\n", "train.epochs=0: "),
        (
            "base: sample_en\nlist: [{}, {train.epochs: 6}, {train.epochs: 6}]\n",
            "are the same experiment",
        ),
    ],
)
def test_problems_are_told_before_anything_runs(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        trials_of(tmp_path, text)
    assert message in "\n".join(caught.value.lines)


def test_every_point_s_problems_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        trials_of(
            tmp_path, "base: sample_en\ngrid: {train.epochs: [0, -1], text.max_length: [0]}\n"
        )
    assert len(caught.value.lines) == 3


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such sweep"):
        read_sweep(tmp_path / "nothing.yaml")
    with pytest.raises(UsageError, match="no shipped config of that name"):
        trials_of(tmp_path, "base: sampel_en\n")


def test_the_backend_is_the_one_that_the_training_will_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (usual,) = trials_of(tmp_path, "base: sample_en\n")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    (chosen,) = trials_of(tmp_path, "base: sample_en\n")
    assert (usual.experiment.backend, chosen.experiment.backend) == ("tensorflow", "jax")
    assert chosen.run(tmp_path).name != usual.run(tmp_path).name
    lagging = Question("adding", ("lstm",), (10,), (1,)).trial("lstm", 10, 1)
    assert lagging.experiment.backend == "jax"
