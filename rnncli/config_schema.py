"""The JSON Schema of a config, for completion and checks while typing in an editor."""

from __future__ import annotations

import json
from typing import Any

from rnncli.experiment import Experiment
from rnncli.spec_shapes import shape_at, shape_of

__all__ = ["schema", "schema_text"]

_SHORTHANDS = (("model", "readout"), ("train", "optimizer"), ("train", "optimizer", "schedule"))


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a config file, `extends` included.

    A file that extends another may leave sections out.
    """
    document = Experiment.model_json_schema()
    _accept_names(document)
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
