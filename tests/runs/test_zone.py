"""The zone of the times: an embedded database keeps the one in which it was written."""

import sqlite3
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ci_stat.config import Settings, load
from ci_stat.context import Context
from ci_stat.errors import CiStatError, DatabaseError, SettingsError
from ci_stat.records import Origin
from ci_stat.runs.database import Source
from ci_stat.store.ci_data.write import prepare
from ci_stat.store.embedded_zone import WrittenIn, written_in
from ci_stat.store.engine import open_engine
from tests.support.command import Call

RUN = '{"job_name": "unit", "job_id": 1, "status": "SUCCESS", "time": "2025-09-04T08:30:00Z"}\n'


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "own.sqlite"
    monkeypatch.delenv("CI_STAT_PRESET")
    monkeypatch.setenv("CI_STAT_URL", f"sqlite:///{file}")
    (tmp_path / "runs.jsonl").write_text(RUN)
    return file


def zone_of(**variables: str) -> str:
    with Context(load({f"CI_STAT_{key}": value for key, value in variables.items()})) as context:
        return context.source.origin.zone.key


def url_of(file: Path) -> str:
    return f"sqlite:///{file}"


def older(file: Path) -> None:
    """A database as ci_stat created it before it recorded the zone."""
    prepare(open_engine(url_of(file)))


def test_the_zone_is_utc_unless_set(file: Path) -> None:
    assert zone_of(URL=url_of(file)) == "UTC"
    assert zone_of(URL=url_of(file), TIME_ZONE="Europe/Berlin") == "Europe/Berlin"
    assert zone_of(URL=url_of(file), PRESET="tidb") == "Asia/Shanghai"
    assert not file.exists(), "asking creates nothing"


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Shanghai"])
def test_an_import_records_the_zone_and_it_stays(
    file: Path, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    monkeypatch.setenv("CI_STAT_TIME_ZONE", zone)
    assert call("import", str(tmp_path / "runs.jsonl")).code == 0
    monkeypatch.delenv("CI_STAT_TIME_ZONE")
    assert zone_of(URL=url_of(file)) == zone
    assert zone_of(URL=url_of(file), PRESET="tidb") == zone, "a preset is only a default"
    assert zone_of(URL=url_of(file), TIME_ZONE=zone) == zone
    answer = call("import", str(tmp_path / "runs.jsonl"))
    assert f"in the time zone {zone} " in answer.out
    hour = {"UTC": "08", "Europe/Berlin": "10", "Asia/Shanghai": "16"}[zone]
    assert f"2025-09-04T{hour}:30:00" in call("export", "-").out


def test_another_zone_is_an_error_not_another_time(
    file: Path, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call("import", str(tmp_path / "runs.jsonl")).code == 0
    monkeypatch.setenv("CI_STAT_TIME_ZONE", "Asia/Tokyo")
    for command in (("summary",), ("import", str(tmp_path / "runs.jsonl"))):
        answer = call(*command)
        assert answer.code == 4
        assert "time_zone is Asia/Tokyo, but the times in" in answer.err
        assert "were written in UTC" in answer.err
        assert "Remove time_zone" in answer.err


def test_a_database_from_before_keeps_the_default_of_that_time(
    file: Path, tmp_path: Path, call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    older(file)
    call("jobs")
    call("jobs")
    assert caplog.text.count("older ci_stat, whose default Asia/Shanghai is used") == 1
    assert zone_of(URL=url_of(file)) == "Asia/Shanghai"
    assert zone_of(URL=url_of(file), TIME_ZONE="UTC") == "UTC", "set: as before"
    assert written_in(open_engine(url_of(file))) == WrittenIn("Asia/Shanghai", recorded=False)

    assert call("import", str(tmp_path / "runs.jsonl")).code == 0
    assert written_in(open_engine(url_of(file))) == WrittenIn("Asia/Shanghai", recorded=True)
    caplog.clear()
    assert call("jobs").code == 0
    assert caplog.text == ""


def test_a_preset_of_the_same_zone_makes_no_noise(
    file: Path, call: Call, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    older(file)
    monkeypatch.setenv("CI_STAT_PRESET", "tidb")
    assert call("jobs").code == 0
    assert caplog.text == ""


def test_reading_and_a_dry_run_record_nothing(file: Path, tmp_path: Path, call: Call) -> None:
    older(file)
    before = file.read_bytes()
    assert call("import", "--dry-run", str(tmp_path / "runs.jsonl")).code == 0
    assert call("summary").code == 0
    assert file.read_bytes() == before


@pytest.mark.chaos
@pytest.mark.transaction
def test_a_kill_after_the_record_leaves_no_older_database(file: Path) -> None:
    """The zone is recorded first: a table without it counts as older."""
    engine = open_engine(url_of(file))
    source = Source(engine, Origin(ZoneInfo("Europe/Berlin")))
    prepare(source.engine_for_writing())
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("drop table ci_data")
    assert zone_of(URL=url_of(file)) == "Europe/Berlin"


def test_of_two_first_imports_with_different_zones_one_is_refused(file: Path) -> None:
    one = Source(open_engine(url_of(file)), Origin(ZoneInfo("UTC")))
    two = Source(open_engine(url_of(file)), Origin(ZoneInfo("Asia/Tokyo")))
    prepare(one.engine_for_writing())
    with pytest.raises(DatabaseError, match="created in the time zone UTC"):
        prepare(two.engine_for_writing())


def test_a_server_has_the_zone_of_the_settings(mariadb_url: str) -> None:
    source = Source(open_engine(mariadb_url), Origin(ZoneInfo("Europe/Berlin")))
    prepare(source.engine_for_writing())
    assert written_in(source.engine) is None
    assert zone_of(URL=mariadb_url) == "UTC"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "\x1b[31m", "x" * 5_000])
def test_a_hostile_record_is_an_error(file: Path, zone: str) -> None:
    older(file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("create table ci_stat_zone (id integer primary key, zone text)")
        connection.execute("insert into ci_stat_zone values (1, ?)", [zone])
        connection.commit()
    with pytest.raises(SettingsError, match="not a known time zone") as error:
        zone_of(URL=url_of(file))
    assert len(str(error.value)) < 500
    assert "\x1b" not in str(error.value)


def test_a_broken_file_is_reported_by_the_first_question(file: Path) -> None:
    file.write_bytes(b"not a database, but long enough to look like one" * 40)
    with Context(Settings()) as context:
        assert context.settings
    with Context(load({"CI_STAT_URL": url_of(file)})) as context, pytest.raises(CiStatError):
        context.source.newest()


def test_a_locked_file_is_not_read_in_a_wrong_zone(file: Path) -> None:
    older(file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("begin exclusive")
        with pytest.raises(DatabaseError, match="is locked"):
            zone_of(URL=url_of(file), CONNECT_TIMEOUT="1")
        chosen = {"TIME_ZONE": "Europe/Berlin", "CONNECT_TIMEOUT": "1"}
        assert zone_of(URL=url_of(file), **chosen) == "Europe/Berlin"
