"""A state that today's outbox finds as an older ci_stat left it: all that was sent and decided is
known, once.
"""

import os
import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, MetaData, event, insert, select, text

from ci_stat.records import Delivery, DeliveryKey, DeliveryState, Intent, IntentState
from ci_stat.store.engine import open_engine
from ci_stat.store.state import upgrade
from ci_stat.store.state.deliveries import Deliveries
from ci_stat.store.state.issue_calls import IssueCalls
from ci_stat.store.state.outbox import KEPT
from ci_stat.store.state.setup import prepare_state
from ci_stat.store.state.tables import outward_calls
from ci_stat.store.state.upgrade import VERSION
from tests.fixtures.make_version_0 import KILLED, TRACKER
from tests.support.filing import ended, forked

pytestmark = [pytest.mark.chaos, pytest.mark.migration]

FILE = Path(__file__).parents[2] / "fixtures" / "version_0" / "state.sql"
DATABASE = "sqlite:///ci.sqlite"
OLD = ("ci_stat_state", "deliveries", "issue_intents")
NEIGHBOUR = KILLED.replace("4711", "4712")  # who sees whether the process that was killed lives
NOW = datetime(2021, 7, 1, tzinfo=UTC)

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[MetaData, Rows]:
    """The tables and rows that the older ci_stat left."""
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('kept') / 'state.sqlite'}")
    raw = engine.raw_connection()
    script = FILE.read_text(encoding="utf-8")
    raw.driver_connection.executescript(script)  # type: ignore[union-attr]
    raw.close()
    old = MetaData()
    old.reflect(engine, only=OLD)
    with engine.connect() as connection:
        rows = {
            name: [dict(row) for row in connection.execute(select(old.tables[name])).mappings()]
            for name in OLD
        }
    assert [len(rows[name]) for name in OLD] == [1, 24, 7]
    return old, rows


@pytest.fixture
def old(empty: Engine, kept: tuple[MetaData, Rows]) -> Engine:
    """The same in the database of the test."""
    tables, rows = kept
    tables.create_all(empty)
    with empty.begin() as connection:
        for name in OLD:
            connection.execute(insert(tables.tables[name]), rows[name])
    return empty


@pytest.fixture
def rows(kept: tuple[MetaData, Rows]) -> Rows:
    return kept[1]


def deliveries(engine: Engine, alive: bool = True) -> Deliveries:
    return Deliveries(engine, DATABASE, NEIGHBOUR, lambda: NOW, lambda _: alive)


def issues(engine: Engine) -> IssueCalls:
    return IssueCalls(engine, TRACKER, NEIGHBOUR, lambda: NOW)


def moment(said: str) -> datetime:
    return datetime.fromisoformat(said).replace(tzinfo=UTC)


def key_of(row: dict[str, Any]) -> DeliveryKey:
    return DeliveryKey(row["report"], row["begin"], row["end"], row["audience"], row["about"])


def outbox_rows(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(select(outward_calls).order_by(outward_calls.c.id)))


# What is known


def test_every_delivery_is_as_it_was(old: Engine, rows: Rows) -> None:
    prepare_state(old)
    by_key = {delivery.key: delivery for delivery in deliveries(old).list(99)}
    assert by_key == {
        key_of(row): Delivery(
            key_of(row),
            DeliveryState(row["state"]),
            row["owner"],
            moment(row["started"]),
            moment(row["changed"]),
            row["tries"],
            row["form"],
            row["code"],
            row["reason"],
            row["message_id"],
        )
        for row in rows["deliveries"]
    }
    assert {delivery.state for delivery in by_key.values()} == set(DeliveryState)


def test_every_issue_call_is_as_it_was(old: Engine, rows: Rows) -> None:
    prepare_state(old)
    by_id = {intent.id: intent for intent in issues(old).list(99)}
    assert by_id == {
        row["id"]: Intent(
            row["id"],
            row["kind"],
            row["action"],
            row["key"],
            row["name"],
            row["number"],
            row["state"],
            moment(row["started"]),
            moment(row["changed"]),
            row["owner"],
            row["comment"],
            row["code"],
            row["reason"],
            row["why"],
        )
        for row in rows["issue_intents"]
    }
    done = [row for row in rows["issue_intents"] if row["state"] == "done"]
    created = [(row["key"], row["number"]) for row in done if row["kind"] == "create"]
    known = issues(old).ledger()
    assert {(key, n) for key, numbers in known.created.items() for n in numbers} == set(created)
    for row in done:
        again = Intent(row["id"], row["kind"], row["action"], row["key"], row["name"])
        assert not issues(old).intend(again)


def test_what_arrived_or_may_have_is_not_sent_again(old: Engine, rows: Rows) -> None:
    prepare_state(old)
    for row in rows["deliveries"]:
        claim = deliveries(old, alive=False).claim(key_of(row))
        assert claim.granted == (row["state"] in ("failed", "preparing")), row


