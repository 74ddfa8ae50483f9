"""Trainings as jobs of a Slurm cluster, submitted by submitit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rnncli.engines.base import Ended, Engine, Job
from rnncli.engines.remote import Order, carry_out
from rnncli.errors import DeviceError, Interrupted, UsageError

__all__ = ["Slurm"]

_SEARCHING = 4
"""Points that a search tries at a time, unless told otherwise: each learns from those before."""


class Slurm(Engine):
    """A Slurm cluster whose nodes have rnncli installed and see the folder of the runs."""

    def __init__(self, options: dict[str, Any], out: Path) -> None:
        """Prepare the submission.

        Args:
            options: submitit's parameters, `timeout_min`, `slurm_partition`, `gpus_per_node` and
                so on; `cluster: local` submits to processes of this machine instead. What is not
                given is for Slurm's own environment (`SBATCH_PARTITION`) and defaults.
            out: the folder of the runs; scripts and logs of the jobs go to `.submitit/` in it.

        Raises:
            UsageError: submitit does not know such a parameter.
            DeviceError: there is no Slurm here.
        """
        import submitit

        options = dict(options)
        cluster = options.pop("cluster", "slurm")
        folder = out.absolute() / ".submitit"
        try:
            self._executor = submitit.AutoExecutor(folder=folder, cluster=cluster)
        except (RuntimeError, ValueError) as error:
            raise DeviceError(
                f"--on slurm: {error}; run it where srun is, or --with cluster=local"
            ) from error
        try:
            self._executor.update_parameters(**{"name": "rnn", **options})
        except (NameError, TypeError, ValueError, AssertionError) as error:
            raise UsageError(f"--on slurm: {' '.join(str(error).split())}") from error

    def automatic_jobs(self, trials: int, *, search: bool) -> int:
        """All of them, which Slurm has queues for; of a search, a few."""
        return min(trials, _SEARCHING) if search else trials

    def start(self, arguments: Sequence[str], run: Path) -> Job:
        """Submit a training."""
        order = Order.of(arguments, run)
        return _Submitted(order, self._executor.submit(carry_out, order))


class _Submitted(Job):
    def __init__(self, order: Order, job: Any) -> None:
        self._order, self._job = order, job

    def ended(self) -> Ended | None:
        if not self._job.done():
            return None
        self._order.forget()
        try:
            return Ended(*self._job.result())
        except Interrupted:
            raise
        except Exception as error:  # of several kinds: no result, a time limit, a failed script
            told = " ".join(str(error).split())
            return Ended(None, f"job {self._job.job_id}: {told:.200}")

    def stop(self, number: int) -> None:
        self._order.revoke()

    def abandon(self) -> None:
        self._order.revoke()
