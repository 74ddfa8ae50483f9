"""Scope: a contestant's memory is that of a process that trained, or the trouble is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rnncli.bench.memory import Job, peak_of
from rnncli.bench.workload import Network
from rnncli.errors import CheckFailed

JOB = Job("rnn", Network("gru", 4, True), "sample-en", None, 64, "tensorflow")


def test_a_job_reads_what_it_wrote() -> None:
    assert Job.parse(str(JOB)) == JOB


@pytest.mark.process
def test_more_units_take_more_memory() -> None:
    small = peak_of(JOB)
    large = peak_of(replace(JOB, network=Network("gru", 1500, True)))
    weights = 2 * 3 * 1500 * (1500 + 128) * 4
    assert 1e8 < small < large - 2 * weights  # the weights and at least one moment of Adam's


@pytest.mark.process
def test_a_process_that_fails_is_told() -> None:
    with pytest.raises(CheckFailed, match=r"rnn's memory could not be measured: .*mnist"):
        peak_of(replace(JOB, data="mnist"))
