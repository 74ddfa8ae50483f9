"""Scope: every config that travels with the package: valid, explained, buildable, one per topic."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from rnncli.batching import Encoded
from rnncli.config import load_config, read_config
from rnncli.preparation import build
from rnncli.scoring import logits
from rnncli.shipped import shipped_configs

CONFIGS = shipped_configs()
ROOT = Path(__file__).parents[1]


def test_the_course_is_there() -> None:
    """Each part of the course on KLUE-TC and IMDB, both samples, and the memory tasks."""
    found = {}
    for name, path in CONFIGS.items():
        experiment = load_config(path)
        layers = experiment.model.layers
        found[name] = (experiment.data.name, *(layer.cell for layer in layers))
    kinds = set(found.values())
    for cells in (("dense",), ("simple_rnn",), ("simple_rnn",) * 2, ("lstm",), ("gru",)):
        assert ("klue-tc", *cells) in kinds
    for cells in (("lstm",), ("lstm",) * 2, ("gru",), ("peephole_lstm",)):
        assert ("imdb", *cells) in kinds
    built_in = {"sample-ko", "sample-en", "adding", "temporal-order", "copy-first"}
    assert {data for data, *_ in found.values()} == {"klue-tc", "imdb", *built_in}


@pytest.mark.parametrize("name", CONFIGS)
def test_opens_with_its_command_its_cost_and_its_score(name: str) -> None:
    lines = CONFIGS[name].read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# yaml-language-server: $schema=schema.json"
    assert re.fullmatch(r"# [A-Za-z].*\.", lines[1])
    assert lines[2] == f"# rnn train --config {name}.yaml"
    assert re.fullmatch(
        r"# cost: (\d+ s|\d+\.\d min) on (1 CPU core|2 CPU cores) · "
        r"score: test (accuracy|macro-F1) [01]\.\d{3} \(95 %: [01]\.\d{3}–[01]\.\d{3}\)",
        lines[3],
    ), lines[3]


@pytest.mark.parametrize("name", CONFIGS)
def test_builds_and_answers(name: str) -> None:
    """On a vocabulary of 50 and three labels, without its data."""
    experiment = read_config(CONFIGS[name]).experiment
    model = build(experiment, 50, 3)
    orders = experiment.text.ids_per_position
    random = np.random.default_rng(0)
    rows = [random.integers(1, 50, (5, orders) if orders > 1 else 5).astype(np.int32)]
    found = logits(model, Encoded.of(rows))
    assert found.shape == (1, 3)
    assert np.isfinite(found).all()


def test_the_readme_lists_them_all() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("\n## The shipped configs\n")[1].split("\n## ")[0]
    for name in CONFIGS:
        assert f"`{name}`" in section


def test_no_two_configs_are_the_same_experiment() -> None:
    digests = {load_config(path).digest() for path in CONFIGS.values()}
    assert len(digests) == len(CONFIGS)
