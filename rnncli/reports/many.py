"""Many runs as one page for the browser: variants beside one another, their seeds together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rnncli import comparison
from rnncli.comparison import Comparison
from rnncli.errors import DataError
from rnncli.page import contents, facts, page, tiles
from rnncli.reports.calibration import calibration_section
from rnncli.reports.classes import classes_of_variants
from rnncli.reports.confusion import confusion_section
from rnncli.reports.costs import costs_section
from rnncli.reports.curves import curves_of_variants
from rnncli.reports.errors import errors_of_variants
from rnncli.reports.facts import synthetic_banner
from rnncli.reports.layout import Picture, Section, html, pictures
from rnncli.reports.lengths import lengths_section
from rnncli.reports.reading import Group, at, read_record, shared_texts
from rnncli.reports.scores import differences_section, scores_section
from rnncli.reports.settings import environment_folds, runs_fold, settings_section
from rnncli.run import Run
from rnncli.svg import clean
from rnncli.variants import Metric, Variant, variants

__all__ = ["Report", "report_of"]

_FOOTER = (
    "Made by rnncli from the directories of these runs, all tested on the same texts. Macro-F1 is "
    "the plain mean over all labels."
)


@dataclass(frozen=True)
class Report:
    """A page about many runs, before it is written."""

    found: Sequence[Variant]
    """The variants, the best first."""
    groups: Sequence[Group]
    """Their runs, in the same order."""
    metric: Metric
    reference: str
    left_out: int
    """How many runs there are beside, that are not finished."""
    sections: Sequence[Section]

    def html(self) -> str:
        """The page."""
        first = self.groups[0].records[0]
        name = str(first.source("name") or "runs")
        several = len(self.found) > 1
        title = f"{name}: {f'{len(self.found)} variants compared' if several else self.reference}"
        shown = [(section, html(section)) for section in self.sections]
        shown = [(section, text) for section, text in shown if text]
        runs = sum(len(group.records) for group in self.groups)
        lead = f"{runs} {_plural('run', runs)}, {len(first.test.get('labels', ()))} labels"
        lead += f", compared with {self.reference}" if several else ""
        parts = [
            synthetic_banner(first),
            self._left_out(),
            self._tiles(),
            contents(section.title for section, _ in shown),
            *(text for _, text in shown),
            runs_fold(self.found, self.groups),
            facts("Data", first.data),
            environment_folds(self.groups),
        ]
        return page(title, lead, parts, _FOOTER)

    def pictures(self) -> list[Picture]:
        """Every figure of the page."""
        return list(pictures(self.sections))

    def _left_out(self) -> str:
        if not self.left_out:
            return ""
        told = f"{self.left_out} {_plural('run', self.left_out)} not finished, left out."
        return f'<div class="banner warn">{clean(told)}</div>'

    def _tiles(self) -> str:
        best = self.found[0]
        score = best.scores[self.metric]
        span = score.interval_95
        told = f"95 %: {100 * span[0]:.1f} to {100 * span[1]:.1f}" if span else "one seed"
        seeds = sorted({len(variant.seeds) for variant in self.found})
        each = f"{seeds[0]} to {seeds[-1]} seeds each"
        if len(seeds) == 1:
            each = f"{seeds[0]} {_plural('seed', seeds[0])} each"
        word = "macro-F1" if self.metric == "macro_f1" else "accuracy"
        texts = len(self.groups[0].gold)
        return tiles(
            [
                (f"{100 * score.mean:.1f}", f"best: {best.name}", told),
                (str(len(self.found)), _plural("variant", len(self.found)), each),
                (f"{texts:,}", "test texts", f"score: {word}, in points"),
            ]
        )


def report_of(
    runs: Sequence[Run],
    metric: Metric = "macro_f1",
    against: str | None = None,
    left_out: int = 0,
) -> Report:
    """Compare finished runs, and lay out what is to be said of them.

    Args:
        runs: finished, tested on the same texts.
        metric: which score.
        against: the variant that the others are compared with; the first if left out.
        left_out: how many unfinished runs there are beside them.

    Raises:
        UsageError: no variant has that name.
        DataError: the runs were not tested on the same texts, or on none.
        StorageError: a file of a run is missing or damaged.
    """
    found = variants(runs)
    reference = against or found[0].name
    compared = comparison.compare(found, metric, reference)
    found.sort(key=lambda variant: -variant.scores[metric].mean)
    order = {variant.name: place for place, variant in enumerate(found)}
    compared.sort(key=lambda one: order[one.variant])
    groups = _groups(found)
    if not len(groups[0].gold):
        raise DataError(f"{found[0].runs[0]}: tested on no texts; there is nothing to compare")
    sections = _sections(found, groups, compared, metric, reference)
    return Report(found, groups, metric, reference, left_out, sections)


def _groups(found: Sequence[Variant]) -> list[Group]:
    records = shared_texts(
        [read_record(Run(Path(path))) for variant in found for path in variant.runs]
    )
    groups = []
    for variant in found:
        groups.append(Group(variant.name, tuple(records[: len(variant.runs)])))
        records = records[len(variant.runs) :]
    return groups


def _sections(
    found: Sequence[Variant],
    groups: Sequence[Group],
    compared: Sequence[Comparison],
    metric: Metric,
    reference: str,
) -> list[Section]:
    language = groups[0].records[0].language
    front = comparison.pareto_front(found, metric)
    settings = comparison.settings_that_differ(found)
    return [
        scores_section(found, compared, metric, reference, _yardstick(groups, metric, reference)),
        differences_section(compared, front),
        costs_section(found, metric),
        curves_of_variants(groups, metric, reference),
        confusion_section(groups),
        classes_of_variants(groups, reference),
        calibration_section(groups),
        errors_of_variants(groups, language),
        lengths_section(groups, reference),
        settings_section(found, groups, settings, reference),
    ]


def _yardstick(groups: Sequence[Group], metric: Metric, reference: str) -> float | None:
    """The TF-IDF baseline's score on the reference's texts."""
    base = next(group for group in groups if group.name == reference)
    score = at(base.records[0].metrics, "baselines", "linear", metric)
    return score if isinstance(score, float) else None


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
