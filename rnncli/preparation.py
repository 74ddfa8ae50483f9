"""From an experiment to all that training needs: corpus, tokenizer, ids, model."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncli.batching import Encoded
from rnncli.corpus import SPLITS, Corpus, SplitName
from rnncli.model import build_model
from rnncli.token_cache import tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from rnncli.experiment import Experiment
    from rnncli.tokenizers import FittedTokenizer
    from rnncli.vectors import Vectors

__all__ = ["Prepared", "build", "dtype_policy", "pretrained", "tokenize", "weighted"]


@dataclass(frozen=True)
class Prepared:
    """A corpus as ids."""

    corpus: Corpus
    tokenizer: FittedTokenizer
    encoded: Mapping[SplitName, Encoded]
    """Ids of each split; `train` is `Corpus.training`, auxiliary texts included."""


def tokenize(experiment: Experiment, corpus: Corpus, cache: Path | None = None) -> Prepared:
    """Fit the tokenizer on the training texts and encode every split.

    Args:
        experiment: says how.
        corpus: the texts.
        cache: the folder of `rnncli.token_cache`; None for none.
    """

    def work() -> tuple[FittedTokenizer, Mapping[SplitName, Encoded]]:
        parts = {**corpus.splits, "train": corpus.training}
        tokenizer = experiment.text.fit(parts["train"].texts)
        return tokenizer, {
            name: Encoded.of(tokenizer.encode_many(parts[name].texts)) for name in SPLITS
        }

    if cache is None:
        return Prepared(corpus, *work())
    return Prepared(corpus, *tokens_of(experiment.text, corpus, cache, work))


def pretrained(experiment: Experiment, tokenizer: FittedTokenizer) -> Vectors | None:
    """The vectors file of the config read for the vocabulary, if it names one.

    Raises:
        DataError: the file is missing or malformed.
    """
    from rnncli.vectors import read_vectors

    spec = experiment.model.embedding
    if spec.vectors is None:
        return None
    return read_vectors(Path(spec.vectors), tokenizer.vocabulary, spec.dim, experiment.seed)


def weighted(experiment: Experiment, prepared: Prepared) -> NDArray[np.float32] | None:
    """The vectors [V, D] that `model.embedding.initializer: naive_bayes` asks for, if it does."""
    from rnncli.naive_bayes import log_count_ratios, weighted_vectors

    spec, corpus = experiment.model.embedding, prepared.corpus
    if spec.initializer == "random":
        return None
    ratios = log_count_ratios(
        prepared.encoded["train"],
        corpus.training.labels,
        len(prepared.tokenizer.vocabulary),
        len(corpus.training_names),
    )
    return weighted_vectors(ratios, spec.dim, experiment.seed)


def build(
    experiment: Experiment,
    vocabulary_size: int,
    classes: int,
    vectors: NDArray[np.float32] | None = None,
    compiled: Collection[int] = (),
) -> Any:
    """Build the Keras model with the experiment's seed and precision.

    The same experiment gives the same initial weights on the same backend.
    """
    import keras

    keras.utils.set_random_seed(experiment.seed)
    with dtype_policy(experiment.train.precision):
        return build_model(
            experiment.model,
            vocabulary_size=vocabulary_size,
            classes=classes,
            auxiliary_classes=len(experiment.data.auxiliary_labels),
            ids_per_position=experiment.text.ids_per_position,
            vectors=vectors,
            compiled=compiled,
        )


@contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Build layers under Keras' dtype policy of that name."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
