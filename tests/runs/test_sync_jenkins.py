"""`ci-stat sync jenkins` stores run missing build once, also if the sync is interrupted."""

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text

from ci_stat.connectors.jenkins.builds import COLUMNS, analysis_of
from ci_stat.connectors.jenkins.server import Jenkins
from ci_stat.errors import ConnectionLost, DatabaseError, SourceError
from ci_stat.records import ANALYSIS_KEYS, CaseFailure, Extraction, RunRow
from ci_stat.runs import missing_builds, store_builds, sync_jenkins
from ci_stat.runs.export_runs import read_rows
from ci_stat.runs.sync_jenkins import sync
from ci_stat.runs.sync_plan import SyncPlan, SyncResult
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from tests.conftest import SHANGHAI
from tests.support import mariadb
from tests.support.command import Call
from tests.support.forks import Forked, fork_command
from tests.support.jenkins import FakeBuild, FakeJenkins, Trouble, running
from tests.support.rows import row

PROBE = "tree=jobs%5Bname%5D"  # the request that asks whether the server answers at all
NOW = datetime(2021, 6, 20, tzinfo=SHANGHAI)
MINUTE = 60_000
START = int(datetime(2021, 6, 19, 8, 30, tzinfo=SHANGHAI).timestamp()) * 1000
GOCHECK = b"""[2021-06-19T00:30:01.000Z] --------------------------------------------------
[2021-06-19T00:30:01.000Z] FAIL: executor_test.go:606: testSuite.TestCase%d
[2021-06-19T00:30:01.000Z]
[2021-06-19T00:30:01.000Z] executor_test.go:620:
[2021-06-19T00:30:01.000Z]     c.Assert(a, Equals, b)
[2021-06-19T00:30:01.000Z] ... obtained int = 0
[2021-06-19T00:30:01.000Z] ... expected int = 1
[2021-06-19T00:30:01.000Z]
Finished: FAILURE
"""
PULL = {
    "ghprbActualCommit": "1f0c",
    "ghprbTargetBranch": "master",
    "ghprbCommentBody": '/run \\"all\\"',
    "ghprbPullId": "7",
    "ghprbGhRepository": "o/r",
    "ghprbPullTitle": "单元 🙂",
    "force": True,
    "retries": 3,
}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def fake() -> Iterator[FakeJenkins]:
    with running() as started:
        yield started


@pytest.fixture
def client(fake: FakeJenkins) -> Iterator[Jenkins]:
    with connect(fake) as jenkins:
        yield jenkins


def connect(fake: FakeJenkins) -> Jenkins:
    return Jenkins(fake.url, timeout=10, sleep=lambda _: None)


def build(number: int, result: str | None = "SUCCESS", **more: Any) -> FakeBuild:
    """One build a minute. The log of a failed one has the case `testSuite.TestCase<number>`."""
    log = GOCHECK % number if result == "FAILURE" else b"Finished: SUCCESS\n"
    values: dict[str, Any] = {"timestamp": START + number * MINUTE, "log": log}
    return FakeBuild(number, result, **values | more)


def builds(drawn: str, first: int = 1) -> list[FakeBuild]:
    """Builds by letter.

    P passed, F failed, A aborted, U unstable, N not built, R running, X running with a result,
    0 without a result.
    """
    words = {
        "P": "SUCCESS",
        "F": "FAILURE",
        "A": "ABORTED",
        "U": "UNSTABLE",
        "N": "NOT_BUILT",
        "X": "FAILURE",
    }
    return [
        build(number, words.get(letter), building=letter in "RX")
        for number, letter in enumerate(drawn.replace(" ", ""), first)
    ]


def copied(number: int, status: str = "SUCCESS", **more: Any) -> RunRow:
    """The row of `build(number)`, as another program has stored it."""
    start = datetime(2021, 6, 19, 8, 30) + timedelta(minutes=number)
    return row("unit", number, status, time=start, **more)


def run_sync(engine: Engine, client: Jenkins, **plan: Any) -> SyncResult:
    return sync(engine, client, SHANGHAI, SyncPlan(**{"now": NOW} | plan))


def stored(engine: Engine, job: str | None = None) -> list[int]:
    return [run.job_id for run in read_rows(engine, None) if job in (None, run.job)]


