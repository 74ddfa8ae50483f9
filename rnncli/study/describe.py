"""What network a config or a run means, before anything is trained: no Keras is loaded.

The parts with their shapes, equations and parameters (`rnncli.study.anatomy`), the kernels that
would run (`rnncli.study.kernel_table`), and what a text costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncli.config import load_config
from rnncli.errors import StorageError, UsageError
from rnncli.run import Run
from rnncli.study.anatomy import Part, anatomy
from rnncli.study.kernel_table import KernelChoice, kernel_table

if TYPE_CHECKING:
    from rnncli.experiment import Experiment

__all__ = ["Cost", "Description", "Subject", "describe", "subject_of"]

_BYTES = 4
"""Of a weight: float32 under every precision."""


@dataclass(frozen=True)
class Subject:
    """What is described."""

    source: Path
    """The config file or the run directory."""
    experiment: Experiment
    vocabulary_size: int
    upper_bound: bool
    """Whether that is the most the config allows, the vocabulary not being fitted yet."""
    labels: tuple[str, ...]
    run: Run | None
    lengths: tuple[tuple[str, int], ...]
    """Lengths of texts in tokens that are of interest, and what each is."""


@dataclass(frozen=True)
class Cost:
    """What the forward pass of one text costs; a training step's is about three times that."""

    text: str
    tokens: int
    multiply_adds: int

    @property
    def flops(self) -> int:
        """Floating point operations: a multiplication and an addition each."""
        return 2 * self.multiply_adds


@dataclass(frozen=True)
class Description:
    """The network of a config or a run."""

    subject: Subject
    parts: tuple[Part, ...]
    kernels: tuple[KernelChoice, ...]
    costs: tuple[Cost, ...]

    @property
    def parameters(self) -> int:
        """Of all parts."""
        return sum(part.parameters for part in self.parts)

    @property
    def bytes(self) -> int:
        """What they take, as float32."""
        return _BYTES * self.parameters

    @property
    def multiply_adds_per_token(self) -> int:
        """Of all parts."""
        return sum(part.multiply_adds_per_token for part in self.parts)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data, for `--json`."""
        subject = self.subject
        return {
            "name": subject.experiment.name,
            "source": subject.source,
            "trained": subject.run is not None,
            "vocabulary": {"size": subject.vocabulary_size, "upper_bound": subject.upper_bound},
            "labels": subject.labels,
            "parts": [_part(part) for part in self.parts],
            "parameters": self.parameters,
            "bytes": self.bytes,
            "kernels": self.kernels,
            "multiply_adds_per_token": self.multiply_adds_per_token,
            "costs": [
                {
                    "text": cost.text,
                    "tokens": cost.tokens,
                    "multiply_adds": cost.multiply_adds,
                    "flops": cost.flops,
                }
                for cost in self.costs
            ],
        }


def subject_of(name: str | Path, settings: Sequence[str] = ()) -> Subject:
    """Find what is to be described.

    Args:
        name: a run directory, a config file, or a shipped config's name.
        settings: `key=value` changes to a config.

    Raises:
        UsageError: there is no such thing, or a run is to be changed.
        ConfigError: problems of the config.
        DataError: the labels have to be read from the data, which is not there.
        StorageError: a file of the run is damaged.
    """
    path = Path(name)
    if path.is_dir():
        return _of_run(Run.open(path), settings)
    experiment = load_config(name, settings)
    labels = experiment.data.known_labels or experiment.data.load().label_names
    text = experiment.text
    return Subject(
        source=path,
        experiment=experiment,
        vocabulary_size=text.vocabulary_size,
        upper_bound=True,
        labels=labels,
        run=None,
        lengths=(("the longest text (text.max_length)", text.max_length),),
    )


def _of_run(run: Run, settings: Sequence[str]) -> Subject:
    from rnncli.classifier import recorded_experiment

    if settings:
        raise UsageError(
            f"--set {settings[0]}: {run.path} is a run, described as it was trained; "
            "give its config instead to change it"
        )
    experiment, data = recorded_experiment(run), run.read("data")
    try:
        vocabulary_size = int(data["vocabulary"])
        test = data["splits"]["test"]
        mean = round(test["tokens"] / test["texts"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        path = run.path / "data.json"
        raise StorageError(f"{path}: lacks {error}: damaged; train the run again") from error
    return Subject(
        source=run.path,
        experiment=experiment,
        vocabulary_size=vocabulary_size,
        upper_bound=False,
        labels=run.labels(),
        run=run,
        lengths=(
            ("the mean test text", mean),
            ("the longest text (text.max_length)", experiment.text.max_length),
        ),
    )


def describe(subject: Subject, length: int | None = None) -> Description:
    """Describe a network.

    Args:
        subject: what `subject_of` found.
        length: what a text of so many tokens costs, besides the subject's own lengths.
    """
    parts = anatomy(subject.experiment, subject.vocabulary_size, len(subject.labels))
    per_token = sum(part.multiply_adds_per_token for part in parts)
    per_text = sum(part.multiply_adds_per_text for part in parts)
    lengths = [*subject.lengths, *([("a text as asked", length)] if length else [])]
    return Description(
        subject,
        parts,
        kernel_table(subject.experiment),
        tuple(Cost(text, tokens, per_token * tokens + per_text) for text, tokens in lengths),
    )


def _part(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "kind": part.kind,
        "details": part.details,
        "inputs": part.inputs,
        "outputs": part.outputs,
        "returns": part.returns,
        "equations": part.equations,
        "parameters": part.parameters,
        "groups": [
            {
                "direction": group.direction,
                "gate": group.gate,
                "weights": [weight._asdict() for weight in group.weights],
                "arithmetic": group.arithmetic,
                "parameters": group.parameters,
            }
            for group in part.groups
        ],
        "multiply_adds_per_token": part.multiply_adds_per_token,
        "multiply_adds_per_text": part.multiply_adds_per_text,
    }
