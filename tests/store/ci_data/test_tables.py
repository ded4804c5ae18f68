"""Real tables: both column orders, the writer's types, old character sets, invalid values.

A Result and the counts of the database give the same, correct numbers for each of them.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from ci_stat.records import Origin, RunFilter, RunRow, Stretch, Window
from ci_stat.result import Result, counting
from ci_stat.runs.database import Source
from ci_stat.runs.export_runs import read_rows
from ci_stat.runs.loading import IN_FUTURE
from ci_stat.store.ci_data.decode import BAD_ANALYSIS, BAD_DESCRIPTION, BAD_TIME, TIME_OFFSET
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from tests.conftest import SHANGHAI, day
from tests.support import mariadb
from tests.support.rows import pull, row

_COLUMNS = {
    "job": "varchar(100) not null",
    "job_id": "int(10) unsigned not null",
    "status": "enum('SUCCESS','FAILURE','ABORTED') not null",
    "duration": "int(10) unsigned default null",
    "time": "datetime default null",
    "commit": "text default null",
    "branch": "varchar(100) default null",
    "comment": "varchar(100) default null",
    "analysis_res": "json default null",
    "description": "json default null",
    "repo": "varchar(100) default null",
}
_LIVE = list(_COLUMNS)
_DDL = [
    *_LIVE[:8],
    "repo",
    "analysis_res",
    "description",
]  # `repo` at position 8, as the writer's CREATE has it


def create(order: Sequence[str] = _LIVE, options: str = "", **types: str) -> str:
    """The writer's CREATE statement, with its keys."""
    columns = ", ".join(f"`{name}` {types.get(name, _COLUMNS[name])}" for name in order)
    keys = ", ".join(
        f"key `{name}_idx` (`{name}`)"
        for name in ("status", "job", "time", "duration", "branch", "repo")
    )
    return f"create table ci_data ({columns}, primary key (`job`, `job_id`), {keys}) {options}"


_LONGTEXT = {
    "description": "longtext",
    "analysis_res": "longtext",
}  # what a JSON column is in a dump: no check
TABLES = {
    "live order": create(),
    "order of the DDL": create(_DDL),
    "reversed": create(list(reversed(_LIVE))),
    "before 2020-11-23": create(commit="varchar(100)"),
    "comment is text": create(comment="text"),
    "latin1": create(options="default charset latin1"),
    "latin1, longtext": create(options="default charset latin1", **_LONGTEXT),
    "folds case and blanks": create(
        options="default charset utf8mb4 collate utf8mb4_unicode_ci", **_LONGTEXT
    ),
    "general": create(options="default charset utf8mb4 collate utf8mb4_general_ci"),
    "binary": create(options="default charset utf8mb4 collate utf8mb4_bin", **_LONGTEXT),
    "utf8mb3": create(options="default charset utf8mb3"),
    "no keys at all": create().partition(", primary")[0] + ")",
    "fine times": create(time="datetime(6)"),
    "timestamp": create(time="timestamp null"),
    "status is text": create(status="varchar(20) not null"),
    "wide numbers": create(job_id="bigint unsigned not null", duration="bigint"),
    "aria": create(options="engine=aria"),
    "partitioned": create(options="partition by key (job, job_id) partitions 3"),
}

Make = Callable[[str], Source]


@pytest.fixture
def make(server: mariadb.Server, mariadb_url: str) -> Make:
    """A source on a table made by this CREATE statement."""

    def made(statement: str) -> Source:
        server.sql(statement, mariadb_url.rpartition("/")[2])
        return Source(open_engine(mariadb_url), Origin(SHANGHAI))

    return made


