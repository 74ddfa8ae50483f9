"""What reports read of runs, and the runs that are shown together.

Shape letters: N texts, S runs, C classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from rnncli.errors import StorageError
from rnncli.run import Record, Run

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.tables import Epoch, Predictions

__all__ = ["Group", "RunRecord", "at", "or_none", "read_record", "shared_texts"]

T = TypeVar("T")


@dataclass(frozen=True)
class RunRecord:
    """A run's files, as far as they can be read; what cannot is empty or None."""

    run: Run
    metrics: Mapping[str, Any]
    data: Mapping[str, Any]
    cost: Mapping[str, Any]
    environment: Mapping[str, Any]
    history: Sequence[Epoch]
    predictions: Predictions | None
    config: str
    """The resolved config, YAML."""

    def source(self, key: str) -> Any:
        """A fact of `data.json`, at its top or under `source`."""
        return at(self.data, key) if key in self.data else at(self.data, "source", key)

    @property
    def test(self) -> Mapping[str, Any]:
        """The metrics of the test split."""
        found = self.metrics.get("test")
        return found if isinstance(found, Mapping) else {}

    @property
    def language(self) -> str:
        """`ko`, `en`, or nothing where the data do not say."""
        found = self.source("language")
        return found if found in ("ko", "en") else ""


def read_record(run: Run) -> RunRecord:
    """All of a run that a report shows; nothing is raised for what is missing or damaged."""

    def read(record: Record) -> Mapping[str, Any]:
        return or_none(lambda: run.read(record)) or {}

    return RunRecord(
        run,
        read("metrics"),
        read("data"),
        read("cost"),
        read("environment"),
        or_none(run.history) or [],
        or_none(run.predictions),
        or_none(run.config_text) or "",
    )


def shared_texts(records: Sequence[RunRecord]) -> list[RunRecord]:
    """The records, labels in the order of the first, and equal texts held in memory once."""
    first = next((one.predictions for one in records if one.predictions), None)
    if first is None:
        return list(records)
    kept: list[Sequence[str]] = [first.texts]
    shared = []
    for record in records:
        found = record.predictions
        if found is not None:
            texts = next((one for one in kept if one == found.texts), found.texts)
            if texts is found.texts:
                kept.append(texts)
            found = replace(_in_order(found, first.label_names), texts=texts, ids=first.ids)
        shared.append(replace(record, predictions=found))
    return shared


def _in_order(found: Predictions, names: tuple[str, ...]) -> Predictions:
    if found.label_names == names:
        return found
    index = np.array([names.index(name) for name in found.label_names])
    return replace(
        found,
        gold=index[found.gold],
        probabilities=found.probabilities[:, np.argsort(index)],
        label_names=names,
    )


@dataclass(frozen=True)
class Group:
    """Runs that are shown as one: the seeds of a variant, or a run alone.

    All have predictions, of the same texts and labels in one order.
    """

    name: str
    records: tuple[RunRecord, ...]

    @cached_property
    def _predictions(self) -> list[Predictions]:
        return [one.predictions for one in self.records if one.predictions is not None]

    @property
    def labels(self) -> tuple[str, ...]:
        """C label names."""
        return self._predictions[0].label_names

    @property
    def texts(self) -> Sequence[str]:
        """N texts, as the first run read them."""
        return self._predictions[0].texts

    @property
    def ids(self) -> Sequence[str]:
        """N ids."""
        return self._predictions[0].ids

    @property
    def gold(self) -> NDArray[np.integer]:
        """[N]."""
        return self._predictions[0].gold

    @cached_property
    def probabilities(self) -> NDArray[np.floating]:
        """[S, N, C]."""
        return np.stack([one.probabilities for one in self._predictions])

    @cached_property
    def predicted(self) -> NDArray[np.integer]:
        """[S, N]."""
        best: NDArray[np.integer] = self.probabilities.argmax(axis=-1)
        return best

    @cached_property
    def correct(self) -> NDArray[np.bool_]:
        """[S, N]."""
        right: NDArray[np.bool_] = self.predicted == self.gold
        return right


def or_none(read: Callable[[], T]) -> T | None:
    """What was read, or None where it cannot be."""
    try:
        return read()
    except StorageError:
        return None


def at(value: Any, *keys: str) -> Any:
    """Down nested mappings by key; None where there is nothing."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
