"""Real runs of another project: our counts must equal the statistics that it publishes."""

import json
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import ci_stat.ci_stat as stat
from ci_stat.cli import cli

ROOT = Path(__file__).resolve().parents[2]
FIRST, LAST = datetime(2025, 9, 4), datetime(2025, 10, 16)
FULL_DAYS = [FIRST + timedelta(days=n) for n in range(1, (LAST - FIRST).days)]


@pytest.fixture(scope="module")
def runs_file(real: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The records of the other project, converted by the example."""
    tasks = real / "bitcoin-ci/tasks.json.gz"
    target = tmp_path_factory.mktemp("bitcoin") / "runs.jsonl"
    with target.open("wb") as file:
        subprocess.run(
            [sys.executable, str(ROOT / "examples/import_bitcoin.py"), str(tasks)],
            stdout=file,
            check=True,
        )
    return target


@pytest.fixture
def imported(runs_file: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with the 17,002 runs, imported by the command."""
    monkeypatch.setenv("CI_STAT_URL", url)
    monkeypatch.setenv("CI_STAT_TIME_ZONE", "UTC")
    done = CliRunner().invoke(cli, ["import", str(runs_file)])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("17,002 lines read, 17,002 runs stored, 0 lines skipped.")
    return url


def _theirs(real: Path) -> dict[str, tuple[int, int, int, int]]:
    days = json.loads((real / "bitcoin-ci/stats.json").read_text(encoding="utf-8"))["series"][
        "daily"
    ]
    return {
        day["period"]: tuple(day[name] for name in ("tasks", "completed", "failed", "aborted"))
        for day in days
    }


def test_the_41_full_days_agree(real: Path, imported: str) -> None:
    res = stat.get_result(FIRST, LAST + timedelta(days=1), [])
    counts: dict[str, Counter[str]] = {}
    for run in res.all_runs:
        assert run.time is not None
        counts.setdefault(str(run.time.date()), Counter())[run.status] += 1
    assert sum(map(Counter.total, counts.values())) == 17_002

    # The set is cut at both ends: its first run is of 2025-09-04 17:25, its last of 10-16 20:37.
    # Their statistics go on. A day is full if the set has runs of the day before and the day after.
    assert res.all_runs[0].time == datetime(2025, 9, 4, 17, 25, 47)
    assert res.all_runs[-1].time == datetime(2025, 10, 16, 20, 37, 57)
    assert len(FULL_DAYS) == 41
    theirs = _theirs(real)
    ours: dict[str, Any] = {
        day: (runs.total(), runs["SUCCESS"], runs["FAILURE"], runs["ABORTED"])
        for day, runs in counts.items()
    }
    full = [str(day.date()) for day in FULL_DAYS]
    assert {day: ours[day] for day in full} == {day: theirs[day] for day in full}
    assert ours["2025-10-16"] != theirs["2025-10-16"], (
        "a cut day must differ, otherwise the comparison is void"
    )


def test_the_database_counts_the_same_days(real: Path, imported: str) -> None:
    done = CliRunner().invoke(
        cli, ["summary", "--json", "--begin", "2025-09-05", "--end", "2025-10-16"]
    )
    assert done.exit_code == 0, done.output
    shown = json.loads(done.stdout)["over_time"]
    ours = {
        day["period"]: (day["runs"], day["success"], day["failure"], day["aborted"])
        for day in shown
    }
    theirs = _theirs(real)
    assert ours == {str(day.date()): theirs[str(day.date())] for day in FULL_DAYS}


def test_what_the_example_keeps(runs_file: Path) -> None:
    lines = [json.loads(line) for line in runs_file.read_text(encoding="utf-8").splitlines()]
    assert len({(line["job_name"], line["job_id"]) for line in lines}) == 17_002
    assert lines[0] == {
        "job_name": "macOS 14 native, arm64, no depends, sqlite only, gui",
        "job_id": 49621857354,
        "status": "FAILED",
        "time": 1757006747,
        "duration": 144_000,
        "repo": "bitcoin/bitcoin",
        "branch": "202508_ipc_test",
        "commit": "dd05864ffefd002b37940791bd577c941a2d2730",
        "description": {
            "title": "Add functional test for IPC interface",
            "build_id": 17471820441,
            "build_status": "ABORTED",
        },
    }
    assert all(line["duration"] is None or line["duration"] >= 0 for line in lines)
    assert sum(line["duration"] is None for line in lines) == 83
