"""What a failed command says: one line for each problem on stderr, and the exit code."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from typer.core import TyperGroup
from typer.exceptions import TyperException

__all__ = ["ReportingGroup"]

_INTERRUPTED = 130
"""What typer makes of Ctrl-C."""
_PIPE_CLOSED = 1


class ReportingGroup(TyperGroup):
    """A group of commands whose failures are told in a line, never as a traceback."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line; in standalone mode end the process with its exit code."""
        run = partial(
            super().main, args, prog_name, complete_var, False, windows_expand_args, **extra
        )
        if not standalone_mode:
            return run()
        _open_closed()
        _print_anything()
        sys.exit(_exit_code(run))


def _exit_code(command: Callable[[], Any]) -> int:
    try:
        result = command()
        sys.stdout.flush()
        if result == _INTERRUPTED:
            _say("interrupted")
        return result if isinstance(result, int) else 0
    except TyperException as error:
        return _usage(error)
    except BrokenPipeError:
        _drop_output()
        return _PIPE_CLOSED
    except SystemExit as leaving:
        # What typer makes of a closed pipe.
        _drop_output()
        return leaving.code if isinstance(leaving.code, int) else _PIPE_CLOSED
    except Exception as error:
        return _failure(error)


def _failure(error: Exception) -> int:
    from rnncli.errors import RnnError

    if isinstance(error, OSError):
        error = _storage(error)
    if isinstance(error, RnnError):
        for line in error.lines:
            _say(line)
        return error.exit_code
    return _internal(error)


def _usage(error: TyperException) -> int:
    """A usage error names the command whose help to read; without a command, help is shown."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(error.format_message().rstrip() + "\n")
        return error.exit_code
    message = " ".join(error.format_message().split()).rstrip(".").replace("Value error, ", "")
    if context is not None:
        message += f"{' See' if message.endswith('?') else '; see'} {context.command_path} --help"
    _say(message[:1].lower() + message[1:])
    return error.exit_code


def _storage(error: OSError) -> Exception:
    """The line for a failed file operation that nobody nearer to it has worded."""
    from rnncli.atomic import storage_error

    if error.filename is None and error.errno is None:
        return error
    return storage_error(Path(os.fsdecode(error.filename or "disk")), "use", error)


def _internal(error: Exception) -> int:
    """Our fault: the traceback goes to a file."""
    where = ""
    with suppress(OSError):
        handle, name = tempfile.mkstemp(prefix="rnn-traceback-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write("".join(traceback.format_exception(error)))
        where = f"; traceback in {name}"
    summary = " ".join(f"{type(error).__name__}: {error}".split())
    _say(f"{summary:.300}{where}; please report it", kind="internal error")
    return 1


def _say(line: str, kind: str = "error") -> None:
    printable = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line
    )
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{kind}: {printable}\n")
        sys.stderr.flush()


def _open_closed() -> None:
    """Give standard streams that the caller has closed an end: nothing to read, nobody to hear.

    Their descriptors too, lest a file that is opened later gets one of them.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, stream)


def _print_anything() -> None:
    """Let no character, a lone surrogate included, fail to be printed."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Lead stdout to nowhere, so that the interpreter's last flush cannot fail again."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
