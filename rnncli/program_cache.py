"""Programs that XLA compiled, kept on disk for the next process of the same user.

A chunk of time takes half a second to compile on TensorFlow, a length of batch seconds on JAX;
what comes of it is read back in a tenth of that and computes the same bits. It is machine code, so
it lies in the user's own cache (`$XDG_CACHE_HOME/rnncli/programs`, or `RNN_PROGRAMS`) and never
beside runs, which may come from somebody else. Deleting it loses nothing.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import stat
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rnncli.machine import processor_features

__all__ = ["keep_programs", "kept_programs", "programs_folder"]

_MOST_BYTES = 512 * 2**20
"""What a folder may hold; above it the oldest half goes."""
_FREE_BYTES = 256 * 2**20
"""A disk with less room than that is left alone."""
_FLAG = "--tf_xla_persistent_cache_directory="


def programs_folder() -> Path | None:
    """Where programs are kept; None if `RNN_PROGRAMS` is `off`, or there is no such home."""
    chosen = os.environ.get("RNN_PROGRAMS")
    if chosen == "off":
        return None
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    try:
        return Path(chosen or f"{home}/rnncli/programs").expanduser().absolute()
    except RuntimeError:
        return None


def keep_programs(backend: str) -> None:
    """Tell a backend that is not imported yet to keep its programs and to look for them.

    Where there is no folder that is the user's alone, or the backend's version is not known (its
    package may have another name), nothing is kept.
    """
    if backend not in ("tensorflow", "jax") or (root := programs_folder()) is None:
        return
    try:
        folder = _own_folder(root, _machine(backend))
        if folder is None:
            return
        _tidy(folder)
    except (OSError, PackageNotFoundError):  # no home, or read-only: as if there were none
        return
    if backend == "jax":
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(folder))
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")
    elif not kept_programs():
        flags = f"{_FLAG}{folder} --tf_xla_persistent_cache_device_types=CPU"
        os.environ["TF_XLA_FLAGS"] = f"{os.environ.get('TF_XLA_FLAGS', '')} {flags}".strip()


def kept_programs() -> str:
    """The folder that TensorFlow was told to use; empty if none."""
    flags = os.environ.get("TF_XLA_FLAGS", "")
    return flags.partition(_FLAG)[2].partition(" --")[0]


def _machine(backend: str) -> str:
    """A name for all that machine code depends on: the compiler and the processor."""
    parts = (backend, version(backend), platform.machine(), processor_features())
    return f"{backend}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:12]}"


def _own_folder(root: Path, name: str) -> Path | None:
    """The folder, made if need be; None if others could put code into it, or it is not usable."""
    folder = root / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(character.isspace() for character in str(folder)):  # flags are cut at spaces
        return None
    found = folder.stat()
    if hasattr(os, "geteuid") and (
        found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    ):
        return None
    usable = os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > _FREE_BYTES
    return folder if usable else None


def _tidy(folder: Path) -> None:
    """Remove entries that are not whole, which TensorFlow would fail on, and too many old ones."""
    entries = []
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # another process tidies too
            found = path.stat()
            if path.suffix == ".pb" and not _is_whole(path, found.st_size):
                path.unlink()
            else:
                entries.append((found.st_mtime, found.st_size, path))
    if sum(size for _, size, _ in entries) > _MOST_BYTES:
        for _, _, path in sorted(entries)[: -(-len(entries) // 2)]:
            with suppress(FileNotFoundError):
                path.unlink()


def _is_whole(path: Path, size: int) -> bool:
    """Whether a protocol-buffers message of nothing but strings and messages ends where it should.

    Each field is a tag of wire type 2, a length as a varint, and that many bytes
    (protobuf.dev, "Encoding").
    """
    with path.open("rb") as file:
        while (tag := file.read(1)) and tag[0] & 7 == 2:
            length = shift = 0
            while (byte := file.read(1)) and byte[0] >= 0x80:
                length |= (byte[0] & 0x7F) << shift
                shift += 7
            if not byte:
                return False
            file.seek(length | byte[0] << shift, os.SEEK_CUR)
        return size > 0 and not tag and file.tell() == size
