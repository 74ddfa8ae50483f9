"""One text as a trained network reads it: tokens, gates, states, and how the answer forms.

Shape letters: T tokens, U units, C classes.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rnncli.cells.clamps import STATES
from rnncli.scoring import softmax
from rnncli.study.agreement import Agreement, agreement
from rnncli.study.prefixes import prefix_logits
from rnncli.tokenizers.base import RESERVED, UNKNOWN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.cells import CellSpec
    from rnncli.classifier import Classifier
    from rnncli.study.inside import Clamps, Direction, Inside, Replica

    Array = NDArray[np.floating[Any]]

__all__ = ["Look", "Memory", "Quantity", "Token", "look", "shown"]


class Token(NamedTuple):
    """A token the network read."""

    text: str
    """As the tokenizer has it."""
    known: bool
    """Whether it has an id of its own."""


class Quantity(NamedTuple):
    """Something a cell computes at every token."""

    name: str
    values: Array
    """[T, U]."""
    kind: str
    """`gate` (0…1), `candidate` (−1…1), `state` or `peephole`."""

    @property
    def means(self) -> Array:
        """The mean over units after each token [T]."""
        return np.asarray(self.values.mean(axis=1))


class Memory(NamedTuple):
    """For how long each unit remembers, by the gate that keeps the old state."""

    gate: str
    kept: Array
    """[U] the gate's geometric mean over the tokens: what is left of a state after a token."""

    @property
    def time_constants(self) -> Array:
        """1/(1 − f) [U] in tokens; infinite where nothing is ever lost."""
        with np.errstate(divide="ignore"):
            return np.asarray(1 / (1 - self.kept))

    @property
    def half_lives(self) -> Array:
        """Tokens until half of a state is left, ln ½ / ln f [U]; infinite if nothing is lost."""
        with np.errstate(divide="ignore"):
            lives = np.log(0.5) / np.log(self.kept)
        return np.where(self.kept >= 1, np.inf, np.abs(lives))


@dataclass(frozen=True)
class Look:
    """One text, read with or without something held."""

    text: str
    """As the model got to see it."""
    tokens: tuple[Token, ...]
    labels: tuple[str, ...]
    cells: tuple[CellSpec, ...]
    inside: Inside
    """A batch of one."""
    path: Array
    """Class probabilities after each token, had the text ended there [T, C]."""
    agreement: Agreement
    """Of the network with nothing held, on this text."""
    free: Look | None = None
    """The same text with nothing held, if something is."""
    unread: int = 0
    """How many tokens the text has beyond those, which `text.max_length` cuts off."""

    @property
    def predicted(self) -> int:
        """The most probable class."""
        return int(self.path[-1].argmax())

    @property
    def decided(self) -> int:
        """The first token, from 0, from which on the final class leads to the end."""
        others = np.flatnonzero(self.path.argmax(axis=1) != self.predicted)
        return int(others[-1]) + 1 if len(others) else 0

    @cached_property
    def steps(self) -> Array:
        """By how much each token moved the final class's probability [T].

        The first is measured from equal odds.
        """
        own = self.path[:, self.predicted]
        return np.diff(own, prepend=1 / len(self.labels))

    @property
    def shares(self) -> Array | None:
        """What each token gives to the readout [T], where it pools."""
        return None if self.inside.shares is None else self.inside.shares[0]

    def quantities(self, direction: Direction) -> list[Quantity]:
        """Gates in the cell's order, then states, then what peepholes add."""
        cell, run = self.cells[direction.layer], self.inside.layers[direction]
        named = [
            (name, run.gates[name], "candidate" if name == "candidate" else "gate")
            for name in cell.gate_names
        ]
        named += [(STATES[k], run.steps[k], "state") for k in reversed(cell.state_names)]
        named += [(f"peephole_{k}", run.peepholes[k], "peephole") for k in cell.peephole_names]
        return [Quantity(name, values[0], kind) for name, values, kind in named]

    def memory(self, direction: Direction) -> Memory | None:
        """How long the units of a layer remember, if a gate decides that."""
        gate = self.cells[direction.layer].keeping_gate
        if gate is None:
            return None
        values = self.inside.layers[direction].gates[gate][0]
        with np.errstate(divide="ignore"):
            return Memory(gate, np.exp(np.log(values).mean(axis=0)))

    def keeping(self, direction: Direction) -> tuple[str, Array]:
        """What stands for a direction at a glance, and its value at every token [T] in 0…1.

        The mean of the gate that keeps the state; without one, how far the state moves; without
        recurrence, the size of the output. The latter two as shares of the largest.
        """
        cell, run = self.cells[direction.layer], self.inside.layers[direction]
        if cell.keeping_gate is not None:
            return f"{cell.keeping_gate} gate", run.gates[cell.keeping_gate][0].mean(axis=1)
        h = run.steps["h"][0]
        zero = np.zeros_like(h[:1])
        before = np.concatenate([h[1:], zero] if direction.backwards else [zero, h[:-1]])
        size = np.sqrt(((h - before * cell.recurrent) ** 2).mean(axis=1))
        name = "step of the state" if cell.recurrent else "size of the output"
        return name, size / max(float(size.max()), 1e-12)


def look(
    classifier: Classifier,
    replica: Replica,
    model: Any,
    text: str,
    clamps: Clamps | None = None,
) -> Look:
    """Read a text.

    Args:
        classifier: a trained run.
        replica: its network in NumPy.
        model: what `rnncli.study.agreement.reference` gave.
        text: raw.
        clamps: what to hold in which layer and direction.

    Raises:
        CheckFailed: Keras computes something else.
    """
    text = classifier.experiment.data.clean(text)
    ids = classifier.tokenizer.encode(text)
    inside = replica.run(ids[None])
    agreed = agreement(model, replica, ids[None], inside).checked()
    tokens, cells = _tokens(classifier, text, ids), classifier.experiment.model.layers
    unread = max(0, len(classifier.tokenizer.tokens(text)) - len(tokens))

    def seen(inside: Inside, clamps: Clamps | None, free: Look | None) -> Look:
        path = softmax(prefix_logits(replica, ids, inside, clamps))
        return Look(text, tokens, classifier.labels, cells, inside, path, agreed, free, unread)

    free = seen(inside, None, None)
    return free if not clamps else seen(replica.run(ids[None], clamps), clamps, free)


def shown(token: str) -> str:
    """A token as it can be read alone: blanks as ␣, single jamo as letters of their own."""
    return "".join(map(_letter, token)) or "␣"


def _letter(letter: str) -> str:
    if letter.isspace():
        return "␣"
    if "ᄀ" <= letter <= "ᇿ":
        name = unicodedata.name(letter, "")
        alone = re.sub("HANGUL (CHOSEONG|JUNGSEONG|JONGSEONG)", "HANGUL LETTER", name)
        try:
            return unicodedata.lookup(alone)
        except KeyError:
            return letter
    return letter


def _tokens(classifier: Classifier, text: str, ids: NDArray[np.int32]) -> tuple[Token, ...]:
    tokenizer = classifier.tokenizer
    first = ids if ids.ndim == 1 else ids[:, 0]
    texts = tokenizer.spec.cut(tokenizer.tokens(text))
    if len(texts) != len(first):  # an empty text is one unknown token
        texts = [tokenizer.vocabulary[index] for index in first]

    return tuple(
        Token(token or RESERVED[UNKNOWN], int(index) != UNKNOWN)
        for token, index in zip(texts, first, strict=True)
    )
