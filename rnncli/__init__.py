"""Train, compare and understand recurrent text classifiers from one YAML file.

The public API, loaded on first use: `import rnncli` alone imports no framework, not even NumPy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnncli.classifier import Classifier, Prediction, load_classifier, predict
    from rnncli.config import load_config
    from rnncli.errors import RnnError
    from rnncli.evaluation import Evaluation, evaluate
    from rnncli.experiment import Experiment
    from rnncli.progress import Reporter
    from rnncli.run import Run
    from rnncli.training import train

    __version__: str

__all__ = [
    "Classifier",
    "Evaluation",
    "Experiment",
    "Prediction",
    "Reporter",
    "RnnError",
    "Run",
    "__version__",
    "evaluate",
    "load_classifier",
    "load_config",
    "predict",
    "train",
]

_HOMES = {
    "Classifier": "classifier",
    "Evaluation": "evaluation",
    "Experiment": "experiment",
    "Prediction": "classifier",
    "Reporter": "progress",
    "RnnError": "errors",
    "Run": "run",
    "evaluate": "evaluation",
    "load_classifier": "classifier",
    "load_config": "config",
    "predict": "classifier",
    "train": "training",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version(__name__)
    elif name in _HOMES:
        value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
