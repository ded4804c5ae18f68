"""Which failures count as new: drawn histories of one test."""

from datetime import UTC, datetime, timedelta

import pytest

from ci_stat.records.case_results import Outcome
from ci_stat.store.results.read import StoredRun
from ci_stat.test_results.publishing.judging import case_history, judged, median_seconds
from ci_stat.test_results.publishing.model import Failure
from ci_stat.test_results.summary import TestEnd
from tests.support.published import case, run_info

OUTCOMES = {"P": Outcome.PASSED, "F": Outcome.FAILED, "S": Outcome.SKIPPED}


def judge(base: str, others: str = "") -> Failure:
    """Runs, the oldest first; `|` begins a new commit, `.` is a run without the test."""
    ends: dict[int, TestEnd] = {}
    lists: list[list[StoredRun]] = []
    for kind, text in enumerate((base, others)):
        commit, runs = 0, list[StoredRun]()
        for cell in text.split():
            if cell == "|":
                commit += 1
                continue
            id = len(ends) + len(runs) * 1_000 + kind * 100_000 + 1
            started = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(hours=len(runs))
            info = run_info(commit=f"{kind}c{commit}", number=id, started=started)
            runs.append(StoredRun(id, info))
            for letter in cell.replace(".", ""):
                end = ends.setdefault(id, TestEnd(OUTCOMES[letter]))
                end.outcome = OUTCOMES[letter]
                end.passed |= letter == "P"
                end.failed |= letter == "F"
        lists.append(runs[::-1])
    history = case_history(lists[0], lists[1], ends)
    return judged(case("a"), history, len(lists[0]))


@pytest.mark.parametrize(
    ("base", "others", "standing"),
    [
        ("", "", "unknown"),
        ("P | P | P", "", "broken"),
        (". | . | .", "", "broken"),  # a new test
        ("P | F | P", "", "broken"),  # it was repaired
        ("P | P | F", "", "before"),
        ("P | F | .", "", "before"),
        ("P | F | S", "", "before"),
        ("P | F | F", "", "before"),
        ("P F | P | P", "", "flaky"),
        ("FP | P | P", "", "flaky"),
        ("P | P", "P F", "flaky"),
        ("P | P", "P | F", "broken"),
        ("", "P | F", "unknown"),
        ("", "P F", "flaky"),
        ("P F | F | F | F", "", "before"),  # red in four runs: it does not flicker any more
        ("P F | P | F", "", "flaky"),
    ],
)
def test_standing(base: str, others: str, standing: str) -> None:
    assert judge(base, others).standing == standing


def test_since_when_it_fails_on_the_base_branch() -> None:
    history = judge("P | P | F | F").history
    assert history.failed_runs == 2
    places = [run and run.info.commit for run in (history.since, history.last_passed)]
    assert places == ["0c2", "0c1"]


@pytest.mark.parametrize(
    ("durations", "expected"), [([], None), ([0.0], None), ([3.0, 0.0, 1.0], 2.0)]
)
def test_the_usual_duration(durations: list[float], expected: float | None) -> None:
    assert median_seconds(durations) == expected
