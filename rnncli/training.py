"""`train`: an experiment becomes a run directory."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli import fitting, preparation
from rnncli.backend import Device, activate, memory_watched
from rnncli.config import to_yaml
from rnncli.corpus import SPLITS, Corpus, SplitName
from rnncli.corpus_cache import corpus_of
from rnncli.environment import describe_environment, peak_memory_bytes
from rnncli.errors import DataError, Interrupted, RnnError
from rnncli.interrupt import StopRequest, stop_requests
from rnncli.kernels import Work, compiled_layers, kernels
from rnncli.metrics import classification_metrics
from rnncli.progress import Plan, Reporter
from rnncli.quiet import native_output_to
from rnncli.run import Run
from rnncli.scoring import logits, softmax
from rnncli.tables import Predictions
from rnncli.tensorboard_log import TensorBoardLog, require_tensorboard
from rnncli.weights import load_weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rnncli.experiment import Experiment
    from rnncli.preparation import Prepared

__all__ = ["train"]


def train(
    experiment: Experiment,
    *,
    out: Path = Path("runs"),
    force: bool = False,
    config_text: str | None = None,
    reporter: Reporter | None = None,
) -> Run:
    """Train an experiment, or go on where an interrupted training of it stopped.

    The run directory's name derives from the experiment, so that the same experiment finds its
    own: finished, it is returned as it is; unfinished, it is resumed from its last epoch.

    Args:
        experiment: what to train.
        out: the folder of run directories.
        force: start anew, forgetting what the directory holds.
        config_text: the config as the user wrote it, to be kept with the run.
        reporter: told what happens.

    Raises:
        RnnError: see `rnncli.errors`; the run's status says the same.
    """
    reporter = reporter or Reporter()
    name = experiment.name or experiment.data.name
    path = Run.directory_for(out, name, experiment.digest(), experiment.seed)
    if not force and Run(path).exists and Run(path).status.state == "done":
        reporter.note(f"{path}: already trained; --force trains it again")
        return Run(path)
    if experiment.train.tensorboard:
        require_tensorboard()
        reporter = TensorBoardLog(path / "tensorboard", reporter)
    with stop_requests() as stop, native_output_to():
        device = activate(
            experiment.backend,
            experiment.device,
            deterministic=experiment.train.deterministic,
        )
        corpus = corpus_of(experiment.data, out / ".cache" / "corpora")
        run = Run.create(path)
        with run.lock():
            if force:
                run.clear()
            with native_output_to(run.backend_log):
                run.set_status("running")
                try:
                    with memory_watched():
                        _train(experiment, corpus, run, device, config_text, reporter, stop)
                except Interrupted as error:
                    run.set_status("interrupted", reason=str(error))
                    raise Interrupted(f"{error}; the same command resumes {run.path}") from error
                except RnnError as error:
                    run.set_status("failed", reason=str(error))
                    raise
                except BaseException as error:
                    run.set_status("failed", reason=f"{type(error).__name__}: {error}")
                    raise
                finally:
                    reporter.close()
    return run


def _train(
    experiment: Experiment,
    corpus: Corpus,
    run: Run,
    device: Device,
    config_text: str | None,
    reporter: Reporter,
    stop: StopRequest,
) -> None:
    began = time.perf_counter()
    resolved = to_yaml(experiment)
    run.write_config(config_text or resolved, resolved)
    prepared = preparation.tokenize(experiment, corpus, run.path.parent / ".cache" / "tokens")
    tokens = int(prepared.encoded["train"].lengths.sum()) * experiment.train.epochs
    layers = kernels(experiment, device, Work(tokens, experiment.train.batch_size))
    run.write(
        "environment",
        {
            **describe_environment(),
            "device": asdict(device),
            "kernels": [asdict(kernel) for kernel in layers],
        },
    )
    facts = describe_data(prepared)
    _refuse_other_data(run, facts)
    run.write("data", facts)
    run.write("tokenizer", prepared.tokenizer.state())
    run.write_labels(corpus.label_names)
    vectors = preparation.pretrained(experiment, prepared.tokenizer)
    if vectors is not None:
        reporter.note(f"vectors: {vectors.coverage:.1%} of the vocabulary covered")
    model = preparation.build(
        experiment,
        len(prepared.tokenizer.vocabulary),
        len(corpus.label_names),
        vectors.matrix if vectors else preparation.weighted(experiment, prepared),
        compiled_layers(layers),
    )
    fitting.compile_model(model, experiment.train)
    progress, warning = fitting.restore(model, run)
    if warning:
        reporter.note(warning)
    reporter.started(
        Plan(
            run=run.path,
            data=_data_line(corpus),
            device=str(device),
            kernels=[str(kernel) for kernel in layers],
            parameters=model.count_params(),
            vocabulary=len(prepared.tokenizer.vocabulary),
            texts=len(corpus.training),
            epochs=experiment.train.epochs,
            first_epoch=progress.epoch + 1,
            history=tuple(progress.history),
        )
    )
    progress = fitting.fit(model, experiment, prepared, run, progress, reporter, stop)
    reporter.finishing("predictions")
    load_weights(model, run.weights)
    scores = _score(model, prepared, run)
    metrics: dict[str, Any] = {"best_epoch": progress.best_epoch, **scores}
    run.write("cost", _cost(model, prepared, progress, time.perf_counter() - began))
    del model  # its memory is the baseline's
    if experiment.baselines:
        from rnncli.baselines import baselines

        reporter.finishing("TF-IDF baseline")
        metrics["baselines"] = baselines(corpus, run.path.parent / ".cache")
    if vectors is not None:
        metrics["vector_coverage"] = vectors.coverage
    run.write("metrics", metrics)
    reporter.finishing("report")
    from rnncli.report import write_report

    write_report(run)
    run.set_status("done")


def _score(model: Any, prepared: Prepared, run: Run) -> dict[str, Any]:
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


def describe_data(prepared: Prepared) -> dict[str, Any]:
    """What is recorded of a corpus: its source, and each split's size, labels and checksum."""
    corpus = prepared.corpus
    source = corpus.source
    both = set(corpus["train"].texts) & set(corpus["test"].texts)
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
        "train_test_overlap": sum(text in both for text in corpus["test"].texts),
        "vocabulary": len(prepared.tokenizer.vocabulary),
    }


def _refuse_other_data(run: Run, facts: dict[str, Any]) -> None:
    """A run goes on with the texts it began with, or not at all."""
    if not (run.path / "data.json").is_file() or not run.checkpoints.is_dir():
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


def _data_line(corpus: Corpus) -> str:
    sizes = " / ".join(f"{len(corpus[name]):,} {name}" for name in SPLITS)
    return f"{corpus.source.name} ({corpus.source.location}): {sizes}"


def _cost(
    model: Any, prepared: Prepared, progress: fitting.Progress, seconds: float
) -> dict[str, Any]:
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
