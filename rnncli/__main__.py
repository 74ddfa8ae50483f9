"""`python -m rnncli`: the same as `rnn`."""

from __future__ import annotations

from rnncli.cli import main

if __name__ == "__main__":
    main()