def agree(source: Source, wanted: RunFilter | None = None) -> Result:
    """The Result of the window, after checking that the database counts the same numbers."""
    wanted = wanted or day()
    result = source.load(wanted)
    window, provenance = source.count_window(wanted)
    assert window == counting.count_window(result)
    assert provenance.rows == result.provenance.rows == size(result)
    assert provenance.newest == result.provenance.newest == source.newest()
    assert source.count_jobs(wanted)[0] == counting.count_jobs(result.job_map)
    found, total, rows = source.count_prs(wanted)
    assert found == counting.count_prs(result.pr_map)
    assert total == len(result.pr_map)
    assert rows.rows == size(result)
    assert source.count_prs(wanted, limit=1)[0] == found[:1]
    return result


def size(result: Result) -> int:
    """All runs, those of pull requests and the nightly ones."""
    return len(result.run_list) + len(result.special_list)


def insert(engine: Engine, mode: str = "", **values: Any) -> None:
    """One row as it is, past all our checks."""
    with engine.begin() as connection:
        if engine.dialect.name != "sqlite":
            connection.execute(text("set session sql_mode = :mode"), {"mode": mode})
        names = ", ".join(f"`{name}`" for name in values)
        connection.execute(
            text(f"insert into ci_data ({names}) values (:{', :'.join(values)})"), values
        )


def _typical() -> list[RunRow]:
    """Rows that fit any of the tables."""
    at = [datetime(2021, 6, 19, hour, 30) for hour in range(10)]
    cases = {"case": ["executor_test.go:testCoprCache.TestIntegrationCopCache"]}
    return [
        row("unit", 1, "FAILURE", pr=7, time=at[0], analysis_res=cases, comment="/merge"),
        row("unit", 2, "SUCCESS", pr=7, time=at[1], comment="null"),
        row("unit", 3, "ABORTED", pr=7, time=at[2], commit="other"),
        row("check", 4, "FAILURE", pr=7, time=at[2], analysis_res={}),
        row(
            "check",
            5,
            "FAILURE",
            pr=8,
            time=at[4],
            analysis_res={"env": ["socket timeout", "kill process"]},
        ),
        row(
            "check",
            6,
            "SUCCESS",
            pr=8,
            time=at[5],
            description=pull(8, ghprbPullTitle="newer \\n title", force="1"),
        ),
        row("nightly", 7, "FAILURE", time=at[6], branch=None, description={"release_test__x": "y"}),
        row("nightly", 8, "SUCCESS", time=at[7], repo="o/r", description=pull(0)),
        row("outside", 9, "FAILURE", pr=9, time=datetime(2021, 6, 20)),
        row("nothing", 10, "FAILURE", time=at[8], duration=None, branch=None),
    ]


@pytest.mark.parametrize("table", TABLES)
def test_the_writers_table_in_all_its_forms(make: Make, table: str) -> None:
    source = make(TABLES[table])
    rows = _typical()
    assert write_rows(source.engine, rows) == []
    result = agree(source)
    assert (len(result.run_list), len(result.special_list)) == (6, 3)
    first = next(run for run in result.run_list if run.job_id == 1)
    assert (first.job_name, first.repo, first.branch, first.commit) == (
        "unit",
        "o/r",
        "master",
        "c7",
    )
    assert (first.comment, first.duration, first.status) == ("/merge", 60_000, "FAILURE")
    assert first.time == datetime(2021, 6, 19, 0, 30)
    assert first.case == ["executor_test.go:testCoprCache.TestIntegrationCopCache"]
    assert (first.pr_number, first.pr_title, first.author) == (7, "title 7", "author")
    assert result.provenance.warnings == ()
    counted = source.count_window(day())[0]
    assert (counted.pr.failure, counted.pr.success, counted.pr.aborted) == (3, 2, 1)
    assert (counted.special.failure, counted.special.success) == (2, 1)
    assert (
        counted.prs,
        counted.failing_prs,
        counted.rerun_cnt,
        counted.jobs,
        counted.miss_cnt,
    ) == (2, 2, 3, 4, 3)
    assert {pr.number: pr.facts.title for pr in source.count_prs(day())[0]} == {
        7: "title 7",
        8: "newer \\n title",
    }
    assert source.newest() == datetime(2021, 6, 20)
    assert {(each.job, each.job_id) for each in read_rows(source.engine, None)} == {
        (r.job, r.job_id) for r in rows
    }


