"""Extractions from logs are read back unchanged, only for the same rules and log places."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ci_stat.errors import DatabaseError, SchemaMismatch
from ci_stat.records import CaseFailure, Extraction, FailureKind, LeftOut, LogState
from ci_stat.result import failure_key
from ci_stat.store.engine import open_engine
from ci_stat.store.state.extractions import BATCH, FINAL, MOST_BYTES, ExtractionStore
from ci_stat.store.state.setup import prepare_state
from ci_stat.store.state.upgrade import VERSION
from tests.support import mariadb
from tests.support.forks import fork
from tests.support.hostile import ATTACKS

RULES = "1-abc"


def failure(name: str = "TestCargo", **more: object) -> CaseFailure:
    return CaseFailure(FailureKind.CASE.value, name, source="log", **more)  # type: ignore[arg-type]


def read(*failures: CaseFailure, lines: int = 10) -> Extraction:
    return Extraction(LogState.READ, failures, lines, 1000)


@pytest.fixture
def empty(url: str) -> Engine:
    return open_engine(url)


@pytest.fixture
def state(empty: Engine) -> ExtractionStore:
    made = ExtractionStore(empty, "mysql://ci")
    prepare_state(made.engine)
    return made


def rows(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("select count(*) from log_extractions")).scalar() or 0)


# What is kept


def test_what_was_left_out_of_a_log_comes_back(state: ExtractionStore) -> None:
    left_out = LeftOut(lines=12, failures=3, ranges=((7, 90), (200, 900)))
    partly = Extraction(LogState.READ, (failure(),), 1000, 9000, "12 lines ...", left_out)
    state.keep({("unit", 1): partly, ("unit", 2): read(failure())}, RULES)
    assert state.stored([("unit", 1), ("unit", 2)], RULES) == {
        ("unit", 1): partly,
        ("unit", 2): read(failure()),
    }


def test_what_is_kept_comes_back_as_it_was(state: ExtractionStore) -> None:
    whole = CaseFailure(
        "case",
        "pkg.TestCargo",
        "3 crates, want 4",
        "log",
        "suite",
        "cargo_test.go",
        31,
        4,
        9,
        "--- FAIL\n  a\tb",
        "go-test-fail",
        False,
        "v1:" + "0" * 32,
    )
    extracted = {
        ("unit", 1): Extraction(
            LogState.READ, (whole, failure("b"), failure("a")), 2**40, 2**41, "only the first 3"
        ),
        ("unit", 2**62): Extraction(LogState.READ),
        ("unit", 3): Extraction(
            LogState.TOO_BIG, (whole,), 5, 6, "it has more than 64 GiB of text"
        ),
        ("unit", 4): Extraction(LogState.TOO_OLD, detail="the oldest build kept is 9"),
    }
    state.keep(extracted, RULES)
    assert state.stored(extracted, RULES) == extracted
    assert all(
        isinstance(extraction.state, LogState)
        for extraction in state.stored(extracted, RULES).values()
    )


HOSTILE = [
    *(attack.replace("\0", "") for attack in ATTACKS),
    "🙂🏴\U000e0067",
    "\x01\x08\x7f\x80\x9f\ufffd\uffff\ufdd0",
    "'; DROP TABLE ci_data; --",
    "\\",
    "\\'",
    "%s %(x)s :x {0}",
    "null",
    "",
    " ",
    "\u2028",
    "e\u0301 é",
    "x" * 8000,
]


def test_hostile_text_comes_back_as_it_was(state: ExtractionStore) -> None:
    extracted = {}
    for number, attack in enumerate(HOSTILE):
        hostile_failure = failure(
            attack, message=attack, excerpt=attack, suite=attack, file=attack, rule=attack
        )
        extracted[attack[:127] or "empty", number] = Extraction(
            LogState.READ, (hostile_failure,), 1, 1, attack
        )
    state.keep(extracted, RULES)
    assert state.stored(extracted, RULES) == extracted


def test_a_nul_comes_back_too(state: ExtractionStore) -> None:
    extracted = {("a", 1): Extraction(LogState.READ, (failure("a\0b", message="\0"),), 1, 1, "\0x")}
    state.keep(extracted, RULES)
    assert state.stored(extracted, RULES) == extracted


def test_names_that_look_alike_stay_apart(state: ExtractionStore) -> None:
    names = [
        "unit",
        "Unit",
        "UNIT",
        "unit ",
        "unit  ",
        " unit",
        "ünit",
        "u\u0308nit",
        "unıt",
        "unit\t",
        "ﬁ",
        "fi",
        "ß",
        "ss",
        "é" * 127,
        "🙂" * 127,
    ]
    extracted = {(name, 1): read(failure(name)) for name in names}
    state.keep(extracted, RULES)
    assert state.stored(extracted, RULES) == extracted
    for name in names:
        assert state.stored([(name, 1)], RULES) == {(name, 1): read(failure(name))}
    assert state.stored([("Unit   ", 1), ("UNit", 1)], RULES) == {}


def test_thousands_are_kept_and_looked_up(state: ExtractionStore) -> None:
    """More builds than a statement may have values; only the requested ones are returned."""
    extracted = {(f"job{n % 50}", n): read(failure(str(n)), lines=n) for n in range(5000)}
    state.keep(extracted, RULES)
    assert state.stored(extracted, RULES) == extracted
    few = list(extracted)[:: BATCH // 2]
    assert state.stored(few, RULES) == {key: extracted[key] for key in few}
    assert state.stored(iter(few), RULES) == state.stored(few * 2, RULES)
    # The product of these jobs and numbers has others, which nobody asked for.
    assert state.stored([("job1", 2), ("job2", 1)], RULES) == {}


@pytest.mark.parametrize("count", [1, 2000])
def test_failures_that_are_too_long_are_cut_and_it_is_said(
    state: ExtractionStore, count: int
) -> None:
    """First the excerpts go, then the last ones; nothing that a small server would not take."""
    excerpts = tuple(failure(str(n), excerpt='"\n' * (MOST_BYTES // count)) for n in range(count))
    names = tuple(failure(f"{n} " + '"é\\' * (MOST_BYTES // count)) for n in range(count))
    state.keep({("a", 1): read(*excerpts), ("b", 1): read(*names)}, RULES)
    without, fewer = state.stored([("a", 1), ("b", 1)], RULES).values()
    assert [failure.name for failure in without.failures] == [str(n) for n in range(count)]
    assert {failure.excerpt for failure in without.failures} == {""}
    assert without.detail == ""
    assert fewer.failures == names[: len(fewer.failures)]
    assert len(fewer.failures) < count
    assert f"only the first {len(fewer.failures):,} of {count:,} failures" in fewer.detail


def test_a_server_with_small_packets(server: mariadb.Server, mariadb_url: str) -> None:
    before = server.sql("select @@global.max_allowed_packet").strip()
    server.sql(f"set global max_allowed_packet = {2**20}")
    try:
        state = ExtractionStore(open_engine(mariadb_url), "ci")
        prepare_state(state.engine)
        big = {("j", n): read(failure('"\\' * (MOST_BYTES // 4 - 100))) for n in range(3)}
        state.keep(big, RULES)
        assert state.stored(big, RULES) == big
    finally:
        server.sql(f"set global max_allowed_packet = {before}")


def test_only_what_is_final_is_kept(state: ExtractionStore) -> None:
    extracted = {
        ("unit", n): Extraction(log_state, detail=log_state) for n, log_state in enumerate(LogState)
    }
    state.keep(extracted, RULES)
    assert {extraction.state for extraction in state.stored(extracted, RULES).values()} == FINAL
    assert set(LogState) - FINAL >= {
        LogState.MISSING,
        LogState.RUNNING,
        LogState.REFUSED,
        LogState.UNREACHABLE,
    }


# For whom it holds


def test_newer_rules_take_the_place_of_older_ones(state: ExtractionStore, empty: Engine) -> None:
    key = ("unit", 1)
    state.keep({key: read(failure("old"))}, RULES)
    assert state.stored([key], "2-def") == {}
    state.keep({key: read(failure("new"))}, "2-def")
    assert state.stored([key], "2-def") == {key: read(failure("new"))}
    assert state.stored([key], RULES) == {}
    assert rows(empty) == 1


def test_what_one_place_did_not_have_another_is_asked_for(
    state: ExtractionStore, empty: Engine
) -> None:
    """Too big for another limit, too old in another folder; what was read is valid everywhere."""
    extracted = {
        ("unit", 1): read(failure()),
        ("unit", 2): Extraction(LogState.TOO_OLD, detail="x"),
        ("unit", 3): Extraction(LogState.TOO_BIG, detail="x"),
    }
    state.keep(extracted, RULES, "here")
    assert state.stored(extracted, RULES, "here") == extracted
    assert list(state.stored(extracted, RULES, "there")) == [("unit", 1)]
    assert state.stored(extracted, "2-def", "here") == {}
    now = {("unit", 2): read(failure("found"))}
    state.keep(now, RULES, "there")
    assert state.stored(extracted, RULES, "here") == {**extracted, **now}
    assert rows(empty) == 3


def test_two_databases_in_one_state_stay_apart(empty: Engine, state: ExtractionStore) -> None:
    other = ExtractionStore(empty, "mysql://ci2")
    prepare_state(other.engine)
    state.keep({("unit", 1): read(failure("one"))}, RULES)
    assert other.stored([("unit", 1)], RULES) == {}
    other.keep({("unit", 1): read(failure("two"))}, RULES)
    assert state.stored([("unit", 1)], RULES)["unit", 1].failures[0].name == "one"
    assert (
        ExtractionStore(empty, "mysql://ci2")
        .stored([("unit", 1)], RULES)["unit", 1]
        .failures[0]
        .name
        == "two"
    )


def test_keeping_twice_is_keeping_once(state: ExtractionStore, empty: Engine) -> None:
    extracted = {("unit", n): read(failure(str(n))) for n in range(BATCH + 3)}
    for _ in range(2):
        state.keep(extracted, RULES)
    assert rows(empty) == len(extracted)
    assert state.stored(extracted, RULES) == extracted


def test_nothing_asked_and_nothing_kept(state: ExtractionStore) -> None:
    state.keep({}, RULES)
    assert state.stored([], RULES) == {}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("failures", "not json"),
        ("failures", '[{"kind": 5}]'),
        ("failures", ""),
        ("state", "of tomorrow"),
    ],
)
def test_a_row_that_is_not_ours_is_as_none(
    state: ExtractionStore, empty: Engine, column: str, value: str
) -> None:
    extracted = {("unit", 1): read(failure()), ("unit", 2): read(failure())}
    state.keep(extracted, RULES)
    with empty.begin() as connection:
        connection.execute(
            text(f"update log_extractions set {column} = :value where number = 1"), {"value": value}
        )
    assert list(state.stored(extracted, RULES)) == [("unit", 2)]
    state.keep(extracted, RULES)
    assert state.stored(extracted, RULES) == extracted


def test_a_row_of_a_version_without_contexts_is_read(state: ExtractionStore, empty: Engine) -> None:
    extracted = {("unit", 1): read(failure())}
    state.keep(extracted, RULES)
    older = '[{"kind": "case", "name": "TestCargo", "source": "log"}]'
    with empty.begin() as connection:
        connection.execute(text("update log_extractions set failures = :older"), {"older": older})
    assert state.stored(extracted, RULES) == extracted


# Tables


def test_preparing_twice(state: ExtractionStore) -> None:
    state.keep({("unit", 1): read()}, RULES)
    prepare_state(state.engine)
    assert state.stored([("unit", 1)], RULES) == {("unit", 1): read()}


def test_a_state_of_a_newer_version_is_left_alone(state: ExtractionStore, empty: Engine) -> None:
    with empty.begin() as connection:
        connection.execute(text(f"insert into ci_stat_state values ({VERSION + 1})"))
    with pytest.raises(SchemaMismatch, match=f"version {VERSION + 1}") as caught:
        prepare_state(empty)
    assert "state_url" in caught.value.hint


@pytest.fixture
def read_only(url: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of the same database for somebody who may only read."""
    if url.startswith("sqlite"):
        yield f"{url.replace('///', '///file:')}?mode=ro&uri=true"
        return
    server: mariadb.Server = request.getfixturevalue("server")
    with server.account("reader", "x", f"select on {url.rpartition('/')[2]}.*"):
        yield url.replace("root:@", "reader:x@")


