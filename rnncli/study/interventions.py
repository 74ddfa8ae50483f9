"""What a trained network loses without a gate, a peephole or a bias, on its own test texts.

Every text is read twice, with nothing held and with something held, so that the difference is
paired; its interval and p come from a bootstrap of the texts (`rnncli.significance`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from rnncli.batching import Encoded
from rnncli.cells.clamps import STATES
from rnncli.significance import difference, holm, mcnemar, resampled_scores
from rnncli.study.agreement import agreement_of_logits, reference
from rnncli.study.inside import Replica

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.cells import CellSpec
    from rnncli.classifier import Classifier
    from rnncli.study.inside import Clamps
    from rnncli.tables import Predictions

    Labels = NDArray[np.integer]

__all__ = ["Effect", "Effects", "Metric", "effects", "menu"]

Metric = Literal["macro_f1", "accuracy"]
_CHECKED = 32
"""Texts on which replay and Keras are compared."""
_BIASES = ("-1", "+1", "+2")


@dataclass(frozen=True)
class Effect:
    """What one intervention does to the score."""

    held: tuple[str, ...]
    """The clamps, as written."""
    accuracy: float
    macro_f1: float
    difference: float
    """Of the metric: held minus free."""
    interval_95: tuple[float, float]
    p: float
    """Of no difference, corrected for the number of interventions (Holm)."""
    p_mcnemar: float
    """Exact, that both err equally often; not corrected."""
    changed: float
    """Share of the texts whose label changes."""


@dataclass(frozen=True)
class Effects:
    """A network's score with nothing held, and what each intervention does to it."""

    texts: int
    of: int
    """Texts of the whole test split."""
    metric: Metric
    accuracy: float
    macro_f1: float
    difference_from_keras: float
    """The largest difference of logits, with nothing held."""
    interventions: tuple[Effect, ...]


def menu(cells: Iterable[CellSpec], *, later: bool) -> list[tuple[str, ...]]:
    """The interventions that suit some cells, when none is named.

    Each gate shut and open, each peephole and all of them dropped, the bias of the gate that keeps
    the state moved; and, where things are held from a later token on, the states frozen and zeroed.
    """
    found: list[tuple[str, ...]] = []
    for cell in cells:
        gates = [name for name in cell.gate_names if name != "candidate"]
        found += [(f"{name}={value}",) for name in gates for value in (1, 0)]
        if cell.keeping_gate:
            found += [(f"{cell.keeping_gate}_bias={value}",) for value in _BIASES]
        dropped = [f"peephole_{name}=0" for name in cell.peephole_names]
        found += [(name,) for name in dropped]
        if len(dropped) > 1:
            found.append(tuple(dropped))
        if later:
            states = [STATES[letter] for letter in reversed(cell.state_names)]
            found += [(f"{name}={value}",) for name in states for value in ("frozen", "0")]
    return list(dict.fromkeys(found))


def effects(
    classifier: Classifier,
    predictions: Predictions,
    interventions: Sequence[tuple[tuple[str, ...], Clamps]],
    *,
    texts: int,
    metric: Metric = "macro_f1",
    seed: int = 0,
) -> Effects:
    """Score a network with each intervention.

    Args:
        classifier: a trained run.
        predictions: its test texts and their labels.
        interventions: each as written, and what it holds in which layer and direction.
        texts: how many of the test texts, drawn at random; all if there are no more.
        metric: what the differences are of.
        seed: of the draw.

    Raises:
        CheckFailed: Keras computes something else.
    """
    rows = _drawn(len(predictions.gold), texts, seed)
    gold = np.asarray(predictions.gold)[rows]
    encoded = Encoded.of(
        classifier.tokenizer.encode_many(predictions.texts[int(row)] for row in rows)
    )
    replica = Replica.of(classifier)
    logits = replica.logits(encoded)
    some = encoded.first(_CHECKED)
    agreed = agreement_of_logits(reference(classifier), logits[: len(some)], some)
    free, classes = logits.argmax(axis=1), len(classifier.labels)

    def scores(predicted: Labels, of: Metric, resamples: int) -> NDArray[np.float64]:
        return resampled_scores(gold, predicted[None], classes, of, resamples)

    def scored(predicted: Labels) -> tuple[float, float]:
        plain = (scores(predicted, "accuracy", 0), scores(predicted, "macro_f1", 0))
        return float(plain[0][0, 0]), float(plain[1][0, 0])

    drawn = scores(free, metric, 1000)
    found: list[Effect] = []
    for held, clamps in interventions:
        predicted = replica.logits(encoded, clamps).argmax(axis=1)
        gap = difference(scores(predicted, metric, 1000), drawn)
        found.append(
            Effect(
                held,
                *scored(predicted),
                gap.mean,
                gap.interval_95,
                gap.p,
                mcnemar(gold, predicted, free),
                float((predicted != free).mean()),
            )
        )
    corrected = holm([effect.p for effect in found])
    return Effects(
        len(rows),
        len(predictions.gold),
        metric,
        *scored(free),
        agreed,
        tuple(replace(effect, p=p) for effect, p in zip(found, corrected, strict=True)),
    )


def _drawn(size: int, wanted: int, seed: int) -> NDArray[np.int64]:
    if wanted >= size:
        return np.arange(size)
    return np.sort(np.random.default_rng(seed).choice(size, wanted, replace=False))