@pytest.mark.parametrize("table", ["live order", "order of the DDL", "latin1", "utf8mb3"])
def test_import_into_the_writers_table(make: Make, table: str) -> None:
    """An upsert hits by name in each order, and what does not fit is refused, never cut."""
    source = make(TABLES[table])
    assert write_rows(source.engine, _typical()) == []
    assert (
        write_rows(source.engine, [row("unit", 1, "SUCCESS", pr=7, repo="p/q", branch="b2")]) == []
    )
    too_much = [
        row("unit", 20, "UNSTABLE"),
        row("j" * 101, 21, description="no place for the full name"),
        row("unit", 22, comment="c" * 101),
        row("unit", 2**32, "SUCCESS"),
        row("unit", 24, duration=2**40),
        row("fits", 25),
    ]
    refused = write_rows(source.engine, too_much)
    assert [position for position, _ in refused] == [0, 1, 2, 3, 4]
    assert all("the database rejects it" in str(error) for _, error in refused)
    result = agree(source)
    assert size(result) == 10
    changed = next(run for run in result.all_runs if run.job_id == 1)
    assert (changed.status, changed.repo, changed.branch) == ("SUCCESS", "p/q", "b2")
    assert size(agree(source, RunFilter(day().window, jobs=("fits",)))) == 1


# --- names that a collation takes for one


_ALIKE = ["A", "a", "Á", "ä", "ae", "x", "x ", "x  ", "X", "ß", "ss", "日本", "é", "e\u0301"]


@pytest.mark.parametrize(
    "table", ["folds case and blanks", "general", "binary", "utf8mb3", "no keys at all"]
)
def test_names_are_exact_in_any_collation(make: Make, table: str) -> None:
    source = make(TABLES[table])
    rows = [
        row(name, number, "FAILURE", repo=name, branch=name, description=pull(1), comment=name)
        for number, name in enumerate(_ALIKE, 1)
    ]
    assert write_rows(source.engine, rows) == []
    result = agree(source)
    assert sorted(result.job_map) == sorted(_ALIKE)
    assert sorted(job.job_name for job in source.count_jobs(day())[0]) == sorted(_ALIKE)
    assert sorted(pr.repo for pr in source.count_prs(day())[0]) == sorted(_ALIKE)
    for number, name in list(enumerate(_ALIKE, 1))[::2]:
        by = {"jobs": (name,)}, {"repos": (name,)}, {"branches": (name,)}
        wanted = RunFilter(day().window, **by[number % 3])
        assert [run.job_name for run in source.load(wanted).all_runs] == [name]
        assert [job.job_name for job in source.count_jobs(wanted)[0]] == [name]
    assert (
        source.count_window(RunFilter(day().window, statuses=("failure", "Failure ")))[
            0
        ].tally.total
        == 0
    )
    assert sorted((each.job, each.job_id) for each in read_rows(source.engine, None)) == sorted(
        (each.job, each.job_id) for each in rows
    )


def test_latin1_text_is_the_same_text(make: Make) -> None:
    """Letters of latin1 are matched by their Unicode names; other letters match nothing."""
    source = make(TABLES["latin1"])
    names = ["münchen", "MÜNCHEN", "café", "naïve ", "€"]
    rows = [
        row(name, number, repo=name, branch=name, description=pull(1))
        for number, name in enumerate(names, 1)
    ]
    assert write_rows(source.engine, rows) == []
    assert sorted(agree(source).job_map) == sorted(names)
    for number, name in enumerate(names, 1):
        assert [
            run.job_id
            for run in agree(source, RunFilter(day().window, jobs=(name,), repos=(name,))).all_runs
        ] == [number]
    assert (
        size(
            agree(
                source,
                RunFilter(day().window, jobs=("日本", "münchen"), branches=("🙂", "münchen")),
            )
        )
        == 1
    )
    assert [position for position, _ in write_rows(source.engine, [row("日本", 9)])] == [0]


