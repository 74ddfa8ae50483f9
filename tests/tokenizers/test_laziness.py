"""Importing the specs, as `rnn config validate` does, loads no numpy and no tokenizer library."""

from __future__ import annotations

import subprocess
import sys


def test_specs_import_nothing_heavy() -> None:
    program = (
        "import sys, rnncli.tokenizers\n"
        "print(sorted({'numpy', 'tokenizers', 'kiwipiepy', 'keras'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
