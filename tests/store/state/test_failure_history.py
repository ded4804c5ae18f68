"""Sightings in any order: the earliest stays with its run, and the latest time."""

import functools
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import count, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from ci_stat.records import FailureKey, Sighting
from ci_stat.store.engine import open_engine
from ci_stat.store.state.failure_history import ASKED, BATCH, StoredSightings
from ci_stat.store.state.setup import prepare_state
from tests.support import strategies
from tests.support.forks import fork
from tests.support.hostile import ATTACKS

NOON = datetime(2021, 6, 19, 12)
HOUR = timedelta(hours=1)
KEY = ("case", "TestCargo")
_names = count()


@pytest.fixture
def history(empty_state: Engine) -> StoredSightings:
    return StoredSightings(empty_state, "ci")


def seen(first: int = 0, last: int = 0, job: str = "unit", number: int = 1) -> Sighting:
    """A sighting from so many hours after noon to so many."""
    return Sighting(NOON + first * HOUR, NOON + last * HOUR, job, number)


# What is kept


def test_what_was_seen_comes_back(history: StoredSightings) -> None:
    added = {KEY: seen(0, 5), ("panic", "v1:" + "0" * 32): seen(2, 3, "race/unit", 2**62)}
    history.add(added)
    assert history.first_seen(added) == added
    assert history.first_seen([KEY, ("case", "TestOther")]) == {KEY: added[KEY]}
    assert history.first_seen(iter([KEY, KEY])) == {KEY: added[KEY]}


def test_the_earliest_stays_with_its_run_and_the_latest_time(history: StoredSightings) -> None:
    for sighting in (seen(5, 6, "b", 7), seen(3, 4, "c", 9), seen(4, 8, "a", 1)):
        history.add({KEY: sighting})
    assert history.first_seen([KEY]) == {KEY: seen(3, 8, "c", 9)}


def test_of_equal_times_the_least_run(history: StoredSightings) -> None:
    for order in permutations([("a", 9), ("b", 1), ("a", 8), ("B", 30)]):
        key = ("case", str(order))
        for run in order:
            history.add({key: seen(1, 1, *run)})
        assert history.first_seen([key]) == {key: seen(1, 1, "B", 30)}


def test_thousands(history: StoredSightings) -> None:
    added = {
        ("case", f"T.{n}"): seen(n % 7, n % 9 + 7, f"job{n % 5}", n)
        for n in range(2 * ASKED + BATCH + 3)
    }
    history.add(added)
    assert history.first_seen(added) == added
    history.add({key: replace_last(sighting, 20) for key, sighting in added.items()})
    assert {sighting.last_seen for sighting in history.first_seen(added).values()} == {
        NOON + 20 * HOUR
    }


def replace_last(sighting: Sighting, hours: int) -> Sighting:
    return Sighting(sighting.first_seen, NOON + hours * HOUR, sighting.job, sighting.number)


def test_nothing_asked_and_nothing_added(history: StoredSightings) -> None:
    history.add({})
    assert history.first_seen([]) == {}


def test_two_databases_in_one_state_stay_apart(
    history: StoredSightings, empty_state: Engine
) -> None:
    other = StoredSightings(empty_state, "ci2")
    history.add({KEY: seen(1)})
    history.extend(NOON, NOON + HOUR, "1-abc")
    assert other.first_seen([KEY]) == {}
    assert other.span() is None
    other.add({KEY: seen(2)})
    assert history.first_seen([KEY]) == {KEY: seen(1, 0)}


def test_any_time_of_the_calendar(history: StoredSightings) -> None:
    first, last = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)
    history.add({KEY: Sighting(NOON, NOON, "unit", 1)})
    history.add({KEY: Sighting(first, last, "unit", 1)})
    assert history.first_seen([KEY]) == {KEY: Sighting(first, last, "unit", 1)}
    history.add({("case", "b"): Sighting(NOON.replace(microsecond=999_999), NOON, "unit", 1)})
    assert history.first_seen([("case", "b")])["case", "b"].first_seen == NOON


