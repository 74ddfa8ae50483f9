"""What a run directory gets: before training what it is about, afterwards what it is worth."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli.config import to_yaml
from rnncli.corpus import SPLITS, SplitName
from rnncli.environment import describe_environment, peak_memory_bytes
from rnncli.errors import DataError, StorageError
from rnncli.latency import spaced, text_latency
from rnncli.metrics import classification_metrics
from rnncli.scoring import logits, probabilities, softmax
from rnncli.tables import Predictions
from rnncli.tokenizers.state import to_json
from rnncli.weights import load_weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rnncli.backend import Device
    from rnncli.baseline_process import BaselineProcess
    from rnncli.experiment import Experiment
    from rnncli.fitting import Progress
    from rnncli.kernels import Kernel
    from rnncli.preparation import Prepared
    from rnncli.progress import Reporter
    from rnncli.run import Record, Run

__all__ = ["conclude", "describe_data", "record", "score"]


def record(
    experiment: Experiment,
    run: Run,
    prepared: Prepared,
    facts: dict[str, Any],
    device: Device,
    layers: Sequence[Kernel],
    config_text: str | None,
) -> None:
    """What is known before training begins.

    Raises:
        DataError: the run was begun with other texts.
    """
    resolved = to_yaml(experiment)
    run.write_config(config_text or resolved, resolved)
    environment = {
        **describe_environment(),
        "device": asdict(device),
        "kernels": [asdict(kernel) for kernel in layers],
    }
    _refuse_other_data(run, facts)
    run.write("environment", {**environment, **_earlier(run, environment)})
    run.write("data", facts)
    run.write_tokenizer(to_json(prepared.tokenizer))
    run.write_labels(prepared.corpus.label_names)


def describe_data(prepared: Prepared) -> dict[str, Any]:
    """What is recorded of a corpus: its source, and each split's size, labels and checksum."""
    corpus = prepared.corpus
    source = corpus.source
    return {
        "name": source.name,
        "location": source.location,
        "language": source.language,
        "synthetic": source.synthetic,
        "details": dict(source.details),
        "splits": {
            name: {
                "texts": len(corpus[name]),
                "labels": corpus.label_counts(name),
                "tokens": int(prepared.encoded[name].lengths.sum()),
                "sha256": corpus[name].checksum(),
            }
            for name in SPLITS
        },
        "auxiliary": {
            "texts": len(corpus.auxiliary),
            "labels": list(corpus.auxiliary_names),
            "sha256": corpus.auxiliary.checksum(),
        },
        "train_test_overlap": corpus.train_test_overlap(),
        "vocabulary": len(prepared.tokenizer.vocabulary),
    }


def _earlier(run: Run, environment: dict[str, Any]) -> dict[str, Any]:
    """`earlier`: the environments a run was begun or resumed in before, one after another.

    Nothing if this is the first, or if the record of them is damaged.
    """
    if not _resumed(run, "environment"):
        return {}
    found: list[Any] = []
    with suppress(StorageError):
        last = run.read("environment")
        before = last.pop("earlier", [])
        found = before if isinstance(before, list) else []
        now = json.loads(json.dumps(environment))
        if {**last, "command": None} != {**now, "command": None}:
            found.append(last)
    return {"earlier": found} if found else {}


def _resumed(run: Run, record: Record) -> bool:
    return run.checkpoints.is_dir() and (run.path / f"{record}.json").is_file()


def _refuse_other_data(run: Run, facts: dict[str, Any]) -> None:
    """A run goes on with the texts it began with, or not at all."""
    if not _resumed(run, "data"):
        return
    before = run.read("data")
    then = {**before["splits"], "auxiliary": before["auxiliary"]}
    now = {**facts["splits"], "auxiliary": facts["auxiliary"]}
    for name, split in then.items():
        if split["sha256"] != now[name]["sha256"]:
            raise DataError(
                f"{run.path}: its {name} texts have changed since it was started; restore them, "
                "or use --force to train anew"
            )


def score(
    experiment: Experiment,
    run: Run,
    model: Any,
    progress: Progress,
    prepared: Prepared,
    seconds: float,
) -> dict[str, Any]:
    """Predictions, metrics and cost of the best epoch.

    Args:
        experiment: the config.
        run: has the best weights; gets predictions, confusion and cost.
        model: of the run's architecture; left with those weights.
        progress: the training, over now.
        prepared: the texts.
        seconds: what the training took.

    Returns:
        the metrics of validation and test.
    """
    began = time.perf_counter()
    load_weights(model, run.weights)
    metrics = {"best_epoch": progress.best_epoch, **_scores(model, prepared, run)}
    seconds += time.perf_counter() - began

    def answer(text: str) -> object:
        return probabilities(model, prepared.tokenizer, [experiment.data.clean(text)])

    latency = text_latency(answer, spaced(prepared.corpus["test"].texts))
    single = {"text_latency": asdict(latency)} if latency else {}
    run.write("cost", {**_cost(model, progress, seconds), **single})
    return metrics


def conclude(
    run: Run,
    metrics: dict[str, Any],
    baselines: BaselineProcess | None,
    reporter: Reporter,
) -> None:
    """The baselines beside the metrics, the report, and the mark that the run is done."""
    from rnncli.reports.single import write_report

    if baselines is not None:
        reporter.finishing("TF-IDF baseline")
        metrics["baselines"] = baselines.result()
    run.write("metrics", metrics)
    reporter.finishing("report")
    write_report(run)
    run.set_status("done")


def _scores(model: Any, prepared: Prepared, run: Run) -> dict[str, Any]:
    """Metrics of validation and test; the test's predictions go to the run directory."""
    names = prepared.corpus.label_names
    metrics: dict[str, Any] = {}
    for split in ("validation", "test"):
        part: SplitName = split
        texts = prepared.corpus[part]
        gold = np.asarray(texts.labels)
        probabilities = softmax(logits(model, prepared.encoded[part]))
        metrics[split] = classification_metrics(gold, probabilities, names)
    predictions = Predictions(texts.ids, texts.texts, gold, probabilities, names)
    run.write_predictions(predictions)
    run.write_confusion(names, metrics["test"]["confusion"])
    return metrics


def _cost(model: Any, progress: Progress, seconds: float) -> dict[str, Any]:
    parameters: Mapping[str, int] = {
        layer.name: layer.count_params() for layer in model.layers if layer.count_params()
    }
    rates = [row.texts_per_second for row in progress.history]
    return {
        "parameters": {"total": model.count_params(), **parameters},
        "seconds": seconds,
        "seconds_per_epoch": float(np.median([row.seconds for row in progress.history])),
        "texts_per_second": float(np.median(rates)),
        "step_share": float(np.median(progress.step_shares)) if progress.step_shares else None,
        "peak_memory_bytes": peak_memory_bytes(),
    }
