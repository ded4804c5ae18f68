"""Import and export: an import restores what an export wrote, also after interruptions."""

import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select, text

from ci_stat.cli import run
from ci_stat.errors import BadRecord, ConnectionLost, DatabaseError, SchemaMismatch, WriteError
from ci_stat.formats.files import open_output
from ci_stat.formats.jsonl_rows import encode_row
from ci_stat.records import RunFilter, RunRow, Window
from ci_stat.runs import export_runs
from ci_stat.runs.export_runs import export_rows, read_rows
from ci_stat.runs.import_runs import ImportResult, import_lines, open_input
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.streaming import stream
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from tests.conftest import SHANGHAI, Fill
from tests.support import mariadb
from tests.support.forks import fork_command
from tests.support.proxy import through
from tests.support.rows import history, row
from tests.support.strategies import rows

UTC = ZoneInfo("UTC")
few = settings(max_examples=12, suppress_health_check=list(HealthCheck))


def exported(engine: Engine, run_filter: RunFilter | None = None) -> list[str]:
    out = io.StringIO()
    number = export_rows(engine, run_filter, out, lambda _n: None)
    lines = out.getvalue().splitlines()
    assert len(lines) == number, "a line is a row: no text may break it"
    return lines


def imported(engine: Engine, lines: Sequence[str | bytes], **options: Any) -> ImportResult:
    return import_lines(
        engine,
        [line if isinstance(line, bytes) else line.encode() for line in lines],
        SHANGHAI,
        **options,
    )


def table(engine: Engine) -> list[RunRow]:
    return list(read_rows(engine, None))


def count(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(ci_data)).scalar_one()


def put(engine: Engine, **values: Any) -> None:
    """Write a row like another program does, without our checks."""
    columns = {
        "job": "unit",
        "job_id": 1,
        "status": "SUCCESS",
        "time": "2021-06-19 08:00:00",
    } | values
    with engine.begin() as connection:
        connection.execute(
            text(f"insert into ci_data ({', '.join(columns)}) values (:{', :'.join(columns)})"),
            columns,
        )


def lines_of(some: Sequence[RunRow]) -> list[str]:
    return [encode_row(run) for run in some]


def key(run: RunRow) -> tuple[str, int]:
    return run.job, run.job_id


# Round trips

# Names that MariaDB and SQLite tell apart alike; those that differ in case have their own test.
_names = st.sampled_from(
    ["unit", "check 2", "修复", "tidb_ghpr_unit_test", "\x1b[31m", "🙂", "a'b\"c\\", "%s %(x)s {0}"]
)


@few
@given(data=st.data())
def test_export_into_an_empty_table_gives_equal_rows(
    engine: Engine, fill: Fill, data: st.DataObject
) -> None:
    drawn = rows(_names, halves=engine.dialect.name == "sqlite")
    some = data.draw(st.lists(drawn, max_size=6, unique_by=key))
    fill(some)
    before = table(engine)
    assert {key(run): run for run in before} == {key(run): run for run in some}
    lines = exported(engine)
    fill([])
    result = imported(engine, lines)
    assert (result.lines, result.stored, result.skipped) == (len(some), len(some), [])
    assert table(engine) == before
    # Once more on top: an upsert changes nothing.
    assert imported(engine, lines).stored == len(some)
    assert table(engine) == before


BROKEN = [
    "",
    "{",
    "nonsense",
    "[1, 2]",
    '"text"',
    "7",
    "null",
    "true",
    "{'a': 1}",
    '{"a": NaN}',
    '{"a": -Infinity}',
    '{"a": 1e999}',
    '{"a": 1}{"b": 2}',
    "\x00",
    "\x1b[31m",
    '{"a": ' + "1" * 5_000 + "}",
    '{"a": ' + "[" * 5_000,
    '{"a": ' + "[" * 900 + "]" * 900 + "}",
    '{"a": ' + "[" * 100 + "]" * 100 + "}",
]


@pytest.mark.parametrize("broken", BROKEN)
def test_broken_json_comes_back_as_it_was(tmp_path: Path, broken: str) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'a.sqlite'}")
    prepare(engine)
    put(engine, description=broken, analysis_res=broken)
    lines = exported(engine)
    assert json.loads(lines[0], parse_constant=pytest.fail)
    other = open_engine(f"sqlite:///{tmp_path / 'b.sqlite'}")
    assert imported(other, lines).skipped == []
    with other.connect() as connection:
        assert connection.execute(text("select description, analysis_res from ci_data")).one() == (
            broken,
            broken,
        )


