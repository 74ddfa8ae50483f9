"""The optimizers and learning-rate schedules a config may name.

Names and defaults are Keras' own, the layer names aside: `rnncli.layers.optimizers` builds them.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field, model_validator

from rnncli.spec import Spec, by_name

__all__ = ["OPTIMIZERS", "SCHEDULES", "SGD", "Adam", "AdamW", "Optimizer", "RMSprop", "Schedule"]

Positive = Annotated[float, Field(gt=0.0)]
Decay = Annotated[float, Field(ge=0.0, lt=1.0)]


class ScheduleSpec(Spec):
    """How the learning rate moves over training."""

    summary: ClassVar[str]
    """One line for `rnn list`."""

    @abstractmethod
    def factor(self, epoch: float, epochs: int) -> float:
        """What the learning rate is multiplied by after `epoch` (a fraction counts) of `epochs`."""


class Constant(ScheduleSpec):
    """The same learning rate throughout."""

    summary: ClassVar[str] = "the same learning rate throughout"
    name: Literal["constant"] = "constant"

    def factor(self, epoch: float, epochs: int) -> float:
        """1."""
        return 1.0


class Cosine(ScheduleSpec):
    """Warm up linearly, then fall along half a cosine (Loshchilov & Hutter, SGDR, ICLR 2017)."""

    summary: ClassVar[str] = "linear warm-up, then half a cosine down"
    name: Literal["cosine"]
    warmup_epochs: Annotated[float, Field(ge=0.0)] = 0.0
    """Epochs, or a fraction of one, over which the rate rises from 0."""
    final_factor: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    """The rate at the end, as a share of the first."""

    def factor(self, epoch: float, epochs: int) -> float:
        """See `ScheduleSpec.factor`."""
        import math

        if epoch < self.warmup_epochs:
            return epoch / self.warmup_epochs
        rest = max(epochs - self.warmup_epochs, 1e-12)
        progress = min((epoch - self.warmup_epochs) / rest, 1.0)
        wave = 0.5 * (1.0 + math.cos(math.pi * progress))
        return self.final_factor + (1.0 - self.final_factor) * wave


class Linear(ScheduleSpec):
    """Warm up linearly, then fall linearly."""

    summary: ClassVar[str] = "linear warm-up, then linearly down"
    name: Literal["linear"]
    warmup_epochs: Annotated[float, Field(ge=0.0)] = 0.0
    """Epochs, or a fraction of one, over which the rate rises from 0."""
    final_factor: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    """The rate at the end, as a share of the first."""

    def factor(self, epoch: float, epochs: int) -> float:
        """See `ScheduleSpec.factor`."""
        if epoch < self.warmup_epochs:
            return epoch / self.warmup_epochs
        rest = max(epochs - self.warmup_epochs, 1e-12)
        progress = min((epoch - self.warmup_epochs) / rest, 1.0)
        return 1.0 - (1.0 - self.final_factor) * progress


class Exponential(ScheduleSpec):
    """Multiply by the same number after every epoch."""

    summary: ClassVar[str] = "multiplied by `decay_rate` after each epoch"
    name: Literal["exponential"]
    decay_rate: Annotated[float, Field(gt=0.0, le=1.0)]
    """The factor of one epoch."""

    def factor(self, epoch: float, epochs: int) -> float:
        """See `ScheduleSpec.factor`; a staircase, one step an epoch."""
        return float(self.decay_rate ** int(epoch))


Schedule = Annotated[
    Constant | Cosine | Linear | Exponential, Field(discriminator="name"), by_name("constant")
]
SCHEDULES: tuple[type[ScheduleSpec], ...] = get_args(get_args(Schedule)[0])


class OptimizerSpec(Spec):
    """An optimizer and what is done with the gradient before it and the weights after it."""

    summary: ClassVar[str]
    """One line for `rnn list optimizers`."""

    name: str
    """The optimizer's name."""
    learning_rate: Positive = 1e-3
    """The rate before the schedule's factor."""
    schedule: Schedule = Constant()
    """How the rate moves over training."""
    clipnorm: Positive | None = None
    """Clip each weight's gradient to this norm."""
    global_clipnorm: Positive | None = None
    """Clip all gradients together to this norm."""
    clipvalue: Positive | None = None
    """Clip each element of a gradient to ±this value."""
    use_ema: bool = False
    """Validate, save and predict with an exponential moving average of the weights."""
    ema_momentum: Decay = 0.99
    """Decay of that average, approached from below in the first steps."""

    @model_validator(mode="after")
    def _settings_take_effect(self) -> OptimizerSpec:
        clips = ("clipnorm", "global_clipnorm", "clipvalue")
        given = [name for name in clips if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} cannot be combined; keep one of them")
        default = type(self).model_fields["ema_momentum"].default
        if self.ema_momentum != default and not self.use_ema:
            raise ValueError("ema_momentum has no effect without use_ema: true")
        return self

    @property
    def shared_arguments(self) -> dict[str, Any]:
        """What every Keras optimizer takes."""
        return {
            "learning_rate": self.learning_rate,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
        }

    @abstractmethod
    def make(self) -> Any:
        """The Keras optimizer."""