# Hostile texts


HOSTILE = [
    *ATTACKS,
    "",
    " ",
    "a",
    "A",
    "a ",
    " a",
    "a\0",
    "a\0b",
    "\0",
    "ä",
    "a\u0308",
    "ﬁ",
    "fi",
    "ß",
    "ss",
    "null",
    "\ud800",
    "\ud800\udc00",
    "\U00010000",
    "\udfff",
    "\\ud800",
    "\\",
    "\\'",
    "%s %(x)s {0}",
    "'; DROP TABLE failure_sightings; --",
    "🙂" * 999,
    "🙂" * 1000,
    "x" * 100_000,
    "x" * 100_001,
]


def test_hostile_keys_stay_apart(history: StoredSightings) -> None:
    keys = [*((name, "a") for name in HOSTILE), *(("case", name) for name in HOSTILE)]
    keys += [("ab", "c"), ("a", "bc"), ("a\0", "b"), ("a", "\0b")]
    added = {key: seen(0, number, "unit", number) for number, key in enumerate(keys)}
    history.add(added)
    assert len(added) > len(keys) - 3
    assert history.first_seen(added) == added
    for key in keys:
        assert history.first_seen([key]) == {key: added[key]}


def test_a_job_may_be_called_anything(history: StoredSightings) -> None:
    """What no column takes is written out, and what is too long is cut."""
    for number, name in enumerate(HOSTILE):
        history.add({("case", str(number)): seen(job=name)})
        sighting = history.first_seen([("case", str(number))])["case", str(number)]
        if len(name) > 255:
            assert sighting.job == name[:254] + "…"
        else:
            assert sighting.job == name.encode("utf-8", "backslashreplace").decode()


def test_names_are_there_for_people(history: StoredSightings, empty_state: Engine) -> None:
    history.add({("case", "TestCargo/" + "é" * 300): seen(), ("k" * 40, "\ud800"): seen()})
    with empty_state.connect() as connection:
        rows = {
            tuple(row)
            for row in connection.execute(text("select kind, name from failure_sightings"))
        }
    assert rows == {("case", "TestCargo/" + "é" * 244 + "…"), ("k" * 31 + "…", "\\ud800")}


# Order


_moments = st.integers(0, 5)
_sightings = st.builds(
    seen, _moments, _moments, st.sampled_from(["a", "B", "b", "ä", "a "]), st.integers(0, 3)
)
_keys = st.tuples(
    st.sampled_from(["case", "env"]), st.sampled_from(["x", "X", "x "]) | strategies.texts
)
_additions = st.lists(st.dictionaries(_keys, _sightings, max_size=4), max_size=5)


def merged(one: Sighting, other: Sighting) -> Sighting:
    first = min(
        one, other, key=lambda sighting: (sighting.first_seen, sighting.job, sighting.number)
    )
    return Sighting(first.first_seen, max(one.last_seen, other.last_seen), first.job, first.number)


@given(_additions, st.data())
def test_order_and_repetition_change_nothing(
    empty_state: Engine, additions: list[dict[FailureKey, Sighting]], data: st.DataObject
) -> None:
    keys = {key for addition in additions for key in addition}
    expected = {
        key: functools.reduce(merged, [addition[key] for addition in additions if key in addition])
        for key in keys
    }
    again = additions + [data.draw(st.sampled_from(additions)) for _ in range(2) if additions]
    for order in (additions, data.draw(st.permutations(again))):
        history = StoredSightings(empty_state, f"ci {next(_names)}")
        for addition in order:
            history.add(addition)
        assert history.first_seen(keys) == expected


# The stretch that was looked through


def at(hours: int) -> datetime:
    return NOON + hours * HOUR


