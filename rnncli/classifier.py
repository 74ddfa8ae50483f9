"""A trained run, ready to classify: rebuilt from its config, nothing executable deserialised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncli import preparation
from rnncli.backend import Device, activate, trouble_told
from rnncli.config import load_config
from rnncli.errors import ConfigError, StorageError, UsageError
from rnncli.kernels import predicting
from rnncli.quiet import native_output_to
from rnncli.run import Run
from rnncli.scoring import probabilities
from rnncli.weights import load_weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rnncli.experiment import Experiment
    from rnncli.tokenizers import FittedTokenizer

__all__ = ["Classifier", "Prediction", "load_classifier", "predict", "recorded_experiment"]


@dataclass(frozen=True)
class Prediction:
    """The answer for one text."""

    label: str
    probabilities: dict[str, float]
    """By label, in the run's order; they sum to 1."""


@dataclass(frozen=True)
class Classifier:
    """A model with the tokenizer and labels it was trained with."""

    experiment: Experiment
    tokenizer: FittedTokenizer
    labels: tuple[str, ...]
    model: Any
    device: Device
    run: Run | None = None
    """Where it comes from."""

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Class probabilities [N, C] of raw texts, cleaned as the training texts were."""
        if not texts:
            import numpy as np

            return np.zeros((0, len(self.labels)))
        cleaned = [self.experiment.data.clean(text) for text in texts]
        return probabilities(self.model, self.tokenizer, cleaned)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """The most probable label of each text, in order."""
        return [
            Prediction(
                self.labels[int(row.argmax())],
                {name: float(value) for name, value in zip(self.labels, row, strict=True)},
            )
            for row in self.probabilities(texts)
        ]


def load_classifier(
    run: Run, device: str | None = None, backend: str | None = None, *, exact: bool = False
) -> Classifier:
    """Rebuild a run's model and load its best weights.

    Args:
        run: a run with at least one finished epoch.
        device: instead of the config's.
        backend: instead of the config's; weights are the same on all.
        exact: see `rnncli.backend.activate`.

    Raises:
        UsageError: no epoch is finished yet.
        StorageError: a file of the run is missing, damaged or of another architecture.
        DeviceError: the backend or device is not available.
    """
    if not run.weights.is_file():
        state = run.status.state
        raise UsageError(
            f"{run.path}: has no weights yet (status: {state}); train it with rnn train"
        )
    experiment = recorded_experiment(run, device, backend)
    labels = run.labels()
    tokenizer = experiment.text.restore(run.read("tokenizer"))
    chosen = activate(experiment.backend, experiment.device, exact=exact)
    model = preparation.build(
        experiment,
        len(tokenizer.vocabulary),
        len(labels),
        compiled=predicting(experiment, chosen),
    )
    load_weights(model, run.weights)
    model.compile(jit_compile=experiment.backend == "jax")
    return Classifier(experiment, tokenizer, labels, model, chosen, run)


@contextmanager
def opened(
    run: Run | Path | str, device: str | None = None, backend: str | None = None
) -> Iterator[Classifier]:
    """A run's classifier, with what the backend prints kept off the terminal in the block."""
    run = run if isinstance(run, Run) else Run.open(Path(run))
    with native_output_to(), trouble_told():
        yield load_classifier(run, device, backend)


def predict(run: Run | Path | str, texts: Sequence[str]) -> list[Prediction]:
    """Classify texts with a trained run; see `Classifier.predict` and `load_classifier`."""
    with opened(run) as classifier:
        return classifier.predict(texts)


def recorded_experiment(
    run: Run, device: str | None = None, backend: str | None = None
) -> Experiment:
    """What a run was trained from, every default written out.

    Raises:
        StorageError: the record is missing, damaged, or of another version of the program.
    """
    path = run.path / "config.resolved.yaml"
    try:
        return load_config(path, backend=backend, device=device)
    except (ConfigError, UsageError) as error:
        message = f"{error.lines[0]}; it is this run's record: restore it or train the run again"
        raise StorageError(message) from error