def test_a_state_that_may_only_be_read(state: ExtractionStore, read_only: str) -> None:
    extracted = {("unit", 1): read(failure())}
    state.keep(extracted, RULES)
    reader = ExtractionStore(open_engine(read_only), "mysql://ci")
    prepare_state(reader.engine)
    assert reader.stored(extracted, RULES) == extracted
    with pytest.raises(DatabaseError):
        reader.keep(extracted, RULES)


_PREPARE = """
    import sys
    from ci_stat.records import Extraction, LogState
    from ci_stat.store.engine import open_engine
    from ci_stat.store.state.extractions import ExtractionStore
    from ci_stat.store.state.setup import prepare_state
    sys.stdin.readline()
    state = ExtractionStore(open_engine(sys.argv[1]), "ci")
    prepare_state(state.engine)
    state.keep({("unit", n): Extraction(LogState.READ) for n in range(500)}, "1-abc")
    prepare_state(state.engine)
"""


@pytest.mark.chaos
@pytest.mark.concurrent
def test_several_processes_prepare_and_keep_at_once(url: str) -> None:
    processes = [fork(_PREPARE, url) for _ in range(3)]
    for process in processes:
        process.go_on()
    assert [process.finish() for process in processes] == [(0, "")] * 3
    assert rows(open_engine(url)) == 500


