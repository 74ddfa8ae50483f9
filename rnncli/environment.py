"""What a result was made with: Python, packages, machine, commit, command; no personal names."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rnncli.machine import cores

__all__ = ["describe_environment", "peak_memory_bytes"]

_PACKAGES = (
    "rnncli",
    "keras",
    "tensorflow",
    "jax",
    "jaxlib",
    "torch",
    "numpy",
    "scikit-learn",
    "tokenizers",
    "datasets",
    "hanja",
    "kiwipiepy",
    "pyarrow",
    "h5py",
    "pydantic",
    "typer",
)


def describe_environment() -> dict[str, Any]:
    """JSON-ready facts about this process; what cannot be found out is None."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": _cpu_model(),
        "cores": cores(),
        "memory_bytes": _memory_bytes(),
        "packages": _versions(),
        "git": _git(),
        "command": _command(),
    }


def peak_memory_bytes() -> int | None:
    """The most memory this process has held at once (resident set), or None where unknown."""
    if sys.platform == "win32":
        return None
    with suppress(OSError):
        # Linux' rusage would begin with what the process had before it became this program.
        text = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        if match := re.search(r"^VmHWM:\s*(\d+) kB$", text, re.MULTILINE):
            return int(match[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # kilobytes everywhere but macOS


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _cpu_model() -> str | None:
    with suppress(OSError):
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        if match := re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE):
            return match[1].strip()
    return platform.processor() or platform.machine() or None


def _memory_bytes() -> int | None:
    with suppress(AttributeError, OSError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _git() -> dict[str, Any] | None:
    """The commit of the working directory and whether tracked files differ from it."""

    def git(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", *arguments],
            capture_output=True,
            text=True,
            timeout=3,
            check=False,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )

    try:
        head = git("rev-parse", "--verify", "HEAD")
        if head.returncode:
            return None
        changed = git("diff-index", "--quiet", "HEAD", "--").returncode != 0
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": head.stdout.strip(), "changed": changed}


def _command() -> list[str]:
    """The command line, its program by name only, the home folder as `~`."""
    home = str(Path("~").expanduser())
    arguments = [Path(sys.argv[0]).name, *sys.argv[1:]] if sys.argv else []
    return [text.replace(home, "~") if len(home) > 1 else text for text in arguments]
