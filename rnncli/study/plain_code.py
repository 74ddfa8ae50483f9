"""A network as plain Keras source: what `rnn describe --code` prints, and what runs by itself."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncli.errors import StorageError, UsageError
from rnncli.source_text import Name, call, names_in, source

if TYPE_CHECKING:
    from rnncli.cells import CellSpec
    from rnncli.experiment import Experiment
    from rnncli.study.describe import Subject

__all__ = ["plain_code", "weight_names"]

_X = Name("x")


def plain_code(subject: Subject) -> str:
    """A module that needs Keras alone, builds the same network, and prints a summary of it.

    With the same weights, in the same order, its logits are the same. That of a run loads the
    run's weights.

    Raises:
        UsageError: the run has no weights yet.
        StorageError: its weights cannot be read.
    """
    body = list(_body(subject))
    parts = _parts_needed(body, loads=subject.run is not None)
    imports = ["import h5py", "import keras"] if subject.run else ["import keras"]
    return "\n\n\n".join(
        [
            f"{_heading(subject)}\n\n" + "\n".join(imports),
            *parts,
            "def build_model():\n" + "\n".join(f"    {line}" for line in _lines(body)),
            _main(subject),
        ]
    )


Statement = tuple[str, Any, str]
"""A variable (or several), its value, and a comment."""


def _body(subject: Subject) -> Iterator[Statement]:
    experiment = subject.experiment
    model, orders = experiment.model, experiment.text.ids_per_position
    if experiment.train.precision != "float32":
        yield "", call("keras.config.set_dtype_policy", experiment.train.precision), ""
    shape = (None,) if orders == 1 else (None, orders)
    yield "ids", call("keras.Input", shape, dtype="int32", name="ids"), "0 is padding"
    first = Name("ids" if orders == 1 else "ids[:, :, 0]")
    yield "mask", call("keras.ops.not_equal", first, 0), ""
    yield from _embedding(experiment, subject.vocabulary_size)
    states: list[list[Name]] = []
    for index, layer in enumerate(model.layers):
        results = _states(layer, index)
        yield _layer(layer, index, results, states)
        states = results
    top = model.layers[-1]
    sequences = bool(top.return_sequences)
    if sequences and experiment.train.precision != "float32":
        yield "x", call("keras.ops.cast", _X, "float32"), "sums need more than half precision"
    vector = model.readout.source(_X, states, sequences=sequences)
    if vector != _X:
        yield "x", vector, ""
    if model.readout.dropout:
        dropout = call("keras.layers.Dropout", model.readout.dropout, name="readout_dropout")
        yield "x", call(dropout, _X), ""
    auxiliary = experiment.data.auxiliary_labels
    classes = len(subject.labels) + len(auxiliary)
    logits = call("keras.layers.Dense", classes, name="logits", dtype="float32")
    yield "logits", call(logits, _X), ", ".join([*subject.labels, *auxiliary])
    if auxiliary:
        kept = Name(f"logits[:, :{len(subject.labels)}]")
        yield "logits", kept, "in training, the other labels count too"
    yield "return", call("keras.Model", Name("ids"), Name("logits")), ""


def _embedding(experiment: Experiment, vocabulary_size: int) -> Iterator[Statement]:
    spec, orders = experiment.model.embedding, experiment.text.ids_per_position
    named: dict[str, Any] = {} if spec.trainable else {"trainable": False}
    named["name"] = "embedding"
    kind = "keras.layers.Embedding"
    if orders > 1:
        kind = "NgramEmbedding"
        normal = call("keras.initializers.RandomNormal", stddev=0.1)
        named = {"embeddings_initializer": normal, **named}
        if spec.ngram_dropout:
            named = {"ngram_dropout": spec.ngram_dropout, **named}
    begins = spec.vectors or (spec.initializer != "random" and f"initializer: {spec.initializer}")
    comment = f"training begins with other vectors ({begins})" if begins else ""
    yield "x", call(call(kind, vocabulary_size, spec.dim, **named), Name("ids")), comment
    if spec.spatial_dropout:
        rate = spec.spatial_dropout
        dropout = call("keras.layers.SpatialDropout1D", rate, name="spatial_dropout")
        yield "x", call(dropout, _X), ""
    if spec.dropout:
        dropout = call("keras.layers.Dropout", spec.dropout, name="embedding_dropout")
        yield "x", call(dropout, _X), ""


def _states(layer: CellSpec, index: int) -> list[list[Name]]:
    """The variables of the final states that a layer returns, for each direction."""
    if not layer.return_state:
        return []
    endings = ("f", "b") if layer.bidirectional else ("",)
    return [[Name(f"{name}{index}{e}") for name in layer.state_names] for e in endings]


def _layer(
    layer: CellSpec, index: int, results: list[list[Name]], below: list[list[Name]]
) -> Statement:
    layout = {key: True for key in ("return_sequences", "return_state") if getattr(layer, key)}
    name = {"name": f"layer_{index}"}
    made = layer.source(**layout, **({} if layer.bidirectional else name))
    if layer.bidirectional:
        merged = {} if layer.merge_mode == "concat" else {"merge_mode": layer.merge_mode}
        made = call("keras.layers.Bidirectional", made, **merged, **name)
    given = {}
    if layer.initial_state == "previous":
        kept = len(layer.state_names)
        given = {"initial_state": [state for direction in below for state in direction[:kept]]}
    targets = ", ".join(["x", *(state.text for direction in results for state in direction)])
    return targets, call(made, _X, mask=Name("mask"), **given), ""


def _lines(body: Iterable[Statement]) -> Iterator[str]:
    """The statements' lines, without the function's own indentation."""
    for target, value, comment in body:
        start = {"": "", "return": "return "}.get(target, f"{target} = ")
        text = start + source(value, 4 + len(start), 4).replace("\n    ", "\n")
        lines = text.splitlines()
        if comment:
            fits = len(lines) == 1 and len(text) + len(comment) <= 80
            lines = [f"{text}  # {comment}"] if fits else [f"# {comment}", *lines]
        yield from lines


def _parts_needed(body: Iterable[Statement], *, loads: bool) -> list[str]:
    """The source of those functions and classes of `rnncli.layers.plain` that are called."""
    called = {name for _, value, _ in body for name in names_in(value)}
    if loads:
        called.add("load_weights")
    text = files("rnncli").joinpath("layers/plain.py").read_text(encoding="utf-8")
    lines = text.splitlines()
    return [
        "\n".join(lines[_first_line(node) - 1 : node.end_lineno])
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name in called
    ]


def _first_line(node: ast.ClassDef | ast.FunctionDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _heading(subject: Subject) -> str:
    size = f"{subject.vocabulary_size:,} ids"
    about = f"The vocabulary has {size}: token ids are those of the run's tokenizer."
    if subject.upper_bound:
        about = f"{size} are the most the config allows; a fitted vocabulary may be smaller."
    name = subject.experiment.name
    return f'"""{name} as plain Keras, from token ids to logits.\n\n{about}\n"""'


def _main(subject: Subject) -> str:
    lines = ["model = build_model()"]
    run = subject.run
    if run is not None:
        if not run.weights.is_file():
            raise UsageError(
                f"{run.path}: has no weights yet (status: {run.status.state}); train it with "
                "rnn train, or give its config"
            )
        names = weight_names(run.weights, len(subject.experiment.model.layers))
        rows = "".join(f"        {json.dumps(name)},\n" for name in names)
        path = json.dumps(str(run.weights), ensure_ascii=False)
        lines += [f"weights = {path}", f"names = [\n{rows}    ]"]
        lines.append("load_weights(model, weights, names)")
    lines.append("model.summary()")
    return 'if __name__ == "__main__":\n' + "".join(f"    {line}\n" for line in lines)


def weight_names(path: Path, layers: int) -> list[str]:
    """The arrays of a run's weights file, below its group `layers`, in the model's order.

    Raises:
        StorageError: the file is damaged.
    """
    import h5py

    order = ["embedding", *(f"layer_{index}" for index in range(layers)), "readout", "logits"]
    found: list[tuple[tuple[int, bool, str], str]] = []
    try:
        with h5py.File(path) as file:
            for group in file["layers"].values():
                layer = group["vars"].attrs.get("name")
                names: list[str] = []
                group.visititems(
                    lambda name, item, names=names: (
                        names.append(name) if isinstance(item, h5py.Dataset) else None
                    )
                )
                kept = [name for name in names if layer in order and "seed_generator" not in name]
                start = group.name.removeprefix("/layers/")
                for name in kept:
                    backwards = name.startswith("backward_layer")
                    found.append(((order.index(layer), backwards, name), f"{start}/{name}"))
    except (OSError, KeyError) as error:
        raise StorageError(f"{path}: damaged weights ({error}); train the run again") from error
    return [name for _, name in sorted(found)]
