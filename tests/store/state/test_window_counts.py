"""Stored counts of windows: kept, read again, replaced, and deleted where rows changed."""

from datetime import datetime

import pytest

from ci_stat.store.engine import open_engine
from ci_stat.store.state.setup import prepare_state
from ci_stat.store.state.window_counts import MOST_BYTES, CountKey, StoredCounts

DAY = CountKey("facts", datetime(2021, 6, 19), datetime(2021, 6, 20))
HOUR = CountKey("facts", datetime(2021, 6, 19, 8), datetime(2021, 6, 19, 9))
NEXT = CountKey("facts", datetime(2021, 6, 20), datetime(2021, 6, 21), "job a")
HOSTILE = CountKey(
    "facts", datetime(2021, 6, 20), datetime(2021, 6, 21), "job \0\ud800 ' \U0001f469"
)


@pytest.fixture
def facts(url: str) -> StoredCounts:
    prepare_state(open_engine(url))
    return StoredCounts(open_engine(url), "ci")


def test_what_is_kept_is_found_and_replaced(facts: StoredCounts, url: str) -> None:
    facts.put({DAY: b'{"a": 1}', HOUR: b"[2]", HOSTILE: '["中"]'.encode()})
    assert facts.get([DAY, HOUR, NEXT, HOSTILE]) == {
        DAY: b'{"a": 1}',
        HOUR: b"[2]",
        HOSTILE: '["中"]'.encode(),
    }
    facts.put({DAY: b"3"})
    assert facts.get([DAY]) == {DAY: b"3"}
    assert StoredCounts(open_engine(url), "another").get([DAY]) == {}
    assert facts.get([]) == {}


@pytest.mark.parametrize(
    ("begin", "end", "left"),
    [
        (datetime(2021, 6, 19, 8, 30), datetime(2021, 6, 19, 8, 30), {NEXT}),
        (datetime(2021, 6, 19, 9), datetime(2021, 6, 19, 9), {HOUR, NEXT}),
        (datetime(2021, 6, 19, 23, 59), datetime(2021, 6, 20), {HOUR}),
        (datetime(2021, 6, 21), datetime(2021, 6, 22), {DAY, HOUR, NEXT}),
        (datetime(1970, 1, 1), datetime(2030, 1, 1), set()),
    ],
)
def test_what_changed_is_forgotten(
    facts: StoredCounts, begin: datetime, end: datetime, left: set[CountKey]
) -> None:
    facts.put(dict.fromkeys([DAY, HOUR, NEXT], b"1"))
    facts.forget(begin, end)
    assert set(facts.get([DAY, HOUR, NEXT])) == left


def test_what_no_packet_takes_is_not_kept(facts: StoredCounts) -> None:
    facts.put({DAY: b'"' + b"x" * MOST_BYTES + b'"', HOUR: b"1"})
    assert set(facts.get([DAY, HOUR])) == {HOUR}
