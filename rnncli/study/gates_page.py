"""A look inside as files: a page for the browser, every figure of its own, and the numbers."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rnncli.atomic import make_folder, write_bytes, write_json, write_text
from rnncli.page import details, figure, figures, page, section, table, tiles
from rnncli.standalone import standalone
from rnncli.study import gates_words as words
from rnncli.study.gates import shown
from rnncli.study.gates_figures import memory_figure, path_figure
from rnncli.study.heat import Scale, text_heat, unit_heat
from rnncli.svg import clean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.cells.clamps import Clamp
    from rnncli.study.gates import Look, Quantity
    from rnncli.study.inside import Direction

__all__ = ["Drawn", "drawn", "folder_for", "numbers", "summary", "write_look"]

_FOOTER = (
    "Made by rnncli: every number is the trained network's own, computed again in NumPy by the "
    "cells' equations and compared with Keras. Blue is positive, orange negative; units stand in "
    "the order of their time constants, the slowest on top; the strip below a map is the mean "
    "over units."
)
_ROWS = 600
"""Of the table of tokens."""


class Drawn(NamedTuple):
    """A figure: its file's stem, and the SVG."""

    name: str
    svg: str


def folder_for(study: Path, look: Look, held: Sequence[Clamp]) -> Path:
    """`gates/<beginning of the text>-<digest of text and clamps>` in a folder of studies."""
    key = "\0".join([look.text, *(f"{clamp}@{clamp.start}" for clamp in held)])
    begin = re.sub(r"[^\w]+", "-", look.text)[:24].strip("-") or "text"
    digest = sha256(key.encode(errors="replace")).hexdigest()[:8]
    return study / "gates" / f"{begin}-{digest}"


def write_look(
    folder: Path, run: str, look: Look, chosen: Sequence[Direction], held: Sequence[Clamp]
) -> dict[str, Path]:
    """Write `page.html`, `numbers.npz`, `summary.json` and an SVG for each figure.

    Args:
        folder: where to; made if it is not there.
        run: the run's name.
        look: what to show.
        chosen: of which layers and directions.
        held: what is held, to be told.

    Raises:
        StorageError: a file cannot be written.
    """
    make_folder(folder)
    parts = drawn(look, chosen)
    for part in (part for group in parts.values() for part in group):
        write_text(folder / f"{part.name}.svg", standalone(part.name, part.svg))
    buffer = io.BytesIO()
    arrays = numbers(look, chosen)
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    write_bytes(folder / "numbers.npz", buffer.getvalue())
    shapes = {name: list(array.shape) for name, array in arrays.items()}
    write_json(folder / "summary.json", {**summary(look, chosen, held), "arrays": shapes})
    write_text(folder / "page.html", _page(run, look, chosen, held, parts))
    names = ("page.html", "numbers.npz", "summary.json")
    return {name.partition(".")[0]: folder / name for name in names}


def numbers(look: Look, chosen: Iterable[Direction]) -> dict[str, NDArray[np.float32]]:
    """Everything at every token: probabilities [T, C], and by layer and direction [T, U]."""
    arrays = {"probabilities": look.path, "logits": look.inside.logits[0]}
    if look.free is not None:
        arrays["probabilities_with_nothing_held"] = look.free.path
    if look.shares is not None:
        arrays["readout_shares"] = look.shares
    for direction in chosen:
        for quantity in look.quantities(direction):
            arrays[f"{_stem(direction)}_{quantity.name}"] = quantity.values
    return {name: np.asarray(array, np.float32) for name, array in arrays.items()}