# --- values that should not be there


def test_null_wherever_it_may_be(make: Make) -> None:
    for statement in (TABLES["live order"],):
        source = make(statement)
        insert(source.engine, job="bare", job_id=1, status="FAILURE")
        insert(source.engine, job="timed", job_id=2, status="FAILURE", time="2021-06-19 01:00:00")
        insert(
            source.engine,
            job="repo",
            job_id=3,
            status="SUCCESS",
            time="2021-06-19 02:00:00",
            repo="o/r",
        )
        insert(
            source.engine,
            job="json",
            job_id=4,
            status="ABORTED",
            time="2021-06-19 03:00:00",
            description='{"a": null}',
        )
        insert(
            source.engine,
            job="both",
            job_id=5,
            status="FAILURE",
            time="2021-06-19 04:00:00",
            repo="o/r",
            description='{"ghprbPullId": null, "ghprbPullTitle": null}',
            analysis_res="null",
        )
        insert(
            source.engine,
            job="pull",
            job_id=6,
            status="FAILURE",
            time="2021-06-19 05:00:00",
            repo="o/r",
            description='{"ghprbPullId": "7", "ghprbPullTitle": null}',
            analysis_res='{"case": null, "env": []}',
        )
        result = agree(source)
        assert (size(result), len(result.run_list), result.miss_cnt) == (5, 1, 3)
        assert (result.run_list[0].pr_title, result.run_list[0].commit) == (None, None)
        # The row without a time is in no window, and in an export.
        everywhere = RunFilter(Window.of(datetime(1, 1, 1), datetime(9999, 12, 31), SHANGHAI))
        assert size(agree(source, everywhere)) == 5
        assert len(list(read_rows(source.engine, None))) == 6


BROKEN = [
    "",
    " ",
    "{",
    '{"ghprbPullId": "7"',
    '{"ghprbPullId": "7"} x',
    "not json",
    "[]",
    "[1]",
    '"7"',
    "7",
    "true",
    "null",
    '{"ghprbPullId": 7}',
    '{"ghprbPullId": true}',
    '{"ghprbPullId": [7]}',
    '{"GHPRBPULLID": "7"}',
    "{'ghprbPullId': '7'}",
    '{"ghprbPullId": "7",}',
    '{"ghprbPullId": "\\u0037"}',
    '{"ghprbPullId": 7.0}',
    '{"ghprbPullId": 1e1}',
    '{"x": {"ghprbPullId": "7"}}',
    '{"ghprbPullId": "7", "ghprbPullTitle": 5}',
    '{"ghprbPullId": "７"}',
    '{"ghprbPullId": "+7"}',
    '{"ghprbPullId": "99999999999999999999"}',
    '{"ghprbPullId": "7" "x": 1}',
    '\ufeff{"ghprbPullId": "7"}',
    '{"ghprbPullId": "7", "x": NaN}',
    '{"ghprbPullId": "7", "x": "cut o',
]

_BROKEN_ANALYSES = [
    "",
    "{",
    "[]",
    "null",
    '{"case": ["a"]',
    '{"case": "a"}',
    '{"case": [null, "a"]}',
    '{"case": ["", "a"]}',
    '{"CASE": ["a"]}',
    '{"case": {"a": "b"}}',
    '{"x": {"case": ["a"]}}',
    '{"env": ["%"]}',
    '{"check": ["_"]}',
    '{"case": ["a"]} x',
    '["case"]',
    '{"case": ["a"]',
    '{"case": ["a"], "env"',
    '{"case": ["a",]}',
    '{"case": ["a"]}}',
    "\ufeff{}",
]


