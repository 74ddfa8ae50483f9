"""`python -m rnncli.probe BACKEND`: one training step on sample data, told in a line of JSON."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from rnncli.errors import RnnError
from rnncli.experiment import BACKENDS, Backend
from rnncli.quiet import native_output_to

__all__ = ["probe"]

_TEXTS = 32


def probe(backend: Backend) -> dict[str, Any]:
    """Train four steps on one batch; the first compiles, the fastest of the others counts.

    Returns:
        `device`, `kind` (cpu or gpu), `kernels`, `texts` (of a step), `start_seconds` (imports
        and first step) and `step_seconds`; or `error`.
    """
    began = time.perf_counter()
    try:
        with native_output_to():
            return _steps(backend, began)
    except RnnError as error:
        return {"error": " ".join(error.lines)}
    except Exception as error:
        return {"error": " ".join(f"{type(error).__name__}: {error}".split())[:300]}


def _steps(backend: Backend, began: float) -> dict[str, Any]:
    import numpy as np

    from rnncli import fitting, preparation
    from rnncli.backend import activate
    from rnncli.config import load_config
    from rnncli.kernels import compiled_layers, kernels
    from rnncli.shipped import find_shipped

    settings = (f"data.limit={2 * _TEXTS}", "data.size=200")
    experiment = load_config(find_shipped("sample_en"), settings, backend=backend)
    device = activate(backend)
    prepared = preparation.tokenize(experiment, experiment.data.load())
    names = prepared.corpus.label_names
    layers = kernels(experiment, device)
    size = len(prepared.tokenizer.vocabulary)
    model = preparation.build(experiment, size, len(names), compiled=compiled_layers(layers))
    fitting.compile_model(model, experiment.train)
    encoded = prepared.encoded["train"]
    rows = np.arange(min(_TEXTS, len(encoded)))
    gold = np.asarray(prepared.corpus["train"].labels)[rows]
    batch = encoded.padded(rows, experiment.text.max_length)
    targets = np.eye(len(names), dtype=np.float32)[gold]
    model.train_on_batch(batch, targets)
    started = time.perf_counter()
    times = []
    for _ in range(3):
        before = time.perf_counter()
        loss = float(model.train_on_batch(batch, targets))
        times.append(time.perf_counter() - before)
    if not np.isfinite(loss):
        return {"error": f"the loss after four training steps is {loss}"}
    return {
        "device": str(device),
        "kind": device.kind,
        "kernels": [str(kernel) for kernel in layers],
        "texts": len(rows),
        "start_seconds": started - began,
        "step_seconds": min(times),
    }


def main() -> None:
    """Probe the backend named on the command line."""
    chosen = next((name for name in BACKENDS if name == sys.argv[-1]), None)
    found = {"error": f"no backend {sys.argv[-1]}"} if chosen is None else probe(chosen)
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
