"""What a study looks at: a network, its tokenizer, and texts it was not trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli import preparation
from rnncli.backend import activate, trouble_told
from rnncli.batching import Encoded
from rnncli.classifier import load_classifier
from rnncli.config import load_config
from rnncli.corpus_cache import corpus_of
from rnncli.errors import DataError, UsageError
from rnncli.quiet import native_output_to
from rnncli.run import Run
from rnncli.scoring import logits, softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.corpus import Corpus
    from rnncli.experiment import Experiment
    from rnncli.tokenizers import FittedTokenizer

__all__ = ["Subject", "opened_config", "opened_run", "singles"]

_SAMPLES = {"imdb": "sample-en", "klue-tc": "sample-ko"}


@dataclass(frozen=True)
class Subject:
    """A network and its test texts."""

    name: str
    run: Run | None
    """None of a config that is not trained."""
    experiment: Experiment
    tokenizer: FittedTokenizer
    labels: tuple[str, ...]
    model: Any
    """With the run's weights; of a config, as it is before training. In float32."""
    texts: Sequence[str]
    """Test texts, cleaned."""
    gold: NDArray[np.integer]
    """Their labels [N]."""
    source: str
    """Where the texts are from."""

    def chosen(self, count: int, seed: int = 0) -> NDArray[np.int64]:
        """Which texts to look at, in order: so many, drawn by the seed; all if there are fewer."""
        order = np.random.default_rng(seed).permutation(len(self.texts))
        return np.sort(order[:count])

    def probabilities(self, rows: Sequence[NDArray[np.int32]]) -> NDArray[np.float64]:
        """[N, C] of texts given by the ids of their single tokens."""
        return softmax(logits(self.model, Encoded.of(self.tokenizer.relaid(rows))))

    def untrained(self) -> Any:
        """The network as it was before training, from the same seed.

        Raises:
            DataError: its first vectors come from data that is not in reach.
        """
        return _fresh(self.experiment, self.tokenizer, self.labels, self.corpus)

    def corpus(self) -> Corpus:
        """The data that the network was trained on, or is to be.

        Raises:
            DataError: it is not in reach.
        """
        if self.run is None:
            return self.experiment.data.load()
        return corpus_of(self.experiment.data, self.run.path.parent / ".cache" / "corpora")


def singles(tokenizer: FittedTokenizer, texts: Sequence[str]) -> list[NDArray[np.int32]]:
    """Each text's single tokens as ids [T], without n-grams, cut as the network reads them."""
    encoded = tokenizer.encode_many(texts)
    return [ids if ids.ndim == 1 else ids[:, 0].copy() for ids in encoded]


@contextmanager
def opened_run(
    path: Path, device: str | None = None, backend: str | None = None
) -> Iterator[Subject]:
    """A run's network and test texts, for a block.

    Raises:
        UsageError: the run is not finished, or has no test texts.
    """
    run = Run.open(path)
    state = run.status.state
    if state != "done":
        raise UsageError(f"{path}: {state}; a study needs a finished run: `rnn train` finishes it")
    predictions = run.predictions()
    if not len(predictions.gold):
        raise UsageError(f"{path}: its test split is empty; a study needs texts")
    with native_output_to(), trouble_told():
        classifier = load_classifier(run, device, backend, exact=True)
        experiment, model = classifier.experiment, classifier.model
        if experiment.train.precision != "float32":
            weights = model.get_weights()
            experiment = _in_float32(experiment)
            size = len(classifier.tokenizer.vocabulary)
            model = preparation.build(experiment, size, len(classifier.labels))
            model.set_weights(weights)
        yield Subject(
            run.name,
            run,
            experiment,
            classifier.tokenizer,
            classifier.labels,
            model,
            predictions.texts,
            np.asarray(predictions.gold),
            f"{experiment.data.name}, test split",
        )


@contextmanager
def opened_config(
    config: str, device: str | None = None, backend: str | None = None
) -> Iterator[Subject]:
    """A config's network before training, on its data or, where that is not in reach, a sample.

    A `data.path` that the config names is insisted on.

    Raises:
        DataError: neither is to be had.
    """
    experiment = _in_float32(load_config(config, backend=backend, device=device))
    with native_output_to(), trouble_told():
        activate(experiment.backend, experiment.device, exact=True)
        try:
            corpus = experiment.data.load()
            source = f"{corpus.source.name}, test split"
        except DataError:
            sample = _SAMPLES.get(experiment.data.name)
            if sample is None or getattr(experiment.data, "path", None) is not None:
                raise
            experiment = _on_sample(experiment, sample)
            corpus = experiment.data.load()
            source = f"{sample}, since {config}'s own data is not in reach"
        tokenizer = experiment.text.fit(corpus.training.texts)
        model = _fresh(experiment, tokenizer, corpus.label_names, lambda: corpus)
        test = corpus["test"]
        yield Subject(
            str(experiment.name),
            None,
            experiment,
            tokenizer,
            corpus.label_names,
            model,
            test.texts,
            np.asarray(test.labels),
            source,
        )


def _fresh(
    experiment: Experiment, tokenizer: FittedTokenizer, labels: Sequence[str], load: Any
) -> Any:
    vectors = preparation.pretrained(experiment, tokenizer)
    matrix = vectors.matrix if vectors else None
    if experiment.model.embedding.initializer != "random":
        corpus = load()
        encoded = Encoded.of(tokenizer.encode_many(corpus.training.texts))
        prepared = preparation.Prepared(corpus, tokenizer, {"train": encoded})
        matrix = preparation.weighted(experiment, prepared)
    model = preparation.build(experiment, len(tokenizer.vocabulary), len(labels), matrix)
    model.compile(jit_compile=experiment.backend == "jax")
    return model


def _in_float32(experiment: Experiment) -> Experiment:
    train = experiment.train.model_copy(update={"precision": "float32"})
    return experiment.model_copy(update={"train": train})


def _on_sample(experiment: Experiment, name: str) -> Experiment:
    return type(experiment).model_validate({**experiment.to_dict(), "data": {"name": name}})
