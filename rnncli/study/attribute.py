"""What each token of a text says for a label: by gradients along a path, and by leaving it out.

Integrated gradients (Sundararajan, Taly & Yan, Axiomatic attribution for deep networks, ICML
2017): a token's vector x_t gets Σ_d x_td ∫₀¹ ∂F(αx)/∂x_td dα, from vectors of zeros (α = 0: as many
tokens, saying nothing) to the text (α = 1). Together they are F(x) − F(0), up to the quadrature's
error, which is measured. F is the label's log-odds, log p/(1 − p), in nats: it does not saturate as
p does, and both methods speak of the same thing. A position of several n-grams has the sum of their
vectors, and so the sum of what they say.

Shape letters: T tokens, D features, C classes, Q points of the quadrature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli.batching import Encoded
from rnncli.errors import UsageError
from rnncli.scoring import logits, softmax
from rnncli.study.gradients import Differentiated, by_vectors, vectors_of
from rnncli.study.material import singles
from rnncli.study.tokens import without
from rnncli.suggestions import did_you_mean
from rnncli.tokenizers.base import RESERVED, UNKNOWN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.study.material import Subject

    Floats = NDArray[np.floating[Any]]
    Ids = NDArray[np.int32]

__all__ = ["Attribution", "attribute", "rank_agreement"]

_POINTS = (32, 64, 128, 256, 512)
_TOLERANCE = 0.01
"""Points are doubled until the sum is off by no more than this share of the change."""
_TOKENS = 16_384
"""Tokens in a batch, to bound memory."""


@dataclass(frozen=True)
class Attribution:
    """One text, read for one label."""

    text: str
    """Cleaned."""
    tokens: tuple[str, ...]
    """As the network reads them, cut to the maximal length [T]."""
    unknown: tuple[bool, ...]
    """Whether a token has no id of its own."""
    label: str
    predicted: str
    probability: float
    """Of `label`."""
    log_odds: float
    """F of the text, of `label`, in nats."""
    log_odds_of_zeros: float
    """F of as many vectors of zeros."""
    integrated: Floats
    """Integrated gradients [T]; above zero for the label."""
    deleted: Floats
    """F of the text minus F without the token [T]."""
    replaced: Floats
    """F of the text minus F with the unknown token in its place [T]."""
    points: int
    """Q."""
    error: float
    """Σ integrated − (F(x) − F(0)), in nats."""
    unread: int = 0
    """How many tokens the text has beyond those, which `text.max_length` cuts off."""

    @property
    def complete(self) -> bool:
        """Whether the sum is off by no more than 1 % of the change, or a hundredth of a nat."""
        return abs(self.error) <= _allowed(self.log_odds - self.log_odds_of_zeros)


def attribute(
    subject: Subject, texts: Sequence[str], label: str | None = None
) -> list[Attribution]:
    """Attribute a run's answers.

    Args:
        subject: the run.
        texts: as the user gives them.
        label: of which to speak; each text's predicted one if None.

    Raises:
        UsageError: the run has no such label.
    """
    if label is not None and label not in subject.labels:
        known = ", ".join(subject.labels)
        hint = did_you_mean(label, subject.labels)
        raise UsageError(f"--label {label}: not a label of this run ({known}){hint}")
    slope = by_vectors(subject.model, _log_odds)
    return [_attributed(subject, slope, text, label) for text in texts]


def rank_agreement(first: Floats, second: Floats) -> float | None:
    """Spearman's ρ of two attributions [T]; None where one of them makes no difference."""
    from scipy.stats import spearmanr

    if len(first) < 3 or not np.ptp(first) or not np.ptp(second):
        return None
    return float(spearmanr(first, second).statistic)