@pytest.fixture
def lite(tmp_path: Path) -> Engine:
    """SQLite, for tests in which databases do not differ: connecting to MariaDB takes longer."""
    engine = open_engine(f"sqlite:///{tmp_path / 'lite.sqlite'}")
    prepare(engine)
    return engine


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pages and batches, so that few builds fill them."""
    monkeypatch.setattr(missing_builds, "PAGE", 20)
    monkeypatch.setattr(store_builds, "PAGE", 20)
    monkeypatch.setattr(sync_jenkins, "BATCH", 30)


def cases(row: RunRow) -> list[str] | None:
    """The names of the cases in `analysis_res`; None for NULL."""
    assert row.analysis_res is None or (
        isinstance(row.analysis_res, dict) and set(row.analysis_res) <= {"case"}
    )
    return (
        None
        if row.analysis_res is None
        else [name.split()[-1] for name in row.analysis_res.get("case", [])]
    )


def pages(fake: FakeJenkins) -> int:
    """The number of requests for lists of builds since the last call."""
    count = sum(
        "allBuilds" in request.query.get("tree", "") and "actions" not in request.query["tree"]
        for request in fake.asked
    )
    fake.asked.clear()
    return count


def logs(fake: FakeJenkins) -> list[int]:
    return [int(path.split("/")[-2]) for path in fake.paths("consoleText")]


# What is stored


def test_builds_become_rows(engine: Engine, fake: FakeJenkins, client: Jenkins) -> None:
    fake.add("unit", build(1, parameters=PULL), build(2, "FAILURE", parameters=PULL))
    fake.add(
        "a/nightly",
        build(5, "ABORTED", parameters={"release_test__release_branch": "release-5.0", "x": ""}),
    )
    result = run_sync(engine, client)
    assert (result.jobs, result.stored, result.running, result.left_out, result.failed) == (
        2,
        3,
        0,
        Counter(),
        [],
    )
    assert result.logs == {"read": 2}
    described = {"ghprbPullId": "7", "ghprbPullTitle": "单元 🙂", "force": "true", "retries": "3"}
    same: dict[str, Any] = {
        "duration": 60_000,
        "commit": "1f0c",
        "branch": "master",
        "comment": '/run \\"all\\"',
        "repo": "o/r",
        "description": described,
    }
    rows = list(read_rows(engine, None))
    assert [cases(run) for run in rows] == [[], None, ["testSuite.TestCase2"]]
    rows[2].analysis_res = None
    assert rows == [
        RunRow(
            "a/nightly",
            5,
            "ABORTED",
            datetime(2021, 6, 19, 8, 35),
            60_000,
            branch="release-5.0",
            description={"x": ""},
            analysis_res={},
        ),
        RunRow("unit", 1, "SUCCESS", datetime(2021, 6, 19, 8, 31), **same),
        RunRow("unit", 2, "FAILURE", datetime(2021, 6, 19, 8, 32), **same),
    ]


def test_times_are_in_the_databases_zone(lite: Engine, fake: FakeJenkins, client: Jenkins) -> None:
    fake.add("unit", build(1, timestamp=1_624_032_000_999))
    sync(lite, client, ZoneInfo("UTC"), SyncPlan(NOW))
    assert [run.time for run in read_rows(lite, None)] == [datetime(2021, 6, 18, 16, 0)]


def test_hostile_values_are_stored_as_they_are(
    engine: Engine, fake: FakeJenkins, client: Jenkins
) -> None:
    parameters = {
        "half": "\ud800",
        "sql": "'; DROP TABLE ci_data; --",
        "ansi": "\x1b[2J",
        "\udfff": "x",
        "ghprbCommentBody": "\ud800",
    }
    fake.add("x'\"$(reboot)", build(1, parameters=parameters))
    assert run_sync(engine, client).stored == 1
    (run,) = read_rows(engine, None)
    assert run.job == "x'\"$(reboot)"
    assert run.description == {
        "half": "\ufffd",
        "sql": parameters["sql"],
        "ansi": parameters["ansi"],
        "\ufffd": "x",
    }
    assert run.comment == "\ufffd"


def test_the_second_branch_parameter_counts_where_the_first_is_empty() -> None:
    assert COLUMNS["branch"] == ("ghprbTargetBranch", "release_test__release_branch")
    from ci_stat.connectors.jenkins.builds import Build, build_of, row_of

    def row_with(**parameters: str) -> RunRow:
        actions = [
            {"parameters": [{"name": name, "value": value} for name, value in parameters.items()]}
        ]
        fields = {
            "number": 1,
            "result": "SUCCESS",
            "building": False,
            "timestamp": 1,
            "actions": actions,
        }
        made = build_of(fields)
        assert isinstance(made, Build)
        return row_of("unit", made, made.parameters, SHANGHAI, None)

    both = row_with(ghprbTargetBranch="a", release_test__release_branch="b")
    assert (both.branch, both.description) == ("a", {"release_test__release_branch": "b"})
    second = row_with(ghprbTargetBranch="", release_test__release_branch="b")
    assert (second.branch, second.description) == ("b", {})
    assert row_with(ghprbTargetBranch="").branch is None


def test_the_kinds_of_analysis_res() -> None:
    kinds = [
        "compile",
        "build",
        "check",
        "env",
        "setup",
        "case",
        "panic",
        "race",
        "leak",
        "timeout",
        "crash",
        "unknown",
        "new",
    ]
    failures = [CaseFailure(kind, f"{kind} {n}") for n in (1, 2, 1) for kind in reversed(kinds)]
    failures += [
        CaseFailure("case", "guessed", guess=True),
        CaseFailure("case", ""),
        CaseFailure("case", "\ud800"),
    ]
    assert analysis_of(Extraction("read", tuple(failures))) == {
        "compile": ["build 1", "compile 1", "build 2", "compile 2"],
        "check": ["check 1", "check 2"],
        "case": [
            f"{kind} {n}"
            for n in (1, 2)
            for kind in ("crash", "timeout", "leak", "race", "panic", "case")
        ]
        + ["\ufffd"],
        "env": ["setup 1", "env 1", "setup 2", "env 2"],
    }
    assert set(ANALYSIS_KEYS.values()) == {"compile", "check", "case", "env"}
    assert analysis_of(Extraction("read")) == {}


def test_unstable_is_kept_raw_where_the_table_can_hold_it(
    engine: Engine, fake: FakeJenkins, client: Jenkins
) -> None:
    fake.add("unit", *builds("P U N A 0"))
    result = run_sync(engine, client)
    assert [run.status for run in read_rows(engine, None)] == [
        "SUCCESS",
        "UNSTABLE",
        "NOT_BUILT",
        "ABORTED",
    ]
    assert (result.stored, result.left_out) == (4, {"without a result": 1})


WRITERS_TABLE = """create table ci_data (
  job varchar(100) not null, job_id int(10) unsigned not null,
  status enum('SUCCESS','FAILURE','ABORTED') not null, duration int(10) unsigned, time datetime,
  `commit` text, branch varchar(100), repo varchar(100), comment varchar(100),
  analysis_res json, description json,
  primary key (job, job_id)) charset utf8mb4"""


def test_the_table_of_the_original_writer(
    mariadb_url: str, fake: FakeJenkins, client: Jenkins
) -> None:
    engine = open_engine(mariadb_url)
    with engine.begin() as connection:
        connection.execute(text(WRITERS_TABLE))
    fake.add("unit", *builds("P U F N U P"))
    fake.jobs["unit"].builds[5].parameters = {"ghprbTargetBranch": "b" * 101}
    result = run_sync(engine, client)
    assert stored(engine) == [1, 3]
    assert logs(fake) == [3], "no log is read for what cannot be stored"
    why = "with the result {}, which the table's column status cannot hold"
    refusal = next(reason for reason in result.left_out if "rejects" in reason)
    assert "branch" in refusal
    assert result.left_out == {why.format("UNSTABLE"): 2, why.format("NOT_BUILT"): 1, refusal: 1}


# Logs


@pytest.mark.parametrize(
    ("troubles", "state", "analysis"),
    [
        ([Trouble(status=404)], "missing", None),
        ([Trouble(status=403)], "refused", None),
        ([Trouble(status=200)], "refused", None),
        ([Trouble(status=500)] * 4, "unreachable", None),
        ([Trouble(cut=len(GOCHECK) - 10)] * 50, "cut", ["testSuite.TestCase1"]),
        ([Trouble(cut=30)] * 50, "cut", None),
    ],
)
def test_an_unknown_log_is_null(
    lite: Engine,
    fake: FakeJenkins,
    client: Jenkins,
    troubles: list[Trouble],
    state: str,
    analysis: list[str] | None,
) -> None:
    fake.ranges = state == "cut"
    fake.offsets = False
    fake.add("unit", build(1, "FAILURE"))
    fake.trouble("consoleText", *troubles)
    result = run_sync(lite, client)
    assert [cases(run) for run in read_rows(lite, None)] == [analysis]
    assert (result.logs, result.failed) == ({state: 1}, [])


def test_without_logs(lite: Engine, fake: FakeJenkins, client: Jenkins) -> None:
    fake.add("unit", *builds("P F"))
    assert run_sync(lite, client, logs=False).logs == {}
    assert [run.analysis_res for run in read_rows(lite, None)] == [None, None]
    assert logs(fake) == []


# Later syncs


@pytest.mark.usefixtures("small")
def test_a_second_sync_asks_for_one_page_and_writes_nothing(
    engine: Engine, fake: FakeJenkins, client: Jenkins, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.add("unit", *builds("PF" * 30))
    assert run_sync(engine, client).stored == 60
    assert pages(fake) == 4
    before = list(read_rows(engine, None))
    monkeypatch.setattr(store_builds, "write_rows", lambda *_: pytest.fail("it writes"))
    result = run_sync(engine, client)
    assert (result.stored, result.jobs, pages(fake), logs(fake)) == (0, 1, 1, [])
    assert list(read_rows(engine, None)) == before


@pytest.mark.usefixtures("small")
def test_pages_of_every_length(lite: Engine, fake: FakeJenkins, client: Jenkins) -> None:
    counts = (0, 1, 19, 20, 21, *range(33, 42), 50, 55)
    for count in counts:
        fake.add(f"job {count}", *builds("P" * count))
    result = run_sync(lite, client, dry_run=True)
    assert (result.jobs, result.stored, result.failed) == (len(counts), sum(counts), [])


@pytest.mark.usefixtures("small")
def test_new_builds_need_few_requests(lite: Engine, fake: FakeJenkins, client: Jenkins) -> None:
    fake.add("unit", *builds("P" * 60))
    run_sync(lite, client)
    fake.add("unit", *builds("PFP", first=61))
    fake.asked.clear()
    assert run_sync(lite, client).stored == 3
    assert pages(fake) == 2


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("number", "runs"), [(1, "R"), (30, "X"), (60, "R")])
def test_a_build_that_still_ran_comes_next_time(
    engine: Engine, fake: FakeJenkins, client: Jenkins, number: int, runs: str
) -> None:
    drawn = list("P" * 60)
    drawn[number - 1] = runs
    fake.add("unit", *builds("".join(drawn)))
    result = run_sync(engine, client)
    assert (result.stored, result.running, number in stored(engine)) == (59, 1, False)
    fake.add("unit", *builds("P" * 50, first=61))
    ended = fake.jobs["unit"].builds[number - 1]
    ended.building, ended.result = False, "FAILURE"
    result = run_sync(engine, client)
    assert (result.stored, result.running) == (51, 0)
    assert stored(engine) == list(range(1, 111))
    pages(fake)
    assert run_sync(engine, client).stored == 0
    assert pages(fake) == 1


@pytest.mark.usefixtures("small")
def test_deleted_builds_are_looked_for_while_they_may_still_run(
    lite: Engine, fake: FakeJenkins, client: Jenkins
) -> None:
    fake.add("unit", *[build for build in builds("P" * 100) if build.number != 30])
    run_sync(lite, client)
    pages(fake)
    assert run_sync(lite, client).stored == 0
    assert pages(fake) == 5, "down to the page on which 30 would be"
    assert run_sync(lite, client, now=NOW + timedelta(days=30)).stored == 0
    assert pages(fake) == 1


@pytest.mark.usefixtures("small")
def test_a_gap_above_the_last_old_build_is_looked_for(
    lite: Engine, fake: FakeJenkins, client: Jenkins
) -> None:
    old = START - 30 * 24 * 60 * MINUTE
    fake.add(
        "unit",
        *[build(n, timestamp=old + n) for n in range(1, 30)],
        *builds("R" + "P" * 60, first=30),
    )
    assert run_sync(lite, client).running == 1
    fake.jobs["unit"].builds[29] = build(30)
    assert run_sync(lite, client).stored == 1


@pytest.mark.usefixtures("small")
def test_what_the_table_never_had_comes_too(
    lite: Engine, fake: FakeJenkins, client: Jenkins
) -> None:
    fake.add("unit", *builds("P" * 50))
    assert write_rows(lite, [copied(n) for n in range(25, 51)]) == []
    assert run_sync(lite, client).stored == 24
    assert stored(lite) == list(range(1, 51))


@pytest.mark.usefixtures("small")
def test_discarded_builds_stay_in_the_table(
    lite: Engine, fake: FakeJenkins, client: Jenkins
) -> None:
    fake.add("unit", *builds("P" * 60))
    run_sync(lite, client)
    del fake.jobs["unit"].builds[:40]
    pages(fake)
    assert run_sync(lite, client).stored == 0
    assert pages(fake) == 1
    assert len(stored(lite)) == 60


def test_rows_that_are_there_are_left_alone(
    lite: Engine, fake: FakeJenkins, client: Jenkins
) -> None:
    kept = copied(2, "FAILURE", analysis_res={"case": ["by hand"]})
    assert write_rows(lite, [kept]) == []
    fake.add("unit", *builds("P F P"))
    assert run_sync(lite, client).stored == 2
    assert list(read_rows(lite, None))[1] == kept


def test_jobs_whose_names_are_nearly_equal_are_two(
    engine: Engine, fake: FakeJenkins, client: Jenkins
) -> None:
    for job in ("Unit", "unit", "unit2", "ünit"):
        fake.add(job, *builds("P P"))
    assert run_sync(engine, client).stored == 8
    assert run_sync(engine, client).stored == 0


@pytest.mark.usefixtures("small")
def test_since_compares_its_whole_span(engine: Engine, fake: FakeJenkins, client: Jenkins) -> None:
    fake.add("unit", *builds("P" * 80))
    since = datetime.fromtimestamp((START + 40 * MINUTE) / 1000, UTC)
    assert run_sync(engine, client, since=since).stored == 41
    assert stored(engine) == list(range(40, 81))
    assert pages(fake) == 4
    with engine.begin() as connection:
        connection.execute(text("delete from ci_data where job_id = 42"))
    assert run_sync(engine, client, since=since, now=NOW + timedelta(days=90)).stored == 1
    assert run_sync(engine, client).stored == 39, "without it, everything that Jenkins still has"


@pytest.mark.usefixtures("small")
def test_limit_takes_the_newest_first_and_leaves_no_hole_later(
    lite: Engine, fake: FakeJenkins, client: Jenkins
) -> None:
    fake.add("unit", *builds("P" * 60))
    assert run_sync(lite, client, limit=10).stored == 10
    assert stored(lite) == list(range(51, 61))
    assert pages(fake) == 1
    fake.jobs["unit"].builds[:50] = []  # discarded
    fake.add("unit", *builds("P" * 24, first=61))
    assert run_sync(lite, client, limit=10).stored == 10
    assert stored(lite) == list(range(51, 71))
    assert [run_sync(lite, client, limit=10).stored for _ in range(3)] == [10, 4, 0]


def test_a_dry_run_counts_and_writes_nothing(
    url: str, fake: FakeJenkins, client: Jenkins, tmp_path: Path
) -> None:
    engine = open_engine(url)
    fake.add("unit", *builds("P F R 0"))
    result = run_sync(engine, client, dry_run=True)
    assert (result.stored, result.running, result.left_out) == (2, 1, {"without a result": 1})
    assert logs(fake) == []
    assert not (tmp_path / "ci.sqlite").exists()
    prepare(engine)
    write_rows(engine, [copied(1)])
    assert run_sync(engine, client, dry_run=True).stored == 1
    assert stored(engine) == [1]


def test_a_list_that_never_ends(lite: Engine, fake: FakeJenkins, client: Jenkins) -> None:
    one = {"number": 1, "result": "SUCCESS", "building": False, "timestamp": 1}
    page = json.dumps({"allBuilds": [one | {"number": n} for n in range(100, 0, -1)]}).encode()
    fake.add("unit")
    fake.trouble(
        "allBuilds",
        *[Trouble(status=200, headers={"Content-Type": "application/json"}, body=page)] * 9,
    )
    ((job, error),) = run_sync(lite, client).failed
    assert (job, "same builds" in str(error)) == ("unit", True)


# Builds and servers that change during a sync


def test_builds_that_begin_while_others_are_fetched(
    lite: Engine, fake: FakeJenkins, client: Jenkins, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.add("unit", *builds("P" * 200))
    ask = client.page

    def busy(job: str, start: int, end: int, parameters: bool = False) -> Any:
        if parameters:
            fake.add("unit", *builds("P" * 20, first=len(fake.jobs["unit"].builds) + 1))
        return ask(job, start, end, parameters)

    monkeypatch.setattr(client, "page", busy)
    assert run_sync(lite, client).stored == 200
    assert stored(lite) == list(range(1, 201))
    assert [path for path in fake.paths() if path.startswith("/job/unit/")] == [
        "/job/unit/api/json"
    ] * len(fake.paths("unit"))


@pytest.mark.parametrize("gone", [range(1, 31), range(150, 200), range(100, 101)])
def test_builds_that_are_deleted_while_others_are_fetched(
    lite: Engine, fake: FakeJenkins, client: Jenkins, monkeypatch: pytest.MonkeyPatch, gone: range
) -> None:
    fake.add("unit", *builds("P" * 200))
    ask = client.page

    def busy(job: str, start: int, end: int, parameters: bool = False) -> Any:
        if parameters:
            fake.jobs["unit"].builds = [
                build for build in fake.jobs["unit"].builds if build.number not in gone
            ]
        return ask(job, start, end, parameters)

    monkeypatch.setattr(client, "page", busy)
    assert run_sync(lite, client).failed == []
    assert stored(lite) == [n for n in range(1, 201) if n not in gone]


def test_a_server_that_dies_leaves_the_rest_for_next_time(
    engine: Engine, fake: FakeJenkins, client: Jenkins
) -> None:
    fake.add("unit", *builds("P" * 29 + "F" + "P" * 30))
    fake.trouble("/30/", *[Trouble(hang_up=True)] * 8)
    result = run_sync(engine, client)
    assert [job for job, _ in result.failed] == ["unit"]
    assert stored(engine) == list(range(36, 61)), (
        "whole batches, newest first; nothing without its analysis"
    )
    assert run_sync(engine, client).failed == []
    assert stored(engine) == list(range(1, 61))
    assert [cases(run) for run in read_rows(engine, None) if run.job_id == 30] == [
        ["testSuite.TestCase30"]
    ]


def test_a_job_that_fails_does_not_stop_the_others(
    lite: Engine, fake: FakeJenkins, client: Jenkins
) -> None:
    for job in ("a", "b", "c", "d", "e"):
        fake.add(job, *builds("P P"))
    fake.trouble("/job/b/", Trouble(status=403))
    fake.trouble("/job/c/", Trouble(status=404))
    fake.trouble("/job/d/", *[Trouble(status=500)] * 4)
    result = run_sync(lite, client)
    assert [job for job, _ in result.failed] == ["b", "c", "d"]
    assert {run.job for run in read_rows(lite, None)} == {"a", "e"}


@pytest.mark.parametrize("status", [500, 503, 404, 403])
def test_broken_jobs_do_not_stop_the_others(
    lite: Engine, fake: FakeJenkins, client: Jenkins, status: int
) -> None:
    for number in range(9):
        fake.add(f"job {number}", *builds("P"))
        fake.jobs[f"job {number}"].broken = status if number < 7 else 0
    result = run_sync(lite, client)
    assert [job for job, _ in result.failed] == [f"job {number}" for number in range(7)]
    assert {run.job for run in read_rows(lite, None)} == {"job 7", "job 8"}


def test_a_broken_folder_does_not_stop_the_others(
    lite: Engine, fake: FakeJenkins, client: Jenkins
) -> None:
    fake.add("a/unit", *builds("P"))
    fake.add("b/unit", *builds("P"))
    fake.trouble("/job/a/api/json", *[Trouble(status=500)] * 4)
    result = run_sync(lite, client, jobs=("**/unit",))
    assert [job for job, _ in result.failed] == ["a"]
    assert {run.job for run in read_rows(lite, None)} == {"b/unit"}
    # A name that only Jenkins can explain, and Jenkins cannot.
    fake.trouble("/job/a/job/unit", *[Trouble(hang_up=True)] * 4)
    result = run_sync(lite, client, jobs=("a%2Funit", "b/unit"))
    assert [job for job, _ in result.failed] == ["a%2Funit"]


def test_an_unreachable_server_stops_the_sync(
    lite: Engine, fake: FakeJenkins, client: Jenkins
) -> None:
    for n in range(50):
        fake.add(f"job {n}", *builds("P"))
    fake.trouble("/job/", *[Trouble(hang_up=True)] * 999)
    fake.trouble(PROBE, *[Trouble(hang_up=True)] * 99)
    result = run_sync(lite, client)
    assert (result.jobs, len(result.failed)) == (3, 4)
    assert "the remaining jobs are skipped" in str(result.failed[-1][1])


def test_rows_of_a_concurrent_sync_are_kept(
    lite: Engine, fake: FakeJenkins, client: Jenkins, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.add("unit", *builds("P" * 25 + "F" * 25))
    others = [
        row("unit", n, "FAILURE", analysis_res={"case": ["by the other"]}) for n in range(1, 26)
    ]
    ask = client.page

    def busy(job: str, start: int, end: int, parameters: bool = False) -> Any:
        if parameters:  # of the newest 25, which come first
            write_rows(lite, others)
        return ask(job, start, end, parameters)

    monkeypatch.setattr(client, "page", busy)
    assert run_sync(lite, client).stored == 25
    assert list(read_rows(lite, None))[:25] == others


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("cut", [1, 2, 3, 4])
@pytest.mark.parametrize("known", [range(0), range(40, 60), range(80, 121)])
def test_wherever_a_sync_ends_the_next_one_goes_on(
    lite: Engine,
    fake: FakeJenkins,
    client: Jenkins,
    monkeypatch: pytest.MonkeyPatch,
    known: range,
    cut: int,
) -> None:
    # Long after: no gap is so young that it is looked for.
    late = NOW + timedelta(days=90)
    fake.add("unit", *builds("P" * 120))
    assert write_rows(lite, [copied(n) for n in known]) == []
    if cut == 4:
        run_sync(lite, client, now=late, limit=35)
    else:
        calls: list[Any] = []

        def cutting(*args: Any) -> Any:
            calls.append(args)
            if len(calls) > cut:
                raise ConnectionLost("cut")
            return write_rows(*args)

        with monkeypatch.context() as patched:
            patched.setattr(store_builds, "write_rows", cutting)
            with contextlib.suppress(ConnectionLost):
                run_sync(lite, client, now=late)
    assert run_sync(lite, client, now=late).failed == []
    assert stored(lite) == list(range(1, 121))


def _command(url: str, fake: FakeJenkins, *arguments: str) -> Forked:
    environment = {"CI_STAT_URL": url, "CI_STAT_JENKINS_URL": fake.url}
    return fork_command(environment, "sync", "jenkins", *arguments)


@pytest.mark.chaos
@pytest.mark.transaction
@pytest.mark.parametrize("number", [1, 26])
def test_a_killed_sync_run_again_gives_the_same_table(
    url: str, fake: FakeJenkins, client: Jenkins, number: int
) -> None:
    drawn = list("PF" * 40)
    drawn[number - 1] = "F"
    fake.add("unit", *builds("".join(drawn)))
    held = Trouble(hold=threading.Event())
    fake.trouble(f"/{number}/consoleText", held)
    process = _command(url, fake)
    assert held.seen.wait(30)
    process.kill()
    process.finish()
    assert held.hold is not None
    held.hold.set()
    engine = open_engine(url)
    whole = (80 - number) // 25 * 25
    assert stored(engine) == list(range(81 - whole, 81))
    result = run_sync(engine, client)
    assert result.stored == 80 - whole
    rows = list(read_rows(engine, None))
    assert [run.job_id for run in rows] == list(range(1, 81))
    assert [run.job_id for run in rows if run.analysis_res] == [
        n for n in range(1, 81) if drawn[n - 1] == "F"
    ]
    assert run_sync(engine, client).stored == 0


def test_two_at_once(url: str, fake: FakeJenkins) -> None:
    for job in ("unit", "a/lint"):
        fake.add(job, *builds("PF" * 60))
    # Both wait in the middle of their first batch.
    held = [Trouble(hold=threading.Event()) for _ in range(2)]
    fake.trouble("/unit/2/consoleText", *held)
    both = [_command(url, fake, "--json") for _ in range(2)]
    for trouble in held:
        assert trouble.seen.wait(30)
    for trouble in held:
        assert trouble.hold is not None
        trouble.hold.set()
    assert [process.finish() for process in both] == [(0, "")] * 2
    engine = open_engine(url)
    rows = list(read_rows(engine, None))
    assert [(run.job, run.job_id) for run in rows] == [
        (job, n) for job in ("a/lint", "unit") for n in range(1, 121)
    ]
    assert all(bool(run.analysis_res) == (run.status == "FAILURE") for run in rows)


@pytest.mark.parametrize(("code", "again"), [(1213, True), (1205, True), (1146, False)])
def test_a_lost_race_is_run_again(
    lite: Engine,
    fake: FakeJenkins,
    client: Jenkins,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    again: bool,
) -> None:
    fake.add("unit", *builds("P P"))
    calls = []

    def racing(*args: Any) -> Any:
        calls.append(args)
        if len(calls) == 1:
            raise DatabaseError("in the way") from Exception(code, "Deadlock found")
        return write_rows(*args)

    monkeypatch.setattr(store_builds, "write_rows", racing)
    if again:
        assert run_sync(lite, client).stored == 2
    else:
        with pytest.raises(DatabaseError):
            run_sync(lite, client)
    assert (len(calls), len(stored(lite))) == ((2, 2) if again else (1, 0))


def test_a_database_that_dies_stops_the_sync(
    server: mariadb.Server,
    fake: FakeJenkins,
    client: Jenkins,
    monkeypatch: pytest.MonkeyPatch,
    mariadb_url: str,
) -> None:
    engine = open_engine(mariadb_url)
    fake.add("unit", *builds("P P"))

    def lost(*_: Any) -> Any:
        raise ConnectionLost("cut")

    monkeypatch.setattr(store_builds, "write_rows", lost)
    with pytest.raises(ConnectionLost):
        run_sync(engine, client)


# The command


@pytest.fixture
def configured(lite: Engine, fake: FakeJenkins, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings, with a secret."""
    fake.user, fake.token = "ann", "s3cret"
    monkeypatch.setenv("CI_STAT_URL", str(lite.url))
    monkeypatch.setenv("CI_STAT_JENKINS_URL", fake.url)
    monkeypatch.setenv("CI_STAT_JENKINS_USER", "ann")
    monkeypatch.setenv("CI_STAT_JENKINS_TOKEN", "s3cret")


