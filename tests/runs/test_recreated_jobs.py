"""A job that was deleted and created again: its old runs are kept apart, and get no new log."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from ci_stat.connectors.jenkins.server import Jenkins
from ci_stat.records import CaseFailure, Extraction, RunRow
from ci_stat.runs.export_runs import read_rows
from ci_stat.runs.recreated_jobs import first_new_start
from ci_stat.runs.sync_jenkins import sync
from ci_stat.runs.sync_plan import SyncPlan, SyncResult
from ci_stat.store.ci_data import former_jobs
from ci_stat.store.ci_data.write import write_rows
from ci_stat.store.engine import open_engine
from ci_stat.store.state.extractions import ExtractionStore
from ci_stat.store.state.setup import prepare_state
from tests.conftest import SHANGHAI
from tests.support.command import Call
from tests.support.forks import fork_command
from tests.support.jenkins import FakeBuild, FakeJenkins, running
from tests.support.rows import row

FIRST = datetime(2021, 6, 1, 8, 30)  # of the former job
AGAIN = datetime(2021, 6, 19, 9, 17)  # of the new one
NOW = datetime(2021, 6, 20, tzinfo=SHANGHAI)
KEPT = "unit (until 2021-06-01)"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeJenkins]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with running() as started:
        yield started


def build(number: int, begin: datetime = AGAIN, **more: Any) -> FakeBuild:
    start = (begin + timedelta(minutes=7 * number)).replace(tzinfo=SHANGHAI)
    return FakeBuild(number, timestamp=int(start.timestamp()) * 1000, **more)


def old(number: int) -> RunRow:
    return row("unit", number, "FAILURE", time=FIRST + timedelta(minutes=7 * number), branch=None)


def run_sync(engine: Engine, fake: FakeJenkins, **plan: Any) -> SyncResult:
    with Jenkins(fake.url, timeout=10, sleep=lambda _: None) as client:
        return sync(engine, client, SHANGHAI, SyncPlan(**{"now": NOW} | plan))


def table(engine: Engine) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for run in read_rows(engine, None):
        found.setdefault(run.job, []).append(run.job_id)
    return found


def test_old_runs_are_kept_apart_and_new_builds_are_stored(
    engine: Engine, fake: FakeJenkins
) -> None:
    write_rows(engine, [old(number) for number in range(1, 31)])
    other = row("Unit", 3, time=FIRST)
    write_rows(engine, [other])
    fake.add("unit", *map(build, range(1, 6)))
    result = run_sync(engine, fake)
    (kept,) = result.recreated
    assert (kept.job, kept.name, kept.runs) == ("unit", KEPT, 30)
    assert (result.stored, result.failed) == (5, [])
    assert table(engine) == {"Unit": [3], "unit": [1, 2, 3, 4, 5], KEPT: list(range(1, 31))}
    assert result.times.first == old(1).time  # so that counts of the old days are forgotten

    again = run_sync(engine, fake)
    assert (again.recreated, again.stored) == ([], 0)
    fake.add("unit", *map(build, range(6, 41)))
    assert run_sync(engine, fake).stored == 35
    assert table(engine)["unit"] == list(range(1, 41))


def test_it_is_noticed_before_a_number_is_used_again(engine: Engine, fake: FakeJenkins) -> None:
    """The table has the builds from 500 on, and the new job has begun at 1."""
    write_rows(engine, [old(number) for number in range(500, 510)])
    fake.add("unit", build(1), build(2))
    run_sync(engine, fake)
    assert table(engine) == {
        "unit": [1, 2],
        "unit (until 2021-06-03)": list(range(500, 510)),
    }


def test_it_is_noticed_pages_later(engine: Engine, fake: FakeJenkins) -> None:
    """No sync ran for long: the numbers that were used again are far below the newest."""
    write_rows(engine, [old(number) for number in range(1, 31)])
    fake.add("unit", *map(build, range(1, 251)))
    result = run_sync(engine, fake)
    assert [kept.runs for kept in result.recreated] == [30]
    assert table(engine) == {"unit": list(range(1, 251)), KEPT: list(range(1, 31))}


def test_rows_that_an_earlier_sync_had_mixed(engine: Engine, fake: FakeJenkins) -> None:
    """Builds 31 to 40 of the new job were stored above 1 to 30 of the former one."""
    mixed = [
        row("unit", number, time=AGAIN + timedelta(minutes=7 * number)) for number in range(31, 41)
    ]
    write_rows(engine, [*(old(number) for number in range(1, 31)), *mixed])
    fake.add("unit", *map(build, range(1, 41)))
    result = run_sync(engine, fake)
    assert result.stored == 30
    assert table(engine) == {"unit": list(range(1, 41)), KEPT: list(range(1, 31))}


def test_a_job_created_twice_on_one_day(engine: Engine, fake: FakeJenkins) -> None:
    for begin in (FIRST, FIRST + timedelta(hours=3, minutes=4)):
        fake.jobs["unit"].builds = [build(1, begin), build(2, begin)]
        run_sync(engine, fake)
    fake.jobs["unit"].builds = [build(1), build(2)]
    run_sync(engine, fake)
    assert table(engine) == {
        "unit": [1, 2],
        KEPT: [1, 2],
        "unit (until 2021-06-01, 2)": [1, 2],
    }


def test_a_dry_run_says_it_and_changes_nothing(engine: Engine, fake: FakeJenkins) -> None:
    write_rows(engine, [old(number) for number in range(1, 31)])
    fake.add("unit", *map(build, range(1, 6)))
    result = run_sync(engine, fake, dry_run=True)
    assert [kept.name for kept in result.recreated] == [KEPT]
    assert result.stored == 5
    assert table(engine) == {"unit": list(range(1, 31))}


def test_the_command_says_it(
    fake: FakeJenkins, call: Call, url: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rows(engine, [old(1), old(2)])
    fake.add("unit", build(1))
    settings = {"URL": url, "JENKINS_URL": fake.url, "TIME_ZONE": "Asia/Shanghai"}
    for name, value in settings.items():
        monkeypatch.setenv(f"CI_STAT_{name}", value)
    assert (
        f"unit was deleted and created again: its 2 earlier runs would be kept as {KEPT}."
        in call("sync", "jenkins", "--dry-run").out
    )
    data = json.loads(call("sync", "jenkins", "--json").out)
    assert data["recreated"] == [{"job": "unit", "kept_as": KEPT, "runs": 2}]
    assert data["stored"] == 1


# What is one and the same job

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("listed", "stored", "newest"),
    [
        ({1: FIRST}, {}, None),
        ({1: FIRST, 2: AGAIN}, {1: FIRST}, (1, FIRST)),
        ({1: FIRST + timedelta(minutes=3)}, {1: FIRST}, (1, FIRST)),  # written less exactly
        # The zone of the table was changed: all rows differ by whole quarters.
        ({1: FIRST + 8 * HOUR, 2: AGAIN + 7 * HOUR}, {1: FIRST, 2: AGAIN}, (2, AGAIN)),
        ({1: FIRST, 2: AGAIN}, {1: FIRST + 8 * HOUR, 2: AGAIN + 8 * HOUR}, (2, AGAIN + 8 * HOUR)),
        # One row with a wrong time between rows that are right.
        ({1: FIRST, 2: AGAIN, 3: AGAIN}, {1: FIRST, 2: FIRST, 3: AGAIN}, (3, AGAIN)),
        # Builds that began a little out of order.
        ({8: FIRST + HOUR, 9: FIRST}, {9: FIRST}, (9, FIRST)),
    ],
)
def test_one_and_the_same_job(
    listed: dict[int, datetime],
    stored: dict[int, datetime],
    newest: tuple[int, datetime] | None,
) -> None:
    assert first_new_start(listed, stored, newest) is None


def test_a_change_of_the_zone_renames_nothing(engine: Engine, fake: FakeJenkins) -> None:
    fake.add("unit", *map(build, range(1, 31)))
    with Jenkins(fake.url, timeout=10) as client:
        sync(engine, client, ZoneInfo("UTC"), SyncPlan(NOW))
    result = run_sync(engine, fake)
    assert result.recreated == []
    assert table(engine) == {"unit": list(range(1, 31))}


def test_attempts_of_an_import_are_no_larger_numbers(engine: Engine, fake: FakeJenkins) -> None:
    write_rows(engine, [old(1), row("unit", 2 * 10**15 + 1, time=FIRST)])
    fake.add("unit", build(1, FIRST), build(2, AGAIN))
    assert run_sync(engine, fake).recreated == []


# Logs and interruptions


@pytest.fixture
def logs(tmp_path: Path) -> ExtractionStore:
    state = open_engine(f"sqlite:///{tmp_path / 'state.sqlite'}")
    prepare_state(state)
    return ExtractionStore(state, "ci")


def extraction(name: str) -> Extraction:
    return Extraction("read", (CaseFailure("case", name, source="log"),), 1, 1)


def names(logs: ExtractionStore, job: str, *numbers: int) -> list[str]:
    found = logs.stored([(job, number) for number in numbers], "rules")
    return [found[key].failures[0].name for key in sorted(found)]


def test_what_is_known_of_old_logs_stays_with_the_old_runs(
    engine: Engine, fake: FakeJenkins, logs: ExtractionStore
) -> None:
    write_rows(engine, [old(1), old(2)])
    logs.keep({("unit", 1): extraction("Old1"), ("unit", 2): extraction("Old2")}, "rules")
    logs.keep({("lint", 1): extraction("Lint")}, "rules")
    fake.add("unit", build(1))
    run_sync(engine, fake, rename_logs=logs.rename)
    assert names(logs, KEPT, 1, 2) == ["Old1", "Old2"]
    assert names(logs, "unit", 1, 2) == []
    assert names(logs, "lint", 1) == ["Lint"]


def test_a_rename_that_is_repeated_loses_nothing(logs: ExtractionStore) -> None:
    logs.keep({("unit", 1): extraction("Old1")}, "rules")
    logs.rename("unit", KEPT, [1, 2])
    # Between two attempts somebody read the new log for the old run.
    logs.keep({("unit", 1): extraction("New1")}, "rules")
    logs.rename("unit", KEPT, [1, 2])
    assert names(logs, KEPT, 1, 2) == ["Old1"]
    assert names(logs, "unit", 1) == []


@pytest.mark.parametrize("place", ["name", "numbers", "keep_as"])
def test_a_sync_that_ends_midway_is_run_again(
    engine: Engine,
    fake: FakeJenkins,
    logs: ExtractionStore,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    write_rows(engine, [old(1), old(2)])
    logs.keep({("unit", 1): extraction("Old1")}, "rules")
    fake.add("unit", build(1), build(2))

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(former_jobs.FormerJob, place, dies)
        with pytest.raises(KeyboardInterrupt):
            run_sync(engine, fake, rename_logs=logs.rename)
    assert table(engine) == {"unit": [1, 2]}
    run_sync(engine, fake, rename_logs=logs.rename)
    assert table(engine) == {"unit": [1, 2], KEPT: [1, 2]}
    assert names(logs, KEPT, 1) == ["Old1"]


@pytest.mark.chaos
@pytest.mark.concurrent
def test_two_at_once(url: str, engine: Engine, fake: FakeJenkins, tmp_path: Path) -> None:
    write_rows(engine, [old(number) for number in range(1, 31)])
    fake.add("unit", *map(build, range(1, 41)))
    settings = {
        "CI_STAT_URL": url,
        "CI_STAT_JENKINS_URL": fake.url,
        "CI_STAT_TIME_ZONE": "Asia/Shanghai",
        "NO_PROXY": "127.0.0.1",
        "XDG_DATA_HOME": str(tmp_path),
    }
    processes = [fork_command(settings, "sync", "jenkins") for _ in range(2)]
    assert [process.finish() for process in processes] == [(0, ""), (0, "")]
    assert table(engine) == {"unit": list(range(1, 41)), KEPT: list(range(1, 31))}


def test_the_new_log_in_a_folder_is_not_given_to_an_old_run(
    engine: Engine, url: str, fake: FakeJenkins, call: Call, tmp_path: Path, monkeypatch: Any
) -> None:
    write_rows(engine, [old(1)])
    home = tmp_path / "home" / "jobs" / "unit" / "builds" / "1"
    home.mkdir(parents=True)
    (home / "log").write_text("--- FAIL: TestNew (0.1s)\nFinished: FAILURE\n")
    fake.add("unit", build(1, result="FAILURE", log=b"--- FAIL: TestNew (0.1s)\n"))
    settings = {
        "URL": url,
        "JENKINS_URL": fake.url,
        "TIME_ZONE": "Asia/Shanghai",
        "LOG_DIR": str(tmp_path / "home"),
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"CI_STAT_{name}", value)
    assert call("sync", "jenkins").code == 0
    answer = call("failures", "--begin", "2021-06-01", "--end", "2021-06-20", "--json")
    found = {entry["case"]: entry["broke"] for entry in json.loads(answer.out)["failures"]}
    assert found == {"TestNew": ["unit#1"]}