class Adam(OptimizerSpec):
    """Kingma & Ba, Adam: a method for stochastic optimization, ICLR 2015."""

    summary: ClassVar[str] = "adaptive moments (Kingma & Ba 2015)"
    name: Literal["adam"] = "adam"
    beta_1: Decay = 0.9
    """Decay of the gradient's average."""
    beta_2: Decay = 0.999
    """Decay of the squared gradient's average."""
    epsilon: Positive = 1e-7
    """Added to the denominator."""

    def make(self) -> Any:
        """See `OptimizerSpec.make`."""
        from rnncli.layers import optimizers

        return optimizers.Adam(
            beta_1=self.beta_1, beta_2=self.beta_2, epsilon=self.epsilon, **self.shared_arguments
        )


class AdamW(OptimizerSpec):
    """Loshchilov & Hutter, Decoupled weight decay regularization, ICLR 2019."""

    summary: ClassVar[str] = "Adam with decoupled weight decay (Loshchilov & Hutter 2019)"
    name: Literal["adamw"]
    weight_decay: Positive = 4e-3
    """Share of each weight taken away at a step, times the learning rate."""
    beta_1: Decay = 0.9
    """Decay of the gradient's average."""
    beta_2: Decay = 0.999
    """Decay of the squared gradient's average."""
    epsilon: Positive = 1e-7
    """Added to the denominator."""

    def make(self) -> Any:
        """See `OptimizerSpec.make`."""
        from rnncli.layers import optimizers

        return optimizers.AdamW(
            weight_decay=self.weight_decay,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
            **self.shared_arguments,
        )


class SGD(OptimizerSpec):
    """Stochastic gradient descent."""

    summary: ClassVar[str] = "stochastic gradient descent, with momentum if wanted"
    name: Literal["sgd"]
    learning_rate: Positive = 1e-2
    """The rate before the schedule's factor."""
    momentum: Decay = 0.0
    """Share of the last update carried on."""
    nesterov: bool = False
    """Look ahead along the momentum (Nesterov 1983)."""

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> SGD:
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov has no effect without momentum > 0")
        return self

    def make(self) -> Any:
        """See `OptimizerSpec.make`."""
        from rnncli.layers import optimizers

        return optimizers.SGD(
            momentum=self.momentum, nesterov=self.nesterov, **self.shared_arguments
        )


class RMSprop(OptimizerSpec):
    """Tieleman & Hinton, Lecture 6.5: divide the gradient by a running average, 2012."""

    summary: ClassVar[str] = "gradient divided by its running root mean square (Hinton 2012)"
    name: Literal["rmsprop"]
    rho: Decay = 0.9
    """Decay of the squared gradient's average."""
    momentum: Decay = 0.0
    """Share of the last update carried on."""
    epsilon: Positive = 1e-7
    """Added to the denominator."""

    def make(self) -> Any:
        """See `OptimizerSpec.make`."""
        from rnncli.layers import optimizers

        return optimizers.RMSprop(
            rho=self.rho, momentum=self.momentum, epsilon=self.epsilon, **self.shared_arguments
        )


Optimizer = Annotated[Adam | AdamW | SGD | RMSprop, Field(discriminator="name"), by_name("adam")]
"""An optimizer by name alone (`optimizer: adam`) or with its settings."""
OPTIMIZERS: tuple[type[OptimizerSpec], ...] = get_args(get_args(Optimizer)[0])