@pytest.mark.usefixtures("configured")
def test_the_command_prints_a_summary(lite: Engine, fake: FakeJenkins, call: Call) -> None:
    fake.add("unit", *builds("P F U R R 0"))
    fake.add("pingcap/tidb/lint", *builds("P"))
    dry = call("sync", "jenkins", "--dry-run")
    assert (dry.code, dry.err) == (0, "")
    assert dry.out.splitlines()[0] == f"4 builds of 2 jobs would be stored, from {fake.url}."
    done = call("sync", "jenkins")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        f"4 builds of 2 jobs stored, from {fake.url}.\n"
        "2 still running; copied once they have ended.\n"
        "1 build skipped, without a result.\n"
        "Logs of unsuccessful builds: 2 read.\n"
    )
    again = call("sync", "jenkins", "--json", "--job", "pingcap/**", "--job", "unit")
    assert json.loads(again.out) == {
        "jenkins": fake.url,
        "dry_run": False,
        "jobs": 2,
        "stored": 0,
        "recreated": [],
        "running": 2,
        "logs": {},
        "failed": [],
        "left_out": {"without a result": 1},
    }
    shown = call("summary", "--begin", "2021-06-19", "--end", "2021-06-20")
    assert "nightly            4         2         1         0       1" in shown.out


