"""What every tokenizer of the union must do; a new member is tested without writing a test."""

from __future__ import annotations

import importlib.util
import json
from typing import Any, get_args

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from rnncli.errors import StorageError
from rnncli.tokenizers import RESERVED, TOKENIZERS, UNKNOWN, FittedTokenizer, Text, TokenizerSpec
from rnncli.tokenizers.state import from_json, to_json

TEXTS = (
    "I don't like this film, not at all!",
    "I like this film: it's GREAT, and not too long.",
    '美 대통령 "경제 3.5% 성장"…정부 발표',
    "야구 대표팀, 美에 3대2 승리…결승 진출",
    "코스피 2,000선 회복…삼성전자 강세",
    "café naïve 😀👍🏽 <pad> <unk> ▁",
)
HARD = (
    "",
    "   ",
    "\t\n\u3000\xa0",
    "😀",
    "\ud800 alone \udfff",
    "nul \0 byte",
    "\x1f\x1c",
    "<pad>",
    "가" * 5000,
    "\u1112\u1161\u11ab decomposed e\u0301",
    "never 본 적 없는 žluťoučký",
)


def name_of(spec: type[TokenizerSpec]) -> str:
    """The tokenizer's name in a config."""
    return str(get_args(spec.model_fields["tokenizer"].annotation)[0])


CASES = [
    pytest.param(
        {"tokenizer": name_of(spec), **extra},
        id="-".join([name_of(spec), *(f"{k}{v}" for k, v in extra.items())]),
        marks=pytest.mark.skipif(
            name_of(spec) == "morpheme" and importlib.util.find_spec("kiwipiepy") is None,
            reason="kiwipiepy is not installed",
        ),
    )
    for spec in TOKENIZERS
    for extra in ([{}, {"ngrams": 3}] if "ngrams" in spec.model_fields else [{}])
]


def make(case: dict[str, Any], **settings: Any) -> TokenizerSpec:
    """The spec as a config would give it."""
    spec: TokenizerSpec = TypeAdapter(Text).validate_python(case | settings)
    return spec


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A tokenizer's settings."""
    value: dict[str, Any] = request.param
    return value


@pytest.fixture(scope="module")
def fitted(case: dict[str, Any]) -> FittedTokenizer:
    """The tokenizer, fitted on TEXTS."""
    return make(case).fit(TEXTS)


def test_union_and_tuple_agree() -> None:
    union = get_args(get_args(Text)[0])
    assert union == TOKENIZERS
    assert len({name_of(spec) for spec in TOKENIZERS}) == len(TOKENIZERS) >= 6
    assert all(spec.summary and "\n" not in spec.summary for spec in TOKENIZERS)


def test_vocabulary(fitted: FittedTokenizer) -> None:
    vocabulary = fitted.vocabulary
    assert vocabulary[:2] == RESERVED
    assert len(set(vocabulary[2:])) == len(vocabulary) - 2 > 0
    assert all(vocabulary[2:])


@pytest.mark.parametrize("text", [*TEXTS, *HARD], ids=range(len(TEXTS) + len(HARD)))
def test_ids(fitted: FittedTokenizer, text: str) -> None:
    ids = fitted.encode(text)
    n = fitted.spec.ids_per_position
    assert ids.dtype == np.int32
    assert ids.shape[1:] == ((n,) if n > 1 else ())
    assert 1 <= len(ids) <= fitted.spec.max_length
    first = ids.reshape(len(ids), n)[:, 0]
    assert first.min() >= UNKNOWN
    assert 0 <= ids.min() <= ids.max() < len(fitted.vocabulary)


@pytest.mark.parametrize("text", TEXTS)
def test_ids_are_those_of_the_tokens(fitted: FittedTokenizer, text: str) -> None:
    tokens = fitted.tokens(text)
    first = fitted.encode(text).reshape(-1, fitted.spec.ids_per_position)[:, 0]
    assert [fitted.vocabulary[i] for i in first] == tokens
    assert fitted.oov_count(text) == (0, len(tokens))


@pytest.mark.parametrize("text", ["", "   ", "\t\n\u3000\xa0"])
def test_empty_text_is_one_unknown(fitted: FittedTokenizer, text: str) -> None:
    n = fitted.spec.ids_per_position
    assert fitted.tokens(text) == []
    assert fitted.encode(text).reshape(-1).tolist() == [UNKNOWN] + [0] * (n - 1)
    assert fitted.oov_rate(text) == 0.0


def test_unseen_text_is_unknown(case: dict[str, Any], fitted: FittedTokenizer) -> None:
    ids = fitted.encode("Ж").reshape(-1, fitted.spec.ids_per_position)[:, 0]
    assert UNKNOWN in ids
    unknown, total = fitted.oov_count("Ж")
    assert 1 <= unknown <= total
    assert fitted.oov_rate("Ж") == unknown / total


