"""`rnn config`: list, show, init, validate, schema."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rnncli.cli.config import app
from rnncli.config import load_config
from rnncli.errors import ConfigError, StorageError, UsageError
from rnncli.shipped import shipped_configs

GOOD = """\
data: {name: sample-ko}
text: {tokenizer: character}
model: {layers: [{cell: lstm, units: 8}]}
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_list_names_every_shipped_config() -> None:
    lines = _run("list").splitlines()
    assert [line.split()[0] for line in lines] == ["NAME", *shipped_configs()]


def test_list_json() -> None:
    rows = {row["name"]: row for row in json.loads(_run("list", "--json"))}
    assert list(rows) == list(shipped_configs())
    row = rows["stacked_bilstm_klue"]
    assert (row["data"], row["cells"]) == ("klue-tc", ["bi-lstm", "bi-lstm"])
    assert all(row["description"] for row in rows.values())
    assert not any("yaml-language-server" in row["description"] for row in rows.values())


def test_show_marks_defaults_and_settings() -> None:
    lines = _run("show", "sample_ko", "--set", "train.epochs=3").splitlines()
    shown = dict(line.split("  # ") for line in lines if "  # " in line)
    marks = {line.strip(): mark for line, mark in shown.items()}
    assert marks["epochs: 3"] == "--set"
    assert marks["seed: 1"] == "default"


def test_show_plain_is_a_config() -> None:
    text = _run("show", "sample_ko", "--plain")
    assert "#" not in text
    Path("copy.yaml").write_text(text, encoding="utf-8")
    assert load_config("copy.yaml") == load_config("sample_ko")


def test_init_copies_and_does_not_overwrite() -> None:
    assert "rnn train --config sample_ko.yaml" in _run("init", "sample_ko.yaml")
    copied = Path("sample_ko.yaml")
    assert copied.read_bytes() == shipped_configs()["sample_ko"].read_bytes()
    copied.write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"^sample_ko\.yaml: exists already; .*--force$"):
        _run("init", "sample_ko")
    assert copied.read_text(encoding="utf-8") == "mine"
    _run("init", "sample_ko", "--force")
    assert copied.read_bytes() == shipped_configs()["sample_ko"].read_bytes()


def test_init_to_a_file_or_a_folder() -> None:
    _run("init", "sample_en", "mine.yaml")
    _run("init", "sample_en", "new/")
    _run("init", "sample_ko", "new")
    assert sorted(str(path) for path in Path().rglob("*.yaml")) == [
        "mine.yaml",
        "new/sample_en.yaml",
        "new/sample_ko.yaml",
    ]
    with pytest.raises(StorageError, match=r"^mine\.yaml/sample_en\.yaml: cannot be written: "):
        _run("init", "sample_en", "mine.yaml/", "--force")


def test_init_of_an_unknown_config() -> None:
    with pytest.raises(
        UsageError, match=r"no shipped config of that name; did you mean sample_ko\?"
    ):
        _run("init", "sampel_ko")


def test_validate_tells_good_from_bad() -> None:
    Path("deep/er").mkdir(parents=True)
    Path("deep/a.yaml").write_text(GOOD, encoding="utf-8")
    Path("deep/er/b.yml").write_text(GOOD, encoding="utf-8")
    Path("deep/note.txt").write_text("not a config", encoding="utf-8")
    assert _run("validate", "deep", "sample_ko").splitlines() == [
        "ok  deep/a.yaml",
        "ok  deep/er/b.yml",
        "ok  sample_ko",
    ]
    Path("deep/c.yaml").write_text(f"{GOOD}sed: 1\nepochs: 1\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["validate", "deep", "none.yaml"])
    assert result.stdout.splitlines() == ["ok  deep/a.yaml", "ok  deep/er/b.yml"]
    assert isinstance(result.exception, ConfigError)
    assert [line.split(": ")[0] for line in result.exception.lines] == [
        "deep/c.yaml:4",
        "deep/c.yaml:5",
        "none.yaml",
    ]


def test_validate_a_folder_without_configs() -> None:
    Path("empty").mkdir()
    with pytest.raises(UsageError, match=r"^empty: no YAML file in this folder or below"):
        _run("validate", "empty")


def test_validate_with_settings() -> None:
    Path("a.yaml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"^--set seed=x: expected an integer"):
        _run("validate", "a.yaml", "--set", "seed=x")


def test_schema_is_the_shipped_file() -> None:
    shipped = next(iter(shipped_configs().values())).with_name("schema.json")
    assert _run("schema") == shipped.read_text(encoding="utf-8")


@pytest.mark.parametrize("arguments", [["validate"], ["show"], ["init"], ["nope"], []])
def test_usage_errors_exit_with_two(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2
