"""A large corpus' linear baseline, worked out in a process of its own while a training begins.

There it takes neither time from the training, whose beginning (imports, tokens, compilation)
leaves all cores but one idle, nor memory: a linear classifier over n-grams would come on top of
all that TensorFlow keeps of a training that is over.

`python -m rnncli.baseline_process` reads a pickled corpus and prints its linear baseline, as JSON.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rnncli.baselines import baselines, keep_linear, known_linear, linear_baseline
from rnncli.corpus import Corpus

__all__ = ["BaselineProcess", "baselines_beside"]

_MANY = 10_000
"""Training texts: with fewer, a process would take longer to start than to do its work."""
_NICENESS = 10
"""The training goes first, once it keeps all cores busy."""


class BaselineProcess:
    """A corpus' baselines; of a large one, the linear one is being worked out elsewhere."""

    def __init__(self, corpus: Corpus, cache: Path) -> None:
        """Begin, unless the corpus is small or the cache has its linear baseline.

        Args:
            corpus: the texts.
            cache: the folder for results that `linear_baseline` has.
        """
        self._corpus = corpus
        self._cache = cache
        self._process: subprocess.Popen[bytes] | None = None
        if len(corpus["train"]) >= _MANY and known_linear(corpus, cache) is None:
            with suppress(OSError):  # no process to be had, or no space for the texts
                self._process = _started(corpus)

    def result(self) -> dict[str, dict[str, Any]]:
        """What `rnncli.baselines.baselines` answers; it waits for the process if there is one.

        What a process fails to find is worked out here.
        """
        linear = None
        if self._process is not None:
            answer, _ = self._process.communicate()
            self._process = None
            with suppress(ValueError):
                linear = json.loads(answer)
                keep_linear(linear, self._corpus, self._cache)
        return baselines(self._corpus, self._cache, linear)

    def end(self) -> None:
        """Nobody will ask any more."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()


@contextmanager
def baselines_beside(corpus: Corpus, cache: Path) -> Iterator[BaselineProcess]:
    """The baselines for the length of the block, after which their process is gone."""
    process = BaselineProcess(corpus, cache)
    try:
        yield process
    finally:
        process.end()


def _started(corpus: Corpus) -> subprocess.Popen[bytes]:
    with tempfile.TemporaryFile() as texts:
        pickle.dump(corpus, texts, pickle.HIGHEST_PROTOCOL)
        texts.seek(0)
        return subprocess.Popen(
            [sys.executable, "-m", "rnncli.baseline_process"],
            stdin=texts,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the training, which ends this process itself
        )


def main() -> None:
    """Print the linear baseline of the corpus that standard input brings."""
    os.nice(_NICENESS)
    sys.stdout.write(json.dumps(linear_baseline(pickle.load(sys.stdin.buffer))))


if __name__ == "__main__":
    main()
