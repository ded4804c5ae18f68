"""A sharded MariaDB (Spider) gives the same answers, and none unless all rows can be read."""

import io
import os
import signal
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from ci_stat.errors import CiStatError, ConnectionLost, SchemaMismatch, ServerUnreachable
from ci_stat.formats.jsonl_rows import encode_row
from ci_stat.records import Origin, RunFilter, RunRow
from ci_stat.result import counting
from ci_stat.runs.database import Source
from ci_stat.runs.export_runs import export_rows, read_rows
from ci_stat.runs.import_runs import import_lines
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import connected, open_engine
from tests.conftest import SHANGHAI, day
from tests.store.ci_data.test_statements import HOSTILE
from tests.store.test_engine import DRIVERS, QUESTIONS
from tests.support import cluster, mariadb
from tests.support.rows import BEGIN, history, pull, row

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(
        "CI_STAT_TEST_CLUSTER" not in os.environ, reason="opt in with `make test-cluster`"
    ),
]


@pytest.fixture(scope="module")
def spider() -> Iterator[cluster.Cluster]:
    reason = cluster.missing()
    if reason and "CI_STAT_TEST_REQUIRE" not in os.environ:
        pytest.skip(reason)
    with cluster.running() as running:
        yield running


def _history() -> list[RunRow]:
    """A day of runs of all kinds: reruns, nightly, other statuses, hostile and similar names."""
    names = [*HOSTILE, "unit", "Unit", "unit ", "ünit"]
    rows = [*history("PFAU|FP|AAF"), *history("FFP", job="nightly", pr=None, first=100)]
    for number in range(400):
        name = names[number % len(names)]
        rows.append(
            row(
                name,
                1_000 + number,
                ("SUCCESS", "FAILURE", "ABORTED", "UNSTABLE")[number % 7 % 4],
                time=BEGIN + timedelta(minutes=3 * number),
                repo=("o/r", "O/R", None, "p/q")[number % 4],
                branch=name,
                comment=name,
                commit=f"c{number % 31}",
                description=pull(number % 23, ghprbPullTitle=f"title {number}", filler="x" * 1_500),
                analysis_res=[None, {}, {"case": [name]}, {"env": ["e"]}][number % 4],
            )
        )
    return rows


def _engine(spider: cluster.Cluster, driver: str = "pymysql", read_timeout: int = 20) -> Engine:
    return open_engine(spider.url(driver), 2, read_timeout)


@pytest.fixture(scope="module")
def filled(spider: cluster.Cluster, server: mariadb.Server) -> Iterator[str]:
    """The URL of one plain server with the same rows as the cluster."""
    server.sql("create database plain")
    engine = open_engine(server.url("plain"))
    prepare(engine)
    for target in (engine, _engine(spider)):
        with target.begin() as connection:
            connection.execute(text("delete from ci_data"))
        assert write_rows(target, _history()) == []
    yield server.url("plain")
    server.sql("drop database plain")


@pytest.fixture(params=DRIVERS)
def source(request: pytest.FixtureRequest, spider: cluster.Cluster, filled: str) -> Source:
    return Source(_engine(spider, request.param), Origin(SHANGHAI))


def _answers(source: Source, wanted: RunFilter) -> list[object]:
    """Everything that is asked of a window, as values."""
    result = source.load(wanted)
    runs = sorted(
        (
            run.job_name,
            run.job_id,
            run.status,
            str(run.time),
            run.pr_number,
            run.pr_title,
            run.repo,
            run.failures,
        )
        for run in result.all_runs
    )
    window = source.count_window(wanted)[0]
    jobs = source.count_jobs(wanted)[0]
    prs, total, _ = source.count_prs(wanted)
    assert window == counting.count_window(result)
    assert jobs == counting.count_jobs(result.job_map)
    assert prs == counting.count_prs(result.pr_map)
    exported = io.StringIO()
    export_rows(source.engine, wanted, exported, lambda _n: None)
    return [
        runs,
        window,
        jobs,
        prs,
        total,
        source.count_prs(wanted, 3)[0],
        source.newest(),
        sorted(exported.getvalue()),
    ]


def test_rows_lie_on_all_shards(spider: cluster.Cluster, filled: str) -> None:
    counts = spider.rows()
    assert sum(counts) == len(_history())
    assert min(counts) > len(_history()) / 6


@pytest.mark.parametrize(
    "wanted",
    [
        day(),
        RunFilter(day().window, jobs=("unit", HOSTILE[0])),
        RunFilter(day().window, repos=("o/r",), statuses=("FAILURE", "UNSTABLE")),
        RunFilter(day().window, branches=("unit ",)),
        RunFilter(day().window, jobs=("nobody",)),
    ],
    ids=["all", "jobs", "repo and status", "branch", "none"],
)
def test_a_cluster_answers_as_one_server(source: Source, filled: str, wanted: RunFilter) -> None:
    plain = Source(open_engine(filled), Origin(SHANGHAI))
    assert _answers(source, wanted) == _answers(plain, wanted)


def test_an_import_through_the_head_updates_in_place(
    spider: cluster.Cluster, filled: str, source: Source
) -> None:
    """ON DUPLICATE KEY UPDATE works with Spider if the shards have the primary key."""
    before = spider.rows()
    rows = _history()
    for each in rows:
        each.branch = "imported"
    done = import_lines(source.engine, [encode_row(each).encode() for each in rows], SHANGHAI)
    assert (done.stored, done.skipped) == (len(rows), [])
    assert spider.rows() == before
    assert {each.branch for each in read_rows(source.engine, None)} == {"imported"}
    assert write_rows(source.engine, _history()) == []
    assert spider.rows() == before


