"""Names of jobs that are longer than the table's column: stored cut, shown in full."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, text

from ci_stat.ci_stat import get_result
from ci_stat.connectors.jenkins.server import Jenkins
from ci_stat.records import Origin, RunRow, stored_name, stored_names
from ci_stat.runs.comparing.service import Comparer
from ci_stat.runs.database import Source
from ci_stat.runs.export_runs import export_rows, read_rows
from ci_stat.runs.flaky.service import FlakyFinder
from ci_stat.runs.import_runs import import_lines
from ci_stat.runs.sync_jenkins import sync
from ci_stat.runs.sync_plan import SyncPlan, SyncResult
from ci_stat.store.ci_data.actions_runs import repository_of, stored_runs
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from tests.conftest import SHANGHAI, Fill, day
from tests.support.command import Call
from tests.support.jenkins import FakeBuild, FakeJenkins, running
from tests.support.rows import row

NOW = datetime(2021, 6, 20, tzinfo=SHANGHAI)
START = int(datetime(2021, 6, 19, 8, 30, tzinfo=SHANGHAI).timestamp()) * 1000
FOLDER = "platform/" + "integration-tests-of-the-storage-engine/" * 4
LONG, OTHER = FOLDER + "PR-1", FOLDER + "PR-2"
LETTERS = "修复" * 80


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeJenkins]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with running() as started:
        yield started


def run_sync(engine: Engine, fake: FakeJenkins, **plan: Any) -> SyncResult:
    with Jenkins(fake.url, timeout=10, sleep=lambda _: None) as client:
        return sync(engine, client, SHANGHAI, SyncPlan(**{"now": NOW} | plan))


def failed(number: int) -> FakeBuild:
    log = b"--- FAIL: TestCargo (0.1s)\nFinished: FAILURE\n"
    return FakeBuild(number, "FAILURE", timestamp=START + number, log=log, parameters={"a": "b"})


def jobs_of(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return {job for (job,) in connection.execute(text("select job from ci_data"))}


def test_a_name_has_one_stored_form_for_each_table() -> None:
    assert [len(name) for name in stored_names(LONG)] == [len(LONG), 127, 100]
    assert stored_name(LONG, 100) in stored_names(LONG)
    assert stored_name(LONG, 127) != stored_name(OTHER, 127)
    assert stored_name(LONG, 200) == LONG
    assert stored_name(LONG * 2, 200) == stored_name(LONG * 2, 127)
    assert stored_names("unit") == ("unit",)
    assert stored_name("unit", None) == "unit"


def test_builds_of_long_names_are_stored_and_found_again(
    engine: Engine, source: Source, fake: FakeJenkins
) -> None:
    for job in (LONG, OTHER):
        fake.add(job, failed(1), failed(2))
    for stored in (4, 0):
        result = run_sync(engine, fake, jobs=(LONG, OTHER))
        assert (result.stored, result.failed, dict(result.left_out)) == (stored, [], {})
    is_limited = engine.dialect.name != "sqlite"
    assert {len(job) for job in jobs_of(engine)} == {127 if is_limited else len(LONG)}

    res = source.load(day())
    assert set(res.job_map) == {LONG, OTHER}
    (run, *_) = res.job_map[LONG].runs
    assert (run.job_name, run.number, run.case) == (LONG, 1, ["TestCargo"])
    counts, _ = source.count_jobs(day())
    assert {count.job_name for count in counts} == {LONG, OTHER}
    assert set(source.window_facts([day()])[0].durations) == set()  # of successful runs
    assert res.miss_cnt == source.count_window(day())[0].miss_cnt == 0


def test_a_filter_takes_the_full_name(source: Source, fake: FakeJenkins) -> None:
    for job in (LONG, OTHER):
        fake.add(job, failed(1))
    run_sync(source.engine, fake, jobs=(LONG, OTHER))
    only = replace(day(), jobs=(LONG,))
    assert [run.job_name for run in source.load(only).all_runs] == [LONG]
    assert source.unknown_names(only) == []
    (message,) = source.unknown_names(replace(day(), jobs=(LONG + "0",)))
    assert LONG in message.partition("similar")[2]


def test_parameters_of_a_run_with_a_long_name(
    call: Call, url: str, engine: Engine, fake: FakeJenkins, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.add(LONG, failed(1))
    run_sync(engine, fake, jobs=(LONG,))
    monkeypatch.setenv("CI_STAT_URL", url)
    monkeypatch.setenv("CI_STAT_TIME_ZONE", "Asia/Shanghai")
    for keep in (False, True):
        res = get_result(
            datetime(2021, 6, 19), datetime(2021, 6, 20), [LONG], keep_descriptions=keep
        )
        assert res.all_runs[0].description["a"] == "b"
    assert LONG in call("jobs", "--end", "2021-06-20", "--json").out
    assert LONG in call("failures", "--end", "2021-06-20", "--json").out


def test_comparisons_and_flaky_jobs_have_the_full_name(source: Source, fill: Fill) -> None:
    """Also to find their logs, which our state keeps by the full name."""
    rows = [
        row(job, number, status, commit="c1", pr=7, time=datetime(2021, 6, 19, 8, number))
        for job in (LONG, OTHER)
        for number, status in enumerate(("FAILURE", "SUCCESS", "FAILURE"), 1)
    ]
    fill(rows)
    side = Comparer(source).side(day())
    assert set(side.jobs) == {LONG, OTHER}
    assert all(job.durations for job in side.jobs.values())
    flaky = FlakyFinder(source).repetitions(day())
    assert set(flaky.jobs) == {LONG, OTHER}
    assert [(run.run.job, run.commit[0]) for run in flaky.flaky_runs].count((LONG, LONG)) == 2


@pytest.mark.parametrize("job", [LONG, LETTERS])
def test_import_and_export_have_the_full_name(engine: Engine, fill: Fill, job: str) -> None:
    line = {"job_name": job, "job_id": 7, "status": "FAILED", "time": "2021-06-19T08:30:00"}
    more = {"attempt": 2, "description": {"a": 1}}
    lines = [json.dumps(line).encode(), json.dumps(line | more).encode()]
    assert import_lines(engine, lines, SHANGHAI).stored == 2
    assert import_lines(engine, lines, SHANGHAI).skipped == []
    before = list(read_rows(engine, None))
    out = io.StringIO()
    export_rows(engine, None, out, lambda _n: None)
    written = [json.loads(text) for text in out.getvalue().splitlines()]
    assert {record["job_name"] for record in written} == {job}
    assert "ci_stat_" not in out.getvalue()
    fill([])
    import_lines(engine, out.getvalue().encode().splitlines(), SHANGHAI)
    assert list(read_rows(engine, None)) == before


def test_the_writers_own_table(mariadb_url: str, fake: FakeJenkins) -> None:
    """Its column is shorter, and its status an enum."""
    engine = open_engine(mariadb_url)
    columns = (
        "job varchar(100), job_id int unsigned, status enum('SUCCESS', 'FAILURE', 'ABORTED'),"
        " duration int unsigned, time datetime, `commit` text, branch varchar(100),"
        " comment varchar(100), analysis_res json, description json, repo varchar(100),"
        " primary key (job, job_id)"
    )
    with engine.begin() as connection:
        connection.execute(text(f"create table ci_data ({columns}) charset utf8mb4"))
    fake.add(LONG, failed(1))
    for stored in (1, 0):
        assert run_sync(engine, fake, jobs=(LONG,)).stored == stored
    assert {len(job) for job in jobs_of(engine)} == {100}
    assert set(Source(engine, Origin(SHANGHAI)).load(day()).job_map) == {LONG}


def test_a_long_name_that_was_created_again(engine: Engine, fake: FakeJenkins) -> None:
    fake.add(LONG, FakeBuild(1, timestamp=START - 9 * 24 * 3_600_000))
    run_sync(engine, fake, jobs=(LONG,))
    fake.jobs[LONG].builds = [failed(1)]
    (kept,) = run_sync(engine, fake, jobs=(LONG,)).recreated
    assert kept.name.endswith(" (until 2021-06-10)")
    assert kept.name in jobs_of(engine)
    assert len(jobs_of(engine)) == 2


@pytest.mark.parametrize("said", ["other", 7, LONG[:-1], None])
def test_what_another_writer_says_about_a_name_is_checked(
    fill: Fill, source: Source, said: object
) -> None:
    name = stored_name(LONG, 127)
    rows: list[RunRow] = [
        row(name, 1, description={"ci_stat_job": said}),
        row("unit", 2, description={"ci_stat_job": LONG}),
    ]
    fill(rows)
    assert set(source.load(day()).job_map) == {name, "unit"}
    assert {count.job_name for count in source.count_jobs(day())[0]} == {name, "unit"}


def test_a_name_without_a_place_for_the_full_one_is_refused(mariadb_url: str) -> None:
    engine = open_engine(mariadb_url)
    prepare(engine)
    ((position, error),) = write_rows(engine, [row(LONG, 1, description="no object")])
    assert position == 0
    assert "job" in str(error)


def test_questions_take_and_show_the_full_name(
    call: Call, url: str, engine: Engine, fake: FakeJenkins, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.add(LONG, failed(1), failed(2))
    run_sync(engine, fake, jobs=(LONG,))
    monkeypatch.setenv("CI_STAT_URL", url)
    monkeypatch.setenv("CI_STAT_TIME_ZONE", "Asia/Shanghai")
    shown = call("run", LONG, "2")
    assert (shown.code, shown.out.startswith(f"{LONG} #2: FAILURE")) == (0, True)
    assert f"{LONG} #1" in shown.out
    job = call("job", LONG, "--json")
    assert job.code == 0
    data = json.loads(job.out)
    del data["source"]["query"]  # SQL has the stored forms
    assert data["job"] == LONG
    assert " ~" not in json.dumps(data)


def test_runs_of_github_with_long_names_are_found_again(engine: Engine) -> None:
    write_rows(engine, [row(LONG, 7, description={"ci_stat_run": 1}, repo="o/r")])
    assert stored_runs(engine, [(LONG, 7), (LONG, 8), (OTHER, 7)]) == {(LONG, 7)}
    assert repository_of(engine, LONG, 7) == "o/r"
