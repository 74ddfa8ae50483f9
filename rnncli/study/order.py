"""Whether a network uses the order of the tokens: the same texts rearranged, and cut short.

Tokens are moved as the network reads them, after the text is cut to `max_length`; n-grams are those
of the new order. A shuffled text is one the like of which the network never saw, so that what
shuffling costs is what the network stakes on order. What order is worth is another question: it is
what a network without recurrence, or a bag of words, lacks on the texts as written.

Shape letters: N texts, C classes, S shuffles, R resamples.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rnncli.errors import DataError
from rnncli.significance import resampled_scores
from rnncli.study.bag import bag_of_words
from rnncli.study.material import singles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.study.material import Subject

    Ids = NDArray[np.int32]
    Labels = NDArray[np.integer[Any]]
    Floats = NDArray[np.float64]

__all__ = ["METRICS", "Gap", "Metric", "Ordered", "Score", "measure", "scores"]

Metric = Literal["accuracy", "macro_f1"]
METRICS: tuple[Metric, ...] = ("accuracy", "macro_f1")
WRITTEN, SHUFFLED, WORDS, REVERSED, BAG = (
    "as written",
    "tokens shuffled",
    "words shuffled",
    "reversed",
    "bag of tokens",
)


@dataclass(frozen=True)
class Gap:
    """One score minus another on the same texts."""

    mean: float
    interval_95: tuple[float, float]
    """Percentiles over resampled texts, the same ones drawn for both."""


@dataclass(frozen=True)
class Score:
    """How well the texts are classified in one arrangement, or by another classifier."""

    values: Mapping[Metric, float]
    """Mean over the shuffles, if there are several."""
    spread: Mapping[Metric, float]
    """Standard deviation over the shuffles; 0 of a single arrangement."""
    lost: Mapping[Metric, Gap]
    """The texts as written minus this."""


@dataclass(frozen=True)
class Ordered:
    """One run."""

    name: str
    run: str
    tokenizer: str
    recurrent: bool
    labels: tuple[str, ...]
    ids: tuple[str, ...]
    """Of the texts looked at."""
    gold: Labels
    predicted: Labels
    """For the texts as written [N]."""
    scores: Mapping[str, Score]
    """By arrangement: as written, shuffled, reversed, `first k`, `last k`; and the bag's."""
    kept: tuple[int, ...]
    """The numbers k of tokens kept."""
    bag: str
    """How the bag of tokens was made, or why it was not."""


def measure(subject: Subject, texts: int, shuffles: int) -> Ordered:
    """Classify a run's test texts as written, rearranged, and cut short.

    Args:
        subject: the run.
        texts: how many texts, drawn by a seed.
        shuffles: S, each with a seed of its own.
    """
    assert subject.run is not None
    chosen = subject.chosen(texts)
    written = [subject.texts[row] for row in chosen.tolist()]
    rows, gold = singles(subject.tokenizer, written), subject.gold[chosen]

    def answers(edit: Callable[[int, Ids], Ids]) -> Labels:
        edited = [edit(index, row) for index, row in enumerate(rows)]
        return np.asarray(subject.probabilities(edited).argmax(axis=1))

    seeds = range(shuffles)
    found = {
        WRITTEN: [answers(lambda _, row: row)],
        SHUFFLED: [answers(_shuffle(seed)) for seed in seeds],
    }
    if (words := _words(subject, written)) is not None:
        found[WORDS] = [answers(_shuffle_words(words, seed)) for seed in seeds]
    found[REVERSED] = [answers(_kept(slice(None, None, -1)))]
    kept = tuple(1 << n for n in range(20) if 1 << n < max(map(len, rows)))
    for k in kept:
        found[f"first {k}"] = [answers(_kept(slice(k)))]
        found[f"last {k}"] = [answers(_kept(slice(-k, None)))]
    bag, told = _bag(subject, rows)
    if bag is not None:
        found[BAG] = [bag]
    identifiers = subject.run.predictions().ids
    return Ordered(
        name=subject.name,
        run=str(subject.run.path),
        tokenizer=subject.experiment.text.tokenizer,
        recurrent=any(cell.recurrent for cell in subject.experiment.model.layers),
        labels=subject.labels,
        ids=tuple(identifiers[row] for row in chosen.tolist()),
        gold=gold,
        predicted=found[WRITTEN][0],
        scores=scores(gold, found, len(subject.labels)),
        kept=kept,
        bag=told,
    )


