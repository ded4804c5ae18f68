"""Finds runs in which many tests failed at once, and outages: several such jobs at a time. Pure."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ci_stat.records.ends import Ends
from ci_stat.test_results.flakiness.run_columns import RunColumns

SHARE = 0.25  # of the tests of a run
LEAST_OF_SHARE = 3  # failed tests: one of four is no mass failure
LEAST = 10  # failed tests
TIMES_USUAL = 3  # times the median of the job, in a job in which many tests fail in each run

SPAN = 2 * 60 * 60 * 1000  # ms, in which enough runs fail, as for the outages of reports
OUTAGE_JOBS = 2
OUTAGE_COMMITS = 3  # one commit can break several jobs by itself
OUTAGE_SHARE = 0.5  # of the runs of that time: a busy project has mass failures every day

Flags = NDArray[np.bool_]


def mass_failures(columns: RunColumns, ends: Ends, considered: Flags, steady: Flags) -> Flags:
    """Whether many tests failed in each run, in any attempt.

    Many: 25 % of the finished tests and at least 3; or at least 10, steady failures left out, and
    at least three times the median of its job and label set. The 25 % are of the largest run on the
    same commit, because a retry of failed tests has no others. `considered`: runs that count.
    """
    count = len(columns.group)
    finished = np.bincount(ends.run[ends.is_finished], minlength=count)
    failed = np.bincount(ends.run[ends.failed], minlength=count)
    unexpected = np.bincount(ends.run[ends.failed & ~steady], minlength=count)
    of_commit = np.zeros(count, np.int64)
    np.maximum.at(of_commit, columns.commit, finished)
    is_share = (failed >= SHARE * of_commit[columns.commit]) & (failed >= LEAST_OF_SHARE)
    is_many = unexpected >= np.maximum(LEAST, TIMES_USUAL * _medians(columns, unexpected))
    return considered & (is_share | is_many)


def _medians(columns: RunColumns, counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The median of each run's group."""
    medians = np.zeros(len(counts))
    for group in np.unique(columns.group):
        is_member = columns.group == group
        medians[is_member] = np.median(counts[is_member])
    return medians


def runs_of_outages(columns: RunColumns, masses: Flags) -> tuple[Flags, int]:
    """Whether each run started in an outage, and the number of outages.

    An outage: within two hours at least 2 jobs and 3 commits have mass failures, which are at least
    half of the runs that started from the first to the last of them.
    """
    inside = np.zeros(len(masses), np.bool_)
    spans = list(_joined(_outages(columns, masses)))
    for begin, end in spans:
        inside |= (columns.started >= begin) & (columns.started <= end)
    return inside, len(spans)


def _outages(columns: RunColumns, masses: Flags) -> Iterator[tuple[int, int]]:
    """Begin and end of stretches of mass failures, ordered by begin."""
    places = np.flatnonzero(masses)
    places = places[np.argsort(columns.order[places])]
    times = columns.started[places]
    all_times = np.sort(columns.started)
    first_run = np.searchsorted(all_times, times, side="left")
    last_run = np.searchsorted(all_times, times, side="right")
    within = np.searchsorted(times, times + SPAN, side="right")
    for first in range(len(places)):
        jobs: set[int] = set()
        commits: set[int] = set()
        end = None
        for last in range(first, within[first]):
            jobs.add(int(columns.job[places[last]]))
            commits.add(int(columns.revision[places[last]]))
            runs = last_run[last] - first_run[first]
            is_common = last - first + 1 >= OUTAGE_SHARE * runs
            if len(jobs) >= OUTAGE_JOBS and len(commits) >= OUTAGE_COMMITS and is_common:
                end = int(times[last])
        if end is not None:
            yield int(times[first]), end


def _joined(spans: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join spans that overlap."""
    begin = end = None
    for first, last in spans:
        if begin is None or end is None:
            begin, end = first, last
        elif first <= end:
            end = max(end, last)
        else:
            yield begin, end
            begin, end = first, last
    if begin is not None and end is not None:
        yield begin, end
