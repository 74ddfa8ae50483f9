"""Loading configs: where they are found, `extends`, settings, the resolved dump, laziness."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rnncli.config import load_config, read_config, to_marked_yaml, to_yaml
from rnncli.errors import ConfigError, UsageError
from rnncli.shipped import find_config, shipped_configs

KLUE = """\
data: {name: klue-tc, topics: [정치, 경제], hanja: keep}
text: {tokenizer: character, ngrams: 3, max_length: 40}
model:
  embedding: {dim: 16}
  layers:
    - {cell: lstm, units: 8, dropout: 0.25}
    - {cell: gru, units: 8, reset_after: false}
  readout: {name: max, dropout: 0.5}
train:
  optimizer: {name: adamw, learning_rate: 3e-4, weight_decay: 1e-2, schedule: cosine}
  class_weight: {정치: 1, 경제: 2.5}
"""


@pytest.fixture
def klue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("klue.yaml").write_text(KLUE, encoding="utf-8")
    return Path("klue.yaml")


def _extending(text: str, name: str = "over.yaml") -> Path:
    Path(name).write_text(f"extends: klue.yaml\n{text}", encoding="utf-8")
    return Path(name)


def test_shipped_configs_are_found_by_bare_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name, path = next(iter(shipped_configs().items()))
    assert find_config(name) == find_config(f"{name}.yaml") == path
    assert load_config(name).name == name


def test_the_working_directory_wins(klue: Path) -> None:
    name = next(iter(shipped_configs()))
    klue.rename(f"{name}.yaml")
    assert find_config(name) == find_config(f"{name}.yaml") == Path(f"{name}.yaml")
    Path(name).mkdir()
    assert find_config(name) == Path(f"{name}.yaml")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "sample_koo",
            "sample_koo: no such file, and no shipped config of that name; did you mean",
        ),
        ("zzz/sample_ko.yaml", "zzz/sample_ko.yaml: no such file"),
        (
            "zzz.yaml",
            "zzz.yaml: no such file, and no shipped config of that name; `rnn config list`",
        ),
        ("", "the name of a config is empty"),
        (".", ".: is a directory; name a YAML file in it"),
        ("x" * 300, "x" * 300 + ": no such file"),
        ("a\0b", "a\0b: no such file"),
    ],
)
def test_configs_that_are_not_there(name: str, message: str, klue: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load_config(name)
    assert caught.value.lines[0].startswith(message)


def test_the_name_is_the_file_s_unless_given(klue: Path) -> None:
    assert load_config(klue).name == "klue"
    assert load_config(klue, ["name=다른-이름"]).name == "다른-이름"
    assert load_config(klue.rename("my config (2).yaml")).name == "my_config_2_"


def test_extends_merges_mappings_and_replaces_lists(klue: Path) -> None:
    experiment = load_config(
        _extending("text: {max_length: 7}\nmodel:\n  layers: [{cell: dense, units: 3}]\n")
    )
    assert (experiment.text.max_length, experiment.text.ids_per_position) == (7, 3)
    assert [layer.cell for layer in experiment.model.layers] == ["dense"]
    assert experiment.model.embedding.dim == 16
    assert experiment.data == load_config(klue).data
    assert experiment.name == "over"


@pytest.mark.parametrize(
    ("text", "section", "expected"),
    [
        ("data: {name: imdb}", "data", {"name": "imdb", "source": "hub"}),
        ("data: {name: klue-tc}", "data", {"name": "klue-tc", "hanja": "keep"}),
        ("text: {tokenizer: jamo}", "text", {"tokenizer": "jamo", "max_length": 256}),
        ("model: {readout: mean}", "model.readout", {"name": "mean", "dropout": 0.0}),
        ("model: {readout: {dropout: 0.1}}", "model.readout", {"name": "max", "dropout": 0.1}),
        (
            "train: {optimizer: {name: sgd}}",
            "train.optimizer",
            {"name": "sgd", "learning_rate": 0.01},
        ),
        ("train: {optimizer: {learning_rate: 1}}", "train.optimizer", {"weight_decay": 0.01}),
        (
            "train: {optimizer: {schedule: {final_factor: 0.5}}}",
            "train.optimizer.schedule",
            {"name": "cosine", "final_factor": 0.5},
        ),
        ("train: {class_weight: null}", "train", {"class_weight": None}),
        ("train: {class_weight: {정치: 3}}", "train.class_weight", {"정치": 3.0, "경제": 2.5}),
    ],
)
def test_extends_drops_a_section_whose_member_changes(
    text: str, section: str, expected: dict[str, object], klue: Path
) -> None:
    resolved = load_config(_extending(text)).to_dict()
    for key in section.split("."):
        resolved = resolved[key]
    assert {key: resolved[key] for key in expected} == expected


def test_extends_in_chains_beside_the_file_and_by_shipped_name(klue: Path) -> None:
    Path("sub").mkdir()
    klue.rename("sub/klue.yaml")
    _extending("seed: 5\ntrain: {epochs: 2}\n", "sub/middle.yaml")
    Path("top.yaml").write_text("extends: sub/middle.yaml\nseed: 6\n", encoding="utf-8")
    experiment = load_config("top.yaml")
    assert (experiment.seed, experiment.train.epochs, experiment.text.max_length) == (6, 2, 40)
    Path("own.yaml").write_text("extends: sample_ko\nseed: 9\n", encoding="utf-8")
    assert load_config("own.yaml").data == load_config("sample_ko").data


def test_extends_in_a_circle(klue: Path) -> None:
    Path("a.yaml").write_text("extends: b.yaml\n", encoding="utf-8")
    Path("b.yaml").write_text("seed: 1\nextends: a.yaml\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config("a.yaml")
    assert caught.value.lines == (
        "b.yaml:2: extends: goes round in a circle: a.yaml → b.yaml → a.yaml",
    )


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ("seed=7", "seed", 7),
        ("train.optimizer.learning_rate=1e-3", "train.optimizer.learning_rate", 1e-3),
        ("model.layers.1.units=64", "model.layers.1.units", 64),
        ("model.layers.0.cell=gru", "model.layers.0.reset_after", True),
        ("model.readout=last", "model.readout", {"name": "last", "dropout": 0.0}),
        ("model.readout.dropout=0.1", "model.readout", {"name": "max", "dropout": 0.1}),
        ("data.topics=[스포츠, 정치]", "data.topics", ["스포츠", "정치"]),
        ("data.topics.1=세계", "data.topics", ["정치", "세계"]),
        ("train.early_stopping.patience=2", "train.early_stopping.patience", 2),
        ("train.class_weight=", "train.class_weight", None),
        ("data.path='a=b: c'", "data.path", "a=b: c"),
        ("baselines = false", "baselines", False),
        (
            "train.optimizer.schedule.warmup_epochs=2",
            "train.optimizer.schedule",
            {"name": "cosine", "warmup_epochs": 2.0, "final_factor": 0.0},
        ),
    ],
)
def test_settings(setting: str, path: str, value: object, klue: Path) -> None:
    found = load_config(klue, [setting]).to_dict()
    for key in path.split("."):
        found = found[int(key) if key.isdigit() else key]
    assert found == value


def test_later_settings_win_and_leave_the_rest(klue: Path) -> None:
    before = load_config(klue).to_dict()
    after = load_config(
        klue, ["seed=2", "train.epochs=4", "seed=3"], seed=4, device="cpu"
    ).to_dict()
    before["seed"], before["device"], before["train"]["epochs"] = 4, "cpu", 4
    assert after == before


def test_the_optimizer_s_settings_need_no_name(klue: Path) -> None:
    klue.write_text(KLUE.partition("train:")[0], encoding="utf-8")
    optimizer = load_config(klue, ["train.optimizer.learning_rate=0.5"]).train.optimizer
    assert (optimizer.name, optimizer.learning_rate) == ("adam", 0.5)


@pytest.mark.parametrize("name", shipped_configs())
def test_shipped_configs_survive_a_round_trip(name: str, tmp_path: Path) -> None:
    experiment = load_config(name)
    (tmp_path / "config.resolved.yaml").write_text(to_yaml(experiment), encoding="utf-8")
    again = load_config(tmp_path / "config.resolved.yaml")
    assert again == experiment
    assert to_yaml(again) == to_yaml(experiment)


def test_round_trip_of_unusual_values(klue: Path) -> None:
    experiment = load_config(
        klue,
        ["data.path='no: 1e3 #'", "train.optimizer.epsilon=1e-8", "train.class_weight={no: 1}"],
    )
    Path("again.yaml").write_text(to_yaml(experiment), encoding="utf-8")
    assert load_config("again.yaml") == experiment


def test_there_are_shipped_configs() -> None:
    assert len(shipped_configs()) >= 18


def test_the_resolved_config_says_where_each_setting_comes_from(klue: Path) -> None:
    over = _extending("seed: 3\nmodel: {readout: mean}\n")
    marks = {}
    for line in to_marked_yaml(read_config(over, ["text.max_length=9"])).splitlines():
        setting, _, mark = line.partition("  # ")
        marks[setting.strip()] = mark
    assert marks["seed: 3"] == ""
    assert marks["name: over"] == "default"
    assert marks["name: mean"] == ""
    assert marks["max_length: 9"] == "--set"
    assert marks["ngrams: 3"] == "from klue.yaml"
    assert marks["topics: [정치, 경제]"] == "from klue.yaml"
    assert marks["limit: null"] == "default"
    assert marks["- cell: lstm"] == "from klue.yaml"
    assert marks["reset_after: false"] == "from klue.yaml"
    assert marks["name: cosine"] == "from klue.yaml"
    assert marks["warmup_epochs: 0.0"] == "default"


def test_the_marked_config_is_the_config(klue: Path) -> None:
    loaded = read_config(klue)
    Path("marked.yaml").write_text(to_marked_yaml(loaded), encoding="utf-8")
    assert load_config("marked.yaml") == loaded.experiment


def test_the_file_is_kept_as_written(klue: Path) -> None:
    klue.write_bytes(b"\xef\xbb\xbf" + KLUE.encode())
    assert read_config(klue).text == KLUE


def test_configs_load_without_any_framework(klue: Path) -> None:
    heavy = "numpy keras tensorflow jax torch datasets hanja tokenizers sklearn scipy matplotlib"
    program = (
        "import sys\n"
        "from rnncli.config import load_config, to_yaml\n"
        "to_yaml(load_config('klue.yaml'))\n"
        f"print(*sorted(set('{heavy} pandas pyarrow h5py rich'.split()) & set(sys.modules)))\n"
    )
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(root), "PYTHONUTF8": "1"},
    )
    assert done.stdout.strip() == ""