_KEEP = """
    import sys
    from ci_stat.records import CaseFailure, Extraction, LogState
    from ci_stat.store.engine import open_engine
    from ci_stat.store.state.extractions import ExtractionStore
    from ci_stat.store.state.setup import prepare_state
    state = ExtractionStore(open_engine(sys.argv[1]), "ci")
    prepare_state(state.engine)
    failure = CaseFailure("case", "TestCargo", excerpt="x" * 3000)
    found = Extraction(LogState.READ, (failure,) * 5, 1, 1)
    for turn in range(100_000):
        state.keep({("unit", turn * 400 + n): found for n in range(400)}, "1-abc")
        if turn == 0:
            print("kept", flush=True)
"""


@pytest.mark.chaos
@pytest.mark.transaction
def test_a_process_killed_while_it_keeps_leaves_a_state_that_works(url: str) -> None:
    for _ in range(2):
        process = fork(_KEEP, url)
        assert process.line() == "kept"
        process.kill()
        assert process.finish()[0] == -signal.SIGKILL
    state = ExtractionStore(open_engine(url), "ci")
    prepare_state(state.engine)
    kept = state.stored([("unit", n) for n in range(1200)], "1-abc")
    assert len(kept) >= 400
    # A batch is there whole or not at all.
    assert len(kept) % BATCH == 0
    assert all(len(extraction.failures) == 5 for extraction in kept.values())
    state.keep({("unit", 1): read()}, RULES)
    assert state.stored([("unit", 1)], RULES) == {("unit", 1): read()}


