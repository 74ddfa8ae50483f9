"""`rnncli.study.memory` in pictures, tables and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli.errors import DataError
from rnncli.page import details, figure, figures, page, section, table
from rnncli.standalone import standalone
from rnncli.study.decay import Decay
from rnncli.study.drawing import Curve, hue, line_chart
from rnncli.study.material import singles
from rnncli.study.memory import LayerMemory, Memory, measure
from rnncli.study.output import write_study
from rnncli.svg import clean

if TYPE_CHECKING:
    from rnncli.study.material import Subject

__all__ = ["HEAD", "Remembered", "remembered", "rows", "sentences", "write"]

_HOW = (
    "Within a layer and direction, memory is ‖∂h_T/∂x_{T−k}‖: how much h, where the direction "
    "stops reading, depends on what was read k tokens earlier (Frobenius norm, mean over texts). "
    "The half-life is of an exponential fitted to the logarithm of the means from lag 1 on; R² "
    "says how well it fits. A gradient vanishes if the fit leaves less than 1 % at the last lag, "
    "and explodes if it grows a hundredfold (Pascanu et al. 2013). The loss's gradient is the norm "
    "of the derivative of a text's cross-entropy by a token's vector. Replaced: by a token drawn "
    "from the same texts; deleted: left out; the answer moves by half the sum of the "
    "probabilities' changes. A lag counts if at least a quarter of the texts reach it. The radius "
    "and largest singular value of a recurrent matrix bound a vanilla RNN alone: a gated cell "
    "carries its state past these matrices."
)


@dataclass(frozen=True)
class Remembered:
    """A run or config: what was measured before training, and after."""

    name: str
    run: str | None
    source: str
    texts: int
    before: Memory | None
    after: Memory | None
    note: str = ""

    @property
    def latest(self) -> Memory:
        """After training, or before if there was none."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def times(self) -> list[tuple[str, Memory]]:
        """Which there are, in order of time."""
        both = (("before", self.before), ("after", self.after))
        return [(when, memory) for when, memory in both if memory is not None]


def remembered(subject: Subject, texts: int) -> Remembered:
    """Measure a run before and after training, a config before it, on so many test texts."""
    chosen = subject.chosen(texts)
    rows = singles(subject.tokenizer, [subject.texts[row] for row in chosen])
    gold = subject.gold[chosen]
    if subject.run is None:
        untrained = measure(subject, subject.model, rows, gold)
        return Remembered(subject.name, None, subject.source, len(rows), untrained, None)
    before: Memory | None = None
    note = ""
    try:
        before = measure(subject, subject.untrained(), rows, gold)
    except DataError as error:
        note = f"not measured before training: its first vectors need its data; {error.lines[0]}"
    after = measure(subject, subject.model, rows, gold)
    path = str(subject.run.path)
    return Remembered(subject.name, path, subject.source, len(rows), before, after, note)


def write(found: Sequence[Remembered], folder: Path) -> dict[str, Any]:
    """Write `memory.json`, `.svg` and `.html`.

    Returns:
        what the JSON holds, as plain data, and under `files` where all lie.
    """
    numbers = {
        "study": "memory",
        "definition": _HOW,
        "sentences": sentences(found),
        "runs": [_plain(one) for one in found],
    }
    picture = standalone("How far back networks look", *_charts(found))
    return {**numbers, "files": write_study(folder, "memory", numbers, picture, _page(found))}


def _plain(value: Any) -> Any:
    """Dataclasses as dictionaries, with what a decay comes to."""
    if isinstance(value, Decay):
        return {**vars(value), "fits": value.fits, "verdict": value.verdict}
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.tolist() if isinstance(value, np.ndarray) else value


def sentences(found: Sequence[Remembered]) -> list[str]:
    """What the numbers say, a sentence for each run; one more to compare several."""
    told = []
    for one in found:
        index, layer = _longest(one.latest)
        if layer.decay is None:
            told.append(
                f"{one.name}: h never depends on an earlier token, since {layer.cell} has no "
                "recurrence: whatever it knows of order, it does not carry it along."
            )
            continue
        parts = []
        for when, memory in one.times:
            decay = memory.layers[index].decay
            if decay is not None:
                parts.append(f"{when} training {_faded(decay)}")
        told.append(f"{one.name}, {layer.cell} ({layer.name}): {'; '.join(parts)}.")
    recurrent = [one for one in found if _longest(one.latest)[1].decay is not None]
    if len(recurrent) > 1:
        shares = {one.name: _kept(_longest(one.latest)[1]) for one in recurrent}
        far, near = max(shares, key=shares.__getitem__), min(shares, key=shares.__getitem__)
        lag = min(len(_longest(one.latest)[1].norms) for one in recurrent) - 1
        told.append(
            f"Side by side, {far} keeps most ({shares[far]:.2g} of lag 1's influence at its last "
            f"lag) and {near} least ({shares[near]:.2g}); all were measured to lag {lag} at least."
        )
    return told


def _longest(memory: Memory) -> tuple[int, LayerMemory]:
    """The direction that keeps most, with its place."""
    return max(enumerate(memory.layers), key=lambda pair: _kept(pair[1]))