def test_a_refused_row_leaves_the_others(spider: cluster.Cluster, source: Source) -> None:
    rows = [row("kept", 1), row("x" * 300, 2), row("kept", 3)]
    refused = write_rows(source.engine, rows)
    assert [position for position, _ in refused] == [1], refused
    wanted = RunFilter(day().window, jobs=("kept",))
    assert source.count_window(wanted)[0].tally.total == 2
    with source.engine.begin() as connection:
        connection.execute(text("delete from ci_data where job = 'kept'"))
    assert sum(spider.rows()) == len(_history())


def _refused(source: Source, question: str) -> CiStatError:
    begun = time.monotonic()
    with pytest.raises(CiStatError) as caught:
        QUESTIONS[question](source)
    assert time.monotonic() - begun < 15
    assert "shard-secret" not in str(caught.value) + repr(caught.value.__cause__)
    return caught.value


@pytest.fixture
def wounded(spider: cluster.Cluster, filled: str) -> Iterator[int]:
    """The number of a shard that was just killed, and is back afterwards."""
    number = 1
    spider.shards[number].stop(kill=True)
    yield number
    if spider.shards[number].process.poll() is not None:
        spider.revive(number)


def test_without_a_shard_there_are_no_numbers(
    spider: cluster.Cluster, source: Source, wounded: int
) -> None:
    for question in QUESTIONS:
        error = _refused(source, question)
        assert type(error) is ServerUnreachable, question
        assert "a part of the cluster does not answer" in str(error)
        assert "shard2" in str(error)
        assert "without all of its rows" in str(error)
    with pytest.raises(ServerUnreachable, match="a part of the cluster"):
        write_rows(source.engine, [row(f"lost{number}", number) for number in range(30)])
    spider.revive(wounded)
    # As before, and nothing of the import that broke is there.
    assert source.count_window(day())[0].tally.total == len(_history())
    assert source.count_window(day())[0] == counting.count_window(source.load(day()))
    assert sum(spider.rows()) == len(_history())


def test_a_shard_lost_between_two_questions_of_one_session(
    spider: cluster.Cluster, source: Source, filled: str
) -> None:
    """The head still holds its connection to the shard: its errors are other ones."""

    def ask_twice() -> None:
        with connected(source.engine) as connection:
            assert connection.execute(text("select count(*) from ci_data")).scalar() == len(
                _history()
            )
            spider.shards[2].stop(kill=True)
            connection.execute(text("select count(*) from ci_data")).scalar()

    try:
        with pytest.raises(ServerUnreachable, match="a part of the cluster"):
            ask_twice()
    finally:
        if spider.shards[2].process.poll() is not None:
            spider.revive(2)
    assert source.count_window(day())[0].tally.total == len(_history())


def test_a_shard_lost_in_the_middle_of_an_answer(
    spider: cluster.Cluster, source: Source, filled: str
) -> None:
    """Complete or an error, wherever the shard dies: nobody would notice missing rows."""
    engine = _engine(spider)
    many = [
        row("many", number, pr=number % 9 + 1, description=pull(1, x="y" * 4_000))
        for number in range(6_000)
    ]
    for first in range(0, len(many), 1_000):
        assert write_rows(engine, many[first : first + 1_000]) == []
    wanted = RunFilter(day().window, jobs=("many",))
    seen: list[int] = []

    def progress(rows: int) -> None:
        if not seen:
            spider.shards[0].stop(kill=True)
        seen.append(rows)

    try:
        found: int | CiStatError
        try:
            found = len(source.load(wanted, progress).run_list)
        except (ServerUnreachable, ConnectionLost) as error:
            found = error
        assert isinstance(found, CiStatError) or found == len(many)
        assert seen
    finally:
        spider.revive(0)
    assert len(source.load(wanted).run_list) == len(many)
    with engine.begin() as connection:
        connection.execute(text("delete from ci_data where job = 'many'"))
    assert sum(spider.rows()) == len(_history())


def test_a_shard_that_hangs(spider: cluster.Cluster, filled: str) -> None:
    """It neither answers nor goes away: our own limit ends the wait."""
    source = Source(_engine(spider, read_timeout=2), Origin(SHANGHAI))
    process = spider.shards[1].process
    process.send_signal(signal.SIGSTOP)
    try:
        begun = time.monotonic()
        with pytest.raises(
            ServerUnreachable, match=r"did not answer within 2 s|part of the cluster"
        ):
            source.count_window(day())
        assert time.monotonic() - begun < 10
    finally:
        process.send_signal(signal.SIGCONT)
    assert Source(_engine(spider), Origin(SHANGHAI)).count_window(day())[0].tally.total == len(
        _history()
    )


def test_a_shard_without_the_table(spider: cluster.Cluster, filled: str) -> None:
    """A shard that was set up half: said, not counted past."""
    shard = spider.shards[2]
    shard.sql("rename table ci_data to elsewhere", cluster.DATABASE)
    try:
        with pytest.raises(CiStatError) as caught:
            Source(_engine(spider), Origin(SHANGHAI)).count_window(day())
        assert isinstance(caught.value, (ServerUnreachable, SchemaMismatch))
        assert "ci_data" in str(caught.value)
    finally:
        shard.sql("rename table elsewhere to ci_data", cluster.DATABASE)
    assert Source(_engine(spider), Origin(SHANGHAI)).count_window(day())[0].tally.total == len(
        _history()
    )
