"""The parts of a network as a config describes them: shapes, equations, weights, work. No Keras.

Shape letters: B batch, T time, N n-gram orders; everything else is a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnncli.formulas import Weight, formulas

if TYPE_CHECKING:
    from rnncli.cells import CellSpec
    from rnncli.experiment import Experiment
    from rnncli.readouts import ReadoutSpec

__all__ = ["Group", "Part", "Returns", "Tensor", "anatomy"]

DIRECTIONS = (("forwards", "f"), ("backwards", "b"))


@dataclass(frozen=True)
class Tensor:
    """What goes from one part to the next."""

    name: str
    shape: tuple[str | int, ...]

    def __str__(self) -> str:
        """As in `y [B, T, 128]`."""
        return f"{self.name} [{', '.join(map(str, self.shape))}]"


@dataclass(frozen=True)
class Group:
    """The weights of one gate of one direction."""

    direction: str
    """`forwards`, `backwards`, or empty."""
    gate: str
    weights: tuple[Weight, ...]

    @property
    def parameters(self) -> int:
        """How many numbers they hold."""
        return sum(weight.parameters for weight in self.weights)

    @property
    def arithmetic(self) -> str:
        """`64·128 kernel + 128·128 recurrent + 128 bias = 24,704`."""
        terms = [f"{'·'.join(map(str, w.shape))} {w.name}" for w in self.weights]
        return f"{' + '.join(terms)} = {self.parameters:,}"


@dataclass(frozen=True)
class Returns:
    """What a layer returns with one choice of `return_sequences` and `return_state`, in order."""

    return_sequences: bool
    return_state: bool
    chosen: bool
    """Whether it is this network's choice."""
    values: tuple[Tensor, ...]


@dataclass(frozen=True)
class Part:
    """One part of the network, from ids to logits."""

    name: str
    """Of the Keras layer: embedding, layer_0, …, readout, logits."""
    kind: str
    details: tuple[str, ...]
    """What the config says of it, in words."""
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    """What the network uses of it, in Keras' order."""
    equations: tuple[str, ...]
    groups: tuple[Group, ...]
    multiply_adds_per_token: int
    """Products with weights; what goes on elementwise is not counted."""
    multiply_adds_per_text: int
    """Those made once, whatever the length."""
    returns: tuple[Returns, ...] = ()
    """Of a recurrent layer, every choice."""
    merged: str = ""
    """How the outputs of both directions become one; empty with a single direction."""

    @property
    def parameters(self) -> int:
        """How many numbers its weights hold."""
        return sum(group.parameters for group in self.groups)


def anatomy(experiment: Experiment, vocabulary_size: int, classes: int) -> tuple[Part, ...]:
    """The parts of an experiment's network, from the embedding to the logits.

    Args:
        experiment: the config.
        vocabulary_size: number of ids, padding and unknown included.
        classes: number of labels, the auxiliary ones not counted.
    """
    model = experiment.model
    parts = [_embedding(experiment, vocabulary_size)]
    for index, layer in enumerate(model.layers):
        below = parts[-1].outputs[1:] if layer.initial_state == "previous" else ()
        parts.append(_layer(index, layer, parts[-1].outputs[0], below))
    parts.append(_readout(experiment, parts[-1]))
    parts.append(_logits(experiment, parts[-1].outputs[0], classes))
    return tuple(parts)


def _embedding(experiment: Experiment, vocabulary_size: int) -> Part:
    spec, orders = experiment.model.embedding, experiment.text.ids_per_position
    ids = Tensor("ids", ("B", "T") if orders == 1 else ("B", "T", orders))
    details = [f"{vocabulary_size:,} ids, vectors of {spec.dim}"]
    if orders > 1:
        details.append(f"the 1..{orders}-grams that begin at a position, summed; id 0 adds nothing")
    details += _rates(spec, "dropout", "spatial_dropout", "ngram_dropout")
    if spec.vectors:
        details.append(f"begins with {spec.vectors}")
    if spec.initializer != "random":
        details.append(f"initializer: {spec.initializer}")
    if not spec.trainable:
        details.append("not trained")
    return Part(
        name="embedding",
        kind="embedding" if orders == 1 else "n-gram embedding",
        details=tuple(details),
        inputs=(ids,),
        outputs=(Tensor("x", ("B", "T", spec.dim)),),
        equations=("xₜ = E[idₜ]",) if orders == 1 else ("xₜ = Σₙ E[idₜₙ], the ids that are not 0",),
        groups=(Group("", "", (Weight("", "embeddings", (vocabulary_size, spec.dim)),)),),
        multiply_adds_per_token=0,
        multiply_adds_per_text=0,
    )


