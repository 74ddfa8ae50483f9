"""The machine this process runs on."""

from __future__ import annotations

import os
import platform
import shutil
from contextlib import suppress
from pathlib import Path

__all__ = ["cores", "has_gpu_driver", "processor_features"]


def cores() -> int:
    """Cores this process may use, which in a container are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def has_gpu_driver() -> bool:
    """Whether NVIDIA's driver is installed; asking it loads no backend."""
    return shutil.which("nvidia-smi") is not None


def processor_features() -> str:
    """What tells this processor's instruction set from another's, as its system names it."""
    with suppress(OSError), Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
        wanted = ("model name", "flags", "Features", "CPU part")
        found: dict[str, str] = {}
        for line in lines:
            if not line.strip():  # the other cores repeat it
                break
            name, _, value = line.partition(":")
            if name.strip() in wanted:
                found[name.strip()] = value.strip()
        if found:
            return repr(found)
    return platform.processor()