@pytest.mark.parametrize("value", ["[1, 2]", '"text"', "7", "null", "true", "{}"])
def test_json_that_is_not_an_object_comes_back(engine: Engine, value: str) -> None:
    put(engine, description=value, analysis_res=value)
    before = table(engine)
    lines = exported(engine)
    assert imported(engine, lines).skipped == []
    assert table(engine) == before
    assert before[0].description == ({} if value == "{}" else value)


def test_a_row_with_nothing_but_its_key_and_status(engine: Engine) -> None:
    put(engine, time=None)
    lines = exported(engine)
    assert lines == ['{"job_name": "unit", "job_id": 1, "status": "SUCCESS", "time": null}']
    assert imported(engine, lines).skipped == []
    assert table(engine) == [RunRow("unit", 1, "SUCCESS")]


def test_an_invalid_time_is_exported_as_unknown(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'a.sqlite'}")
    prepare(engine)
    put(engine, time="0000-00-00 00:00:00")
    assert json.loads(exported(engine)[0])["time"] is None


def test_names_that_differ_in_case_are_different_jobs_on_mariadb(mariadb_url: str) -> None:
    _names_apart(open_engine(mariadb_url))


def test_names_that_differ_in_case_are_different_jobs_on_sqlite(tmp_path: Path) -> None:
    _names_apart(open_engine(f"sqlite:///{tmp_path / 'a.sqlite'}"))


def _names_apart(engine: Engine) -> None:
    some = [row(job, 7) for job in ("unit", "Unit", "ünit", "UNIT")]
    assert imported(engine, lines_of(some)).stored == 4
    assert {run.job for run in table(engine)} == {"unit", "Unit", "ünit", "UNIT"}


def test_half_a_surrogate_pair_comes_back_or_is_reported(engine: Engine) -> None:
    half = row("unit", 1, description={"ghprbPullTitle": "cut in the middle of \ud83d"})
    result = imported(engine, [encode_row(half)])
    if engine.dialect.name == "sqlite":
        assert table(engine) == [half]
    else:
        assert result.skipped[0][0] == 1
        assert "description" in result.skipped[0][1]


# Upsert


def test_a_stored_run_is_replaced_whole(engine: Engine) -> None:
    imported(
        engine,
        lines_of([row("unit", 1, "FAILURE", pr=7, analysis_res={"case": ["T"]}, comment="x")]),
    )
    later = row("unit", 1, "SUCCESS", duration=None, branch=None)
    imported(engine, lines_of([later]))
    assert table(engine) == [later]


def test_the_later_of_two_lines_for_one_run_wins(engine: Engine) -> None:
    result = imported(
        engine, lines_of([row("unit", 1, "FAILURE"), row("unit", 2), row("unit", 1, "ABORTED")])
    )
    assert result.stored == 3
    assert [(run.job_id, run.status) for run in table(engine)] == [
        (1, "ABORTED"),
        (2, "SUCCESS"),
    ]


def test_a_table_without_a_key_is_refused(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'a.sqlite'}")
    with engine.begin() as connection:
        columns = ", ".join(f'"{column.name}"' for column in ci_data.columns)
        connection.execute(text(f"create table ci_data ({columns})"))
    with pytest.raises(SchemaMismatch, match="no unique key"):
        imported(engine, lines_of([row()]))


# Bad lines

GOOD = encode_row(row("unit", 1))
BAD = '{"job_name": "unit"}'


def test_bad_lines_are_skipped_and_reported_by_number(engine: Engine) -> None:
    result = imported(
        engine, [GOOD, "", "{", BAD, "  ", lines_of([row("unit", 2)])[0], b"\xff", "[]"]
    )
    assert (result.lines, result.stored, count(engine)) == (8, 2, 2)
    assert [number for number, _ in result.skipped] == [3, 4, 7, 8]
    assert result.skipped[1][1] == "missing job_id, status, time"


