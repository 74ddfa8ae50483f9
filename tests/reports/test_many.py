"""Scope: the report of many runs holds what was found, is whole offline, and lets no markup in."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rnncli import Run
from rnncli.errors import UsageError
from rnncli.reports.errors import errors_of_variants
from rnncli.reports.files import hangul_missing, png_possible, write_pictures
from rnncli.reports.layout import html
from rnncli.reports.many import report_of
from rnncli.reports.reading import Group, read_record, shared_texts
from rnncli.variants import finished_runs
from tests.reports.page_reader import PageReader
from tests.test_comparison import OTHER, predicting, sibling

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def folder(run_copy: Run) -> Path:
    """Two variants of three seeds; texts that are markup."""
    predicting(run_copy, 9)
    for seed in (2, 3):
        predicting(sibling(run_copy, f"tiny-s{seed}", seed, 0.7 + seed / 100), 9 + seed)
    for seed in (1, 2, 3):
        predicting(sibling(run_copy, f"other-s{seed}", seed, 0.9 + seed / 100, **OTHER), seed)
    for path in run_copy.path.parent.iterdir():
        found = Run(path).predictions()
        Run(path).write_predictions(replace(found, texts=[EVIL, *found.texts[1:]]))
    return run_copy.path.parent


def test_it_is_one_page_that_fetches_nothing_and_runs_nothing(folder: Path) -> None:
    told = report_of(finished_runs([folder]), left_out=2).html()
    page = PageReader(told)
    assert not {"script", "img", "link", "iframe", "object"} & set(page.tags)
    for name, value in page.attributes:
        assert not name.startswith("on")
        assert name != "src"
        if name == "href":
            assert ("id", (value or "")[1:]) in page.attributes, value
    assert not re.search(r"https?:|//[a-z]|@import|url\(", told)
    assert EVIL in page.text
    assert "2 runs not finished, left out." in page.text


def test_it_says_what_was_found(folder: Path) -> None:
    page = PageReader(report_of(finished_runs([folder]), against="tiny").html())
    for shown in (
        "2 variants compared",
        "6 runs, 2 labels, compared with tiny",
        "92.0 ± 2.5",  # 91, 92 and 93 points: t(0.975, 2) s / √3
        "other is",
        "points better than tiny",
        "train.optimizer.learning_rate",
        "wrong in 6 of 6 runs",
    ):
        assert shown in page.text
    titles = {value for name, value in page.attributes if name == "aria-label"}
    assert "Reliability diagram of tiny" in " ".join(filter(None, titles))
    assert page.tags.count("svg") == len(report_of(finished_runs([folder])).pictures())
    with pytest.raises(UsageError, match="no variant has the name 'huge'"):
        report_of(finished_runs([folder]), against="huge")


def test_the_best_comes_first_whatever_the_others_are_compared_with(folder: Path) -> None:
    told = report_of(finished_runs([folder]), against="tiny")
    assert [variant.name for variant in told.found] == ["other", "tiny"]
    assert [group.name for group in told.groups] == ["other", "tiny"]
    for variant, group in zip(told.found, told.groups, strict=True):
        assert [str(record.run.path) for record in group.records] == list(variant.runs)


def test_a_single_variant_has_a_page_without_comparison(folder: Path) -> None:
    told = report_of(finished_runs([folder / f"tiny-s{seed}" for seed in (2, 3)])).html()
    assert "<h1>sample-en: tiny</h1>" in told
    assert "Differences" not in told


def test_errors_that_most_runs_make_come_first(folder: Path) -> None:
    runs = shared_texts([read_record(run) for run in finished_runs([folder])])
    told = html(errors_of_variants([Group("all", tuple(runs))], "en"))
    wrong = [int(times) for times in re.findall(r"wrong in (\d+) of 6 runs", told)]
    # of six runs these get the first 9, 11, 12, 1, 2 and 3 texts wrong
    assert wrong == [6, 5, 4, 3, 3, 3, 3, 3, 3, 2, 2, 1]
    assert "28 are right in every run, 1 wrong in every run, 9 wrong in at least half" in told


def test_labels_in_another_order_are_put_in_one(folder: Path) -> None:
    first, second, *_ = finished_runs([folder])
    found = second.predictions()
    turned = replace(
        found,
        gold=1 - found.gold,
        probabilities=found.probabilities[:, ::-1],
        label_names=found.label_names[::-1],
    )
    second.write_predictions(turned)
    one, other = shared_texts([read_record(first), read_record(second)])
    assert one.predictions is not None
    assert other.predictions is not None
    assert other.predictions.label_names == one.predictions.label_names
    assert np.array_equal(other.predictions.probabilities, found.probabilities)
    assert other.predictions.texts is one.predictions.texts


def test_figures_are_written_as_files(folder: Path, tmp_path: Path) -> None:
    pictures = report_of(finished_runs([folder])).pictures()
    names = [picture.name for picture in pictures]
    assert len(set(names)) == len(names)
    written = write_pictures(pictures[:2], tmp_path / "a" / "b")
    assert [path.exists() for path in written] == [True] * (4 if png_possible() else 2)


def test_png_has_hangul(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("resvg_py")
    pictures = report_of(finished_runs([folder])).pictures()[:1]
    (_, png) = write_pictures(pictures, tmp_path)
    assert png.read_bytes().startswith(b"\x89PNG")
    assert not hangul_missing(pictures)  # these labels are English
