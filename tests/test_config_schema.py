"""The JSON Schema: complete, described, up to date in `configs/`, and named by shipped files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rnncli.cells import CELLS
from rnncli.config_schema import schema, schema_text
from rnncli.experiment import Experiment
from rnncli.optimizers import OPTIMIZERS
from rnncli.readouts import READOUTS
from rnncli.shipped import shipped_configs

CONFIGS = Path(__file__).parents[1] / "configs"


def test_the_file_in_configs_is_up_to_date() -> None:
    text = (CONFIGS / "schema.json").read_text(encoding="utf-8")
    assert text == schema_text(), "run: rnn config schema > configs/schema.json"


def test_every_shipped_config_names_it_in_its_first_line() -> None:
    for path in shipped_configs().values():
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        assert first == "# yaml-language-server: $schema=schema.json", path.name


def test_every_member_of_the_unions_is_there_and_closed() -> None:
    definitions = schema()["$defs"]
    for spec in (*CELLS, *READOUTS, *OPTIMIZERS):
        definition = definitions[spec.__name__]
        assert definition["additionalProperties"] is False
        assert set(definition["properties"]) == set(spec.model_fields)


def test_every_setting_is_described() -> None:
    document = schema()
    bare = []
    for name, definition in {**document["$defs"], "": document}.items():
        for key, field in definition["properties"].items():
            if not {"description", "const", "$ref"} & set(field):
                bare.append(f"{name}.{key}")
    assert bare == []


def test_inherited_settings_are_described_by_the_nearest_docstring() -> None:
    sgd = schema()["$defs"]["SGD"]["properties"]
    assert sgd["momentum"]["description"] == "Share of the last update carried on."
    assert sgd["use_ema"]["description"].startswith("Validate, save and predict")


def test_extends_stands_in_for_sections() -> None:
    document = schema()
    assert document["properties"]["extends"]["type"] == "string"
    assert document["anyOf"] == [
        {"required": ["extends"]},
        {"required": ["data", "text", "model"]},
    ]
    assert set(document["properties"]) == {"extends", *Experiment.model_fields}


def test_names_stand_in_for_mappings() -> None:
    definitions = schema()["$defs"]
    unions = [definitions["ModelSpec"]["properties"]["readout"]]
    unions += [definitions["TrainSpec"]["properties"]["optimizer"]]
    unions += [definitions[spec.__name__]["properties"]["schedule"] for spec in OPTIMIZERS]
    for union in unions:
        names, members = union["anyOf"]
        assert set(names["enum"]) == set(members["discriminator"]["mapping"])


def test_every_reference_leads_somewhere() -> None:
    document = schema()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                assert node["$ref"].removeprefix("#/$defs/") in document["$defs"]
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(document)