@pytest.fixture(params=["sqlite", "mariadb"])
def loose(request: pytest.FixtureRequest) -> Source:
    """A table whose JSON columns take any text: a TiDB dump in LONGTEXT, or SQLite."""
    if request.param == "mariadb":
        made: Make = request.getfixturevalue("make")
        return made(create(**_LONGTEXT))
    engine = open_engine(f"sqlite:///{request.getfixturevalue('tmp_path') / 'ci.sqlite'}")
    prepare(engine)
    return Source(engine, Origin(SHANGHAI))


def test_broken_descriptions_cost_their_own_rows_only(loose: Source) -> None:
    for number, description in enumerate(BROKEN, 1):
        # A job and a repository of its own for each: the numbers of each are compared.
        insert(
            loose.engine,
            job=f"job {description}"[:100],
            job_id=number,
            status="FAILURE",
            time="2021-06-19 01:00:00",
            repo=description or "empty",
            description=description,
        )
    assert write_rows(loose.engine, [row("good", 1, pr=7)]) == []
    result = agree(loose)
    assert size(result) == len(BROKEN) + 1
    by_repo = {run.repo: run.pr_number for run in result.run_list}
    assert by_repo["o/r"] == 7
    assert {text: number for text, number in by_repo.items() if text != "o/r"} == {
        '{"ghprbPullId": 7}': 7,
        '{"ghprbPullId": "\\u0037"}': 7,
        '{"ghprbPullId": "7", "ghprbPullTitle": 5}': 7,
    }
    warnings = dict(result.provenance.warnings)
    assert set(warnings) == {BAD_DESCRIPTION}
    assert warnings[BAD_DESCRIPTION] >= 12
    assert len(list(read_rows(loose.engine, None))) == len(BROKEN) + 1


def test_broken_analyses_cost_their_own_rows_only(loose: Source) -> None:
    for number, analysis in enumerate(_BROKEN_ANALYSES):
        # An hour of its own window for each: the count of unknown failures is compared one by one.
        insert(
            loose.engine,
            job="unit",
            job_id=number,
            status="FAILURE",
            time=f"2021-06-19 {number:02}:00:00",
            analysis_res=analysis,
        )
    result = agree(loose)
    assert set(dict(result.provenance.warnings)) == {BAD_ANALYSIS}
    named = set()
    for number, analysis in enumerate(_BROKEN_ANALYSES):
        begin = datetime(2021, 6, 19, number)
        one = loose.load(RunFilter(Window.of(begin, begin + timedelta(hours=1), SHANGHAI)))
        counted = loose.count_window(RunFilter(one.provenance.window))[0]
        assert (size(one), counted.tally.total) == (1, 1)
        assert counted.miss_cnt == one.miss_cnt, analysis
        if one.miss_cnt == 0:
            named.add(analysis)
    assert named == {
        '{"case": [null, "a"]}',
        '{"case": ["", "a"]}',
        '{"env": ["%"]}',
        '{"check": ["_"]}',
    }


# --- times


def test_zero_times(make: Make) -> None:
    """0000-00-00, which an old sql_mode stores for an unknown time, is in no window."""
    source = make(TABLES["live order"])
    assert write_rows(source.engine, _typical()) == []
    insert(source.engine, job="zero", job_id=1, status="FAILURE", time="0000-00-00 00:00:00")
    everywhere = RunFilter(Window.of(datetime(1, 1, 1), datetime(9999, 12, 31), SHANGHAI))
    assert size(agree(source, everywhere)) == len(_typical())
    assert source.newest() == datetime(2021, 6, 20)
    assert len(list(read_rows(source.engine, None))) == len(_typical()) + 1


def test_a_table_of_nothing_but_zero_times(make: Make) -> None:
    source = make(TABLES["live order"])
    insert(source.engine, job="zero", job_id=1, status="FAILURE", time="0000-00-00 00:00:00")
    assert source.newest() is None
    assert size(agree(source)) == 0


