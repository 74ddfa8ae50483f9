"""The `model:` section: embedding, layers, readout, and the rules by which they fit together.

What a layer has to return follows from what reads it, so `return_sequences` and `return_state`
are filled in when left out. Written out and wrong, or without effect, they are errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, ValidationInfo, ValidatorFunctionWrapHandler, field_validator
from pydantic_core import PydanticCustomError

from rnncli.cells import Cell
from rnncli.matching import MatchSpec, matched_units
from rnncli.readouts import Last, Readout
from rnncli.spec import Rate, Spec

if TYPE_CHECKING:
    from rnncli.cells import CellSpec
    from rnncli.readouts import ReadoutSpec

__all__ = ["EmbeddingSpec", "ModelSpec"]


class EmbeddingSpec(Spec):
    """The vectors that stand for tokens."""

    dim: Annotated[int, Field(ge=1, le=65_536)] = 128
    """Length D of a vector."""
    dropout: Rate = 0.0
    """Share of the vectors' elements dropped in training."""
    spatial_dropout: Rate = 0.0
    """Share of whole features dropped in training, the same at every step."""
    ngram_dropout: Rate = 0.0
    """Share of the n-grams above order 1 left out in training (with `text.ngrams`)."""
    initializer: Literal["random", "naive_bayes"] = "random"
    """What the vectors begin as: all alike, or (`naive_bayes`) each as long as its token tells
    the labels apart in the training texts (Wang & Manning 2012; Li et al. 2016)."""
    vectors: str | None = None
    """A file of pretrained vectors in word2vec's or fastText's text format."""
    trainable: bool = True
    """Whether training moves the vectors."""


class ModelSpec(Spec):
    """The network between ids and logits."""

    embedding: EmbeddingSpec = EmbeddingSpec()
    # Before `layers`, whose validator asks what the readout reads.
    readout: Readout = Last(name="last")
    """How the top layer's outputs become one vector."""
    match: MatchSpec | None = None
    """Instead of `units` in the layers: how many parameters they have together."""
    layers: Annotated[tuple[Cell, ...], Field(strict=False, min_length=1)]
    """The recurrent layers, from the embedding upwards."""

    @field_validator("layers", mode="wrap")
    @classmethod
    def _fit_together(
        cls,
        value: Any,
        validate: ValidatorFunctionWrapHandler,
        info: ValidationInfo,
    ) -> tuple[Cell, ...]:
        readout, match = info.data.get("readout"), info.data.get("match")
        embedding = info.data.get("embedding")
        # Absent where `match` itself is wrong, which is told already.
        matched = match or "match" not in info.data
        open_layers = _without_units(value) if matched else frozenset()
        if open_layers:
            value = [
                {**layer, "units": 1} if index in open_layers else layer
                for index, layer in enumerate(value)
            ]
        layers: tuple[Cell, ...] = validate(value)
        problems: Problems = []
        if match and embedding:
            units = matched_units(layers, embedding.dim, match.parameters)
            problems = [
                ((index, "units"), layer.units, _MATCHED.format(units))
                for index, layer in enumerate(layers)
                if index not in open_layers and layer.units != units
            ]
            layers = tuple(layer.model_copy(update={"units": units}) for layer in layers)
        if readout is None:
            return layers
        problems += _problems(layers, readout)
        if problems:
            raise PydanticCustomError("topology", "layers do not fit", {"problems": problems})
        return _filled(layers, readout)


Problems = list[tuple[tuple[int | str, ...], Any, str]]
_MATCHED = (
    "must be left out, or {}: model.match solves for the units; match: null lets you choose them"
)


def _without_units(layers: Any) -> frozenset[int]:
    """Which of the layers, as a config gives them, leave their units open."""
    if not isinstance(layers, list | tuple):
        return frozenset()
    return frozenset(
        index
        for index, layer in enumerate(layers)
        if isinstance(layer, dict) and "units" not in layer
    )


def _needs_sequences(layers: tuple[Cell, ...], readout: ReadoutSpec, index: int) -> bool | None:
    return readout.return_sequences if index == len(layers) - 1 else True


def _needs_state(layers: tuple[Cell, ...], readout: ReadoutSpec, index: int) -> bool:
    if index == len(layers) - 1:
        return readout.reads_states
    return layers[index + 1].initial_state == "previous"


def _filled(layers: tuple[Cell, ...], readout: ReadoutSpec) -> tuple[Cell, ...]:
    """The layers with `return_sequences` and `return_state` written out."""
    return tuple(
        layer.model_copy(
            update={
                "return_sequences": layer.return_sequences
                if layer.return_sequences is not None
                else bool(_needs_sequences(layers, readout, index)),
                "return_state": _needs_state(layers, readout, index),
            }
        )
        for index, layer in enumerate(layers)
    )


def _problems(layers: tuple[Cell, ...], readout: ReadoutSpec) -> Problems:
    """What does not fit: (path below `layers`, value received, message)."""
    problems: Problems = []
    top = len(layers) - 1
    reader = f"readout {readout.name}"
    for index, layer in enumerate(layers):

        def report(key: str, message: str, index: int = index, layer: CellSpec = layer) -> None:
            problems.append(((index, key), getattr(layer, key), message))

        sequences = _needs_sequences(layers, readout, index)
        if sequences is not None and layer.return_sequences not in (None, sequences):
            why = f"{reader} reads" if index == top else f"layer {index + 1} reads"
            what = "every step" if sequences else "the final states alone"
            report("return_sequences", f"must be {str(sequences).lower()}: {why} {what}")
        state = _needs_state(layers, readout, index)
        if layer.return_state is True and not state:
            report(
                "return_state",
                "has no effect, nothing reads the states; use readout: state on the top layer "
                "or initial_state: previous on the layer above",
            )
        if layer.return_state is False and state:
            why = reader if index == top else f"layer {index + 1} (initial_state: previous)"
            report("return_state", f"must be true: {why} reads the states")
        if layer.merge_mode != "concat" and not layer.bidirectional:
            report("merge_mode", "has no effect without bidirectional: true")
        elif layer.merge_mode != "concat" and index == top and readout.reads_states:
            report("merge_mode", f"has no effect, {reader} reads the states, not the outputs")
        if layer.initial_state == "previous":
            for message in _initial_state_problems(layers, index):
                report("initial_state", message)
    if readout.reads_states:
        states = getattr(readout, "states", "h")
        if states != "h" and "c" not in layers[top].state_names:
            name = layers[top].cell
            message = f"{reader} asks for states: {states}, but {name} has no cell state c; use h"
            problems.append(((top, "cell"), name, message))
    return problems


def _initial_state_problems(layers: tuple[Cell, ...], index: int) -> list[str]:
    if index == 0:
        return ["previous needs a layer below; the first layer starts from zeros"]
    layer, below = layers[index], layers[index - 1]
    problems = []
    if not layer.recurrent:
        problems.append("has no effect on dense, which reads no state")
    if set(layer.state_names) - set(below.state_names):
        problems.append(
            f"previous needs states {' and '.join(layer.state_names)}, but {below.cell} below "
            f"has {' and '.join(below.state_names)} alone"
        )
    if layer.units != below.units:
        problems.append(f"previous needs the units of the layer below, {below.units}")
    if layer.bidirectional != below.bidirectional:
        problems.append("previous needs both layers bidirectional, or neither")
    return problems
