"""kill -9 of a writer, and of the server: what was acknowledged is there, the rest is repeated."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from ci_stat.errors import ConnectionLost, ServerUnreachable
from ci_stat.store.ci_data.write import prepare
from ci_stat.store.damage import check_pages
from ci_stat.store.engine import open_engine
from ci_stat.store.results.setup import prepare_results
from ci_stat.store.state.setup import prepare_state
from tests.chaos.support import (
    attempts,
    deliver,
    import_runs,
    key,
    ledger,
    record,
    statuses,
    store_results,
)
from tests.support import mariadb
from tests.support.drawn import FULL
from tests.support.forks import fork

pytestmark = [pytest.mark.chaos, pytest.mark.transaction, pytest.mark.recovery]

WRITER = """
import os
import signal
import sys

from sqlalchemy import event

from ci_stat.store.ci_data.write import prepare
from ci_stat.store.engine import open_engine
from ci_stat.store.results.setup import prepare_results
from ci_stat.store.state.setup import prepare_state
from tests.chaos.support import deliver, import_runs, record, store_results

engine, remaining = open_engine(sys.argv[1], 60), int(sys.argv[2])

def count(*_):
    global remaining
    remaining -= 1
    if remaining == 0:
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(engine, "after_cursor_execute", count)
event.listen(engine, "commit", count)
prepare(engine)
prepare_results(engine)
prepare_state(engine)
for run in range(3):
    import_runs(engine, record("a", run), record("b", run))
    print("runs", run, flush=True)
    store_results(engine, run)
    print("results", run, flush=True)
    deliver(engine, run)
    print("sent", run, flush=True)
"""
CLAIM = """
import sys

from ci_stat.store.engine import open_engine
from tests.chaos.support import key, ledger

assert ledger(open_engine(sys.argv[1])).claim(key(2)).granted
"""
STATEMENTS = range(3, 400, 1 if FULL else 19)


def test_a_writer_killed_after_any_statement(url: str) -> None:
    """It is started again and again, each time killed a little later."""
    engine, killed, acknowledged = open_engine(url), 0, set[str]()
    for statement in STATEMENTS:
        writer = fork(WRITER, url, statement)
        said = writer.stdout.read().splitlines()
        code, error = writer.finish()
        assert error == ""
        acknowledged |= set(said)
        if any(line.startswith("runs") for line in acknowledged):
            runs = {line.split()[1] for line in acknowledged if line.startswith("runs")}
            stored = statuses(engine)["SUCCESS"]
            assert stored % 2 == 0, "both lines of an import, or none"
            assert stored >= 2 * len(runs)
        if code == 0:
            break
        assert code == -signal.SIGKILL
        killed += 1
    assert killed > 3

    check_pages(engine)
    assert attempts(engine) == {0: 3, 1: 3, 2: 3}
    sent = [delivery.state for delivery in ledger(engine).list(10)]
    # Killed between the message and its answer, a report may have arrived: it is not sent again.
    assert set(map(str, sent)) <= {"sent", "uncertain"}
    assert not any(ledger(engine).claim(key(number)).granted for number in range(3))


SEND = (
    CLAIM
    + """
ledger(open_engine(sys.argv[1])).claim(key(3))
ours = ledger(open_engine(sys.argv[1]))
assert ours.claim(key(4)).granted
ours.sending(key(4), "card")
print("sent", flush=True)
input()
"""
)


def test_a_sender_killed_before_it_knows_the_answer(url: str) -> None:
    """The report may have arrived, so it is not sent again; one that was only prepared is."""
    engine = open_engine(url)
    prepare_state(engine)
    sender = fork(SEND, url)
    assert sender.line() == "sent"
    sender.kill()
    sender.finish()
    assert deliver(engine, 3)
    claim = ledger(engine).claim(key(4))
    assert (claim.granted, str(claim.state)) == (False, "uncertain")


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mariadb.Server]:
    """A server that is killed: what it has committed survives, as with its default settings."""
    reason = mariadb.missing()
    if reason:
        pytest.skip(reason)
    template = tmp_path_factory.getbasetemp().parent / "mariadb-chaos"
    with mariadb.running(*DURABLE, template=template) as running:
        yield running


DURABLE = ("--innodb-flush-log-at-trx-commit=2",)


def test_the_server_is_killed_during_an_import(own_server: mariadb.Server) -> None:
    own_server.sql("create database killed")
    url = own_server.url("killed")
    engine = open_engine(url)
    prepare(engine)
    prepare_results(engine)
    prepare_state(engine)
    import_runs(engine, record("a", 1))
    store_results(engine, 1)
    assert deliver(engine, 1)
    fork(CLAIM, url).finish()

    with pytest.raises((ConnectionLost, ServerUnreachable)) as lost:
        store_results(engine, 2, tests=2_500, wait=lambda: own_server.stop(kill=True))
    assert "root" in str(lost.value)
    assert lost.value.hint
    with pytest.raises(ServerUnreachable, match="cannot be reached"):
        import_runs(engine, record("a", 2))

    _start_again(own_server)
    assert statuses(engine) == {"SUCCESS": 1}
    assert attempts(engine) == {1: 3, 2: 0}
    assert not deliver(engine, 1)
    assert deliver(engine, 2), "it was claimed, but not sent"
    assert store_results(engine, 2, tests=2_500)
    assert not store_results(engine, 1)
    assert attempts(engine) == {1: 3, 2: 2_500}
    with engine.connect() as connection:
        tables = connection.execute(text("check table test_attempts, test_runs, ci_data")).all()
    assert {row[3] for row in tables} == {"OK"}


def _start_again(server: mariadb.Server) -> None:
    """On the same port, as an administrator would."""
    folder: Path = server.folder
    started = mariadb.start(folder, *DURABLE, port=server.port)
    server.process = started.process