@pytest.mark.usefixtures("configured")
def test_the_command_fails_where_a_job_does(lite: Engine, fake: FakeJenkins, call: Call) -> None:
    fake.add("unit", *builds("P"))
    jobs = ["unit", "gone", "../\x1b[2J", "../etc"]
    options = [text for job in jobs for text in ("--job", job)]
    done = call("sync", "jenkins", *options, "--limit", "5")
    assert done.code == SourceError.exit_code == 7
    assert done.out.startswith(f"1 build of 2 jobs stored, from {fake.url}.")
    assert "\x1b" not in done.err
    assert "ci-stat: gone: " in done.err
    assert "ci-stat: ../\\x1b[2J: No job matches" in done.err
    assert "ci-stat: ../etc: '../etc' is not the name of a job" in done.err
    assert "s3cret" not in done.out + done.err
    assert stored(lite) == [1]


@pytest.mark.usefixtures("configured")
def test_the_wrong_token(fake: FakeJenkins, call: Call) -> None:
    fake.token = "another"
    done = call("sync", "jenkins")
    assert done.code == 7
    assert "Check jenkins_user and jenkins_token" in done.err
    assert "SECRET-PAGE" not in done.err
    assert "s3cret" not in done.out + done.err


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("since", ["2021-06-19T08:33", "2021-06-19T00:33:00+00:00"])
def test_since_takes_a_time(lite: Engine, fake: FakeJenkins, call: Call, since: str) -> None:
    fake.add("unit", *builds("P" * 6))
    assert call("sync", "jenkins", "--since", since).code == 0
    assert stored(lite) == [3, 4, 5, 6]