def test_a_month_without_a_day(make: Make) -> None:
    """2021-06-00 is within a window but invalid: a counted warning, and the row counts."""
    source = make(TABLES["live order"])
    assert write_rows(source.engine, _typical()) == []
    insert(
        source.engine,
        job="zero",
        job_id=1,
        status="FAILURE",
        time="2021-06-00 00:00:00",
        repo="o/r",
        description='{"ghprbPullId": "7"}',
    )
    insert(source.engine, job="zero", job_id=2, status="SUCCESS", time="2021-06-00 00:00:00")
    month = RunFilter(Window.of(datetime(2021, 5, 20), datetime(2021, 6, 20), SHANGHAI))
    result = agree(source, month)
    assert dict(result.provenance.warnings) == {BAD_TIME: 2}
    assert size(result) == 11
    assert size(agree(source)) == 9


@pytest.fixture
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Source:
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('times') / 'ci.sqlite'}")
    prepare(engine)
    return Source(engine, Origin(SHANGHAI))


@pytest.mark.parametrize(
    "form",
    ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"],
)
def test_sqlite_times_in_each_form(sqlite: Source, form: str) -> None:
    """A table that another program made: ISO times with a fraction, or with a T."""
    moments = [
        datetime(2021, 6, 18, 23, 59, 59, 900_000),
        datetime(2021, 6, 19),
        datetime(2021, 6, 19, 8, 30, 0, 250_000),
        datetime(2021, 6, 19, 11, 59, 59),
        datetime(2021, 6, 19, 12),
        datetime(2021, 6, 19, 23, 59, 59),
        datetime(2021, 6, 20),
    ]
    for number, moment in enumerate(moments):
        insert(
            sqlite.engine,
            job="unit",
            job_id=number,
            status="FAILURE",
            time=moment.strftime(form),
            repo="o/r",
            description=f'{{"ghprbPullId": "7", "ghprbPullTitle": "title {number}"}}',
        )
    result = agree(sqlite)
    assert sorted(run.job_id for run in result.run_list) == [1, 2, 3, 4, 5]
    noon = RunFilter(Window.of(datetime(2021, 6, 19, 8), datetime(2021, 6, 19, 12), SHANGHAI))
    assert sorted(run.job_id for run in agree(sqlite, noon).run_list) == [2, 3]
    assert sqlite.count_prs(noon)[0][0].facts.title == "title 3"
    assert sqlite.newest() == datetime(2021, 6, 20)
    assert [each.label for each in sqlite.count_window(noon)[0].periods] == [
        f"2021-06-19 {h:02}" for h in range(8, 12)
    ]


def test_sqlite_times_in_mixed_forms(sqlite: Source) -> None:
    for number, moment in enumerate(
        ["2021-06-19T09:00:00", "2021-06-19 10:00:00", "2021-06-19T08:00:00.5"]
    ):
        insert(
            sqlite.engine,
            job="unit",
            job_id=number,
            status="FAILURE",
            time=moment,
            repo="o/r",
            description=f'{{"ghprbPullId": "7", "ghprbPullTitle": "title {number}"}}',
        )
    assert agree(sqlite).pr_map
    assert sqlite.count_prs(day())[0][0].facts.title == "title 1"


def test_sqlite_times_that_are_none(sqlite: Source) -> None:
    """Text within the window that is not a time: a counted warning; the numbers stay equal."""
    for number, moment in enumerate(
        ["2021-06-19 24:01:00", "2021-06-19 99:00:00", "2021-06-19 noon", "2021-06-19 10:00:00"]
    ):
        insert(sqlite.engine, job=f"job{number}", job_id=number, status="FAILURE", time=moment)
    result = agree(sqlite)
    assert size(result) == 4
    assert dict(result.provenance.warnings) == {BAD_TIME: 3}


