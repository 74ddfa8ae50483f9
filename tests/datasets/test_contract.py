"""What holds for every data set of the union."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from rnncli.datasets import DATASETS, Data, DataSpec

SETTINGS: dict[str, dict[str, Any]] = {"files": {"path": "x.csv"}}
SPECS = [
    TypeAdapter(Data).validate_python({"name": name, **SETTINGS.get(name, {})})
    for name in (get_args(spec.model_fields["name"].annotation)[0] for spec in DATASETS)
]


def test_the_union_is_the_catalogue() -> None:
    assert {type(spec) for spec in SPECS} == set(DATASETS)
    assert set(get_args(get_args(Data)[0])) == set(DATASETS)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
@pytest.mark.parametrize(
    "text",
    [
        "",
        "美 대선",
        "a<br<br />/>b\x92s",
        "成功率 不正",
        "\uf9e1 e\u0301",
        "Good, NOT bad! \n x",
        "\ud800",
    ],
)
def test_cleaning_twice_changes_nothing(spec: DataSpec, text: str) -> None:
    """Texts are cleaned by `load` and again when a run scores them."""
    assert spec.clean(spec.clean(text)) == spec.clean(text)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_spec_written_out_reads_back_the_same(spec: DataSpec) -> None:
    assert TypeAdapter(Data).validate_python(spec.model_dump(mode="json")) == spec


def test_every_data_set_says_what_it_is() -> None:
    assert len({spec.summary for spec in DATASETS}) == len(DATASETS)


def test_specs_import_nothing_heavy() -> None:
    heavy = "keras tensorflow numpy datasets hanja pyarrow pandas"
    code = (
        f"import sys, rnncli.datasets; print(*[m for m in '{heavy}'.split() if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == []
