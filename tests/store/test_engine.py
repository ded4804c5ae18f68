"""Failing connections: the right error, with the place, the next step and no password."""

import importlib.util
import sqlite3
import ssl
import struct
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from types import FunctionType
from urllib.parse import quote

import pytest
import trustme
from sqlalchemy import text

from ci_stat.config import Settings, Value
from ci_stat.context import Context
from ci_stat.errors import (
    AccessDenied,
    CiStatError,
    ConnectionLost,
    DatabaseError,
    SchemaMismatch,
    ServerUnreachable,
    SettingsError,
    UsageError,
)
from ci_stat.records import Origin, RunFilter, RunRow
from ci_stat.runs.database import Source
from ci_stat.runs.export_runs import read_rows
from ci_stat.store import engine as engine_module
from ci_stat.store.ci_data.streaming import stream
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import connected, open_engine, parse_url
from ci_stat.store.errors import translate_error
from tests.conftest import SHANGHAI, day
from tests.support import mariadb, proxy
from tests.support.columns import drop_columns
from tests.support.rows import pull, row

SECRET = "s3cr3t/p@ss:w%rd"
_WRITTEN = quote(SECRET, safe="")
ROWS = 1_500

_needs_mysqldb = pytest.mark.skipif(
    importlib.util.find_spec("MySQLdb") is None,
    reason="mysqlclient is not installed (make test builds it)",
)
DRIVERS = ["pymysql", pytest.param("mysqldb", marks=_needs_mysqldb)]


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def filled(server: mariadb.Server) -> Iterator[str]:
    """The name of a database that holds enough rows to be cut in the middle of them."""
    server.sql("create database filled")
    engine = open_engine(server.url("filled"))
    prepare(engine)
    assert write_rows(engine, _rows()) == []
    yield "filled"
    server.sql("drop database filled")


def _rows(size: int = 900) -> list[RunRow]:
    padding = "y" * size
    return [
        row(
            f"job{n % 7}",
            n,
            "FAILURE" if n % 3 else "SUCCESS",
            pr=n % 50 + 1,
            description=pull(n % 50 + 1, x=padding),
        )
        for n in range(1, ROWS + 1)
    ]


def _url(
    port: int,
    database: str = "filled",
    user: str = "root",
    password: str = "",
    driver: str = "pymysql",
) -> str:
    return f"mysql+{driver}://{user}:{password}@127.0.0.1:{port}/{database}"


def _source(url: str, connect_timeout: int = 1, read_timeout: int = 20) -> Source:
    return Source(open_engine(url, connect_timeout, read_timeout), Origin(SHANGHAI))


# Every way of asking that opens a connection of its own.
QUESTIONS: dict[str, Callable[[Source], object]] = {
    "load": lambda source: source.load(day()),
    "count_window": lambda source: source.count_window(day()),
    "count_jobs": lambda source: source.count_jobs(day()),
    "count_prs": lambda source: source.count_prs(day()),
    "newest": lambda source: source.newest(),
    "export": lambda source: list(read_rows(source.engine, day())),
}


def refusal(
    expected: type[CiStatError],
    ask: Callable[[], object],
    *words: str,
    secrets: tuple[str, ...] = (SECRET, _WRITTEN),
) -> CiStatError:
    """The error that `ask` raises: of this class, with `words` and a next step, without secrets."""
    with pytest.raises(CiStatError) as caught:
        ask()
    error = caught.value
    assert type(error) is expected, error
    for word in words:
        assert word in str(error)
    assert error.hint
    chain = "".join(traceback.format_exception(error))
    for secret in secrets:
        for said in (str(error), repr(error), chain):
            assert secret not in said
    return error


# --- a server that is not there, or not for us


@pytest.mark.parametrize("question", QUESTIONS)
def test_nobody_listens(question: str, driver: str) -> None:
    port = proxy.closed_port()
    source = _source(_url(port, password=_WRITTEN, driver=driver))
    refusal(
        ServerUnreachable,
        lambda: QUESTIONS[question](source),
        f"127.0.0.1:{port}",
        "cannot be reached",
        "root:***",
    )


def test_a_server_that_says_nothing_is_given_up_after_connect_timeout(driver: str) -> None:
    with proxy.silent() as port:
        # The limit for queries is far longer, and must not be what we wait for.
        source = _source(
            _url(port, password=_WRITTEN, driver=driver), connect_timeout=1, read_timeout=60
        )
        begun = time.monotonic()
        refusal(ServerUnreachable, source.newest, f"127.0.0.1:{port}", "cannot be reached", "1 s")
        assert 0.5 < time.monotonic() - begun < 5


def test_a_server_that_hangs_up_at_once(server: mariadb.Server, driver: str) -> None:
    with proxy.through(server.port, 0, 0) as cut:
        refusal(
            ServerUnreachable, _source(_url(cut.port, driver=driver)).newest, "cannot be reached"
        )


def test_a_host_that_does_not_exist(driver: str) -> None:
    url = f"mysql+{driver}://root:{_WRITTEN}@no-such-host.invalid/d"
    refusal(ServerUnreachable, _source(url).newest, "no-such-host.invalid")


def test_something_that_is_no_database(driver: str) -> None:
    with proxy.speaking(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n") as port:
        error = refusal(
            ServerUnreachable, _source(_url(port, password=_WRITTEN, driver=driver)).newest
        )
        assert f"127.0.0.1:{port}" in str(error)


@pytest.mark.parametrize("question", QUESTIONS)
def test_wrong_password(server: mariadb.Server, filled: str, question: str, driver: str) -> None:
    source = _source(_url(server.port, password=_WRITTEN, driver=driver))
    refusal(
        AccessDenied,
        lambda: QUESTIONS[question](source),
        "denies access",
        "user, password and grants",
    )


def test_unknown_database(server: mariadb.Server, driver: str) -> None:
    source = _source(_url(server.port, "nowhere", driver=driver))
    refusal(SchemaMismatch, source.newest, "nowhere", "sync_ci_data")


@pytest.fixture
def stranger(server: mariadb.Server) -> Iterator[str]:
    server.sql("create user stranger@'127.0.0.1' identified by 's3cr3t/p@ss:w%rd'")
    yield "stranger"
    server.sql("drop user stranger@'127.0.0.1'")


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_right_to_read(
    server: mariadb.Server, filled: str, stranger: str, question: str, driver: str
) -> None:
    server.sql(f"grant insert on {filled}.* to {stranger}@'127.0.0.1'")
    source = _source(_url(server.port, filled, stranger, _WRITTEN, driver))
    refusal(
        AccessDenied,
        lambda: QUESTIONS[question](source),
        "denies access",
        "SELECT is enough",
        stranger,
    )


def test_no_right_on_the_database(server: mariadb.Server, filled: str, stranger: str) -> None:
    source = _source(_url(server.port, filled, stranger, _WRITTEN))
    refusal(AccessDenied, source.newest, "denies access", filled)


def test_the_right_password_with_every_awkward_sign(
    server: mariadb.Server, filled: str, stranger: str
) -> None:
    server.sql(f"grant select on {filled}.* to {stranger}@'127.0.0.1'")
    keys = {
        "host": "127.0.0.1",
        "port": str(server.port),
        "user": stranger,
        "password": SECRET,
        "database": filled,
    }
    source = Context(Settings({key: Value(value, "test") for key, value in keys.items()})).source
    assert source.count_window(day())[0].tally.total == ROWS
    assert SECRET not in source.name
    assert _WRITTEN not in source.name


def test_ipv6(server: mariadb.Server, filled: str) -> None:
    if not proxy.has_ipv6():
        pytest.skip("no IPv6 on loopback here")
    with proxy.through(server.port, host="::1") as six:
        keys = {"host": "::1", "port": str(six.port), "user": "root", "database": filled}
        source = Context(
            Settings({key: Value(value, "test") for key, value in keys.items()})
        ).source
        assert source.count_window(day())[0].tally.total == ROWS
        assert six.connections == 1
        assert f"[::1]:{six.port}" in source.name
        port = six.port
    refusal(ServerUnreachable, source.newest, f"[::1]:{port}")


# --- tables that are not what we need


@pytest.mark.parametrize("question", QUESTIONS)
def test_missing_table(url: str, question: str) -> None:
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("create table other (x integer)"))
    source = Source(engine, Origin(SHANGHAI))
    refusal(
        SchemaMismatch, lambda: QUESTIONS[question](source), "no table ci_data", "ci-stat import"
    )


@pytest.mark.parametrize("question", [name for name in QUESTIONS if name != "newest"])
def test_missing_columns_are_all_named(url: str, question: str) -> None:
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "create table ci_data (job varchar(9), job_id integer, time datetime, branch text)"
            )
        )
    error = refusal(
        SchemaMismatch,
        lambda: QUESTIONS[question](Source(engine, Origin(SHANGHAI))),
        "lacks the columns",
        "status (outcome)",
        "duration",
        "commit",
        "comment (",
        "analysis_res",
        "description",
        "repo (owner/name)",
    )
    assert "job_id (" not in str(error)
    assert "branch (" not in str(error)


