"""Data sets of the Hugging Face hub, and a quick answer when it is out of reach."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rnncli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["load_from_hub", "out_of_reach"]

_TIMEOUT = 3.0
"""Seconds to wait for the hub to answer."""


def load_from_hub(
    name: str, repository: str, configuration: str | None, columns: Sequence[str]
) -> tuple[Mapping[str, Sequence[Mapping[str, Any]]], str]:
    """A data set's splits as the hub has them, from its cache when there is no network.

    Args:
        name: the data set's name in a config, for messages.
        repository: its id on the hub.
        configuration: its configuration there.
        columns: what has to be there.

    Returns:
        the splits, and a fingerprint of what was loaded.

    Raises:
        DataError: it is neither cached nor in reach, or lacks a column.
    """
    reachable = _reachable()
    if not reachable:
        os.environ["HF_HUB_OFFLINE"] = "1"
    import datasets

    if not reachable:
        datasets.config.HF_HUB_OFFLINE = True
    datasets.disable_progress_bars()
    source = f"{repository}, {configuration}" if configuration else repository
    try:
        splits = datasets.load_dataset(repository, configuration)
    except (OSError, ValueError, RuntimeError) as error:
        raise out_of_reach(name, f"the hub ({source})", error) from error
    for split, rows in splits.items():
        missing = [column for column in columns if column not in rows.column_names]
        if missing:
            raise DataError(
                f"hub data set {source}, split {split}: no column {missing[0]!r}; there are "
                f"{', '.join(rows.column_names)}: it has changed, use data.path with a local copy"
            )
    fingerprint = "-".join(getattr(rows, "_fingerprint", "") for rows in splits.values())
    return splits, f"hub {source} ({fingerprint})"


def out_of_reach(name: str, sought: str, error: BaseException | str) -> DataError:
    """The error that names what was wanted, where it was sought, and the three ways out."""
    reason = str(error).strip().splitlines()[0][:120] if str(error).strip() else "no answer"
    root = os.environ.get("RNN_DATA")
    local = f"$RNN_DATA/{name} (RNN_DATA={root})" if root else "RNN_DATA (not set)"
    return DataError(
        f"data set {name}: found neither under {local} nor on {sought}: {reason}; go online, "
        f"or set data.path (or RNN_DATA) to a local copy, or use the built-in data.name: "
        f"{'sample-ko' if name == 'klue-tc' else 'sample-en'}"
    )


def _reachable() -> bool:
    """Whether the hub's host answers at all; asks for no data."""
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        return False
    from urllib.parse import urlsplit
    from urllib.request import getproxies

    if getproxies().get("https"):
        return True
    endpoint = urlsplit(os.environ.get("HF_ENDPOINT", "https://huggingface.co"))
    try:
        address = (endpoint.hostname or "", endpoint.port or 443)
        with socket.create_connection(address, timeout=_TIMEOUT):
            return True
    except OSError:
        return False
