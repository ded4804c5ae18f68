"""Every story of the demo appears in the rows at its dates."""

from collections import Counter, defaultdict
from datetime import datetime
from statistics import median

import pytest

from ci_stat.demo import generate_rows, stories_from
from ci_stat.demo.cases import FLAKY, REGRESSION_CASE, STUBBORN_CASE, Case
from ci_stat.demo.stories import BROKEN_NUMBER, HOSTILE_TITLES, STUBBORN_NUMBER, TWIN_NUMBERS
from ci_stat.records import RunRow

STORIES = stories_from()


@pytest.fixture(scope="module", params=[20210621, 4])
def rows(request: pytest.FixtureRequest) -> list[RunRow]:
    return list(generate_rows(seed=request.param))


def number(row: RunRow) -> int:
    assert isinstance(row.description, dict)
    return int(row.description.get("ghprbPullId", 0))


def of_pull(rows: list[RunRow], pull: int, repo: str = "pingcap/tidb") -> list[RunRow]:
    return [row for row in rows if row.repo == repo and number(row) == pull]


def known(row: RunRow, kind: str) -> list[str]:
    return row.analysis_res.get(kind, []) if isinstance(row.analysis_res, dict) else []


def shows(row: RunRow, case: Case) -> bool:
    return bool({case.code_spelling, case.regex_spelling} & set(known(row, "case")))


def starts_in(row: RunRow, span: tuple[datetime, datetime]) -> bool:
    assert row.time is not None
    return span[0] <= row.time < span[1]


def test_the_documented_dates() -> None:
    assert STORIES.outage == (datetime(2021, 6, 16, 14), datetime(2021, 6, 16, 16))
    assert STORIES.regression == (datetime(2021, 6, 8, 16, 30), datetime(2021, 6, 11, 16, 30))
    assert STORIES.slower_since == datetime(2021, 6, 15)
    assert STORIES.broken == (datetime(2021, 6, 10, 10, 15), datetime(2021, 6, 10, 15, 40))
    assert STORIES.stubborn == (datetime(2021, 6, 9, 10), datetime(2021, 6, 18, 19))
    assert STORIES.twins_at == datetime(2021, 6, 11, 10, 5)


def test_outage(rows: list[RunRow]) -> None:
    finished = [row for row in rows if row.repo is not None and row.status != "ABORTED"]
    hit = [row for row in finished if starts_in(row, STORIES.outage)]
    env = [row for row in hit if known(row, "env")]
    assert len(env) > 25
    assert len(env) > 0.6 * len(hit)
    assert len({row.job for row in env}) >= 8
    assert len({(row.repo, number(row)) for row in env}) >= 4
    others = [row for row in finished if not starts_in(row, STORIES.outage)]
    assert sum(bool(known(row, "env")) for row in others) < 0.05 * len(others)


def test_flaky_cases_have_their_rates_and_pass_on_the_same_commit() -> None:
    rows = list(generate_rows(6_000, 10))
    runs = Counter(row.job for row in rows if row.status != "ABORTED")
    outcomes = defaultdict(set)
    for row in rows:
        outcomes[row.job, row.commit].add(row.status)
    for flaky in FLAKY:
        hits = [row for row in rows if row.job == flaky.job and shows(row, flaky.case)]
        assert 0.1 * flaky.rate < len(hits) / runs[flaky.job] < 1.2 * flaky.rate
        if flaky.rate >= 0.02 and hits[0].commit is not None:
            assert any("SUCCESS" in outcomes[row.job, row.commit] for row in hits)


def test_regression(rows: list[RunRow]) -> None:
    jobs = {"tidb_ghpr_unit_test", "tidb-unit-test-nightly"}
    broken = [row for row in rows if shows(row, REGRESSION_CASE)]
    assert {row.job for row in broken} == jobs
    assert {row.branch for row in broken} == {"master"}
    assert all(starts_in(row, STORIES.regression) for row in broken)
    finished = [
        row
        for row in rows
        if row.job in jobs and row.branch == "master" and row.status == "FAILURE"
        if starts_in(row, STORIES.regression) and number(row) != STUBBORN_NUMBER
    ]
    assert len(broken) > 0.85 * len(finished) > 60


def test_both_spellings_of_one_case(rows: list[RunRow]) -> None:
    spelled = {text for row in rows if shows(row, REGRESSION_CASE) for text in known(row, "case")}
    assert spelled == {
        "join_spill_test.go:testJoinSpillSuite.TestSpillPartitionBoundary",
        "FAIL: join_spill_test.go:233: testJoinSpillSuite.TestSpillPartitionBoundary",
    }


def test_one_job_gets_slower(rows: list[RunRow]) -> None:
    def typical(job: str, late: bool) -> float:
        return median(
            row.duration or 0
            for row in rows
            if row.job == job and row.status == "SUCCESS" and (row.duration or 0) > 60_000
            if row.time is not None and (row.time >= STORIES.slower_since) is late
        )

    slower = "tidb_ghpr_integration_common_test"
    assert 1.5 < typical(slower, True) / typical(slower, False) < 2.1
    assert 0.8 < typical("tidb_ghpr_unit_test", True) / typical("tidb_ghpr_unit_test", False) < 1.25


def test_a_broken_build_fails_everywhere_at_once(rows: list[RunRow]) -> None:
    runs = of_pull(rows, BROKEN_NUMBER)
    broken = [row for row in runs if starts_in(row, STORIES.broken)]
    compile_errors = [row for row in broken if known(row, "compile")]
    assert sum(row.status == "FAILURE" for row in broken) > 0.7 * len(broken)
    assert len(compile_errors) > 0.5 * len(broken)
    assert len({row.job for row in compile_errors}) >= 8
    repaired = [row for row in runs if not starts_in(row, STORIES.broken)]
    assert repaired
    assert not any(known(row, "compile") for row in repaired)
    assert {row.commit for row in broken}.isdisjoint({row.commit for row in repaired})


def test_one_pull_request_is_rerun_again_and_again(rows: list[RunRow]) -> None:
    reruns = [row for row in of_pull(rows, STUBBORN_NUMBER) if row.job == "tidb_ghpr_unit_test"]
    assert 90 < len(reruns) < 120
    assert len({row.commit for row in reruns}) == 1
    assert all(starts_in(row, STORIES.stubborn) for row in reruns)
    assert 0.55 < sum(shows(row, STUBBORN_CASE) for row in reruns) / len(reruns) < 0.9
    assert any(row.status == "SUCCESS" for row in reruns)


def test_twins_share_a_commit(rows: list[RunRow]) -> None:
    one, other = (of_pull(rows, twin) for twin in TWIN_NUMBERS)
    assert {row.commit for row in one} == {row.commit for row in other}
    assert len({row.commit for row in one}) == 1
    assert ({row.branch for row in one}, {row.branch for row in other}) == (
        {"master"},
        {"release-5.1"},
    )


def test_some_numbers_exist_in_two_repositories(rows: list[RunRow]) -> None:
    repos = defaultdict(set)
    for row in rows:
        if row.repo is not None:
            repos[number(row)].add(row.repo)
    assert any(owners == {"tikv/pd", "pingcap/tics"} for owners in repos.values())


def test_hostile_titles_run(rows: list[RunRow]) -> None:
    for number_of_pull, title in HOSTILE_TITLES.items():
        runs = of_pull(rows, number_of_pull)
        assert len(runs) == 12
        assert isinstance(runs[0].description, dict)
        assert runs[0].description["ghprbPullTitle"] == title.replace('"', '\\"')
