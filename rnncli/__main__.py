"""The console script `rnn`, and `python -m rnncli`."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; a Ctrl-C while its modules are still read ends it quietly too."""
    try:
        from rnncli.cli import main as command_line
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        sys.exit(130)
    command_line()


if __name__ == "__main__":
    main()
