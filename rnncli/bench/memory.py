"""The most memory a contestant's training holds, in a process that does nothing else.

`python -m rnncli.bench.memory JOB` trains one epoch and prints the peak, a line of JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from rnncli.bench.measuring import contestants
from rnncli.bench.workload import Network, workload
from rnncli.errors import CheckFailed
from rnncli.experiment import Backend

__all__ = ["Job", "peak_of"]

_PATIENCE = 600.0


@dataclass(frozen=True)
class Job:
    """Whose memory, for what."""

    variant: str
    network: Network
    data: str
    path: str | None
    texts: int
    backend: Backend

    @classmethod
    def parse(cls, text: str) -> Job:
        """What `str` gave."""
        fields = json.loads(text)
        return cls(**{**fields, "network": Network(**fields["network"])})

    def __str__(self) -> str:
        return json.dumps(asdict(self))


def peak_of(job: Job) -> int:
    """Bytes: the resident set at its largest, with libraries and texts; a GPU's memory not counted.

    Raises:
        CheckFailed: the process failed.
    """
    command = [sys.executable, "-m", "rnncli.bench.memory", str(job)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
        return int(json.loads(done.stdout.splitlines()[-1])["peak_memory_bytes"])
    except subprocess.TimeoutExpired:
        trouble = f"no epoch within {_PATIENCE:.0f} s"
    except (ValueError, IndexError, KeyError):
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        trouble = last[0][:200]
    raise CheckFailed(f"bench: {job.variant}'s memory could not be measured: {trouble}")


def _train(job: Job) -> None:
    from rnncli.backend import activate
    from rnncli.bench.contestants import initial_weights
    from rnncli.quiet import native_output_to

    with native_output_to():
        if not job.variant.startswith("torch"):
            activate(job.backend, thorough=True)
        load = workload(job.data, Path(job.path) if job.path else None, job.texts)
        kind = contestants()[job.variant]
        assert kind is not None, job.variant
        kind(job.network, load, "adam", initial_weights(job.network, load)).epoch()


def main() -> None:
    """Train what the command line says and print the peak."""
    from rnncli.environment import peak_memory_bytes

    _train(Job.parse(sys.argv[-1]))
    sys.stdout.write(json.dumps({"peak_memory_bytes": peak_memory_bytes()}) + "\n")


if __name__ == "__main__":
    main()