def test_one_missing_column(url: str) -> None:
    engine = open_engine(url)
    prepare(engine)
    with engine.begin() as connection:
        drop_columns(connection, "description")
    error = refusal(
        SchemaMismatch,
        lambda: Source(engine, Origin(SHANGHAI)).load(day()),
        "lacks the column descr",
    )
    assert "other build parameters" in str(error)


# --- SQLite files


@pytest.mark.parametrize("question", QUESTIONS)
def test_missing_sqlite_file_is_not_made(tmp_path: Path, question: str) -> None:
    path = tmp_path / "gone.sqlite"
    source = _source(f"sqlite:///{path}")
    refusal(
        ServerUnreachable,
        lambda: QUESTIONS[question](source),
        str(path),
        "does not exist",
        "ci-stat import",
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_file_that_is_no_sqlite(tmp_path: Path, question: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("These are my notes, and no database. " * 100)
    source = _source(f"sqlite:///{path}")
    refusal(ServerUnreachable, lambda: QUESTIONS[question](source), str(path), "not a database")
    assert path.read_text().startswith("These are my notes")


def test_a_folder_for_a_file(tmp_path: Path) -> None:
    refusal(ServerUnreachable, _source(f"sqlite:///{tmp_path}").newest, str(tmp_path))


def test_a_locked_file_is_waited_for_no_longer_than_said(tmp_path: Path) -> None:
    path = tmp_path / "ci.sqlite"
    source = _source(f"sqlite:///{path}", connect_timeout=1)
    prepare(source.engine)
    assert write_rows(source.engine, [row()]) == []
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN EXCLUSIVE")
        begun = time.monotonic()
        refusal(DatabaseError, source.newest, str(path), "locked", "Another program")
        assert 0.5 < time.monotonic() - begun < 5
    finally:
        other.close()
    assert source.newest() is not None


def test_a_truncated_file(tmp_path: Path) -> None:
    path = tmp_path / "ci.sqlite"
    source = _source(f"sqlite:///{path}")
    prepare(source.engine)
    write_rows(source.engine, _rows()[:500])
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with pytest.raises(DatabaseError, match=r"malformed.*") as caught:
        source.load(day())
    assert str(path) in str(caught.value)


# --- URLs


def test_unknown_driver() -> None:
    for url in (f"mysql+nodriver://u:{_WRITTEN}@h/d", f"oracledb3://u:{_WRITTEN}@h/d"):
        opening = partial(open_engine, url)
        refusal(SettingsError, opening, "is not installed", "mysql+pymysql://")


@pytest.mark.parametrize(
    "url", [f"nonsense {SECRET}", f"mysql://u:{SECRET}", f"mysql://u:x@h:{SECRET}", ""]
)
def test_an_unreadable_url_is_not_repeated(url: str) -> None:
    refusal(
        SettingsError,
        lambda: parse_url(url),
        "Invalid database URL",
        "%40",
        secrets=(SECRET[:6], SECRET[-4:]),
    )


def test_an_installed_driver_that_cannot_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "MySQLdb", None)
    refusal(
        SettingsError,
        lambda: open_engine(f"mysql+mysqldb://u:{_WRITTEN}@h/d"),
        "MySQLdb",
        "pip install 'ci-stat[mysqlclient]'",
    )


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("mysql://h/d", "mysql+pymysql"),
        ("mariadb://h/d", "mariadb+pymysql"),
        ("sqlite://", "sqlite"),
    ],
)
def test_the_default_driver(url: str, used: str) -> None:
    assert parse_url(url).drivername == used


@pytest.mark.parametrize(
    "query", ["connect_timeout=soon", "read_timeout=0", "read_timeout=1&read_timeout=2"]
)
def test_a_wrong_time_limit_in_the_url(query: str) -> None:
    key = query.partition("=")[0]
    with pytest.raises(SettingsError, match=f"{key}.*not a whole number"):
        open_engine(f"mysql://u:p@h/d?{query}")


def test_a_name_that_is_no_text(source: Source) -> None:
    wanted = RunFilter(day().window, jobs=("half \udcff pair",))
    for ask in (source.load, source.count_window, source.count_jobs):
        with pytest.raises(UsageError, match="is not text"):
            ask(wanted)


