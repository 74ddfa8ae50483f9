"""What a bad config, file or setting brings: exact lines, and never anything but an RnnError."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from rnncli.config import load_config
from rnncli.config_messages import shown
from rnncli.errors import ConfigError, RnnError
from rnncli.suggestions import closest
from rnncli.yaml_writing import yaml_lines

BASE = """\
data: {name: sample-ko}
text: {tokenizer: character}
model:
  layers:
    - {cell: lstm, units: 8}
"""


def _golden() -> list[Any]:
    golden = Path(__file__).parent / "golden" / "config_problems.txt"
    cases = golden.read_text(encoding="utf-8").split("\n===")[1:]
    assert len(cases) >= 100
    parameters = []
    for number, case in enumerate(cases):
        head, _, body = case.partition("\n")
        text, _, lines = f"\n{body}\n".rpartition("\n---\n")
        settings = [head.removeprefix(" ")] if head else []
        expected = tuple(lines.strip().splitlines())
        text = f"{text}\n".lstrip("\n").replace("BASE\n", BASE)
        parameters.append(pytest.param(text, settings, expected, id=f"{number}"))
    return parameters


@pytest.mark.parametrize(("text", "settings", "expected"), _golden())
def test_golden_messages(
    text: str,
    settings: list[str],
    expected: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config("x.yaml", settings)
    assert caught.value.lines == expected
    assert caught.value.exit_code == 2


def test_the_base_of_the_golden_cases_is_good(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(BASE, encoding="utf-8")
    assert load_config(tmp_path / "x.yaml").name == "x"


def test_problems_of_an_extended_file_name_that_file(tmp_path: Path) -> None:
    base, over = tmp_path / "base.yaml", tmp_path / "x.yaml"
    base.write_text(BASE.replace("units: 8", "units: 0"), encoding="utf-8")
    over.write_text("extends: base.yaml\nsead: 3\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(over, ["train.epochs=0"])
    assert sorted(caught.value.lines) == sorted(
        [
            f"{over}:2: sead: unknown key; did you mean seed? (value 3)",
            f"{base}:5: model.layers.0.units: expected an integer ≥ 1 and ≤ 65536, got 0",
            "--set train.epochs=0: expected an integer ≥ 1, got 0",
        ]
    )


def test_settings_given_as_arguments_are_named_like_options(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(BASE, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "x.yaml", seed=-1, backend="tf", device="tpu")
    assert caught.value.lines == (
        "--seed -1: expected an integer ≥ 0 and < 2^31, got -1",
        "--backend tf: expected one of tensorflow, jax, torch, got 'tf'",
        "--device tpu: expected one of auto, cpu, gpu, got 'tpu'; did you mean gpu?",
    )


def test_any_damage_is_told_in_single_lines(tmp_path: Path) -> None:
    """Random damage to a good config: it loads, or one-line problems come, nothing else."""
    chance = random.Random(1)
    path = tmp_path / "x.yaml"
    refused = []
    for _ in range(400):
        data: dict[str, Any] = {
            "data": {"name": "klue-tc", "topics": ["정치", "경제"]},
            "text": {"tokenizer": "word", "ngrams": 2},
            "model": {
                "embedding": {"dim": 4},
                "layers": [{"cell": "lstm", "units": 8}, {"cell": "gru", "units": 8}],
                "readout": {"name": "max", "dropout": 0.1},
            },
            "train": {"optimizer": {"name": "adam", "schedule": {"name": "cosine"}}},
        }
        for _ in range(chance.randint(1, 3)):
            _damage(data, chance)
        path.write_text("".join(f"{line}\n" for _, line in yaml_lines(data)), encoding="utf-8")
        try:
            load_config(path)
        except RnnError as error:
            refused.append(error.lines)
    assert len(refused) > 200
    for lines in refused:
        assert lines
        assert all(line.startswith(str(path)) and "\n" not in line for line in lines)


def _damage(node: Any, chance: random.Random) -> None:
    keys = list(node) if isinstance(node, dict) else list(range(len(node)))
    if not keys:
        return
    key = chance.choice(keys)
    if isinstance(node[key], (dict, list)) and chance.random() < 0.7:
        return _damage(node[key], chance)
    values = [None, 0, -1, 1e300, True, "max", "lstm", "", [], {}, [1, {"a": 2}], {"name": 3}]
    kind = chance.choice(["value", "drop", "add", "rename"])
    if kind == "value":
        node[key] = chance.choice(values)
    elif kind == "drop":
        del node[key]
    elif isinstance(node, dict):
        new = chance.choice(["lstm", "gru", "name", "cell", f"{key}x", "", "0", "가", "units"])
        node[new] = node.pop(key) if kind == "rename" else chance.choice(values)
    return None


@pytest.mark.parametrize(
    ("word", "options", "expected"),
    [
        ("정지", ("정치", "경제", "스포츠"), "정치"),
        ("스포쓰", ("정치", "경제", "스포츠"), "스포츠"),
        ("LSTM", ("lstm", "gru"), "lstm"),
        ("f1", ("macro_f1", "loss"), "macro_f1"),
        (3, ("lstm",), None),
        ("transformer", ("lstm", "gru"), None),
    ],
)
def test_closest(word: object, options: tuple[str, ...], expected: str | None) -> None:
    assert closest(word, options) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (None, "null"),
        ("정치", "'정치'"),
        (["가"], '["가"]'),
        (1e-5, "1e-05"),
        (float("nan"), ".nan"),
        (float("-inf"), "-.inf"),
        ("x" * 99, "'" + "x" * 56 + "…"),
    ],
)
def test_values_are_shown_as_in_yaml(value: object, text: str) -> None:
    assert shown(value) == text
