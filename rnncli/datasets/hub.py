"""Data sets of the Hugging Face hub, from its cache when there is no network."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rnncli.datasets.reach import out_of_reach, reachable
from rnncli.errors import DataError, Interrupted

__all__ = ["HubData", "load_from_hub"]

_REVISION = re.compile(r"@([0-9a-f]{7,40})/")


@dataclass(frozen=True)
class HubData:
    """What was loaded."""

    columns: Mapping[str, Mapping[str, Sequence[Any]]]
    """Split, column, values."""
    location: str
    """The repository, its configuration, and the revision where it is known."""


def load_from_hub(
    name: str,
    repository: str,
    configuration: str | None,
    *,
    splits: Sequence[str],
    columns: Sequence[str],
    labels: Sequence[str],
) -> HubData:
    """Splits of a data set as the hub has them.

    Args:
        name: the data set's name in a config, for messages.
        repository: its id on the hub.
        configuration: its configuration there.
        splits: what has to be there.
        columns: what has to be in each split; `label` holds numbers.
        labels: what these numbers stand for.

    Raises:
        DataError: it is neither cached nor in reach, or not what was expected.
    """
    source = f"{repository}, {configuration}" if configuration else repository
    if not _online():
        _stay_offline()
    import datasets

    datasets.disable_progress_bars()
    try:
        loaded = datasets.load_dataset(repository, configuration)
    except Interrupted:
        raise
    except Exception as error:
        if isinstance(error.__cause__, Interrupted):  # as `datasets` tells what ends its reading
            raise error.__cause__ from None
        # Kinds differ by cause and version: OSError, ValueError, DatasetsError, the HTTP client's.
        raise out_of_reach(name, f"on the hub ({source})", error) from error
    for split in splits:
        if split not in loaded:
            raise _changed(source, f"no split {split!r}, there are {', '.join(loaded)}")
        rows = loaded[split]
        for column in columns:
            if column not in rows.column_names:
                present = ", ".join(rows.column_names)
                raise _changed(source, f"split {split} has no column {column!r}, but {present}")
        found = getattr(rows.features["label"], "names", None)
        if found is not None and list(found) != list(labels):
            raise _changed(source, f"labels {', '.join(found)}, expected {', '.join(labels)}")
    values = {
        split: {column: list(loaded[split][column]) for column in columns} for split in splits
    }
    return HubData(values, f"hub {source}{_revision(loaded[splits[0]])}")


def _online() -> bool:
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        return False
    return reachable(os.environ.get("HF_ENDPOINT", "https://huggingface.co"))


def _stay_offline() -> None:
    """Keep the hub's client from retrying for 23 seconds; it reads the variable when imported."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    for name in ("datasets.config", "huggingface_hub.constants"):
        if name in sys.modules:
            setattr(sys.modules[name], "HF_HUB_OFFLINE", True)  # noqa: B010


def _changed(source: str, what: str) -> DataError:
    return DataError(
        f"hub data set {source}: {what}; it has changed, set data.path to a local copy"
    )


def _revision(rows: Any) -> str:
    """` at` and the commit, read from the address each file was downloaded from."""
    checksums = getattr(getattr(rows, "info", None), "download_checksums", None) or {}
    found = {match[1] for match in map(_REVISION.search, map(str, checksums)) if match}
    return f" at {min(found)}" if found else ""