def test_an_offset_of_a_time_is_dropped_and_counted(sqlite: Source) -> None:
    insert(sqlite.engine, job="odd", job_id=1, status="SUCCESS", time="2021-06-19T10:00:00Z")
    insert(sqlite.engine, job="odd", job_id=2, status="SUCCESS", time="2021-06-19 11:00:00")
    result = agree(sqlite)
    assert [run.time for run in result.all_runs] == [
        datetime(2021, 6, 19, 10),
        datetime(2021, 6, 19, 11),
    ]
    assert dict(result.provenance.warnings) == {TIME_OFFSET: 1}


def test_a_missing_status_beside_an_unknown_one(make: Make) -> None:
    source = make(create(status="varchar(20) default null"))
    insert(source.engine, job="odd", job_id=1, status=None, time="2021-06-19 10:00:00")
    insert(source.engine, job="odd", job_id=2, status="UNSTABLE", time="2021-06-19 10:00:00")
    result = agree(source)
    assert [run.status for run in result.all_runs] == ["", "UNSTABLE"]


def test_names_in_binary_columns_are_text(make: Make) -> None:
    binary = "varbinary(100) default null"
    names = {"job": "varbinary(100) not null", "repo": binary, "branch": binary, "comment": binary}
    source = make(create(status="varbinary(20) not null", **names))
    assert write_rows(source.engine, _typical()) == []
    result = agree(source)
    assert {type(run.job_name) for run in result.all_runs} == {str}
    assert sorted(result.job_map) == ["check", "nightly", "nothing", "unit"]
    assert result.fail_cnt == 3


@pytest.mark.parametrize("other", ["Unit", "unit ", "ünit"])
def test_a_job_that_the_table_takes_for_another_is_refused(make: Make, other: str) -> None:
    """Otherwise one run would replace the other, and both would count as stored."""
    source = make(TABLES["folds case and blanks"])
    rows = [row("unit", 1, "FAILURE"), row(other, 1, "SUCCESS"), row(other, 2, "SUCCESS")]
    ((position, error),) = write_rows(source.engine, rows)
    assert position == 1
    assert "takes its job for 'unit'" in str(error)
    assert [(run.job_name, run.job_id) for run in agree(source).all_runs] == [
        *sorted([("unit", 1), (other, 2)])
    ]

    # The same if the other run was stored before.
    assert [position for position, _ in write_rows(source.engine, rows[1:])] == [0]


def test_jobs_that_differ_in_case_are_two_where_the_table_says_so(sqlite: Source) -> None:
    rows = [row("unit", 1, "FAILURE"), row("Unit", 1, "SUCCESS"), row("unit ", 1, "SUCCESS")]
    assert write_rows(sqlite.engine, rows) == []
    assert len(agree(sqlite).job_map) == 3


def test_the_times_of_replaced_rows_are_returned(sqlite: Source) -> None:
    moved = row("unit", 1, time=datetime(2021, 6, 19, 10))
    write_rows(sqlite.engine, [row("unit", 1, time=datetime(2021, 6, 2, 10)), row("unit", 2)])

    replaced = Stretch()
    write_rows(sqlite.engine, [moved, row("unit", 3)], replaced)
    assert (replaced.first, replaced.last) == (datetime(2021, 6, 2, 10), datetime(2021, 6, 2, 10))


def test_a_row_from_the_future_does_not_hide_old_data(make: Make) -> None:
    source = make(TABLES["live order"])
    write_rows(source.engine, [row("unit", 1, time=datetime(2021, 6, 10))])
    write_rows(source.engine, [row("unit", 2, time=datetime(2921, 6, 10))])
    provenance = source.load(day()).provenance
    assert provenance.newest == datetime(2021, 6, 10)
    assert dict(provenance.warnings) == {IN_FUTURE: 1}
    assert source.count_window(day())[1] == provenance