def _layer(index: int, layer: CellSpec, reads: Tensor, initial: tuple[Tensor, ...]) -> Part:
    weights = layer.weights(int(reads.shape[-1]))
    directions = [name for name, _ in DIRECTIONS] if layer.bidirectional else [""]
    groups = [
        Group(direction, gate, tuple(w for w in weights if w.gate == gate))
        for direction in directions
        for gate in layer.column_names
    ]
    choices = [
        Returns(
            sequences,
            state,
            (sequences, state) == (layer.return_sequences, layer.return_state),
            _values(layer, sequences, state),
        )
        for sequences in (False, True)
        for state in (False, True)
    ]
    details = [f"{layer.units} units"]
    if initial:
        details.append("begins with the final states of the layer below")
    details += _rates(layer, "dropout", "recurrent_dropout")
    equations = formulas(layer, layer.equations)
    if layer.bidirectional and layer.recurrent:
        equations += ("backwards: weights of its own, and t+1 in place of t−1",)
    return Part(
        name=f"layer_{index}",
        kind=layer.cell,
        details=tuple(details),
        inputs=(reads, *(one for one in initial if one.name.split("_")[0] in layer.state_names)),
        outputs=next(choice.values for choice in choices if choice.chosen),
        equations=equations,
        groups=tuple(groups),
        multiply_adds_per_token=layer.directions * sum(w.multiply_adds for w in weights),
        multiply_adds_per_text=0,
        returns=tuple(choices),
        merged=_MERGED[layer.merge_mode] if layer.bidirectional else "",
    )


_MERGED = {"concat": "side by side", "sum": "added", "mul": "multiplied", "ave": "averaged"}


def _values(layer: CellSpec, sequences: bool, state: bool) -> tuple[Tensor, ...]:
    """What Keras returns: the outputs, then the states of each direction."""
    size = layer.output_units
    values = [Tensor("y", ("B", "T", size) if sequences else ("B", size))]
    if state:
        endings = [f"_{letter}" for _, letter in DIRECTIONS] if layer.bidirectional else [""]
        values += [
            Tensor(f"{name}{ending}", ("B", layer.units))
            for ending in endings
            for name in layer.state_names
        ]
    return tuple(values)


def _readout(experiment: Experiment, top: Part) -> Part:
    spec, layer = experiment.model.readout, experiment.model.layers[-1]
    features = layer.output_units
    weights = spec.weights(features)
    size = spec.size(features, layer.units, layer.directions)
    sequences = bool(layer.return_sequences)
    return Part(
        name="readout",
        kind=spec.name,
        details=(spec.summary, *_rates(spec, "dropout")),
        inputs=_states_read(spec, top) if spec.reads_states else top.outputs[:1],
        outputs=(Tensor("v", ("B", size)),),
        equations=formulas(spec, spec.equations),
        groups=(Group("", "", weights),) if weights else (),
        multiply_adds_per_token=sum(w.multiply_adds for w in weights) if sequences else 0,
        multiply_adds_per_text=0,
    )


def _states_read(spec: ReadoutSpec, top: Part) -> tuple[Tensor, ...]:
    kept = getattr(spec, "states", "both")
    return tuple(t for t in top.outputs[1:] if kept == "both" or t.name.split("_")[0] == kept)


def _logits(experiment: Experiment, reads: Tensor, classes: int) -> Part:
    auxiliary = len(experiment.data.auxiliary_labels)
    features, columns = int(reads.shape[-1]), classes + auxiliary
    weights = (Weight("", "kernel", (features, columns)), Weight("", "bias", (columns,)))
    details = [f"{classes} labels"]
    if auxiliary:
        details.append(f"{auxiliary} auxiliary ones beside them, in training alone")
    return Part(
        name="logits",
        kind="dense",
        details=tuple(details),
        inputs=(reads,),
        outputs=(Tensor("logits", ("B", classes)),),
        equations=("logits = W v + b",),
        groups=(Group("", "", weights),),
        multiply_adds_per_token=0,
        multiply_adds_per_text=sum(weight.multiply_adds for weight in weights),
    )


def _rates(spec: Any, *names: str) -> Sequence[str]:
    """The dropouts that are not 0."""
    return [f"{name} {getattr(spec, name)}" for name in names if getattr(spec, name, 0)]