def test_what_a_living_process_works_on_is_left_to_it(old: Engine, rows: Rows) -> None:
    prepare_state(old)
    unfinished = [row for row in rows["deliveries"] if row["state"] in ("preparing", "sending")]
    assert len(unfinished) == 8
    for row in unfinished:
        claim = deliveries(old).claim(key_of(row), force=True)
        assert (claim.granted, claim.state) == (False, row["state"])


def test_calls_without_an_answer_still_have_none(old: Engine) -> None:
    prepare_state(old)
    unsettled = {intent.id: intent.state for intent in issues(old).unsettled()}
    assert {id: unsettled[id] for id in ("lost:intended", "lost:uncertain")} == {
        "lost:intended": IntentState.INTENDED,
        "lost:uncertain": IntentState.UNCERTAIN,
    }


def test_the_report_before_this_one(old: Engine, rows: Rows) -> None:
    prepare_state(old)
    sent = next(row for row in rows["deliveries"] if row["state"] == "sent")
    later = DeliveryKey(sent["report"], sent["end"], "", sent["audience"], sent["about"])
    (before, *_) = deliveries(old).earlier(later)
    assert before is not None
    assert (before.key, before.state) == (key_of(sent), DeliveryState.SENT)


def test_texts_of_any_sort(old: Engine, kept: tuple[MetaData, Rows]) -> None:
    tables, rows = kept
    hostile = '"\\\n\0\x1b{}%s 🙂' + "é" * 1900
    row = rows["deliveries"][0] | {
        "id": "f" * 32,
        "about": hostile,
        "reason": hostile,
        "state": "of tomorrow",
        "end_utc": None,
    }
    with old.begin() as connection:
        connection.execute(insert(tables.tables["deliveries"]), row)
    prepare_state(old)
    carried = [delivery for delivery in deliveries(old).list(99) if delivery.key.about == hostile]
    assert [(delivery.state, delivery.reason) for delivery in carried] == [
        (DeliveryState.UNCERTAIN, hostile)
    ]


# Once


def test_it_is_done_once(old: Engine) -> None:
    """What was changed or forgotten since does not come back."""
    prepare_state(old)
    ledger = Deliveries(old, DATABASE, NEIGHBOUR, lambda: NOW + 2 * KEPT, lambda _: False)
    assert ledger.prune() > 0
    before = outbox_rows(old)
    for _ in range(2):
        prepare_state(old)
    assert outbox_rows(old) == before


def test_an_older_version_is_kept_out(old: Engine) -> None:
    """It would look into the old tables, and send again what was sent since."""
    prepare_state(old)
    with old.connect() as connection:
        versions = connection.execute(text("select version from ci_stat_state")).scalars().all()
    assert max(versions) == VERSION == 2


def test_a_new_state_has_no_old_tables(empty: Engine) -> None:
    prepare_state(empty)
    with pytest.raises(Exception, match="issue_intents"), empty.connect() as connection:
        connection.execute(text("select * from issue_intents"))
    assert outbox_rows(empty) == []


def test_several_at_once(old: Engine) -> None:
    barrier, errors = threading.Barrier(4), list[Exception]()

    def work() -> None:
        engine = open_engine(old.url)
        barrier.wait(30)
        try:
            prepare_state(engine)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(outbox_rows(old)) == 31


def killing(engine: Engine, nth: int) -> None:
    """This process is killed at its nth statement or commit."""
    met = iter(range(1, nth + 1))

    def point(*_: Any) -> None:
        if next(met, None) == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine, "before_cursor_execute", point)
    event.listen(engine, "commit", point)


def test_killed_at_any_statement(old: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is there then, or all."""
    monkeypatch.setattr(upgrade, "_BATCH", 8)
    sizes: list[int] = []
    for nth in range(1, 999):
        _forget(old)

        def work(nth: int = nth) -> None:
            engine = open_engine(old.url)
            killing(engine, nth)
            prepare_state(engine)

        ending = ended(forked(work))
        sizes.append(_size(old))
        prepare_state(old)
        assert _size(old) == 31
        if ending == 0:
            break
        assert ending == -signal.SIGKILL
    assert set(sizes[:-1]) == {0}
    assert sizes[-1] == 31
    assert len(sizes) > 12


def _forget(engine: Engine) -> None:
    """Back to the older version."""
    with engine.begin() as connection:
        connection.execute(text("drop table if exists outward_calls"))
        connection.execute(text(f"delete from ci_stat_state where version = {VERSION}"))


def _size(engine: Engine) -> int:
    with engine.connect() as connection:
        there = engine.dialect.has_table(connection, outward_calls.name)
        return len(_rows(connection)) if there else 0


def _rows(connection: Connection) -> list[Any]:
    return list(connection.execute(select(outward_calls.c.id)))


@pytest.fixture(autouse=True)
def _closed(empty: Engine) -> Iterator[None]:
    yield
    empty.dispose()