def test_without_options_pymysql_encrypts_if_the_server_can(
    server: mariadb.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It verifies nothing then, so no certificate authority is read: that took 28 ms each time."""

    def cipher(port: int) -> str:
        with connected(open_engine(_url(port, database="mysql"))) as connection:
            return str(connection.execute(text("show status like 'Ssl_cipher'")).all()[0][1])

    def read(_context: ssl.SSLContext) -> None:
        pytest.fail("certificate authorities are read")

    monkeypatch.setattr(ssl.SSLContext, "set_default_verify_paths", read)
    assert cipher(server.port) == ""
    files = [str(tmp_path / name) for name in ("cert.pem", "key.pem")]
    certificate = trustme.CA().issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(files[0])
    certificate.private_key_pem.write_to_path(files[1])
    with mariadb.running(f"--ssl-cert={files[0]}", f"--ssl-key={files[1]}") as encrypting:
        assert "AES" in cipher(encrypting.port) or "CHACHA" in cipher(encrypting.port)


def test_the_tls_options_of_a_url_are_those_of_pymysql(server: mariadb.Server) -> None:
    """Who asks for a verified server gets no other."""
    url = f"{_url(server.port, database='mysql')}?ssl_verify_cert=true&ssl_verify_identity=true"
    with pytest.raises(DatabaseError, match="SSL"), connected(open_engine(url)):
        pass


# --- connections that break midway


@pytest.fixture(scope="module")
def whole(server: mariadb.Server, filled: str) -> dict[str, object]:
    """What the full, undisturbed answers are, and after how many bytes they are complete."""
    return {name: _shape(ask(_source(server.url(filled)))) for name, ask in QUESTIONS.items()}


def _shape(answer: object) -> object:
    """An answer as a value that shows a missing or a doubled row."""
    if hasattr(answer, "all_runs"):
        return sorted(
            (run.job_name, run.job_id, run.status, run.pr_number) for run in answer.all_runs
        )
    if isinstance(answer, tuple):
        return answer[:-1]  # without the provenance, which names the port
    return answer


@cache
def _lengths(port: int, driver: str, ask: Callable[[Source], object]) -> tuple[int, int]:
    """The bytes of the server's answer to an engine's first query, and to its repetition."""
    with proxy.through(port) as free:
        source = _source(_url(free.port, driver=driver))
        ask(source)
        ask(source)
        assert free.connections == 2
        return free.carried[0], free.carried[1]


@pytest.mark.parametrize("reset", [False, True], ids=["end", "reset"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_cut_is_repaired_once(
    server: mariadb.Server, whole: dict[str, object], question: str, driver: str, reset: bool
) -> None:
    ask = QUESTIONS[question]
    length, again = _lengths(server.port, driver, ask)
    greeting, _ = _lengths(server.port, driver, _only_connect)
    # In the first answer's columns, twice within the answers, and before the end of the last.
    places = (
        greeting + 3,
        greeting + (length - greeting) // 3,
        greeting + (length - greeting) // 2 + 1,
        length - 40,
    )
    for where in places[1:2] if reset else places:
        with proxy.through(server.port, where, None, reset=reset) as cut:
            assert _shape(ask(_source(_url(cut.port, driver=driver)))) == whole[question]
            assert cut.connections == 2, f"cut after {where} of {length} bytes"
        with proxy.through(server.port, where, where - length + again, reset=reset) as cut:
            source = _source(_url(cut.port, driver=driver))
            refusal(ConnectionLost, partial(ask, source), "connection was lost", "Try again")
            assert cut.connections == 2


def _only_connect(source: Source) -> None:
    with connected(source.engine):
        pass


def test_a_cut_at_any_byte_is_one_of_ours(server: mariadb.Server, filled: str, driver: str) -> None:
    """Greeting, login, first queries, column descriptions, rows: each cut is a clear error."""
    for where in range(0, 1_300, 53):
        with proxy.through(server.port, where, where) as cut:
            with pytest.raises((ConnectionLost, ServerUnreachable)) as caught:
                _source(_url(cut.port, driver=driver)).load(day())
            assert caught.value.hint


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff" * 64,
        b"\x00" * 64,
        b"\x05\x00\x00\x00hello",
        bytes(range(256)),
        b"\x01\x00\x00\x63\xfe",
    ],
    ids=["ff", "zero", "seq0", "count", "wrong-seq"],
)
def test_garbage_in_the_middle_is_a_broken_connection(
    server: mariadb.Server, filled: str, garbage: bytes
) -> None:
    with proxy.through(server.port, 200_001, 200_001, garble=garbage) as cut:
        source = _source(_url(cut.port))
        error = refusal(ConnectionLost, lambda: source.load(day()), "connection was lost")
        assert cut.connections == 2
        assert error.__cause__ is not None


@pytest.mark.parametrize(
    "strange",
    [
        struct.error("unpack requires a buffer of 4 bytes"),
        AttributeError("'NoneType' object has no attribute 'read'"),
        IndexError("index out of range"),
        BrokenPipeError(32, "Broken pipe"),
        ConnectionResetError(104, "Connection reset by peer"),
        AssertionError("packet"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_pymysql_stumbles_over_is_a_broken_connection(
    server: mariadb.Server,
    whole: dict[str, object],
    strange: Exception,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Errors out of the driver's own code, of no class of its own."""
    from pymysql import connections

    packets = 0
    real = connections.MysqlPacket.is_eof_packet

    def broken(self: object) -> bool:
        nonlocal packets
        packets += 1
        if packets == 1_000:
            raise strange
        return bool(real(self))

    # Run in the driver's own name space, as its own code is.
    broken_there = FunctionType(
        broken.__code__, vars(connections), "is_eof_packet", broken.__defaults__, broken.__closure__
    )
    monkeypatch.setattr(connections.MysqlPacket, "is_eof_packet", broken_there)
    assert _shape(_source(server.url("filled")).load(day())) == whole["load"]
    assert packets > ROWS


def test_a_fault_of_ours_is_not_taken_for_the_connection(
    server: mariadb.Server, filled: str
) -> None:
    def progress(_rows: int) -> None:
        raise AttributeError("a fault of the caller")

    with pytest.raises(AttributeError, match="a fault of the caller"):
        _source(server.url(filled)).load(day(), progress)


def test_a_reader_that_stops_early_is_quiet(
    server: mariadb.Server, filled: str, driver: str
) -> None:
    """Not read to its end, the answer is thrown away at once and without a word on stderr."""
    engine = open_engine(_url(server.port, driver=driver))
    with connected(engine) as connection:
        rows = stream(connection, text("select * from ci_data"), batch=10)
        assert len(next(rows)) == 10
        begun = time.monotonic()
        rows.close()  # type: ignore[attr-defined]
    assert time.monotonic() - begun < 1
    deadline = time.monotonic() + 5
    while (
        server.sql(
            f"select count(*) from information_schema.processlist where db = '{filled}'"
        ).strip()
        != "0"
    ):
        assert time.monotonic() < deadline, "a connection was left open"
        time.sleep(0.02)


def test_an_export_goes_on_behind_the_last_row(
    server: mariadb.Server, filled: str, driver: str
) -> None:
    wanted = [
        (row.job, row.job_id) for row in sorted(_rows(), key=lambda row: (row.job, row.job_id))
    ]
    with proxy.through(server.port, 700_000, None) as cut:
        found = [
            (row.job, row.job_id)
            for row in read_rows(open_engine(_url(cut.port, driver=driver)), None)
        ]
        assert cut.connections == 2
    assert found == wanted


def test_rows_are_not_refused_because_the_connection_broke(
    server: mariadb.Server, filled: str, mariadb_url: str
) -> None:
    """A rejected row makes an import go row by row; a cut then is an error, not a bad row."""
    database = mariadb_url.rpartition("/")[2]
    prepare(open_engine(mariadb_url))
    rows = [*_rows()[:200], row("x" * 5_000)]
    greeting, _ = _lengths(server.port, "pymysql", _only_connect)
    with proxy.through(server.port, greeting + 1_000) as cut:
        engine = open_engine(_url(cut.port, database), 1, 20)
        refusal(ConnectionLost, lambda: write_rows(engine, rows), "connection was lost")
        assert cut.connections == 1
    assert server.sql("select count(*) from ci_data", database).strip() == "0"


@pytest.mark.chaos
@pytest.mark.recovery
def test_a_killed_server(server: mariadb.Server, driver: str) -> None:
    with mariadb.running() as mortal:
        mortal.sql("create database d")
        engine = open_engine(_url(mortal.port, "d", driver=driver), 1, 20)
        prepare(engine)
        assert write_rows(engine, _rows(9_000)) == []  # more than the buffers on the way can hold
        seen: list[int] = []

        def progress(rows: int) -> None:
            if not seen:
                mortal.stop(kill=True)
            seen.append(rows)

        # The connection breaks, and the second try finds nobody.
        source = Source(engine, Origin(SHANGHAI))
        refusal(
            ServerUnreachable,
            lambda: source.load(day(), progress),
            "cannot be reached",
            str(mortal.port),
        )
        assert sum(seen) < ROWS
        refusal(ServerUnreachable, source.newest, "cannot be reached")


@pytest.mark.chaos
@pytest.mark.recovery
def test_a_killed_query(server: mariadb.Server, filled: str, driver: str) -> None:
    """KILL CONNECTION, as an administrator or a proxy in front of the server does it."""
    source = _source(_url(server.port, driver=driver))
    tries: list[int] = []

    def progress(_rows: int) -> None:
        if not tries:
            for number in server.sql(
                "select id from information_schema.processlist "
                f"where db = '{filled}' and id <> connection_id()"
            ).split():
                server.sql(f"kill {number}")
        tries.append(1)

    assert len(source.load(day(), progress).run_list) == ROWS


# --- time limits


def test_read_timeout_is_honoured_and_not_tried_twice(
    server: mariadb.Server, filled: str, driver: str
) -> None:
    with proxy.through(server.port, 300_000, stall=True) as stalled:
        source = _source(_url(stalled.port, driver=driver), read_timeout=1)
        begun = time.monotonic()
        refusal(
            ServerUnreachable,
            lambda: source.load(day()),
            "did not answer within 1 s",
            "read_timeout",
        )
        assert 0.8 < time.monotonic() - begun < 4
        assert stalled.connections == 1


def test_read_timeout_in_a_short_question(server: mariadb.Server, filled: str) -> None:
    greeting, _ = _lengths(server.port, "pymysql", _only_connect)
    with proxy.through(server.port, greeting + 3, stall=True) as stalled:
        source = _source(_url(stalled.port), read_timeout=1)
        refusal(ServerUnreachable, source.newest, "did not answer within 1 s", "read_timeout")
        assert stalled.connections == 1


def test_read_timeout_holds_for_every_statement(server: mariadb.Server, filled: str) -> None:
    with open_engine(
        f"{server.url(filled)}?read_timeout=1&connect_timeout=2"
    ).connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        assert (raw._read_timeout, raw.connect_timeout) == (1, 2)
        begun = time.monotonic()
        with pytest.raises(Exception, match="timed out"):
            connection.execute(text("select sleep(5)"))
        assert time.monotonic() - begun < 4
        connection.invalidate()


def test_the_connect_limit_does_not_hold_for_queries(
    server: mariadb.Server, filled: str, driver: str
) -> None:
    engine = open_engine(_url(server.port, driver=driver), connect_timeout=1, read_timeout=20)
    with connected(engine) as connection:
        assert connection.execute(text("select sleep(1.3)")).scalar() == 0


# --- error numbers that nothing here gives us


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (1040, "Too many connections", ServerUnreachable),
        (1129, "Host is blocked", ServerUnreachable),
        (1429, "Unable to connect to foreign data source: sh1", ServerUnreachable),
        (12701, "Remote MySQL server has gone away", ServerUnreachable),
        (9005, "Region is unavailable", ServerUnreachable),
        (1053, "Server shutdown in progress", ConnectionLost),
        (1927, "Connection was killed", ConnectionLost),
        (2006, "MySQL server has gone away", ConnectionLost),
        (0, "", ConnectionLost),
        (1044, "Access denied for user 'a' to database 'b'", AccessDenied),
        (1227, "Access denied; you need SUPER", AccessDenied),
        (1969, "Query execution was interrupted (max_statement_time exceeded)", DatabaseError),
    ],
)
def test_error_numbers(code: int, message: str, expected: type[CiStatError]) -> None:
    from pymysql.err import OperationalError

    engine = open_engine(f"mysql://u:{_WRITTEN}@h/d")
    found = translate_error(OperationalError(code, message), engine)
    assert type(found) is expected
    assert message in str(found)
    assert "mysql+pymysql://u:***@h/d" in str(found)


def test_the_time_limits_of_the_settings_are_the_defaults() -> None:
    settings = Settings()
    assert settings.timeouts.connect == engine_module.CONNECT_TIMEOUT
    assert settings.timeouts.read == engine_module.READ_TIMEOUT


def test_nothing_is_connected_before_a_question() -> None:
    begun = datetime.now(SHANGHAI)
    source = _source("mysql://u@192.0.2.1/d", connect_timeout=30)  # nobody: a blackhole of RFC 5737
    assert source.name == "mysql+pymysql://u@192.0.2.1/d"
    assert (datetime.now(SHANGHAI) - begun).total_seconds() < 5
