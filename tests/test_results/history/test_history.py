"""The history on a branch: what one runner imports, all others know, and nothing is lost."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Answer, Call
from tests.support.drawn import FULL
from tests.support.git import files_on, git
from tests.test_results.history.conftest import BRANCH

Runner = Callable[[str], Path]
TODAY = datetime.now(UTC)


def report(**outcomes: str) -> str:
    inside = {"passed": "", "failed": '<failure message="got 17">trace</failure>'}
    cases = "".join(
        f'<testcase classname="C" name="{name}" time="0.25">{inside[outcome]}</testcase>'
        for name, outcome in outcomes.items()
    )
    return f'<testsuite name="s">{cases}</testsuite>'


def upload(call: Call, number: int, days_ago: float = 0, **outcomes: str) -> Answer:
    Path("r.xml").write_text(report(**outcomes))
    time = (TODAY - timedelta(days=days_ago)).isoformat()
    return call(
        *("tests", "import", "r.xml", "--job", "unit", "--number", str(number)),
        *("--commit", f"c{number}", "--time", time),
    )


def newest(call: Call) -> dict[str, Any]:
    answer = call("tests", "--json")
    assert answer.code == 0, answer.err
    values: dict[str, Any] = json.loads(answer.out, object_hook=_without_id)
    return values


def _without_id(value: dict[str, Any]) -> dict[str, Any]:
    """Ids are those of the local database."""
    return {key: item for key, item in value.items() if key != "id"}


def test_a_runner_that_was_never_here_knows_all(
    call: Call, runner: Runner, repository: Path
) -> None:
    runner("first")
    answer = upload(call, 1, days_ago=2, a="passed", b="passed")
    assert answer.code == 0, answer.err
    assert "1 upload pushed to the branch ci-stat-history" in answer.err
    runner("second")
    assert upload(call, 2, days_ago=1, a="failed", b="passed").code == 0
    runner("third")
    assert upload(call, 3, a="failed", b="passed").code == 0
    on_third = newest(call)

    runner("fresh")
    assert newest(call) == on_third
    (failed,) = on_third["failed"]
    assert failed["failed_runs"] == 2
    assert failed["message"] == "got 17"
    assert len(files_on(repository, BRANCH)) == 3


def test_the_same_upload_twice_is_one_segment(call: Call, runner: Runner, repository: Path) -> None:
    runner("first")
    upload(call, 1, a="passed")
    upload(call, 1, a="passed")
    runner("second")
    upload(call, 1, a="passed")
    assert len(files_on(repository, BRANCH)) == 1
    assert git(repository, "rev-list", "--count", BRANCH) == "1"


def test_finished_days_are_packed_and_known_ones_not_read_again(
    call: Call, runner: Runner, repository: Path
) -> None:
    runner("first")
    for number in range(1, 4):
        upload(call, number, days_ago=5, a="passed")
    upload(call, 4, a="failed")
    paths = files_on(repository, BRANCH)
    assert [path.split("/")[0] for path in paths] == ["days", "segments"]

    runner("fresh")
    assert newest(call)["failed"][0]["failed_runs"] == 1
    assert newest(call)["earlier_runs"] == 3
    runner("first")
    assert newest(call)["earlier_runs"] == 3  # it has the segments, so the pack tells it nothing
    upload(call, 5, days_ago=5, a="passed")  # too late for the pack: it is packed again
    upload(call, 6, a="failed")
    runner("second")
    assert newest(call)["earlier_runs"] == 5
    assert sum(path.startswith("days/") for path in files_on(repository, BRANCH)) == 1


def test_only_the_days_of_the_setting_are_read(
    call: Call, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner("first")
    upload(call, 1, days_ago=40, a="passed")
    upload(call, 2, a="failed")
    runner("second")
    monkeypatch.setenv("CI_STAT_RESULTS_DAYS", "30")
    assert newest(call)["earlier_runs"] == 0


def test_without_a_network_answers_come_from_what_was_read(
    call: Call, runner: Runner, repository: Path
) -> None:
    runner("first")
    upload(call, 1, a="failed")
    repository.rename(repository.with_name("gone"))
    answer = call("tests", "--json")
    assert answer.code == 0
    assert json.loads(answer.out)["failed"]

    answer = upload(call, 2, a="failed")
    assert answer.code == 7, answer.err
    assert "git cannot fetch the branch" in answer.err
    repository.with_name("gone").rename(repository)
    assert "2 uploads pushed" in upload(call, 3, a="failed").err  # the one before is not lost
    runner("second")
    assert newest(call)["earlier_runs"] == 2


def test_a_folder_without_a_remote_says_what_to_do(
    call: Call, runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner("first")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    answer = call("tests")
    assert answer.code == 4
    assert "Call ci-stat inside the checkout" in answer.err


@pytest.mark.parametrize("name", ["", "-x", "a..b", "a//b", "x.lock", "a b", "a:b", "/a"])
def test_what_is_no_branch_name_is_refused(
    call: Call, runner: Runner, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    runner("first")
    monkeypatch.setenv("CI_STAT_RESULTS_URL", f"git+branch:{name}")
    answer = call("tests")
    assert answer.code == 4
    assert "git+branch:ci-stat-history" in answer.err


def test_a_damaged_file_is_named_and_costs_no_other(
    call: Call,
    runner: Runner,
    repository: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    runner("first")
    upload(call, 1, days_ago=5, a="passed")
    (path,) = files_on(repository, BRANCH)
    work = tmp_path / "work"
    git(tmp_path, "clone", "--quiet", "--branch", BRANCH, str(repository), str(work))
    (work / path).write_bytes((work / path).read_bytes()[:-20])
    git(work, "commit", "--quiet", "--all", "--message", "Cut a file")
    git(work, "push", "--quiet")
    assert upload(call, 2, days_ago=5, a="passed").code == 0
    assert upload(call, 3, a="failed").code == 0

    runner("second")
    assert newest(call)["earlier_runs"] == 1
    assert f"The file {path} of the history is damaged" in caplog.text
    assert path in files_on(repository, BRANCH)  # not packed with others, nor removed


def test_what_a_deleted_branch_had_is_pushed_again(
    call: Call, runner: Runner, repository: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runner("first")
    for number in range(1, 4):
        upload(call, number, days_ago=5, a="passed")
    upload(call, 4, a="passed")
    git(repository, "branch", "--delete", "--force", BRANCH)
    runner("second")
    upload(call, 5, a="failed")

    runner("first")
    assert newest(call)["earlier_runs"] == 4
    assert "lost the results of 1 day" in caplog.text
    upload(call, 6, a="failed")
    runner("fresh")
    assert newest(call)["earlier_runs"] == 4  # the day that has other results again lost run 4


def test_hostile_paths_on_the_branch_are_no_segments(
    call: Call, runner: Runner, repository: Path, tmp_path: Path
) -> None:
    runner("first")
    upload(call, 1, a="failed")
    work = tmp_path / "work"
    git(tmp_path, "clone", "--quiet", "--branch", BRANCH, str(repository), str(work))
    for path in ("README.md", "segments/2026/99/99/" + "0" * 32 + ".zst", "segments/x\ny.zst"):
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_text("no segment")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message", "Add a page")
    git(work, "push", "--quiet")
    runner("second")
    assert newest(call)["failed"]


def _process(name: str, number: int, folder: Path) -> "subprocess.Popen[bytes]":
    """An import in a process of its own, on a runner of its own."""
    checkout = folder / name / "checkout"
    checkout.mkdir(parents=True, exist_ok=True)
    git(checkout, "init", "--quiet")
    git(checkout, "config", "remote.origin.url", f"file://{folder / 'remote'}")
    (checkout / "r.xml").write_text(report(a="passed", **{f"of{number}": "failed"}))
    arguments = ("tests", "import", "r.xml", "--job", "unit", "--number", str(number))
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("ci-stat")), *arguments],
        cwd=checkout,
        env={
            **os.environ,
            "XDG_DATA_HOME": str(folder / name / "data"),
            "CI_STAT_RESULTS_URL": f"git+branch:{BRANCH}",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def test_many_processes_at_once_and_some_killed(
    call: Call, runner: Runner, repository: Path, tmp_path: Path
) -> None:
    """A killed import that is called again completes; nobody loses anything."""
    count = 50 if FULL else 4
    processes = [_process(f"runner{n}", n, tmp_path) for n in range(count)]
    killed = processes[::3]
    for place, process in enumerate(killed):
        time.sleep(0.4 + place)
        process.send_signal(signal.SIGKILL)
    for process in processes:
        process.communicate()
    again = [_process(f"runner{n}", n, tmp_path) for n in range(0, count, 3)]
    for process in again:
        _, errors = process.communicate()
        assert process.returncode == 0, errors

    runner("fresh")
    call("tests")
    assert newest(call)["earlier_runs"] == count - 1
    paths = files_on(repository, BRANCH)
    assert len(paths) == count
    assert all(re.fullmatch(r"segments/\d{4}/\d\d/\d\d/[0-9a-f]{32}\.zst", path) for path in paths)