def scores(
    gold: Labels, predicted: Mapping[str, Sequence[Labels]], classes: int
) -> dict[str, Score]:
    """Scores of several answers to the same texts, and what each lacks of the first, paired.

    Args:
        gold: labels [N].
        predicted: by name, S predictions [N] to be averaged.
        classes: C.
    """
    stacked = np.stack([one for several in predicted.values() for one in several])
    stops = np.cumsum([len(several) for several in predicted.values()]).tolist()
    starts = [0, *stops[:-1]]
    sampled = {metric: resampled_scores(gold, stacked, classes, metric) for metric in METRICS}
    found = {}
    for name, start, stop in zip(predicted, starts, stops, strict=True):
        parts = {metric: sampled[metric][:, start:stop] for metric in METRICS}
        found[name] = Score(
            {metric: float(part[0].mean()) for metric, part in parts.items()},
            {metric: float(part[0].std()) for metric, part in parts.items()},
            {metric: _gap(sampled[metric][:, 0], part.mean(1)) for metric, part in parts.items()},
        )
    return found


def _gap(first: Floats, second: Floats) -> Gap:
    gaps = first - second
    low, high = np.quantile(gaps[1:], [0.025, 0.975])
    return Gap(float(gaps[0]), (float(low), float(high)))


def _kept(part: slice) -> Callable[[int, Ids], Ids]:
    return lambda _, row: row[part]


def _shuffle(seed: int) -> Callable[[int, Ids], Ids]:
    """Tokens in an order drawn for each text from [seed, its place]."""
    return lambda index, row: np.random.default_rng([seed, index]).permutation(row)


Places = list[tuple[int, int]]


def _shuffle_words(words: Sequence[Places], seed: int) -> Callable[[int, Ids], Ids]:
    """Words in another order, what stands between them where it was."""

    def edit(index: int, row: Ids) -> Ids:
        places = words[index]
        order = np.random.default_rng([seed, index]).permutation(len(places))
        parts, done = [], 0
        for (start, stop), chosen in zip(places, order.tolist(), strict=True):
            parts += [row[done:start], row[slice(*places[chosen])]]
            done = stop
        return np.concatenate([*parts, row[done:]])

    return edit


def _words(subject: Subject, texts: Sequence[str]) -> list[Places] | None:
    """Where each text's words begin and end among its tokens; None if tokens do not tell."""
    spec, find = subject.experiment.text, _WORDS.get(subject.experiment.text.tokenizer)
    if find is None:
        return None
    return [find(spec.cut(subject.tokenizer.tokens(text))) for text in texts]


def _between_spaces(tokens: Sequence[str]) -> Places:
    """Runs of tokens that are no whitespace."""
    blank = [True, *(token.isspace() for token in tokens), True]
    starts = [n for n in range(len(tokens)) if blank[n] and not blank[n + 1]]
    stops = [n for n in range(1, len(tokens) + 1) if not blank[n] and blank[n + 1]]
    return list(zip(starts, stops, strict=True))


def _from_marks(tokens: Sequence[str]) -> Places:
    """From each piece that begins with ▁, the space before a word, to the next."""
    starts = [n for n, token in enumerate(tokens) if token.startswith("▁")]
    return list(itertools.pairwise([*starts, len(tokens)]))


_WORDS = {
    "character": _between_spaces,
    "jamo": _between_spaces,
    "bpe": _from_marks,
    "unigram": _from_marks,
}


def _bag(subject: Subject, rows: Sequence[Ids]) -> tuple[Labels | None, str]:
    """What a bag of tokens predicts [N], and how it was made; None and why it was not."""
    try:
        corpus = subject.corpus()
    except DataError as error:
        return None, f"no bag of tokens, since the training texts are not in reach: {error}"
    train = corpus["train"]
    known = singles(subject.tokenizer, train.texts)
    size = len(subject.tokenizer.vocabulary)
    predicted = bag_of_words(known, np.asarray(train.labels), rows, size)
    return predicted, f"TF-IDF of single tokens, linear SVM, on {len(train):,} training texts"
