"""Tests with one name in two packages are two tests, wherever failures are counted."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from msgspec import structs

from ci_stat.records import CaseFailure, Run, Sighting
from ci_stat.reports.failure_history import sightings_of
from ci_stat.reports.inputs import KnownFailures
from ci_stat.reports.rows import FailureRows
from ci_stat.result import Result
from ci_stat.result.answers.model import Verdict
from tests.support.results import provenance, result
from tests.support.rows import BEGIN, pull, row

STORE, PLANNER = "github.com/me/app/store", "github.com/me/app/planner"


def failed(hour: int, pr: int | None, *packages: str, commit: str = "c1") -> Run:
    """A failed run in whose log TestX of these packages failed; "" if the log ends early."""
    more = {} if pr is None else {"description": pull(pr, ghprbPullAuthorLogin=f"author{pr}")}
    moment = BEGIN + timedelta(hours=hour)
    loaded = result([row("unit", hour + 1, "FAILURE", pr=pr, time=moment, commit=commit, **more)])
    failures = tuple(
        CaseFailure("case", "TestX", package=package, source="log") for package in packages
    )
    return structs.replace(loaded.all_runs[0], failures=failures, log="read")


def passed(hours: Sequence[int]) -> list[Run]:
    rows = [
        row("unit", 1000 + hour, time=BEGIN + timedelta(hours=hour), pr=500 + hour)
        for hour in hours
    ]
    return result(rows).all_runs


def of(*runs: Run) -> Result:
    return Result(runs, provenance(len(runs)))


def names(res: Result) -> dict[str, int]:
    return {name: info.fail_cnt() for name, info in res.fail_info_map.items()}


def test_one_package_needs_no_name() -> None:
    """Runs whose log or table names no package have the same test."""
    assert names(of(failed(1, 1, STORE), failed(2, 2, ""))) == {"TestX": 2}


def test_two_packages_are_two_failures() -> None:
    res = of(failed(1, 1, STORE), failed(2, 2, PLANNER), failed(3, 3, STORE, PLANNER))
    assert names(res) == {f"TestX in {STORE}": 2, f"TestX in {PLANNER}": 2}
    with_unknown = of(*res.all_runs, failed(4, 4, ""))
    assert names(with_unknown)["TestX"] == 1


def test_a_failure_of_another_package_excuses_no_pull_request() -> None:
    own = [failed(5, 7, STORE, commit="c7"), failed(6, 7, STORE, commit="c7")]
    others = passed(range(22))
    (failure,) = of(*own, *others, failed(4, 8, PLANNER, commit="c8")).pr(7).failures
    assert (failure.judgement.verdict, failure.other.failed) == (Verdict.YOURS, ())
    (failure,) = of(*own, *others, failed(4, 8, STORE, commit="c8")).pr(7).failures
    assert failure.judgement.verdict == Verdict.NOT_YOURS
    (failure,) = of(*own, *others, failed(4, 8, "", commit="c8")).pr(7).failures
    assert failure.judgement.verdict == Verdict.NOT_YOURS, "a package that is unknown can be any"


def test_a_pull_request_with_both_has_two_failures() -> None:
    answer = of(failed(5, 7, STORE, PLANNER), failed(6, 7, STORE)).pr(7)
    assert {failure.name: len(failure.own.failed) for failure in answer.failures} == {
        f"TestX in {STORE}": 2,
        f"TestX in {PLANNER}": 1,
    }


def test_a_case_says_which_packages_it_is_in_and_takes_one() -> None:
    res = of(failed(1, 1, STORE), failed(2, 2, PLANNER), failed(3, 3, STORE))
    every = res.case("TestX")
    assert (len(every.failed), every.notes) == (
        3,
        (
            f"Tests of 2 packages have this name: {PLANNER}, {STORE}. For one of them, write NAME"
            " in PACKAGE.",
        ),
    )
    one = res.case(f"TestX in {STORE}")
    assert (len(one.failed), one.notes) == (2, ())


def test_flaky_cases_are_told_apart() -> None:
    runs = [failed(1, 1, STORE), failed(2, 2, PLANNER, commit="c2")]
    again = [
        structs.replace(passed([hour])[0], commit=commit, repo=runs[0].repo)
        for hour, commit in ((3, "c1"), (4, "c2"))
    ]
    cases = of(*runs, *again).flaky().cases
    assert {case.name: case.runs for case in cases} == {
        f"TestX in {STORE}": 1,
        f"TestX in {PLANNER}": 1,
    }


def shifted(res: Result, days: int) -> Result:
    """The same window so many days later."""
    window = res.provenance.window
    later = replace(
        window, begin=window.begin + timedelta(days=days), end=window.end + timedelta(days=days)
    )
    runs = [
        structs.replace(run, job_id=run.job_id + 10_000 * days, time=run.time + timedelta(days))
        for run in res.all_runs
        if run.time is not None
    ]
    return Result(runs, replace(res.provenance, window=later))


def test_a_comparison_tells_apart_what_either_side_has_in_two_packages() -> None:
    before = of(failed(1, 1, STORE), *passed(range(10, 20)))
    now = shifted(of(failed(1, 1, STORE), failed(2, 2, PLANNER), *passed(range(10, 20))), 1)
    changes = {change.name: change.rates for change in now.compare(before).failures}
    assert set(changes) == {f"TestX in {STORE}", f"TestX in {PLANNER}"}
    assert changes[f"TestX in {STORE}"].before.count == 1
    assert changes[f"TestX in {PLANNER}"].before.count == 0
    same = shifted(before, 1).compare(before)
    assert [change.name for change in same.failures] == ["TestX"]


def sighting(hour: int) -> Sighting:
    moment = BEGIN + timedelta(hours=hour)
    return Sighting(moment, moment, "unit", 1)


def first_seen(res: Result, known: dict[tuple[str, str], Sighting]) -> dict[str, datetime | None]:
    rows = FailureRows(BEGIN, KnownFailures(known, BEGIN - timedelta(days=9)))
    failures = map(rows.failure, res.fail_info_map.values())
    return {row.name: row.first_seen for row in failures}


def test_each_package_has_its_own_first_sighting() -> None:
    res = of(failed(1, 1, STORE), failed(2, 2, PLANNER))
    known = sightings_of(res.all_runs)
    assert first_seen(res, known) == {
        f"TestX in {STORE}": BEGIN + timedelta(hours=1),
        f"TestX in {PLANNER}": BEGIN + timedelta(hours=2),
    }


def test_a_sighting_of_an_older_state_is_that_of_any_package() -> None:
    res = of(failed(1, 1, STORE), failed(2, 2, PLANNER))
    known = sightings_of(res.all_runs) | {("case", "TestX"): sighting(-48)}
    before = BEGIN - timedelta(hours=48)
    assert set(first_seen(res, known).values()) == {before}
