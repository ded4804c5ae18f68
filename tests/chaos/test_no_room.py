"""Full disks and full databases: the error says so, nothing is half stored, a repeat works."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine, event

from ci_stat.errors import DatabaseError
from ci_stat.store.ci_data.write import prepare
from ci_stat.store.damage import check_pages
from ci_stat.store.engine import open_engine
from ci_stat.store.results.setup import prepare_results
from ci_stat.store.state.setup import prepare_state
from tests.chaos.support import (
    attempts,
    deliver,
    import_runs,
    junit,
    record,
    statuses,
    store_results,
)
from tests.support import mariadb
from tests.support.command import Call
from tests.support.forks import fork

pytestmark = [pytest.mark.chaos, pytest.mark.resource, pytest.mark.recovery]

LONG = "x" * 40_000


def opened(file: Path, pages: int = 0) -> Engine:
    engine = open_engine(f"sqlite:///{file}")
    event.listen(engine, "connect", lambda raw, _: raw.execute("pragma synchronous = off"))
    if pages:
        limit = f"pragma max_page_count = {pages}"
        event.listen(engine, "connect", lambda raw, _: raw.execute(limit))
    return engine


def test_a_full_sqlite_file(tmp_path: Path) -> None:
    file = tmp_path / "all.sqlite"
    engine = opened(file)
    for prepared in (prepare, prepare_results, prepare_state):
        prepared(engine)
    import_runs(engine, record("a", 1))
    store_results(engine, 1)
    assert deliver(engine, 1)

    small = opened(file, pages=file.stat().st_size // 4096 + 5)
    with pytest.raises(DatabaseError, match="is full") as full:
        import_runs(small, *(record("b", number, comment=LONG) for number in range(20)))
    assert "Make room" in full.value.hint
    with pytest.raises(DatabaseError, match="is full"):
        store_results(small, 2, tests=2_500)
    sent = []
    with pytest.raises(DatabaseError, match="is full"):
        sent += [number for number in range(2, 500) if deliver(small, number)]

    check_pages(engine)
    assert statuses(engine) == {"SUCCESS": 1}
    assert attempts(engine) == {1: 3, 2: 0}
    import_runs(engine, *(record("b", number, comment=LONG) for number in range(20)))
    assert store_results(engine, 2, tests=2_500)
    assert (statuses(engine), attempts(engine)) == ({"SUCCESS": 21}, {1: 3, 2: 2_500})
    assert not deliver(engine, 1)


IMPORT = """
import resource
import signal
import sys

from ci_stat.cli import main

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
main()
"""


def _arguments(tmp_path: Path, tests: int) -> list[str]:
    file = tmp_path / "r.xml"
    file.write_text(junit(tests, failed=40, filler=LONG))
    return ["tests", "import", str(file), "--job", "unit", "--number", str(tests)]


def test_a_limit_on_the_size_of_files(tmp_path: Path, call: Call) -> None:
    """SQLite gets EFBIG for a write, as it gets ENOSPC from a full disk."""
    assert call(*_arguments(tmp_path, 50)).code == 0
    database = Path(os.environ["XDG_DATA_HOME"]) / "ci_stat" / "results.sqlite"
    limit = 60_000
    before = call("tests", "--json").out

    code, error = fork(IMPORT, limit, *_arguments(tmp_path, 60)).finish()
    assert code == 3, error
    assert "Traceback" not in error
    assert str(database) in error
    assert "disk" in error

    assert call("config", "--check").code in (0, 3)  # 3: there are no runs yet
    assert "test results: ok" in call("config", "--check").out
    assert call("tests", "--json", "--job", "unit").out.split('"age"')[0][:40] == before[:40]
    answer = call(*_arguments(tmp_path, 60))
    assert answer.code == 0
    assert "60 tests: 20 passed, 40 failed" in answer.out


@pytest.fixture(scope="module")
def small_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mariadb.Server]:
    """A server whose tables have 24 MB."""
    reason = mariadb.missing()
    if reason:
        pytest.skip(reason)
    template = tmp_path_factory.getbasetemp().parent / "mariadb-chaos"
    options = ("--innodb-file-per-table=OFF", "--innodb-data-file-path=ibdata1:12M;more:12M")
    with mariadb.running(*options, template=template) as running:
        yield running


def test_a_full_server(small_server: mariadb.Server) -> None:
    small_server.sql("create database small")
    engine = open_engine(small_server.url("small"))
    for prepared in (prepare, prepare_results, prepare_state):
        prepared(engine)
    import_runs(engine, record("a", 1))
    store_results(engine, 1)
    with pytest.raises(DatabaseError, match="is full") as full:
        import_runs(engine, *(record("b", number, comment=LONG) for number in range(600)))
    assert "Make room" in full.value.hint
    assert statuses(engine) == {"SUCCESS": 1}
    with pytest.raises(DatabaseError, match="is full"):
        _store_forever(engine)
    counts = attempts(engine)
    assert counts.pop(1) == 3
    assert set(counts.values()) <= {0, 2_000}


def _store_forever(engine: Engine) -> None:
    """Messages that nobody can compress: attempts alone are too small to fill a table."""
    random = Random(7)
    for number in range(2, 60):
        words = [random.randbytes(500).hex() for _ in range(2_000)]
        cases = (
            f'<testcase classname="C" name="t{test}"><failure message="{word}"/></testcase>'
            for test, word in enumerate(words)
        )
        store_results(engine, number, text=f'<testsuite name="s">{"".join(cases)}</testsuite>')


@pytest.mark.destructive
def test_a_full_disk(tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system of 2 MB is mounted, which needs root."""
    if os.geteuid():
        pytest.skip("only root may mount a file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], check=True)
    try:
        monkeypatch.setenv("XDG_DATA_HOME", str(disk))
        assert call(*_arguments(tmp_path, 5)).code == 0
        with suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
            for _ in range(3_000):
                filler.write(bytes(1024))
        full = call(*_arguments(tmp_path, 90))
        assert full.code == 3
        assert "full" in full.err
        (disk / "filler").unlink()
        assert "run 5 of unit" in call("tests").out
    finally:
        subprocess.run(["umount", str(disk)], check=True)
