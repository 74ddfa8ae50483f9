"""A look at a text: prefixes, memory, words, and the files it leaves."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from rnncli import Run
from rnncli.cells.clamps import Clamp
from rnncli.classifier import opened
from rnncli.scoring import softmax
from rnncli.study import gates_words as words
from rnncli.study.agreement import reference
from rnncli.study.gates import Look, Memory, look, shown
from rnncli.study.gates_page import folder_for, write_look
from rnncli.study.inside import Direction, Replica
from rnncli.study.prefixes import prefix_logits, prefixes
from tests.study.test_inside import classifier_of, ids_of

lstm: dict[str, Any] = {"cell": "lstm", "units": 3}
TEXT = "a great film , <b>not</b> boring"
FIRST = Direction(0, False)


@pytest.mark.parametrize(
    ("model", "orders"),
    [
        *(
            ({"layers": [lstm, {"cell": "gru", "units": 2}], "readout": readout}, 1)
            for readout in ("last", "state", "mean", "max", "attention")
        ),
        ({"layers": [lstm], "readout": {"name": "state", "states": "both"}}, 1),
        ({"layers": [{**lstm, "return_sequences": True}], "readout": "last"}, 1),
        ({"layers": [{**lstm, "bidirectional": True}], "readout": "max"}, 1),
        ({"layers": [lstm, {**lstm, "initial_state": "previous"}]}, 1),
        ({"layers": [lstm], "readout": "max"}, 3),
    ],
    ids=str,
)
@pytest.mark.parametrize("clamps", [None, {FIRST: [Clamp("forget", 1.0, 2)]}], ids=["free", "held"])
def test_each_prefix_is_read_as_a_text_of_its_own(
    model: dict[str, Any], orders: int, clamps: Any
) -> None:
    text = {"tokenizer": "word", "vocabulary_size": 64, "max_length": 16}
    classifier = classifier_of(model, text={**text, "ngrams": orders} if orders > 1 else text)
    replica, ids = Replica.of(classifier), ids_of(70, orders=orders)
    path = prefix_logits(replica, ids[0], replica.run(ids, clamps), clamps)
    assert path.shape == (70, 3)
    for length in (1, 2, 3, 64, 65, 70):
        alone = ids[:, :length].copy()
        for order in range(1, orders):
            alone[0, max(length - order, 0) :, order] = 0
        np.testing.assert_allclose(path[length - 1], replica.run(alone, clamps).logits[0])


def test_prefixes_have_no_ngram_that_passes_their_end() -> None:
    ids = np.array([[5, 6, 7], [8, 9, 0], [10, 0, 0]], np.int32)
    found = prefixes(ids)
    assert [found.padded(np.array([n]))[0].tolist() for n in range(3)] == [
        [[5, 0, 0]],
        [[5, 6, 0], [8, 0, 0]],
        [[5, 6, 7], [8, 9, 0], [10, 0, 0]],
    ]


def test_memory_by_hand() -> None:
    """A unit that keeps half at every token, one that keeps nine tenths, one that keeps all."""
    memory = Memory("forget", np.array([0.5, 0.9, 1.0, 0.0]))
    np.testing.assert_allclose(memory.time_constants, [2, 10, np.inf, 1])
    np.testing.assert_allclose(memory.half_lives, [1, 6.578813, np.inf, 0], rtol=1e-6)


@pytest.mark.parametrize(
    ("token", "readable"),
    [("값", "값"), (" ", "␣"), ("", "␣"), ("ᄀ", "ㄱ"), ("ᅡ", "ㅏ"), ("ᆹ", "ㅄ"), ("▁급등", "▁급등")],
)
def test_tokens_can_be_read_alone(token: str, readable: str) -> None:
    assert shown(token) == readable


@pytest.fixture(scope="module")
def looks(trained: Run) -> dict[str, Look]:
    """A text as it is read, with update held, and an empty one."""
    with opened(trained, "cpu") as classifier:
        replica, model = Replica.of(classifier), reference(classifier)
        held = {FIRST: [Clamp("update", 1.0, 2)]}
        return {
            "free": look(classifier, replica, model, TEXT),
            "held": look(classifier, replica, model, TEXT, held),
            "empty": look(classifier, replica, model, ""),
        }


def test_a_look_says_what_the_run_predicts(trained: Run, looks: dict[str, Look]) -> None:
    from rnncli import predict

    for name, text in (("free", TEXT), ("empty", "")):
        seen, (said,) = looks[name], predict(trained, [text])
        assert seen.labels[seen.predicted] == said.label
        np.testing.assert_allclose(seen.path[-1], [*said.probabilities.values()], atol=1e-5)
        assert len(seen.tokens) == len(seen.path) == seen.inside.mask.sum()
    assert [token.known for token in looks["empty"].tokens] == [False]


def test_the_decision_by_hand(looks: dict[str, Look]) -> None:
    from dataclasses import replace

    path = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7], [0.1, 0.9]])
    tokens = looks["free"].tokens[:5]
    seen = replace(looks["free"], path=path, tokens=tokens, labels=("neg", "pos"))
    assert (seen.predicted, seen.decided) == (1, 3)
    np.testing.assert_allclose(seen.steps, [-0.4, 0.7, -0.4, 0.3, 0.2])
    said = words.decision(seen)
    assert said.startswith(f"pos leads for good from token 4 “{tokens[3].text}”; before, neg led.")
    assert said.endswith(f"The largest step, +0.700, is at token 2 “{tokens[1].text}”.")


def test_what_is_held_is_told(looks: dict[str, Look]) -> None:
    held, free = looks["held"], looks["free"]
    assert held.free is not None
    np.testing.assert_array_equal(held.free.path, free.path)
    np.testing.assert_allclose(held.path[:2], free.path[:2])
    np.testing.assert_allclose(held.path[2:], np.tile(held.path[1], (len(held.path) - 2, 1)))
    assert "with nothing held" in words.answer(held)
    assert "with nothing held" not in words.answer(free)


@pytest.mark.parametrize("name", ["free", "held", "empty"])
def test_the_files(name: str, looks: dict[str, Look], tmp_path: Path) -> None:
    seen = looks[name]
    held = [Clamp("update", 1.0, 2)] if name == "held" else []
    folder = folder_for(tmp_path, seen, held)
    files = write_look(folder, "my <run>", seen, [FIRST], held)
    page = files["page"].read_text(encoding="utf-8")
    assert "<script" not in page
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page
    assert "<run>" not in page
    assert "<b>not" not in page
    assert ("Held:" in page) is (name == "held")
    addresses = re.findall(r'(?:href|src)="([^"]{0,30})', page)
    assert addresses
    assert all(address.startswith("data:image/png;base64,") for address in addresses)
    figures = sorted(folder.glob("*.svg"))
    assert {"probabilities.svg", "steps.svg", "layer_1_forwards_update.svg"} <= {
        figure.name for figure in figures
    }
    for figure in figures:
        root = ElementTree.fromstring(figure.read_text(encoding="utf-8"))
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
    summary = json.loads(files["summary"].read_text(encoding="utf-8"))
    arrays = np.load(files["numbers"])
    assert {key: list(arrays[key].shape) for key in arrays} == summary["arrays"]
    assert len(summary["tokens"]) == len(seen.tokens)
    gate = seen.inside.layers[FIRST].gates["update"][0]
    np.testing.assert_allclose(arrays["layer_1_forwards_update"], gate, rtol=1e-6)
    np.testing.assert_allclose(summary["layers"][0]["means"]["update"], gate.mean(axis=1))


def test_each_text_and_clamp_has_a_folder_of_its_own(looks: dict[str, Look]) -> None:
    study = Path("study")
    folders = {
        folder_for(study, looks["free"], []),
        folder_for(study, looks["empty"], []),
        folder_for(study, looks["free"], [Clamp("update", 1.0)]),
        folder_for(study, looks["free"], [Clamp("update", 1.0, 1)]),
    }
    assert len(folders) == 4
    assert all(folder.parent == study / "gates" for folder in folders)


def test_softmax_of_prefixes_ends_with_the_text(looks: dict[str, Look]) -> None:
    seen = looks["free"]
    np.testing.assert_allclose(seen.path[-1], softmax(seen.inside.logits)[0])