def test_encode_many_is_encode(fitted: FittedTokenizer) -> None:
    many = fitted.encode_many(iter([*TEXTS, *HARD]))
    assert len(many) == len(TEXTS) + len(HARD)
    for text, ids in zip([*TEXTS, *HARD], many, strict=True):
        assert ids.dtype == np.int32
        np.testing.assert_array_equal(ids, fitted.encode(text))
    assert fitted.encode_many([]) == []


def test_fit_is_deterministic(case: dict[str, Any], fitted: FittedTokenizer) -> None:
    again = make(case).fit(iter(TEXTS))
    assert again.state() == fitted.state()
    assert make(case).fit(TEXTS[::-1]).state() == fitted.state()


def test_fitted_on_what_it_is_given_alone(case: dict[str, Any]) -> None:
    fitted = make(case).fit(TEXTS[:2])
    before = fitted.state()
    fitted.encode_many(TEXTS)
    assert fitted.state() == before
    assert fitted.oov_rate(TEXTS[3]) > 0.5


def test_fit_on_nothing(case: dict[str, Any]) -> None:
    fitted = make(case).fit(["", "  "])
    assert fitted.vocabulary == RESERVED
    assert UNKNOWN in fitted.encode("film")
    assert from_json(fitted.spec, to_json(fitted)).state() == fitted.state()


@pytest.mark.parametrize("truncating", ["pre", "post"])
def test_truncation(case: dict[str, Any], truncating: str) -> None:
    whole = make(case).fit(TEXTS)
    cut = make(case, max_length=3, truncating=truncating).fit(TEXTS)
    assert cut.vocabulary == whole.vocabulary
    for text in TEXTS:
        full, part = whole.encode(text), cut.encode(text)
        assert len(full) > 3 == len(part)
        n = cut.spec.ids_per_position
        expected = (full[-3:] if truncating == "pre" else full[:3]).copy()
        if n > 1:  # no n-gram passes the end of what is left
            for column in range(1, n):
                expected[3 - column :, column] = 0
        np.testing.assert_array_equal(part, expected)


@pytest.mark.parametrize("size", [3, 7, 20, 40])
def test_vocabulary_size_is_a_bound(case: dict[str, Any], size: int) -> None:
    fitted = make(case, vocabulary_size=size).fit(TEXTS)
    assert 2 < len(fitted.vocabulary) <= size
    assert max(ids.max() for ids in fitted.encode_many([*TEXTS, *HARD])) < size


def test_minimum_count_shrinks(case: dict[str, Any], fitted: FittedTokenizer) -> None:
    rare = make(case, minimum_count=3).fit(TEXTS)
    assert 2 < len(rare.vocabulary) < len(fitted.vocabulary)


def test_round_trip(case: dict[str, Any], fitted: FittedTokenizer) -> None:
    text = to_json(fitted)
    restored = from_json(make(case), text)
    assert to_json(restored) == text
    assert restored.vocabulary == fitted.vocabulary
    assert "\\u" not in text.replace("\\u001", "")
    text.encode()
    for sample in [*TEXTS, *HARD]:
        np.testing.assert_array_equal(restored.encode(sample), fitted.encode(sample))
        assert restored.tokens(sample) == fitted.tokens(sample)


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"tokenizer": "other"}',
        '{"tokenizer": 3, "vocabulary": [], "model": {}}',
    ],
)
def test_malformed_json(case: dict[str, Any], damage: str) -> None:
    with pytest.raises(StorageError, match=r"tokenizer\.json: .+; restore the file") as error:
        from_json(make(case), damage)
    assert len(error.value.lines) == 1


def test_malformed_states(case: dict[str, Any], fitted: FittedTokenizer) -> None:
    state = fitted.state()
    for key in state:
        for value in (None, 3, [1], ["<pad>"], {}, {"type": "none"}, "x"):
            with pytest.raises(StorageError, match=r"tokenizer\.json"):
                make(case).restore(state | {key: value})
    other = next(s for s in TOKENIZERS if name_of(s) != case["tokenizer"])
    with pytest.raises(StorageError):
        make({"tokenizer": name_of(other)}).restore(state)
    with pytest.raises(StorageError, match="the config allows 4"):
        make(case, vocabulary_size=4).restore(state)


def test_state_is_json(fitted: FittedTokenizer) -> None:
    assert json.loads(json.dumps(fitted.state())) == fitted.state()


@pytest.mark.parametrize(
    "setting",
    [
        {"vocabulary_size": 2},
        {"vocabulary_size": "100"},
        {"minimum_count": 0},
        {"max_length": 0},
        {"truncating": "middle"},
        {"unheard_of": 1},
    ],
)
def test_bad_settings(case: dict[str, Any], setting: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make(case, **setting)
