"""The JSON Schema of a config, for completion and checks while typing in an editor.

The descriptions are the docstrings below the specs' fields. They are read from the source here,
not by pydantic (`use_attribute_docstrings`), which would read it at every start of the program.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from rnncli.experiment import Experiment
from rnncli.spec import Spec
from rnncli.spec_shapes import shape_at, shape_of

__all__ = ["descriptions", "schema", "schema_text"]

_SHORTHANDS = (("model", "readout"), ("train", "optimizer"), ("train", "optimizer", "schedule"))


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a config file, `extends` included.

    A file that extends another may leave sections out.
    """
    document = Experiment.model_json_schema()
    _describe(document)
    _accept_names(document)
    _leave_units_to_match(document)
    document["properties"] = {
        "extends": {
            "type": "string",
            "description": "A config this one changes: a file beside it, or a shipped config.",
        },
        **document["properties"],
    }
    document["anyOf"] = [{"required": ["extends"]}, {"required": document.pop("required")}]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **document,
        "title": "rnncli config",
        "description": "An experiment of rnncli: data, text, model and training.",
    }


def schema_text() -> str:
    """`schema()` as the file `configs/schema.json`, which shipped configs point editors to."""
    return json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"


def descriptions(spec: type[Spec]) -> dict[str, str]:
    """What the docstrings below a spec's fields say, by field; its parents' included."""
    found: dict[str, str] = {}
    for parent in reversed(spec.__mro__):
        if issubclass(parent, Spec):
            found.update(_docstrings(parent))
    return found


def _describe(document: dict[str, Any]) -> None:
    for spec in _specs(Spec):
        definition = document["$defs"].get(spec.__name__)
        if spec is Experiment:
            definition = document
        if definition is None:
            continue
        for name, text in descriptions(spec).items():
            field = definition["properties"].get(name, {})
            if "const" not in field:  # the key that names a union's member
                field.setdefault("description", text)


def _specs(spec: type[Spec]) -> Iterator[type[Spec]]:
    yield spec
    for child in spec.__subclasses__():
        yield from _specs(child)


def _docstrings(spec: type[Spec]) -> Iterator[tuple[str, str]]:
    """The fields of a spec, its parents' aside, with the docstrings that stand below them."""
    body = ast.parse(textwrap.dedent(inspect.getsource(spec))).body[0]
    statements = body.body if isinstance(body, ast.ClassDef) else []
    for field, below in pairwise(statements):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            yield field.target.id, inspect.cleandoc(below.value.value)


def _leave_units_to_match(document: dict[str, Any]) -> None:
    """`units` may be left out of the layers, since `model.match` solves for them."""
    for definition in document["$defs"].values():
        if "units" in definition.get("required", ()) and "cell" in definition["properties"]:
            definition["required"].remove("units")


def _accept_names(document: dict[str, Any]) -> None:
    """Let a union that may be given by name alone be a string."""
    root = shape_of(Experiment)
    for path in _SHORTHANDS:
        shape = shape_at(root, {"train": {"optimizer": {}}}, path)
        if shape is None:
            continue
        for definition in document["$defs"].values():
            union = definition.get("properties", {}).get(path[-1], {})
            if "oneOf" in union:
                members = {key: union.pop(key) for key in ("oneOf", "discriminator")}
                union["anyOf"] = [{"type": "string", "enum": list(shape.tags())}, members]
                if path[-1] != "schedule":
                    union.pop("default", None)
