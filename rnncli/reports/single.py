"""One run as a page for the browser.

It reads nothing but the run directory, and shows what is there: a failed or interrupted run has
a report too.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnncli.atomic import write_text
from rnncli.figures import Bar, yardstick_figure
from rnncli.page import page
from rnncli.reports.calibration import calibration_section
from rnncli.reports.classes import classes_of_run
from rnncli.reports.curves import curves_of_run
from rnncli.reports.errors import errors_of_run
from rnncli.reports.facts import banners, config_fold, headline, record_folds, run_tiles
from rnncli.reports.layout import Picture, Row, Section, html, pictures
from rnncli.reports.lengths import lengths_section
from rnncli.reports.reading import Group, RunRecord, read_record
from rnncli.run import Run

__all__ = ["pictures_of_run", "render_report", "write_report"]

_FOOTER = (
    "Made by rnncli from this run's directory. Intervals are 95 % bootstrap over the test texts. "
    "Macro-F1 is the plain mean over all labels."
)
_BASELINES = {"linear": "TF-IDF linear", "majority": "majority label"}


def write_report(run: Run, path: Path | None = None) -> Path:
    """Write the page, as `report.html` of the run if no path is given, and return its path.

    Raises:
        StorageError: the file cannot be written. What cannot be read is left out instead.
    """
    where = path or run.report
    write_text(where, render_report(run))
    return where


def render_report(run: Run) -> str:
    """The page."""
    record = read_record(run)
    parts = [
        banners(record),
        run_tiles(record),
        *map(html, _sections(record)),
        config_fold(record),
        record_folds(record),
    ]
    return page(run.name, headline(record), parts, _FOOTER)


def pictures_of_run(run: Run) -> list[Picture]:
    """The page's figures."""
    return list(pictures(_sections(read_record(run))))


def _sections(record: RunRecord) -> list[Section]:
    found = [_yardstick(record.metrics), curves_of_run(record), classes_of_run(record)]
    if record.predictions is not None and len(record.predictions.gold):
        alone = Group("this run", (record,))
        found += [
            calibration_section([alone]),
            errors_of_run(alone, record.language),
            lengths_section([alone]),
        ]
    return found


def _yardstick(metrics: Mapping[str, Any]) -> Section:
    test = metrics.get("test") or {}
    drawn = []
    for key, title in (("macro_f1", "Macro-F1 on test"), ("accuracy", "Accuracy on test")):
        bars = [_bar("this run", test, key, own=True)]
        for name, shown in _BASELINES.items():
            bars.append(_bar(shown, (metrics.get("baselines") or {}).get(name) or {}, key))
        present = [bar for bar in bars if bar]
        if present:
            drawn.append(Picture(f"yardstick-{key}", "", yardstick_figure(title, present)))
    return Section("Against the yardstick", [Row(drawn)] if drawn else [])


def _bar(name: str, scores: Mapping[str, Any], key: str, *, own: bool = False) -> Bar | None:
    if not isinstance(scores.get(key), int | float):
        return None
    interval = (scores.get("interval_95") or {}).get(key)
    return Bar(name, float(scores[key]), tuple(interval) if interval else None, own)
