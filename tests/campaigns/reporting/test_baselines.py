"""Which runs before a campaign are the baseline of a job."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from ci_stat.campaigns.baselines import Baselines, BaselineSources, of_counts
from ci_stat.campaigns.verdict_model import Baseline
from ci_stat.errors import DatabaseError
from ci_stat.records import JobCount, RunRow, Tally
from ci_stat.records.run_info import RunInfo
from ci_stat.runs.database import Source
from ci_stat.store.ci_data.write import write_rows
from ci_stat.store.engine import open_engine
from ci_stat.store.results.setup import prepare_results
from ci_stat.test_results.inputs import Input
from ci_stat.test_results.service import TestResults
from tests.campaigns.verdict.drawn import JOBS, SPEC, STARTED, campaign
from tests.support.rows import pull

SHANGHAI_OFFSET = timedelta(hours=8)
LIGHT, HEAVY = JOBS


def count(name: str, success: int, failure: int, prs: int = 0, **more: int) -> JobCount:
    tally = Tally(success, failure, **more)
    return JobCount(name, tally, prs, 0, 0, 0, None, None)


def test_names_of_a_job_in_the_ci_database() -> None:
    counts = [
        count("pingcap/ticdc/pull_cdc_mysql_integration_light", 8, 2),
        count(f"{HEAVY}", 3, 0, prs=2),
        count("elsewhere/pull_cdc_kafka_integration_heavy", 50, 50),
        count("CI / unit / linux", 5, 1),
        count("Nightly / unit / linux", 1, 0),
        count("aborted", 0, 0, aborted=4),
    ]
    assert of_counts((LIGHT, HEAVY, "unit / linux", "aborted", "absent"), counts) == {
        LIGHT: Baseline(8, 2, "ci_data, 30 days"),
        HEAVY: Baseline(3, 0, "ci_data, 30 days, with pull requests"),
        "unit / linux": Baseline(6, 1, "ci_data, 30 days"),
    }


def test_only_the_branch_in_the_days_before(source: Source) -> None:
    local = STARTED.replace(tzinfo=None) + SHANGHAI_OFFSET
    common: dict[str, Any] = {"branch": "master", "repo": "pingcap/ticdc"}
    minute, days = timedelta(minutes=1), timedelta(days=30)
    rows = [
        RunRow(LIGHT, 1, "SUCCESS", local - minute, **common),
        RunRow(LIGHT, 2, "FAILURE", local - days, **common),
        RunRow(LIGHT, 3, "FAILURE", local - days - minute, **common),
        RunRow(LIGHT, 4, "FAILURE", local, **common),
        RunRow(LIGHT, 5, "FAILURE", local - minute, branch="release-8.5", repo="pingcap/ticdc"),
        RunRow(LIGHT, 6, "FAILURE", local - minute, branch="master", repo="pingcap/tidb"),
        RunRow(LIGHT, 7, "ABORTED", local - minute, **common),
        RunRow(HEAVY, 8, "SUCCESS", local - minute, description=pull(7), **common),
    ]
    assert write_rows(source.engine, rows) == []
    known = BaselineSources(lambda: source, lambda: None).before(campaign("pp"))
    assert known == Baselines(
        {
            LIGHT: Baseline(1, 1, "ci_data, 30 days"),
            HEAVY: Baseline(1, 0, "ci_data, 30 days, with pull requests"),
        }
    )


@pytest.fixture
def results(tmp_path: Path) -> Engine:
    engine = open_engine(f"sqlite:///{tmp_path / 'results.sqlite'}")
    prepare_results(engine)
    return engine


def imported(engine: Engine, number: int, has_failed: bool, **more: object) -> None:
    failure = "<failure/>" if has_failed else ""
    text = f'<testsuite name="s"><testcase classname="C" name="a">{failure}</testcase></testsuite>'
    content = text.encode()
    known: dict[str, object] = {
        "repo": SPEC.repo,
        "branch": "master",
        "started": STARTED - timedelta(hours=number),
    }
    info = RunInfo(LIGHT, number, **(known | more))  # type: ignore[arg-type]
    file = Input("r.xml", lambda: iter([content]), True)
    TestResults(engine, lambda: STARTED).import_files([file], info)


def test_results_of_tests_stand_in(results: Engine) -> None:
    imported(results, 1, False)
    imported(results, 2, True)
    imported(results, 2, False, attempt=2)
    imported(results, 3, True, pull=7)
    imported(results, 4, True, branch="other")
    imported(results, 5, True, repo="pingcap/tidb")
    imported(results, 6, True, started=STARTED + timedelta(minutes=1))
    known = BaselineSources(lambda: None, lambda: results).before(campaign("pp"))
    assert known.by_job == {LIGHT: Baseline(1, 1, "test results, 30 days")}


def test_unusable_databases_are_notes_and_the_other_one_counts(results: Engine) -> None:
    imported(results, 1, False)

    def dead() -> Source:
        raise DatabaseError("The server does not answer.")

    known = BaselineSources(dead, lambda: results).before(campaign("pp"))
    assert known.by_job == {LIGHT: Baseline(1, 0, "test results, 30 days")}
    assert known.notes == ("No baseline from ci_data: The server does not answer.",)
