"""The whole of a config: data, text, model and training, frozen once it is read."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from rnncli.datasets import Data
from rnncli.optimizers import Adam, Optimizer
from rnncli.spec import Rate, Spec
from rnncli.tokenizers import Text
from rnncli.topology import ModelSpec

__all__ = [
    "BACKENDS",
    "SEEDS",
    "AdversarialSpec",
    "Backend",
    "DeviceChoice",
    "EarlyStoppingSpec",
    "Experiment",
    "Monitor",
    "TrainSpec",
]

Backend = Literal["tensorflow", "jax", "torch"]
DeviceChoice = Literal["auto", "cpu", "gpu"]
BACKENDS: tuple[Backend, ...] = ("tensorflow", "jax", "torch")
Monitor = Literal["macro_f1", "accuracy", "loss"]
SEEDS = 2**31
"""A seed is below it."""


class EarlyStoppingSpec(Spec):
    """Stop when the monitored validation metric no longer improves, or is good enough."""

    patience: Annotated[int, Field(ge=1)] = 3
    """Epochs without improvement before training stops."""
    min_delta: Annotated[float, Field(ge=0.0)] = 0.0
    """A smaller change is no improvement."""
    target: float | None = None
    """Also stop once the metric is as good as this."""


class AdversarialSpec(Spec):
    """Also train on word vectors moved to where the loss rises fastest (Miyato et al. 2017)."""

    epsilon: Annotated[float, Field(gt=0.0)] = 1.0
    """How far all the vectors of a text are moved together, in the Euclidean norm."""


class TrainSpec(Spec):
    """How the model is fitted."""

    epochs: Annotated[int, Field(ge=1)] = 10
    """Passes over the training texts."""
    batch_size: Annotated[int, Field(ge=1)] = 64
    """Texts in a step."""
    optimizer: Optimizer = Adam()
    """The optimizer, by name or with its settings."""
    monitor: Monitor = "macro_f1"
    """The validation metric that chooses the best epoch."""
    early_stopping: EarlyStoppingSpec | None = None
    """Stop early by the monitored metric; never if left out."""
    adversarial: AdversarialSpec | None = None
    """Adversarial training; a step takes twice as long. None if left out."""
    label_smoothing: Rate = 0.0
    """Share of the target spread evenly over all classes (Szegedy et al. 2016)."""
    class_weight: Literal["balanced"] | dict[str, Annotated[float, Field(gt=0.0)]] | None = None
    """Weights of the classes in the loss: `balanced` (inverse frequency) or by label."""
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    """Keras' dtype policy: what the layers compute in; weights stay float32."""
    recurrence: Literal["auto", "keras", "compiled"] = "auto"
    """Keras' loop over time or the compiled one, equal to 1e-5, which TensorFlow has on a CPU and
    JAX; `auto` compiles where that is faster: on a CPU if there is enough to train, on a GPU."""
    deterministic: bool = False
    """On a GPU, let only operations run that give the same bits every time, or stop and name the
    one that cannot; a CPU always repeats itself."""
    tensorboard: bool = False
    """Write TensorBoard logs under the run's `tensorboard/` (extra `tensorboard`)."""
    tracker: Literal["mlflow"] | None = None
    """Send epochs and results to the MLflow server of `MLFLOW_TRACKING_URI` (extra `mlflow`)."""

    @field_validator("class_weight", "tracker", mode="before")
    @classmethod
    def _none_is_null(cls, value: Any) -> Any:
        return None if value == "none" else value


class Experiment(Spec):
    """One experiment, complete: the same experiment and seed give the same run."""

    name: Annotated[str, Field(pattern=r"^[\w.-]+$")] | None = None
    """What run directories are called; the config file's name by default."""
    seed: Annotated[int, Field(ge=0, lt=SEEDS)] = 1
    """Seed of the initial weights, the batch order and dropout."""
    backend: Backend = "tensorflow"
    """Keras' backend."""
    device: DeviceChoice = "auto"
    """`gpu` insists on one; `auto` takes one if it is there."""
    devices: Annotated[int, Field(ge=1)] = 1
    """How many of them share each batch, on TensorFlow and JAX; `train.batch_size` is that of
    all together."""
    data: Data
    """The data set."""
    text: Text
    """How texts become ids."""
    model: ModelSpec
    """The network."""
    train: TrainSpec = TrainSpec()
    """How it is fitted."""
    baselines: bool = True
    """Also score a TF-IDF and linear baseline on the same split."""

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Experiment:
        if self.model.embedding.vectors and self.text.ids_per_position > 1:
            raise ValueError(
                "model.embedding.vectors holds vectors of whole tokens and cannot be combined "
                "with text.ngrams > 1; remove one of them"
            )
        if self.model.embedding.vectors and self.model.embedding.initializer != "random":
            raise ValueError(
                "model.embedding.initializer has no effect beside model.embedding.vectors; "
                "remove one of them"
            )
        longest = self.data.longest_text
        if longest is not None and self.text.tokenizer != "word":
            raise ValueError(
                f"data.name {self.data.name} is a sequence of words, and its lag counts them: use "
                f"text.tokenizer: word, not {self.text.tokenizer}"
            )
        if longest is not None and self.text.max_length < longest:
            raise ValueError(
                f"text.max_length {self.text.max_length} cuts texts of {self.data.name}, which "
                f"have up to {longest} words; set it to {longest} or more"
            )
        if self.model.embedding.ngram_dropout and self.text.ids_per_position == 1:
            raise ValueError(
                "model.embedding.ngram_dropout has no effect without text.ngrams of 2 or more"
            )
        self._require_shares()
        return self

    def _require_shares(self) -> None:
        if self.devices == 1:
            return
        if self.backend == "torch":
            raise ValueError(
                f"devices: {self.devices} is not offered on torch; use tensorflow or jax"
            )
        if self.train.batch_size % self.devices:
            raise ValueError(
                f"train.batch_size {self.train.batch_size} does not fall into devices: "
                f"{self.devices} equal shares"
            )
        if self.backend == "tensorflow" and self.train.precision == "mixed_float16":
            raise ValueError(
                f"train.precision: mixed_float16 is not offered with devices: {self.devices} on "
                "tensorflow; use mixed_bfloat16 or jax"
            )

    def to_dict(self) -> dict[str, Any]:
        """Every setting, defaults filled in, as plain data in the order of the sections."""
        return self.model_dump(mode="json")

    def digest(self) -> str:
        """SHA-256 of all that shapes the result but the seed: equal for equal experiments."""
        data = self.to_dict()
        for key in ("name", "seed", "device", "devices", "baselines"):
            del data[key]
        del data["train"]["tracker"]
        # Left out, these are as if there were no such setting: older runs are still found.
        later = [(layer, "chrono") for layer in data["model"]["layers"]]
        later.append((data["train"]["early_stopping"] or {}, "target"))
        for section, key in later:
            if key in section and section[key] is None:
                del section[key]
        canonical = json.dumps(data, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()
