"""Scope: contestants do the same work, a cheat is found, and the numbers are what they say."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncli.bench import measuring
from rnncli.bench.contestants import Contestant, PlainKeras, ThisProgram
from rnncli.bench.measuring import check_same_work, contestants, measure
from rnncli.bench.workload import CELLS, Network, Workload, workload
from rnncli.errors import CheckFailed
from rnncli.progress import Reporter
from tests.terminal import rnn

VARIANTS = ("rnn", "keras", "torch-padded", "torch-packed")


@pytest.fixture(scope="module")
def load() -> Workload:
    return workload("sample-en", None, 256)


@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("cell", CELLS)
def test_all_contestants_do_the_same_work(load: Workload, cell: str, bidirectional: bool) -> None:
    kinds = [kind for kind in contestants().values() if kind is not None]
    assert len(kinds) >= 2
    check_same_work(Network(cell, 3, bidirectional), load, kinds)


class HalfTheTexts(PlainKeras):
    """Trains on half of a batch."""

    variant = "cheat"

    def step(self, rows: Any) -> float:
        return super().step(rows[: len(rows) // 2])


class LastTokens(PlainKeras):
    """Reads the last ten tokens of its texts."""

    variant = "cheat"

    def build(self, optimizer: str, weights: Any) -> None:
        super().build(optimizer, weights)
        steps = np.arange(self._everything.shape[1])
        self._everything[steps < self.load.encoded.lengths[:, None] - 10] = 0


class EmbeddingAsItWas(PlainKeras):
    """Leaves its embedding as it was."""

    variant = "cheat"

    def build(self, optimizer: str, weights: Any) -> None:
        super().build(optimizer, weights)
        self._model.layers[0].trainable = False
        self._model.compile(self._model.optimizer, self._model.loss)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("cheat", [HalfTheTexts, LastTokens, EmbeddingAsItWas])
def test_a_cheat_is_found(load: Workload, cheat: type[Contestant], cell: str) -> None:
    with pytest.raises(CheckFailed, match="cheat does not do the same work as rnn"):
        check_same_work(Network(cell, 8, False), load, [ThisProgram, cheat])


class Scripted(Contestant):
    """Takes as long as it is told, on a clock that only it moves."""

    clock = 0.0
    milliseconds = 1.0

    def build(self, optimizer: str, weights: Any) -> None:
        pass

    def step(self, rows: Any) -> float:
        Scripted.clock += self.milliseconds / 1e3
        return 0.0

    def epoch(self) -> None:
        Scripted.clock += 10 * self.milliseconds / 1e3

    def answer(self, rows: Any) -> Any:
        Scripted.clock += len(rows) * self.milliseconds / 1e3
        return np.zeros((len(rows), 2), np.float32)


class Fast(Scripted):
    """2 ms a step, in which it makes fewer products than a batch has texts."""

    variant = "rnn"
    milliseconds = 2.0

    def products_made(self, batches: Any) -> float:
        return 1 / len(list(batches))


class Slow(Scripted):
    """5 ms a step."""

    variant = "keras"
    milliseconds = 5.0


def test_medians_ratios_and_shares(load: Workload, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"rnn": Fast, "keras": Slow, "torch-packed": None}
    monkeypatch.setattr(measuring, "contestants", lambda: found)
    monkeypatch.setattr(measuring, "initial_weights", lambda *_: [])
    monkeypatch.setattr(measuring, "telling_weights", lambda *_: [])
    monkeypatch.setattr(measuring.time, "perf_counter", lambda: Scripted.clock)
    network = Network("lstm", 4, False)
    rows = {
        (row.measure, row.variant): row
        for row in (
            found.of_peak(100.0) for found in measure(network, load, rounds=3, reporter=Reporter())
        )
    }
    assert rows["step", "rnn"].median_ms == pytest.approx(2.0)
    assert rows["step", "rnn"].ratio_to_keras == pytest.approx(2.5)
    assert rows["epoch", "keras"].median_ms == pytest.approx(50.0)
    assert rows["epoch", "keras"].ratio_to_keras == pytest.approx(1.0)
    expected = network.flops(load.tokens) / 0.02 / 100e9
    assert rows["epoch", "rnn"].share_of_peak == pytest.approx(expected)
    assert rows["epoch", "rnn"].products_made == pytest.approx(1 / len(load.batches))
    assert rows["epoch", "rnn"].share_made == pytest.approx(expected / len(load.batches))
    assert (rows["epoch", "keras"].products_made, rows["epoch", "keras"].share_made) == (1, None)
    assert rows["predict", "rnn"].products_made is None
    assert rows["predict", "rnn"].median_ms == pytest.approx(2.0 * 256)
    assert rows["single_p50", "keras"].median_ms == pytest.approx(5.0)
    missing = rows["step", "torch-packed"]
    assert (missing.median_ms, missing.note) == (None, "not installed")


class Crawling(Scripted):
    """Four batches at 10 s a step: an epoch beyond half the patience."""

    variant = "torch-packed"
    milliseconds = 1e4
    epochs = 0

    def epoch(self) -> None:
        Crawling.epochs += 1
        super().epoch()


def test_a_slow_contestant_trains_one_epoch(
    load: Workload, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(load.batches) == 4
    monkeypatch.setattr(measuring, "contestants", lambda: {"keras": Slow, "torch-packed": Crawling})
    monkeypatch.setattr(measuring, "initial_weights", lambda *_: [])
    monkeypatch.setattr(measuring, "telling_weights", lambda *_: [])
    monkeypatch.setattr(measuring.time, "perf_counter", lambda: Scripted.clock)
    rows = list(measure(Network("lstm", 4, False), load, rounds=3, reporter=Reporter()))
    assert Crawling.epochs == 1, "not to warm up, and in no round after the first"
    (epoch,) = (row for row in rows if (row.measure, row.variant) == ("epoch", "torch-packed"))
    assert (epoch.median_ms, epoch.samples) == (pytest.approx(1e5), 1)
    assert {row.samples for row in rows if row.variant == "keras"} == {3}


def test_a_bench_that_breaks_off_shows_and_keeps_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    from rnncli.bench import memory, scaling

    def refuse(*_: Any) -> Any:
        raise CheckFailed("bench: as the test wants it")

    monkeypatch.setattr(memory, "peak_of", refuse)
    monkeypatch.setattr(scaling, "growth", refuse)
    path = tmp_path / "bench.json"
    outcome = rnn(
        *("bench", "--data", "sample-en", "--cells", "gru", "--units", "4", "--texts", "64"),
        *("--rounds", "1", "--json", path),
    )
    assert "as the test wants it" in outcome.failed(5)
    assert "single_p95" in outcome.out
    rows = json.loads(path.read_text("utf-8"))["rows"]
    (epoch,) = (row for row in rows if (row["measure"], row["variant"]) == ("epoch", "rnn"))
    assert epoch["median_ms"] > 0
    assert (epoch["peak_memory_bytes"], epoch["note"]) == (None, "bench: as the test wants it")


def test_the_command_writes_every_row(tmp_path: Path) -> None:
    import json

    path = tmp_path / "bench.json"
    outcome = rnn(
        *("bench", "--data", "sample-en", "--cells", "gru", "--units", "4", "--texts", "64"),
        *("--rounds", "1", "--no-scaling", "--no-memory", "--json", path),
    )
    assert outcome.code == 0, outcome.err
    found = json.loads(path.read_text("utf-8"))
    assert found["peak_gflops"] > 0
    assert found["machine"]["cores"] >= 1
    steps = (row for row in found["rows"] if row["measure"] == "step")
    made = {row["variant"]: row["products_made"] for row in steps}
    assert made["keras"] == 1
    assert 0 < made["rnn"] < 1, "texts repeat their words"
    assert "once for each distinct token" in " ".join(outcome.out.split())
    measures = ("step", "epoch", "predict", "single_p50", "single_p95")
    assert [(row["measure"], row["variant"]) for row in found["rows"]] == list(
        itertools.product(measures, VARIANTS)
    )
    for row in found["rows"]:
        assert row["median_ms"] is None or row["median_ms"] > 0
        assert row["variant"] in outcome.out
    assert "GFLOP/s" in outcome.out


def test_failures() -> None:
    assert "did you mean lstm?" in rnn("bench", "--cells", "lsmt").failed(2)
    assert "expected some of" in rnn("bench", "--cells", "dense").failed(2)
    assert "no such cell" in rnn("bench", "--cells", "").failed(2)
    assert "expected one of tensorflow, jax" in rnn("bench", "--backend", "mxnet").failed(2)
    assert "expected one of imdb" in rnn("bench", "--data", "mnist").failed(2)


def test_what_a_file_holds_is_not_lost_before_there_is_something_new(tmp_path: Path) -> None:
    kept = tmp_path / "bench.json"
    kept.write_text("kept", "utf-8")
    rnn("bench", "--data", "imdb", "--path", tmp_path / "none", "--json", kept).failed(3)
    assert kept.read_text("utf-8") == "kept"
    assert "not a file" in rnn("bench", "--data", "sample-en", "--json", tmp_path).failed(3)
    absent = tmp_path / "none" / "b.json"
    assert "b.json" in rnn("bench", "--data", "sample-en", "--json", absent).failed(3)


@pytest.mark.parametrize("name", ["2024", "a: b", "films #2", "null"])
def test_a_path_is_what_it_says(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    told = rnn("bench", "--data", "imdb", "--path", tmp_path / name).failed(3)
    assert name in told