def test_strict_stops_at_the_first_bad_line_with_all_before_it_stored(engine: Engine) -> None:
    some = lines_of(history("P" * 5))
    with pytest.raises(BadRecord, match=r"^Line 4: missing job_id.*\n  Stored rows: 3"):
        imported(engine, [*some[:3], BAD, *some[3:], "{"], strict=True)
    assert count(engine) == 3
    assert imported(engine, some, strict=True).stored == 5


def test_strict_with_good_lines_only(engine: Engine) -> None:
    assert imported(engine, [GOOD, "", GOOD], strict=True).stored == 2


def test_a_dry_run_stores_nothing_and_creates_no_table(url: str, tmp_path: Path) -> None:
    engine = open_engine(url)
    result = imported(engine, [GOOD, BAD], dry_run=True)
    assert (result.stored, [number for number, _ in result.skipped]) == (1, [2])
    with pytest.raises(DatabaseError):
        table(engine)
    assert not (tmp_path / "ci.sqlite").exists() or (tmp_path / "ci.sqlite").stat().st_size == 0


def _longest(name: str) -> int:
    """Characters that the table's column takes."""
    return int(ci_data.c[name].type.length)  # type: ignore[attr-defined]


LONG = [
    (name, "🙂" * (_longest(name) + 1)) for name in ("job", "status", "commit", "branch", "repo")
]
LONG += [("description", "no json"), ("description", "{"), ("analysis_res", "'a'")]


@pytest.mark.parametrize(("name", "value"), LONG)
def test_a_refused_row_is_reported_by_line_and_not_cut(
    mariadb_url: str, name: str, value: str
) -> None:
    engine = open_engine(mariadb_url)
    some = history("P" * 4)
    wrong = row("wrong", 9, **({name: value} if name not in ("job", "status") else {}))
    if name in ("job", "status"):
        setattr(wrong, name, value)
    if name == "job":  # no place for the full name
        wrong.description = "{}"
    result = imported(
        engine, [BAD, *lines_of(some[:2]), encode_row(wrong), *lines_of(some[2:]), BAD]
    )
    assert [number for number, _ in result.skipped] == [1, 4, 7]
    assert name in result.skipped[1][1]
    assert "the database rejects it" in result.skipped[1][1]
    assert len(result.skipped[1][1]) < 300
    assert (result.stored, count(engine)) == (4, 4)
    with pytest.raises(BadRecord, match=r"^Line 2: the database rejects it"):
        imported(
            engine, [*lines_of(some[:1]), encode_row(wrong), *lines_of(some[1:]), BAD], strict=True
        )


def test_what_fits_exactly_is_stored_whole(engine: Engine) -> None:
    whole = row("🙂" * _longest("job"), 2**63 - 1, "é" * _longest("status"), duration=2**63 - 1)
    whole.commit, whole.branch, whole.repo = (
        "🙂" * _longest(name) for name in ("commit", "branch", "repo")
    )
    whole.comment, whole.description = "x" * 1_000_000, {"t": "🙂" * 100_000}
    assert imported(engine, [encode_row(whole)]).skipped == []
    assert table(engine) == [whole]


# Files


def test_gz_plain_and_missing(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"one\ntwo")
    with gzip.open(tmp_path / "a.jsonl.gz", "wb") as packed:
        packed.write(b"one\ntwo")
    for name in ("a.jsonl", "a.jsonl.gz"):
        with open_input(str(tmp_path / name)) as file:
            assert list(file) == [b"one\n", b"two"]
    for name in ("absent.jsonl", "absent.jsonl.gz", "."):
        with (
            pytest.raises(WriteError, match="cannot be read"),
            open_input(str(tmp_path / name)) as file,
        ):
            list(file)