def _kept(layer: LayerMemory) -> float:
    """The influence at the last lag as a share of that at lag 1, as measured."""
    norms = layer.norms
    return float(norms[-1] / norms[1]) if len(norms) > 1 and norms[1] > 0 else 0.0


def _faded(decay: Decay) -> str:
    left = f"{_percent(decay.left)} of lag 1's influence at lag {decay.last_lag}"
    if not decay.fits:
        seen = f"half is left at lag {decay.halved_at}" if decay.halved_at else "it is never halved"
        return f"no single half-life fits (R² {decay.r_squared:.2f}): {seen}"
    if decay.half_life is None or decay.half_life > 2 * decay.last_lag:
        return f"what was read hardly fades ({left})"
    gone = ", the gradient vanishes" if decay.verdict == "vanishes" else ""
    half = f"what was read counts half after {decay.half_life:.1f} tokens"
    return f"{half}{gone} ({left}; R² {decay.r_squared:.2f})"


def _percent(share: float) -> str:
    if share < 1e-5:
        return "under 0.001 %"
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.1g} %"


def rows(found: Sequence[Remembered]) -> Iterator[tuple[str, ...]]:
    """A row for each run, direction and time: the columns of `HEAD`."""
    for one in found:
        for index in range(len(one.latest.layers)):
            for when, memory in one.times:
                layer, decay = memory.layers[index], memory.layers[index].decay
                radii = " ".join(f"{m.spectral_radius:.2f}" for m in layer.matrices)
                norms = " ".join(f"{m.largest_singular_value:.2f}" for m in layer.matrices)
                yield (
                    one.name,
                    f"{layer.name}: {layer.cell} {layer.units}",
                    when,
                    *_fitted(decay),
                    radii or "–",
                    norms or "–",
                )


HEAD = ("run", "layer", "training", "half-life", "R²", "left", "gradient", "radius", "σ max")


def _fitted(decay: Decay | None) -> tuple[str, ...]:
    if decay is None:
        return ("0", "–", "–", "no recurrence")
    half = "∞" if decay.half_life is None else f"{decay.half_life:.1f}"
    half = half if decay.fits else "no fit"
    left = f"{decay.left:.2g} at {decay.last_lag}"
    return (half, f"{decay.r_squared:.2f}", left, decay.verdict)


def _page(found: Sequence[Remembered]) -> str:
    sources = "; ".join(dict.fromkeys(one.source for one in found))
    told = "".join(f"<p>{clean(sentence)}</p>" for sentence in sentences(found))
    notes = "".join(
        f'<p class="muted">{clean(o.name)}: {clean(o.note)}</p>' for o in found if o.note
    )
    listed = table(HEAD, list(rows(found)), numbers=0)
    gates = "; ".join(
        f"{one.name} {layer.name}: {', '.join(m.gate for m in layer.matrices)}"
        for one in found
        for layer in one.latest.layers
        if layer.matrices
    )
    order = f'<p class="muted">Radius and σ max by gate, in this order: {clean(gates)}.</p>'
    return page(
        "How far back a network looks",
        f"{found[0].texts:,} texts of {sources}",
        [
            section("What the numbers say", told, notes),
            section("By distance", figures(figure(chart) for chart in _charts(found))),
            section(
                "Half-lives and recurrent matrices",
                f'<div class="scroll unbroken">{listed}</div>',
                order if gates else "",
            ),
            details("How it is measured", f"<p>{clean(_HOW)}</p>"),
        ],
        "Made by rnncli: rnn memory. The numbers lie beside this page in memory.json.",
    )


def _charts(found: Sequence[Remembered]) -> Iterator[str]:
    names = dict.fromkeys(layer.name for one in found for layer in one.latest.layers)
    dashed = "before training" if any(len(one.times) > 1 for one in found) else ""
    for name in names:
        curves = []
        for number, one in enumerate(found):
            for when, memory in reversed(one.times):
                layer = next((part for part in memory.layers if part.name == name), None)
                if layer is not None:
                    curves.append(_curve(one, number, when, layer.norms))
        title = f"Memory within {name}"
        yield line_chart(title, curves, "tokens back", "‖∂h_T/∂x‖", log_y=True, dashed_means=dashed)
    for title, field in (("end", "from_end"), ("beginning", "from_start")):
        curves = [
            _curve(one, number, when, getattr(memory, field))
            for number, one in enumerate(found)
            for when, memory in reversed(one.times)
        ]
        yield line_chart(
            f"The loss's gradient from the text's {title}",
            curves,
            f"tokens from the {title}",
            "‖∂ loss/∂ vector‖",
            log_y=True,
            dashed_means=dashed,
        )
    for field in ("replaced", "deleted"):
        curves = []
        for number, one in enumerate(found):
            edits = one.latest.edits
            points = list(zip(edits.lags.tolist(), getattr(edits, field).tolist(), strict=True))
            curves.append(Curve(one.name, hue(number), points))
        title = f"The answer's change, a token {field}"
        yield line_chart(title, curves, "tokens from the end", "total variation", log_y=True)


def _curve(one: Remembered, number: int, when: str, values: np.ndarray[Any, Any]) -> Curve:
    earlier = when == "before" and one.after is not None
    name = "" if earlier else one.name
    return Curve(name, hue(number, dashed=earlier), list(enumerate(values.tolist())))