def summary(look: Look, chosen: Iterable[Direction], held: Sequence[Clamp]) -> dict[str, Any]:
    """What a program may want to know, without the arrays [T, U]."""
    layers = []
    for direction in chosen:
        memory = look.memory(direction)
        layers.append(
            {
                "layer": direction.layer + 1,
                "direction": "backwards" if direction.backwards else "forwards",
                "cell": look.cells[direction.layer].cell,
                "units": look.cells[direction.layer].units,
                "means": {q.name: q.means.tolist() for q in look.quantities(direction)},
                "kept_by": memory.gate if memory else None,
                "time_constants": memory.time_constants.tolist() if memory else None,
                "half_lives": memory.half_lives.tolist() if memory else None,
            }
        )
    found: dict[str, Any] = {
        "text": look.text,
        "tokens": [token.text for token in look.tokens],
        "unknown": [n for n, token in enumerate(look.tokens, 1) if not token.known],
        "label": look.labels[look.predicted],
        "probabilities": dict(zip(look.labels, look.path[-1].tolist(), strict=True)),
        "after_each_token": look.path.tolist(),
        "decided_at_token": look.decided + 1,
        "held": [{"clamp": str(clamp), "from_token": clamp.start + 1} for clamp in held],
        "layers": layers,
        "readout_shares": None if look.shares is None else look.shares.tolist(),
        "sentences": words.sentences(look),
        "difference_from_keras": look.agreement.largest,
    }
    if look.free is not None:
        final = look.free.path[-1].tolist()
        found["with_nothing_held"] = dict(zip(look.labels, final, strict=True))
    return found


def drawn(look: Look, chosen: Iterable[Direction]) -> Mapping[str, Sequence[Drawn]]:
    """Every figure, by the section it belongs to: `answer`, then a section for each direction."""
    tokens = [shown(token.text) for token in look.tokens]
    unknown = [not token.known for token in look.tokens]

    def running(name: str, title: str, values: Any, scale: Scale, middle: float = 0.0) -> Drawn:
        tips = [
            f"{n} {token}: {value:.3f}{'' if known else ' (unknown token)'}"
            for n, (token, value, known) in enumerate(
                zip(tokens, values, (t.known for t in look.tokens), strict=True), start=1
            )
        ]
        return Drawn(name, text_heat(title, tokens, values - middle, scale, tips, unknown))

    label = look.labels[look.predicted]
    answer = [
        Drawn("probabilities", path_figure(look, tokens)),
        running("steps", f"What moved {_short(label)}", look.steps, Scale.around(look.steps)),
    ]
    if look.shares is not None:
        top = max(float(look.shares.max()), 1e-9)
        answer.append(running("readout", "What the readout takes", look.shares, Scale(top, False)))
    groups: dict[str, Sequence[Drawn]] = {"answer": answer}
    for direction in chosen:
        stem, memory = _stem(direction), look.memory(direction)
        name, level = look.keeping(direction)
        middle = float(level.mean())
        around = Scale.around(level - middle)
        group = [
            running(
                f"{stem}_text", f"{name.capitalize()} around {middle:.2f}", level, around, middle
            )
        ]
        order: Any = slice(None)
        if memory:
            group.append(Drawn(f"{stem}_memory", memory_figure(memory)))
            order = np.argsort(-memory.kept, kind="stable")
        for quantity in look.quantities(direction):
            title = quantity.name.replace("_", " ").replace("peephole", "peephole to")
            values = quantity.values[:, order]
            group.append(Drawn(f"{stem}_{quantity.name}", _map(title, quantity, values, tokens)))
        groups[str(direction)] = group
    return groups


def _map(title: str, quantity: Quantity, values: Any, tokens: Sequence[str]) -> str:
    scale = Scale(1.0, quantity.kind == "candidate")
    if quantity.kind in ("state", "peephole"):
        scale = Scale.around(values)
    return unit_heat(title, values, tokens, scale)


