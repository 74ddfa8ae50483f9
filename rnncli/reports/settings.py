"""How the variants were made: what differs between them, their configs, machines and runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncli.page import details, facts, table
from rnncli.reports.facts import config_fold
from rnncli.reports.layout import Fold, Section
from rnncli.svg import clean

if TYPE_CHECKING:
    from rnncli.reports.reading import Group
    from rnncli.variants import Variant

__all__ = ["environment_folds", "runs_fold", "settings_section"]


def settings_section(
    found: Sequence[Variant],
    groups: Sequence[Group],
    settings: Mapping[str, Sequence[Any]],
    reference: str,
) -> Section:
    """For each variant what its config has otherwise than the reference's."""
    base = next(index for index, variant in enumerate(found) if variant.name == reference)
    rows = []
    for index, variant in enumerate(found):
        changed = [
            (key, _shown(values[base]), _shown(values[index]))
            for key, values in settings.items()
            if values[index] != values[base]
        ]
        rows += [(variant.name if number == 0 else "", *one) for number, one in enumerate(changed)]
    head = ("variant", "setting", reference, "here")
    listed = table(head, rows, numbers=0) if rows else "<p>Nothing but the seeds.</p>"
    configs = "".join(config_fold(group.records[0], group.name) for group in groups)
    return Section(
        "Settings that differ",
        [
            Fold(f"What differs from {reference}", [listed]) if len(found) > 4 else listed,
            Fold("Every config", [configs]),
        ],
    )


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def environment_folds(groups: Sequence[Group]) -> str:
    """The environments: what is the same for all runs, and what is not."""
    records = [record for group in groups for record in group.records]
    every = [record.environment for record in records]
    alike = {
        key: value for key, value in every[0].items() if all(one.get(key) == value for one in every)
    }
    differing = dict.fromkeys(key for one in every for key in one if key not in alike)
    differing.pop("earlier", None)  # told in the report of the resumed run itself
    folds = facts("Environment of all runs", alike)
    for key in differing:
        found: dict[str, list[str]] = {}
        for record in records:
            found.setdefault(_told(record.environment.get(key)), []).append(record.run.name)
        if len(found) > len(groups):  # of each run its own, as the command is
            continue
        rows = [(value, _names(names)) for value, names in found.items()]
        listed = table((key, "runs"), rows, numbers=0)
        folds += details(f"Environment that differs: {key}", listed)
    return folds


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_told(item)}" for key, item in value.items())
    if isinstance(value, list):
        return "; ".join(map(_told, value))
    return "unknown" if value is None else str(value)


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def runs_fold(found: Sequence[Variant], groups: Sequence[Group]) -> str:
    """Every run with its own scores."""
    rows = []
    for variant, group in zip(found, groups, strict=True):
        for seed, path, record in zip(variant.seeds, variant.runs, group.records, strict=True):
            test = record.test
            rows.append(
                (
                    Path(path).name,
                    seed,
                    f"{test.get('macro_f1', float('nan')):.4f}",
                    f"{test.get('accuracy', float('nan')):.4f}",
                    record.metrics.get("best_epoch", ""),
                    f"{record.cost.get('seconds', float('nan')):.0f}",
                )
            )
    head = ("run", "seed", "macro-F1", "accuracy", "best epoch", "seconds")
    return details(clean(f"Every run ({len(rows)})"), table(head, rows, numbers=5, words=1))
