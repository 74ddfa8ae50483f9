"""`rnn list`: whatever the unions hold is listed, with its settings."""

from __future__ import annotations

from typing import get_args

import pytest

from rnncli.cells import Cell
from rnncli.datasets import Data
from rnncli.optimizers import Optimizer
from rnncli.readouts import Readout
from rnncli.tokenizers import Text
from tests.terminal import rnn

UNIONS = {
    "cells": (Cell, "cell"),
    "datasets": (Data, "name"),
    "tokenizers": (Text, "tokenizer"),
    "readouts": (Readout, "name"),
    "optimizers": (Optimizer, "name"),
}


def members(union: object, tag: str) -> list[str]:
    annotated, *_ = get_args(union)
    return [get_args(spec.model_fields[tag].annotation)[0] for spec in get_args(annotated)]


@pytest.mark.parametrize("kind", UNIONS)
def test_lists_every_member_with_its_settings(kind: str) -> None:
    union, tag = UNIONS[kind]
    outcome = rnn("list", kind)
    assert outcome.code == 0, outcome.err
    found = rnn("list", kind, "--json").json
    assert [row["name"] for row in found] == members(union, tag)
    for row in found:
        assert row["name"] in outcome.out
        assert row["summary"]


def test_an_unknown_kind() -> None:
    assert "cells" in rnn("list", "cell").failed(2)