def _page(
    run: str,
    look: Look,
    chosen: Sequence[Direction],
    held: Sequence[Clamp],
    groups: Mapping[str, Sequence[Drawn]],
) -> str:
    clipped = words.clipped(look.text)
    sections = [
        _banner(held),
        tiles(_tiles(look)),
        section(
            "As it reads",
            *(
                f"<p>{clean(line)}</p>"
                for line in (*words.reading(look), words.answer(look), words.decision(look))
            ),
            *(f"<p>{clean(line)}</p>" for line in words.of_readout(look)),
            figures(figure(part.svg) for part in groups["answer"]),
            '<p class="muted">Left: the class probabilities if the text ended there; the dotted '
            "line is where the answer begins to stand"
            + (", dashed lines are with nothing held" if look.free else "")
            + ". The coloured text: by how much each token moved the final class, the first one "
            "from equal odds.</p>",
        ),
    ]
    for direction in chosen:
        cell = look.cells[direction.layer]
        sections.append(
            section(
                f"{_upper(str(direction))} · {cell.cell}, {cell.units} units",
                *(f"<p>{clean(line)}</p>" for line in words.of_direction(look, direction)),
                figures(figure(part.svg) for part in groups[str(direction)]),
                _formula(look, direction),
            )
        )
    sections.append(_table(look, chosen))
    return page(f"Inside {run}", clipped or "(empty text)", sections, _FOOTER, images=True)


def _banner(held: Sequence[Clamp]) -> str:
    if not held:
        return ""
    told = ", ".join(
        f"{clamp}" + (f" from token {clamp.start + 1}" if clamp.start else "") for clamp in held
    )
    return f'<div class="banner warn"><b>Held:</b> {clean(told)}.</div>'


def _tiles(look: Look) -> list[tuple[str, str, str]]:
    label = look.labels[look.predicted]
    items = [(_short(label), "prediction", f"with {look.path[-1, look.predicted]:.3f}")]
    if look.free is not None:
        free = look.free
        name = _short(free.labels[free.predicted])
        items.append((name, "with nothing held", f"with {free.path[-1, free.predicted]:.3f}"))
    unknown = sum(not token.known for token in look.tokens)
    items.append((str(len(look.tokens)), "tokens", f"{unknown} unknown"))
    items.append((str(look.decided + 1), "token of the decision", shown_at(look, look.decided)))
    found = f"{look.agreement.largest:.0e}"
    items.append((found, "largest difference from Keras", "of outputs, states, logits"))
    return items


def shown_at(look: Look, index: int) -> str:
    """The token at a place, readable."""
    return shown(look.tokens[index].text)


def _formula(look: Look, direction: Direction) -> str:
    memory = look.memory(direction)
    if memory is None:
        return ""
    said = (
        "f is a unit's forget gate: cₜ = f ⊙ cₜ₋₁ + i ⊙ g"
        if memory.gate == "forget"
        else "z is a unit's update gate, which keeps the old state: hₜ = z ⊙ hₜ₋₁ + (1 − z) ⊙ g"
    )
    letter = "f" if memory.gate == "forget" else "z"
    return (
        f'<p class="muted">{said}. Over the text a state shrinks by the product of its '
        f"{letter}, so {letter} here is their geometric mean; the time constant is "
        f"1/(1 − {letter}) tokens, the half-life ln ½ / ln {letter}.</p>"
    )


def _table(look: Look, chosen: Sequence[Direction]) -> str:
    label = _short(look.labels[look.predicted])
    columns = [(q, d) for d in chosen for q in look.quantities(d) if q.kind == "gate"]
    several = len(chosen) > 1
    marks = [f"{d.layer + 1}{'←' if d.backwards else '→'} " if several else "" for _, d in columns]
    head = [
        "",
        label,
        *(f"{mark}{q.name}" for mark, (q, _) in zip(marks, columns, strict=True)),
        "token",
    ]
    means = [q.means for q, _ in columns]
    rows = [
        [
            t + 1,
            f"{look.path[t, look.predicted]:.3f}",
            *(f"{mean[t]:.2f}" for mean in means),
            shown(token.text) + ("" if token.known else " (unknown)"),
        ]
        for t, token in enumerate(look.tokens[:_ROWS])
    ]
    return details("Every token, means over units", table(head, rows, numbers=len(head) - 1))


def _upper(name: str) -> str:
    return name[:1].upper() + name[1:]


def _short(label: str) -> str:
    return label if len(label) <= 16 else label[:15] + "…"


def _stem(direction: Direction) -> str:
    return str(direction).replace(" ", "_")