def _attributed(
    subject: Subject, slope: Differentiated, text: str, label: str | None
) -> Attribution:
    cleaned = subject.experiment.data.clean(text)
    (row,) = singles(subject.tokenizer, [cleaned])
    whole = subject.tokenizer.tokens(cleaned)
    tokens = subject.experiment.text.cut(whole) or [RESERVED[UNKNOWN]]
    places = range(len(row))
    blanked = np.where(np.eye(len(row), dtype=bool), np.int32(UNKNOWN), row)
    edited = [row, *(without(row, place) for place in places), *blanked]
    encoded = Encoded.of(subject.tokenizer.relaid(edited))
    scores = logits(subject.model, encoded)
    predicted = int(scores[0].argmax())
    chosen = predicted if label is None else subject.labels.index(label)
    odds = _log_odds_of(scores, chosen)
    ids = encoded.padded(np.array([0]))
    integrated, zeros, points = _integrated(subject, slope, ids, chosen, float(odds[0]))
    return Attribution(
        text=cleaned,
        tokens=tuple(tokens),
        unknown=tuple((row == UNKNOWN).tolist()),
        label=subject.labels[chosen],
        predicted=subject.labels[predicted],
        probability=float(softmax(scores[:1])[0, chosen]),
        log_odds=float(odds[0]),
        log_odds_of_zeros=zeros,
        integrated=integrated,
        deleted=odds[0] - odds[1 : len(row) + 1],
        replaced=odds[0] - odds[len(row) + 1 :],
        points=points,
        error=float(integrated.sum()) - (float(odds[0]) - zeros),
        unread=max(0, len(whole) - len(tokens)),
    )


def _integrated(
    subject: Subject, slope: Differentiated, ids: Ids, label: int, odds: float
) -> tuple[Floats, float, int]:
    """Integrated gradients [T], F of zeros, and how many points that took."""
    vectors = vectors_of(subject.model, ids)[0]
    target = np.eye(len(subject.labels), dtype=np.float32)[label]
    rows = max(1, min(_POINTS[0], _TOKENS // ids.shape[1]))

    def along(alphas: Floats) -> tuple[Floats, Floats]:
        """F [Q] and its gradient [Q, T, D] where the vectors are α times the text's."""
        values, gradients = [], []
        for start in range(0, len(alphas), rows):
            part = np.resize(alphas[start : start + rows], rows)
            shift = ((part - 1)[:, None, None] * vectors).astype(np.float32)
            repeated = np.repeat(ids, len(part), axis=0)
            value, gradient = slope(shift, repeated, np.tile(target, (len(part), 1)))
            real = len(alphas[start : start + rows])
            values.append(value[:real])
            gradients.append(gradient[:real])
        return np.concatenate(values), np.concatenate(gradients)

    zeros = float(along(np.zeros(1))[0][0])
    for points in _POINTS:
        nodes, weights = np.polynomial.legendre.leggauss(points)
        _, gradients = along((nodes + 1) / 2)
        mean = np.tensordot(weights / 2, gradients.astype(np.float64), axes=1)
        found = (mean * vectors).sum(axis=-1)
        if abs(found.sum() - (odds - zeros)) <= _allowed(odds - zeros):
            break
    return found, zeros, points


def _allowed(change: float) -> float:
    return max(_TOLERANCE * abs(change), 0.01)


def _log_odds(scores: Any, target: Any) -> Any:
    """Log p/(1 − p) [B] of the label that `target` [B, C] has a 1 for, from logits [B, C]."""
    from keras import ops

    others = ops.where(target > 0, ops.full_like(scores, -1e9), scores)
    return ops.sum(scores * target, axis=-1) - ops.logsumexp(others, axis=-1)


def _log_odds_of(scores: Floats, label: int) -> Floats:
    """The same in NumPy, of many rows."""
    wide = scores.astype(np.float64)
    others = np.delete(wide, label, axis=-1)
    highest = others.max(axis=-1, keepdims=True)
    rest = np.log(np.exp(others - highest).sum(axis=-1)) + highest[:, 0]
    return np.asarray(wide[:, label] - rest)