def _torn(packed: bytes) -> Iterator[bytes]:
    yield packed[: len(packed) // 2]
    yield packed[:12]
    yield b"no gzip at all"
    yield packed[:-8] + b"\0\0\0\0" + packed[-4:]
    yield packed[:20] + bytes(byte ^ 0x5A for byte in packed[20:60]) + packed[60:]


def test_a_torn_gz_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    packed = gzip.compress(b"".join(os.urandom(50).hex().encode() + b"\n" for _ in range(500)))
    path = tmp_path / "torn.jsonl.gz"
    for torn in _torn(packed):
        path.write_bytes(torn)
        with (
            pytest.raises(WriteError, match=r"torn\.jsonl\.gz cannot be read"),
            open_input(str(path)) as file,
        ):
            list(file)


def test_a_torn_gz_keeps_what_came_before(engine: Engine, tmp_path: Path) -> None:
    some = lines_of(history("P" * 2_500))
    packed = gzip.compress("\n".join(some).encode() + os.urandom(200_000), compresslevel=1)
    path = tmp_path / "torn.jsonl.gz"
    path.write_bytes(packed[:-100_000])
    with pytest.raises(WriteError), open_input(str(path)) as file:
        import_lines(engine, file, SHANGHAI)
    assert count(engine) == 2_000
    imported(engine, some)
    assert count(engine) == 2_500


def _break_midway(file: IO[str]) -> None:
    file.write("half\n")
    raise ConnectionLost("midway")


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz"])
def test_an_export_appears_whole_or_not_at_all(tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    target.write_bytes(b"the old one")
    with pytest.raises(ConnectionLost), open_output(str(target)) as file:
        _break_midway(file)
    assert target.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [target], "no temporary file is left"
    with open_output(str(target)) as file:
        file.write("whole ✓\n")
        assert target.read_bytes() == b"the old one"
    content = gzip.decompress(target.read_bytes()) if name.endswith(".gz") else target.read_bytes()
    assert content == "whole ✓\n".encode()
    assert list(tmp_path.iterdir()) == [target]


def test_an_export_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with open_output(str(tmp_path / "out")) as file:
            file.write("x")
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", ["absent/out.jsonl", "file/out.jsonl", "folder", "x" * 300])
def test_a_file_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder" / "in it").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    with (
        pytest.raises(WriteError, match="cannot be written"),
        open_output(str(tmp_path / name)) as file,
    ):
        file.write("x")
    assert sorted(tmp_path.rglob("*")) == before


def test_from_file_to_file_through_the_command(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI_STAT_URL", url)
    some = history("P F A U", job="unit") + history("P", job="other", pr=None)
    first, second = tmp_path / "a.jsonl.gz", tmp_path / "b.jsonl.gz"
    first.write_bytes(gzip.compress("\n".join(lines_of(some)).encode()))
    assert run(["import", str(first)]) == 0
    assert capsys.readouterr().out.startswith(
        "5 lines read, 5 runs stored, 0 lines skipped. Times are stored in the time zone Asia/"
    )
    assert run(["export", str(second)]) == 0
    assert sorted(gzip.decompress(second.read_bytes()).decode().splitlines()) == sorted(
        lines_of(some)
    )
    assert run(["export", "--job", "other"]) == 0
    assert capsys.readouterr().out.splitlines() == lines_of(some[-1:])
    assert (
        run(["export", "--begin", "2021-06-19T00:02", "--end", "2021-06-19T00:04", "--job", "unit"])
        == 0
    )
    assert [json.loads(line)["job_id"] for line in capsys.readouterr().out.splitlines()] == [2, 3]


@pytest.mark.parametrize(
    "moment", [datetime(1000, 1, 1), datetime(1999, 12, 31), datetime(9999, 12, 30, 23, 59, 59)]
)
def test_names_alone_export_all_of_their_time(
    url: str, moment: datetime, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI_STAT_URL", url)
    only = row("unit", 1, time=moment)
    imported(open_engine(url), lines_of([only]))
    assert run(["export", "--job", "unit"]) == 0
    assert capsys.readouterr().out.splitlines() == lines_of([only])


def test_a_window_is_half_open_in_an_export(engine: Engine) -> None:
    imported(engine, lines_of(history("P P P")))
    run_filter = RunFilter(
        Window.of(datetime(2021, 6, 19, 0, 1), datetime(2021, 6, 19, 0, 3), SHANGHAI)
    )
    assert [json.loads(line)["job_id"] for line in exported(engine, run_filter)] == [1, 2]


# Interrupted


def _command(url: str, *arguments: str, **options: Any) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", "from ci_stat.cli import main; main()", *arguments],
        env={**os.environ, "CI_STAT_URL": url},
        **options,
    )


def test_an_import_from_standard_input(url: str) -> None:
    process = _command(
        url, "import", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = process.communicate(f"{GOOD}\n{BAD}\n".encode(), timeout=60)
    assert process.returncode == 0
    assert out.startswith(b"2 lines read, 1 run stored, 1 line skipped.")
    assert err == b"ci-stat: line 2 skipped: missing job_id, status, time\n"
    assert count(open_engine(url)) == 1


@pytest.mark.chaos
@pytest.mark.transaction
def test_a_killed_import_run_again_gives_the_same_table(url: str, tmp_path: Path) -> None:
    some = lines_of([run for n in range(5) for run in history("P F A U P" * 120, job=f"job {n}")])
    file = ("\n".join(some) + "\n").encode()
    half = "\n".join(some[:2_500]).encode()
    engine = open_engine(url)
    process = _command(url, "import", "-", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stdin is not None
    # The last line stays half written: the import waits in the middle of its third batch.
    process.stdin.write(half[:-10])
    process.stdin.flush()
    deadline = time.monotonic() + 60
    while _stored(engine) < 2_000:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait(timeout=30) == -signal.SIGKILL
    process.stdin.close()
    assert count(engine) == 2_000
    done = import_lines(engine, io.BytesIO(file), SHANGHAI)
    assert (done.stored, done.skipped) == (3_000, [])
    assert sorted(exported(engine)) == sorted(some)


def _stored(engine: Engine) -> int:
    try:
        return count(engine)
    except Exception:  # not there yet
        return 0


def _big(engine: Engine, n: int = 5_000) -> list[RunRow]:
    """Write 20 MB, more than sockets and one batch hold, so that a cut interrupts the reading."""
    some = [
        row(f"job {i % 3}", i, description={"filler": "x" * 4_000}, commit="c") for i in range(n)
    ]
    assert write_rows(engine, some) == []
    return sorted(some, key=lambda run: (run.job, run.job_id))


@pytest.fixture
def big(mariadb_url: str) -> list[RunRow]:
    engine = open_engine(mariadb_url)
    prepare(engine)
    return _big(engine)


def _export_through(port: int, mariadb_url: str, target: Path) -> tuple[int, str]:
    """Export in a process of its own; return exit code and standard error.

    The broken cursors of PyMySQL stay out of this process.
    """
    url = re.sub(r":\d+/", f":{port}/", mariadb_url)
    return fork_command({"CI_STAT_URL": url}, "export", str(target)).finish()


def test_an_export_goes_on_behind_the_last_row_after_a_lost_connection(
    server: mariadb.Server, mariadb_url: str, big: list[RunRow], tmp_path: Path
) -> None:
    target = tmp_path / "out.jsonl"
    with through(server.port, 12_000_000) as proxy:
        code, err = _export_through(proxy.port, mariadb_url, target)
        assert proxy.connections == 2
        assert 1_000_000 < proxy.carried[1] < 15_000_000, (
            "the second connection reads the rest, not all again"
        )
    assert (code, err) == (0, f"5,000 runs written to {target}.\n")
    assert target.read_text(encoding="utf-8").splitlines() == lines_of(big)


def test_an_export_that_loses_two_connections_is_an_error_and_no_file(
    server: mariadb.Server, mariadb_url: str, big: list[RunRow], tmp_path: Path
) -> None:
    with through(server.port, 12_000_000, 1_000_000) as proxy:
        code, err = _export_through(proxy.port, mariadb_url, tmp_path / "out.jsonl")
    assert code == 3
    assert "the connection was lost" in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@few
@given(cut=st.integers(0, 12), again=st.integers(0, 3))
def test_wherever_it_breaks_no_row_is_lost_or_doubled(
    engine: Engine, fill: Fill, monkeypatch: pytest.MonkeyPatch, cut: int, again: int
) -> None:
    some = [row(job, n) for job in ("a", "b", "c d") for n in (1, 2, 30, 4)]
    fill(some)
    calls: list[Any] = []

    def breaking(*args: Any) -> Iterator[list[tuple[Any, ...]]]:
        calls.append(args)
        left = cut
        for batch in stream(*args):
            if len(calls) == 1 and len(batch) > left:
                yield batch[:left]
                raise ConnectionLost("cut")
            yield batch
            left -= len(batch)

    with monkeypatch.context() as patched:
        patched.setattr(export_runs, "stream", breaking)
        assert list(read_rows(engine, None)) == sorted(some, key=key)
    assert len(calls) == (2 if cut < len(some) else 1)