@pytest.mark.parametrize(
    "content", [b"not a database at all, but text", b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state.sqlite").write_bytes(content)
    with pytest.raises(DatabaseError):
        prepare_state(open_engine(f"sqlite:///{tmp_path / 'state.sqlite'}"))


def test_a_log_that_was_read_is_not_forgotten_when_its_place_discards_it(engine: Engine) -> None:
    state = ExtractionStore(engine, "ci")
    prepare_state(state.engine)
    read = Extraction(LogState.READ, (CaseFailure("case", "S.T", source="log"),), 3, 30)
    state.keep({("unit", 7): read}, "rules-1")
    state.keep({("unit", 7): Extraction(LogState.TOO_OLD)}, "rules-2", "here")
    assert state.stored([("unit", 7)], "rules-1") == {("unit", 7): read}
    assert state.stored([("unit", 7)], "rules-2", "here") == {}
    assert state.read_before([("unit", 7), ("unit", 8)]) == {("unit", 7): read}


def test_names_of_any_length(state: ExtractionStore) -> None:
    keys = [("folder/" * 60 + name, 1) for name in ("a", "b")]
    state.keep({key: Extraction("read", detail=key[0][-1]) for key in keys}, "rules")
    found = state.stored(keys, "rules")
    assert {key: found[key].detail for key in keys} == {keys[0]: "a", keys[1]: "b"}
    state.rename(keys[0][0], keys[0][0] + " (until 2021-06-19)", [1])
    assert set(state.stored(keys, "rules")) == {keys[1]}
    kept = (keys[0][0] + " (until 2021-06-19)", 1)
    assert state.stored([kept], "rules")[kept].detail == "a"


def test_names_alone_tell_the_same_failures_apart(state: ExtractionStore) -> None:
    failures = (
        failure("pkg.TestA", message="m", suite="pkg", excerpt="x" * 100),
        failure("guess", guess=True, fingerprint="v1:1"),
        CaseFailure("compile", "undefined: x", source="log", fingerprint="v1:2"),
    )
    left_out = Extraction(LogState.READ, failures, 10, 100, left_out=LeftOut(lines=3))
    builds = {("unit", 1): read(*failures), ("unit", 2): left_out, ("unit", 3): read()}
    state.keep(builds, RULES)
    state.keep({("unit", 4): Extraction(LogState.TOO_OLD)}, RULES)
    keys = [*builds, ("unit", 4), ("other", 1)]

    full = {key: value.failures for key, value in state.read_before(keys).items()}
    names = state.failures_read_before(keys)
    assert names.keys() == full.keys() == builds.keys()
    for key in names:
        assert list(map(failure_key, names[key])) == list(map(failure_key, full[key]))
    assert {one.source for one in names["unit", 1]} == {"log"}


def test_a_column_that_is_not_valid_names_nothing(state: ExtractionStore) -> None:
    state.keep({("unit", 1): read(failure())}, RULES)
    with state.engine.begin() as connection:
        connection.execute(text("update log_extractions set failures = '{broken'"))
    assert state.failures_read_before([("unit", 1)]) == {}
