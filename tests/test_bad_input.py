"""What a user sees when something is wrong: the list of issue 2, one by one, through the command.

Each case says the exit code, and what stands on standard output and standard error.
"""

import json
import re
import time
import traceback
import tracemalloc
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

import ci_stat.ci_stat as stat
from ci_stat.errors import AccessDenied, SettingsError, UsageError
from ci_stat.records import RunRow
from ci_stat.store.ci_data.decode import Decoder
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from tests.support import hostile, mariadb
from tests.support.columns import drop_columns
from tests.support.command import Call
from tests.support.drawn import FULL
from tests.support.proxy import closed_port, silent
from tests.support.rows import history, pull, row

REPORTS = ["summary", "jobs", "prs", "failures"]
DAY = ["--begin", "2021-06-19", "--end", "2021-06-20"]
BEGIN, END = datetime(2021, 6, 19), datetime(2021, 6, 20)


@pytest.fixture
def database(engine: Engine, url: str, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An empty table that the settings point at."""
    monkeypatch.setenv("CI_STAT_URL", url)
    return engine


def put(engine: Engine, **values: Any) -> None:
    """One row as some other program wrote it, past all checks of ours."""
    columns = {
        "job": "unit",
        "job_id": 1,
        "status": "FAILURE",
        "time": "2021-06-19 08:00:00",
    } | values
    with engine.begin() as connection:
        connection.execute(
            text(f"insert into ci_data ({', '.join(columns)}) values (:{', :'.join(columns)})"),
            columns,
        )


# Windows


def test_a_swapped_window(database: Engine, call: Call) -> None:
    said = (
        "begin (2021-06-20 00:00:00) is not before end (2021-06-19 00:00:00, Asia/Shanghai).\n"
        "  They look swapped. Pass the earlier time first."
    )
    assert call("summary", "--begin", "2021-06-20", "--end", "2021-06-19") == (
        2,
        "",
        f"ci-stat: {said}\n",
    )
    with pytest.raises(UsageError) as error:
        stat.get_result(END, BEGIN, [])
    assert str(error.value) == said


def test_a_function_for_a_time(database: Engine) -> None:
    with pytest.raises(
        UsageError, match=r"begin is a function \(now\), not a time\.\n  Call it: write now\(\)"
    ):
        stat.get_result(datetime.now, END, [])  # type: ignore[arg-type]


@pytest.mark.parametrize("name", REPORTS)
def test_a_window_in_the_future(database: Engine, call: Call, name: str) -> None:
    write_rows(database, history("P F"))
    code, out, err = call(name, "--begin", "2099-01-01", "--end", "2099-01-02")
    assert code == 0
    assert "--end latest" in err, "the next step"
    assert "No runs in this window; the newest row is from 2021-06-19 00:02:00." in out
    assert "[2099-01-01 00:00:00, 2099-01-02 00:00:00) Asia/Shanghai · 0 rows of " in out


# Settings


def test_a_wrong_zone(database: Engine, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_STAT_TIME_ZONE", "Asia/Shanghia")
    code, out, err = call("summary")
    assert (code, out) == (4, "")
    assert err.startswith(
        "ci-stat: time_zone (from variable CI_STAT_TIME_ZONE) is 'Asia/Shanghia', "
        "which is not a known time zone.\n"
        "  Did you mean Asia/Shanghai"
    )
    with pytest.raises(SettingsError, match="not a known time zone"):
        stat.get_result(BEGIN, END, [])


def test_a_broken_env_json(tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "env.json"
    path.write_text('{\n  "host": "db",\n  "password": "hunter2"\n  "user": "me"\n}')
    monkeypatch.setenv("STAT_ENV_PATH", str(tmp_path))
    assert call("jobs") == (
        4,
        "",
        f"ci-stat: {path} is not valid JSON: Expecting ',' delimiter at line 4, column 3.\n"
        "  Check quotes and commas there. JSON allows no comments and no comma before }.\n",
    )


# Servers


def test_no_server(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    port = closed_port()
    monkeypatch.setenv("CI_STAT_URL", f"mysql://reader:hunter2@127.0.0.1:{port}/sync_ci_data")
    code, out, err = call("summary")
    assert (code, out) == (3, "")
    assert (
        f"ci-stat: mysql+pymysql://reader:***@127.0.0.1:{port}/sync_ci_data cannot be reached: "
        in err
    )
    assert "\n  Check host and port, that the server runs, and the network" in err
    assert "hunter2" not in err


def test_a_server_that_never_answers(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_STAT_CONNECT_TIMEOUT", "1")
    monkeypatch.setenv("CI_STAT_READ_TIMEOUT", "1")
    with silent() as port:
        monkeypatch.setenv("CI_STAT_URL", f"mysql://reader:hunter2@127.0.0.1:{port}/sync_ci_data")
        began = time.monotonic()
        code, out, err = call("summary")
    assert (code, out) == (3, "")
    assert time.monotonic() - began < 10
    assert "hunter2" not in err
    assert "\n  " in err, "the next step is said"


def test_a_host_that_has_no_address(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in {
        "HOST": "no such host",
        "USER": "me",
        "DATABASE": "d",
        "PASSWORD": "hunter2",
    }.items():
        monkeypatch.setenv(f"CI_STAT_{key}", value)
    code, out, err = call("summary")
    assert (code, out) == (3, "")
    assert "cannot be reached" in err
    assert "hunter2" not in err


@pytest.fixture
def account(server: mariadb.Server, mariadb_url: str) -> Iterator[tuple[str, str]]:
    """A database, and a user who may read it with the password `right%one`."""
    database = mariadb_url.rpartition("/")[2]
    with server.account("reader", "right%one", f"select on {database}.*") as name:
        yield name, database


def _as(
    monkeypatch: pytest.MonkeyPatch, server: mariadb.Server, user: str, password: str, database: str
) -> None:
    values = {
        "HOST": "127.0.0.1",
        "PORT": str(server.port),
        "USER": user,
        "PASSWORD": password,
        "DATABASE": database,
    }
    for key, value in values.items():
        monkeypatch.setenv(f"CI_STAT_{key}", value)


@pytest.mark.parametrize(
    "password", ["hunter2", "h@nter:2/3%41?#", "", "1234567890" * 20], ids=range(4)
)
def test_a_wrong_password(
    server: mariadb.Server,
    account: tuple[str, str],
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    password: str,
) -> None:
    user, database = account
    _as(monkeypatch, server, user, password, database)
    for arguments in (["summary"], ["export"], ["config", "--check"], ["-v", "jobs"]):
        code, out, err = call(*arguments)
        assert code == 3
        assert (
            f"mysql+pymysql://reader:***@127.0.0.1:{server.port}/{database} "
            "denies access: Access denied" in err
        )
        assert "\n  Check user, password and grants" in err
        assert not password or password not in out + err
    with pytest.raises(AccessDenied) as error:
        stat.get_result(BEGIN, END, [])
    seen = "".join(_whole_traceback(error.value))
    assert not password or password not in seen


def _whole_traceback(error: BaseException) -> Iterator[str]:
    yield from traceback.format_exception(error)
    cause: BaseException | None = error
    while cause is not None:
        yield repr(cause) + str(cause)
        cause = cause.__cause__ or cause.__context__


def test_select_is_enough_to_read_and_not_to_import(
    server: mariadb.Server,
    account: tuple[str, str],
    mariadb_url: str,
    tmp_path: Path,
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user, database = account
    prepare(open_engine(mariadb_url))
    write_rows(open_engine(mariadb_url), history("P F"))
    _as(monkeypatch, server, user, "right%one", database)
    for name in REPORTS:
        assert call(name, *DAY)[0] == 0
    (tmp_path / "a.jsonl").write_text('{"job_name": "x", "job_id": 1, "status": "x", "time": 0}')
    code, out, err = call("import", str(tmp_path / "a.jsonl"))
    assert (code, out) == (3, "")
    assert re.search("denies access: INSERT.* command denied", err)


def test_a_database_that_is_not_there(
    server: mariadb.Server, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    _as(monkeypatch, server, "root", "", "no_such_database")
    code, out, err = call("summary")
    assert (code, out) == (3, "")
    assert "Unknown database 'no_such_database'" in err
    assert err.endswith("  Check the setting `database` (usually sync_ci_data).\n")


# Tables


@pytest.mark.parametrize("name", [*REPORTS, "export"])
def test_a_missing_table(database: Engine, call: Call, name: str) -> None:
    with database.begin() as connection:
        connection.execute(text("drop table ci_data"))
    code, out, err = call(name, *DAY)
    assert (code, out) == (3, "")
    is_file = database.dialect.name == "sqlite"
    advice = "Fill it with `ci-stat sync`" if is_file else "Is this the database that Jenkins fills"
    problem = "is empty: it has no tables" if is_file else r"has no table ci_data \(.*\)"
    assert re.match(rf"ci-stat: \S+ {problem}\.\n  {advice}", err)


@pytest.mark.parametrize("name", [*REPORTS, "export"])
def test_missing_columns(database: Engine, call: Call, name: str) -> None:
    with database.begin() as connection:
        drop_columns(connection, "repo", "description")
    code, out, err = call(name, *DAY)
    assert (code, out) == (3, "")
    assert re.match(
        r"ci-stat: Table ci_data of \S+ lacks the columns "
        r"description \(.*\), repo \(owner/name\)\.\n  Add it",
        err,
    )


def test_a_file_that_is_no_database(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.sqlite").write_text("this is no database " * 100)
    monkeypatch.setenv("CI_STAT_URL", f"sqlite:///{tmp_path / 'x.sqlite'}")
    code, out, err = call("summary")
    assert (code, out) == (3, "")
    assert "cannot be opened: file is not a database.\n  Is it a SQLite file" in err


# Rows


def test_a_row_with_null_everywhere_it_may_be(database: Engine, call: Call) -> None:
    write_rows(database, history("P"))
    put(database, job="nulls", job_id=1, duration=None, branch=None)
    put(database, job="nulls", job_id=2, time=None, status="SUCCESS")
    code, out, err = call("summary", *DAY, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert (found["pull_request_runs"]["runs"], found["nightly_runs"]["runs"]) == (1, 1), (
        "no time, no window"
    )
    for name in REPORTS:
        assert call(name, *DAY)[0] == 0
    code, out, _ = call("export")
    assert (code, out.count("\n")) == (0, 3)
    res = stat.get_result(BEGIN, END, [])
    (lonely,) = res.special_list
    assert (lonely.duration, lonely.repo, lonely.branch, lonely.commit, lonely.comment) == (
        None,
    ) * 5
    assert (lonely.pr_number, lonely.author, lonely.description, lonely.failures) == (
        0,
        None,
        {},
        (),
    )
    assert res.miss_cnt == 1
    stat.summary(res)
    stat.job_list(res.job_map)
    stat.pr_list(res.pr_map)
    for frame in (res.to_frame(), res.jobs_frame(), res.prs_frame(), res.failures_frame()):
        assert len(frame) >= 0


INVALID = [
    "",
    "{",
    "nonsense",
    "[]",
    '"x"',
    "7",
    "\x00",
    '{"ghprbPullId": ',
    "{'ghprbPullId': '7'}",
    "\x1b[31m",
]


@pytest.mark.parametrize("broken", INVALID)
def test_invalid_json_costs_its_field_and_a_warning(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    engine = _sqlite_table(tmp_path, monkeypatch)
    write_rows(engine, history("P F", pr=7))
    put(engine, job="broken", repo="o/r", description=broken, analysis_res=broken)
    code, out, _ = call("failures", *DAY, "--json")
    assert code == 0
    wrong = 0 if broken == "" else 1
    assert sum(json.loads(out)["source"]["warnings"].values()) == 2 * wrong
    code, out, _ = call("summary", *DAY, "--json")
    found = json.loads(out)
    assert (found["pull_request_runs"]["runs"], found["nightly_runs"]["runs"]) == (2, 1)
    assert found["failed_without_known_failure"] == 2
    if wrong:
        assert (
            "Warning: 1 row: description is not a JSON object: pull request unknown"
            in call("failures", *DAY)[1]
        )
    for name in REPORTS:
        assert call(name, *DAY)[0] == 0


def _sqlite_table(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    url = f"sqlite:///{folder / 'bad.sqlite'}"
    monkeypatch.setenv("CI_STAT_URL", url)
    engine = open_engine(url)
    prepare(engine)
    return engine


@pytest.mark.parametrize("column", ["description", "analysis_res"])
def test_json_nested_without_end(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch, column: str
) -> None:
    engine = _sqlite_table(tmp_path, monkeypatch)
    put(
        engine,
        repo="o/r",
        **{column: '{"ghprbPullId": "7", "x": ' + "[" * 100_000 + "]" * 100_000 + "}"},
    )
    for name in (*REPORTS, "export"):
        assert call(name, *DAY)[0] == 0


def test_a_title_of_10_mb(database: Engine, call: Call) -> None:
    title = "long " * 2_000_000
    write_rows(
        database, [row("unit", 1, "FAILURE", pr=7, description=pull(7, ghprbPullTitle=title))]
    )
    for name in REPORTS:
        code, out, err = call(name, *DAY)
        assert (code, err) == (0, "")
        assert max(map(len, out.splitlines())) < 1_000
    out = call("prs", *DAY)[1]
    assert re.search(r"o/r#7 .*long long .*… \(\+9,999,800 characters\)", out)
    res = stat.get_result(BEGIN, END, [])
    assert res.pr_map["o/r", 7].title == title, "the library keeps what is there"
    assert len(res._repr_html_()) < 20_000  # most of it is the drawing of the runs


@pytest.mark.parametrize("number", range(len(hostile.ATTACKS)))
def test_control_characters_and_ansi_codes_in_every_text_column(
    database: Engine, call: Call, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    some = hostile.rows()[3 * number : 3 * number + 3]
    assert write_rows(database, some) == []
    for name in REPORTS:
        code, out, err = call(name, *DAY)
        assert (code, err) == (0, "")
        assert not hostile.raw(out)
    # Kept as they are for programs, and shown harmless to people.
    res = stat.get_result(BEGIN, END, [])
    assert sorted(res.job_map) == sorted({each.job for each in some})
    stat.summary(res, color=False)
    stat.job_list(res.job_map, color=False)
    stat.pr_list(res.pr_map, color=False)
    assert not hostile.raw(capsys.readouterr().out)
    assert not hostile.raw(res._repr_html_())
    assert "<script>" not in res._repr_html_()


# A million runs of one pull request, or a part of them

RUNS = 1_000_000 if FULL else 100_000


@pytest.fixture(scope="module")
def million(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Runs of o/r#7: ten jobs, one run a second; each fifth failed, each tenth aborted."""
    url = f"sqlite:///{tmp_path_factory.mktemp('million') / 'ci.sqlite'}"
    engine = open_engine(url)
    prepare(engine)
    with engine.begin() as connection:
        for index in ("branch", "repo"):  # not needed here, and half of the time
            connection.execute(text(f"drop index ix_ci_data_{index}"))
        connection.execute(text("pragma synchronous = off"))
        connection.execute(
            text("""
            with recursive n(i) as (select 0 union all select i + 1 from n where i < :last)
            insert into ci_data
                   (job, job_id, status, time, duration, branch, repo, "commit", description)
            select 'job' || (i % 10), i,
                   case when i % 10 = 0 then 'ABORTED'
                        when i % 5 = 1 then 'FAILURE'
                        else 'SUCCESS' end,
                   datetime(1624060800 + i, 'unixepoch'), 1000, 'master', 'o/r', 'c' || (i / 1000),
                   '{"ghprbPullId": "7", "ghprbPullTitle": "one of a million"}'
            from n
        """),
            {"last": RUNS - 1},
        )
    return url


WEEKS = ["--begin", "2021-06-19", "--end", "2021-07-01"]


def test_a_million_runs_are_counted_and_not_loaded(
    million: str, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_URL", million)
    loaded = []
    decode = Decoder.__call__

    def counted(self: Decoder, values: tuple[Any, ...]) -> Any:
        loaded.append(values[1])
        return decode(self, values)

    monkeypatch.setattr(Decoder, "__call__", counted)
    tracemalloc.start()
    code, out, _ = call("summary", *WEEKS, "--json")
    found = json.loads(out)
    assert code == 0
    assert {
        name: found["pull_request_runs"][name] for name in ("runs", "success", "failure", "aborted")
    } == {
        "runs": RUNS,
        "success": RUNS * 7 // 10,
        "failure": RUNS // 5,
        "aborted": RUNS // 10,
    }
    assert (found["prs"], found["jobs"], found["reruns"]) == (1, 10, RUNS - 10)
    assert found["failed_without_known_failure"] == RUNS // 5
    assert sum(period["runs"] for period in found["over_time"]) == RUNS
    assert loaded == []

    code, out, _ = call("prs", *WEEKS, "--json")
    (pr,) = json.loads(out)["prs"]
    assert (pr["runs"], pr["failure"], pr["jobs"], pr["reruns"]) == (
        RUNS,
        RUNS // 5,
        10,
        RUNS - 10,
    )
    assert pr["title"] == "one of a million"
    assert loaded == [RUNS - 1], "the title is that of the newest run, and only that one is read"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000, "a row in memory takes more than 100 bytes: none is kept"


def test_runs_of_one_moment(database: Engine, call: Call) -> None:
    """All runs in one second: the newest run's title is still one, and the counts agree."""
    write_rows(
        database,
        [
            RunRow("unit", n, "FAILURE", BEGIN, repo="o/r", description=pull(7))
            for n in range(3_000)
        ],
    )
    code, out, _ = call("prs", *DAY, "--json")
    (pr,) = json.loads(out)["prs"]
    assert (code, pr["runs"], pr["reruns"], pr["title"]) == (0, 3_000, 2_999, "title 7")


def test_an_empty_file_is_called_empty(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty.sqlite"
    empty.touch()
    monkeypatch.setenv("CI_STAT_URL", f"sqlite:///{empty}")
    outcome = call("flaky", "--since", "7d")
    assert outcome.code == 3
    assert "is empty: it has no tables." in outcome.err
