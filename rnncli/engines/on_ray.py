"""Trainings as tasks of a Ray cluster: a running one, or one started here for the sweep."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rnncli.engines.base import Ended, Engine, Job
from rnncli.engines.remote import Order, carry_out
from rnncli.errors import DeviceError, UsageError

__all__ = ["Ray"]

_PATIENCE = 5.0
"""Seconds to wait for a cluster's answer."""


class Ray(Engine):
    """A Ray cluster whose nodes have rnncli installed and see the folder of the runs."""

    def __init__(self, options: dict[str, Any], out: Path) -> None:
        """Connect.

        Args:
            options: `address` of `ray.init` (or the environment's RAY_ADDRESS; without either,
                Ray is started on this machine), and options of a task, `num_cpus`, `num_gpus`,
                `resources` and so on, that say what one training needs.
            out: the folder of the runs.

        Raises:
            UsageError: Ray does not know such an option.
            DeviceError: there is no cluster at that address.
        """
        import ray

        options = dict(options)
        address = options.pop("address", None)
        self._cpus = float(options.setdefault("num_cpus", 1))
        self._gpus = float(options.get("num_gpus") or 0)
        try:
            # A lost training is started again by the sweep, which knows how often.
            self._task = ray.remote(carry_out).options(max_retries=0, **options)
        except (ValueError, TypeError) as error:
            raise UsageError(f"--on ray: {_first_line(error)}") from error
        _require_answer(address or os.environ.get("RAY_ADDRESS", ""))
        try:
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, ValueError, RuntimeError) as error:
            where = f" at {address}" if address else ""
            raise DeviceError(f"--on ray: no cluster{where}: {_first_line(error)}") from error
        self._has: dict[str, float] = ray.cluster_resources()

    def automatic_jobs(self, trials: int, *, search: bool) -> int:
        """As many as its processors, and devices where a training takes one, have room for."""
        room = self._has.get("CPU", 1.0) / max(self._cpus, 0.01)
        if self._gpus:
            room = min(room, self._has.get("GPU", 0.0) / self._gpus)
        return max(1, min(trials, int(room)))

    def start(self, arguments: Sequence[str], run: Path) -> Job:
        """Hand a training to the cluster."""
        order = Order.of(arguments, run)
        return _Task(order, self._task.remote(order))

    def close(self) -> None:
        """Disconnect; Ray ends what was started here."""
        import ray

        ray.shutdown()


class _Task(Job):
    def __init__(self, order: Order, reference: Any) -> None:
        self._order, self._reference = order, reference

    def ended(self) -> Ended | None:
        import ray

        ready, _ = ray.wait([self._reference], timeout=0)
        if not ready:
            return None
        self._order.forget()
        try:
            return Ended(*ray.get(self._reference))
        except ray.exceptions.RayError as error:
            return Ended(None, _first_line(error))

    def stop(self, number: int) -> None:
        self._order.revoke()

    def abandon(self) -> None:
        self._order.revoke()


def _require_answer(address: str) -> None:
    """Fail where nothing listens at `host:port`: Ray itself tries for minutes.

    Raises:
        DeviceError: nothing does.
    """
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if not colon or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise DeviceError(
            f"--on ray: nothing answers at {address} ({error}); start the cluster, or leave "
            "address and RAY_ADDRESS out to have Ray on this machine"
        ) from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