def test_a_stretch_grows_where_it_touches(history: StoredSightings) -> None:
    assert history.span() is None
    for begin, end, known in (
        (5, 7, (5, 7)),
        (5, 7, (5, 7)),
        (6, 6, (5, 7)),
        (9, 3, (5, 7)),
        (7, 9, (5, 9)),
        (4, 5, (4, 9)),
        (5, 8, (4, 9)),
        (2, 11, (2, 11)),
        (1, 3, (1, 11)),
        (10, 12, (1, 12)),
        (13, 14, (13, 14)),
        (1, 2, (1, 2)),
    ):
        history.extend(at(begin), at(end), "1-abc")
        assert history.span() == (at(known[0]), at(known[1]), "1-abc")


def test_other_rules_begin_anew(history: StoredSightings) -> None:
    history.extend(at(1), at(9), "1-abc")
    history.extend(at(3), at(4), "2-def")
    assert history.span() == (at(3), at(4), "2-def")
    long = "\ud800" * 99
    history.extend(at(2), at(3), long)
    history.extend(at(3), at(4), long)
    span = history.span()
    assert span is not None
    assert span[:2] == (at(2), at(4))


@given(st.lists(st.tuples(_moments, _moments, st.sampled_from("ab")), max_size=8))
def test_a_stretch_never_says_more_than_was_looked_through(
    empty_state: Engine, looked: list[tuple[int, int, str]]
) -> None:
    history = StoredSightings(empty_state, f"ci {next(_names)}")
    for begin, end, rules in looked:
        history.extend(at(begin), at(end), rules)
    span = history.span()
    if span is None:
        assert all(begin >= end for begin, end, _ in looked)
        return
    hours = {
        at(hour) for begin, end, rules in looked if rules == span[2] for hour in range(begin, end)
    }
    assert {at(hour) for hour in range(6) if span[0] <= at(hour) < span[1]} <= hours


# Several at once


_ADD = """
    import random, sys
    from datetime import datetime, timedelta
    from ci_stat.records import Sighting
    from ci_stat.store.engine import open_engine
    from ci_stat.store.state.failure_history import StoredSightings
    history, me = StoredSightings(open_engine(sys.argv[1]), "ci"), int(sys.argv[2])
    print("ready", flush=True)
    sys.stdin.readline()
    noon = datetime(2021, 6, 19, 12)
    for turn in range(6):
        names = random.sample(range(300), 200)
        at = noon + timedelta(hours=6 * me + turn)
        history.add({("case", str(name)): Sighting(at, at, f"job{me}", turn) for name in names})
        begin = noon + timedelta(hours=6 * me + turn)
        history.extend(begin, begin + timedelta(days=1), "1-abc")
    at = noon + timedelta(hours=6 * me)
    sighting = Sighting(at, at, f"job{me}", 0)
    history.add({("case", str(name)): sighting for name in reversed(range(300))})
"""


@pytest.mark.chaos
@pytest.mark.concurrent
def test_several_processes_add_at_once(history: StoredSightings, empty_state: Engine) -> None:
    url = empty_state.url.render_as_string(hide_password=False)
    processes = [fork(_ADD, url, number) for number in range(4)]
    assert [process.line() for process in processes] == ["ready"] * 4
    for process in processes:
        process.go_on()
    assert [process.finish() for process in processes] == [(0, "")] * 4
    known = history.first_seen(("case", str(number)) for number in range(300))
    assert set(known.values()) <= {seen(0, hour, "job0", 0) for hour in range(18, 24)}
    assert len(known) == 300
    assert history.span() == (at(0), at(23 + 24), "1-abc")


# Speed


def best_of(times: int, work: Callable[[], object]) -> float:
    """Seconds of CPU of the quickest time."""

    def once() -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    return min(once() for _ in range(times))


def test_fast_enough_for_every_report(tmp_path_factory: pytest.TempPathFactory) -> None:
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('speed') / 'state.sqlite'}")
    prepare_state(engine)
    history = StoredSightings(engine, "ci")
    wanted: Mapping[FailureKey, Sighting] = {
        ("case", f"Suite{n}.Test{n}"): seen(number=n) for n in range(300)
    }
    assert best_of(5, lambda: history.add(wanted)) < 0.05
    assert best_of(5, lambda: history.first_seen(wanted)) < 0.02