@pytest.mark.usefixtures("configured")
def test_since_takes_a_length(lite: Engine, fake: FakeJenkins, call: Call) -> None:
    recent = int((datetime.now(UTC) - timedelta(hours=1)).timestamp()) * 1000
    fake.add("unit", build(1), build(2, timestamp=recent))
    assert call("sync", "jenkins", "--since", "2h").code == 0
    assert stored(lite) == [2]


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("since", ["soon", "", "999999w"])
def test_an_invalid_since(fake: FakeJenkins, call: Call, since: str) -> None:
    done = call("sync", "jenkins", "--since", since)
    assert (done.code, fake.asked) == (2, [])
    assert "--since" in done.err


def test_without_a_jenkins(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    done = call("sync", "jenkins")
    assert done.code == 4
    assert "Set jenkins_url" in done.err
    monkeypatch.setenv("CI_STAT_JENKINS_URL", "https://ci.example/")
    monkeypatch.setenv("CI_STAT_JENKINS_USER", "ann")
    assert "jenkins_token is not" in call("sync", "jenkins").err


def test_the_address_is_shown_without_its_secret(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_JENKINS_URL", "https://ann:s3cret@ci.example/jenkins")
    monkeypatch.setenv("CI_STAT_JENKINS_TOKEN", "s3cret")
    shown = call("config")
    assert "s3cret" not in shown.out + shown.err
    assert "ci.example/jenkins" in shown.out
