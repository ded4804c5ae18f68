"""`ci-stat tests regressions` and `tests trends` on a history with planted changes."""

import csv
import io
import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Call
from tests.support.golden import Golden
from tests.test_results.history_db import fill

END = ("--end", "2026-11-30T00:00Z")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> str:
    return fill(tmp_path_factory.mktemp("history") / "results.sqlite")


@pytest.fixture(autouse=True)
def _database(history: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_STAT_RESULTS_URL", history)


def asked(call: Call, command: str, *arguments: str) -> Any:
    answer = call("tests", command, *END, "--json", *arguments)
    assert answer.code == 0, answer.err
    return json.loads(answer.out)


def regressed(call: Call, *arguments: str) -> dict[str, Any]:
    rows = asked(call, "regressions", *arguments)["regressions"]
    return {row["name"]: row for row in rows}


def test_what_regressed(call: Call) -> None:
    rows = regressed(call, "--job", "unit")
    assert sorted(rows) == ["broken", "fresh", "recovered"]
    broken = rows["broken"]
    assert (broken["failed"], broken["runs"]) == (12, 21)
    # The accident and the runs of pull requests and other branches do not count.
    assert (broken["failed_before"], broken["runs_before"]) == (0, 83)
    assert broken["newest_failure"]["number"] == 189
    assert broken["extreme"] is True
    assert rows["fresh"]["new_test"] is True
    assert rows["fresh"]["p_value"] is None
    assert rows["fresh"]["first_run"]["number"] == 175


@pytest.mark.parametrize("setting", ["", "main", "topic", "none"])
def test_the_default_branch_is_that_of_flaky_tests(
    call: Call, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv("CI_STAT_DEFAULT_BRANCH", setting)
    window = ("--since", "30d", "--json")
    flaky = json.loads(call("tests", "flaky", *END, *window).out)["default_branch"]
    runs = flaky.pop("runs")
    answer = call("tests", "regressions", *END, *window)
    if setting == "none":
        assert (runs, answer.code) == (0, 12)
        return
    data = json.loads(answer.out)
    assert data["default_branch"] == flaky
    if setting != "topic":  # its mass failures last, which counts for regressions only
        assert data["window"]["runs"] == runs
    assert asked(call, "trends", "--since", "30d")["default_branch"] == flaky


def test_since_when(call: Call) -> None:
    rows = regressed(call)
    change = rows["broken"]["change"]
    assert change["first"]["number"] == 178
    assert change["last_before"]["number"] < 178 <= change["latest"]["number"]
    assert change["first"]["commit"] == "00b2" * 10
    assert (change["rate_before"], change["rate_after"], change["ended"]) == (0.0, 1.0, None)
    recovered = rows["recovered"]["change"]
    assert (recovered["first"]["number"], recovered["ended"]["first"]["number"]) == (172, 178)


def test_what_became_slower(call: Call) -> None:
    data = asked(call, "regressions")
    (slow,) = data["slower"]
    assert slow["name"] == "slow"
    assert slow["change"] == pytest.approx(0.3, abs=0.05)
    assert abs(slow["since"]["first"]["number"] - 175) <= 1
    assert data["faster"] == []
    assert data["left_out_runs"] == {
        "pulls": 5,
        "other_branches": 5,
        "repeated": 0,
        "incomplete": 0,
        "partial": 0,
        "mass_failures": 1,
        "outages": 0,
    }


def test_a_regression_is_still_open_when_its_window_has_moved_on(call: Call) -> None:
    """Three weeks later its failures are the baseline; it has been open since the first ones."""
    later = ("--end", "2026-11-30T00:00Z", "--since", "1d", "--baseline", "5d")
    answer = call("tests", "regressions", *later, "--json")
    (broken,) = [row for row in json.loads(answer.out)["regressions"] if row["name"] == "broken"]
    assert broken["opened"] == "2026-11-27T00:00:00+00:00"
    assert broken["failed_before"] == 0


def test_jobs_labels_and_branches_are_apart(call: Call) -> None:
    rows = asked(call, "regressions", "--label", "db=tidb")["regressions"]
    assert [(row["job"], row["labels"], row["failed"]) for row in rows] == [
        ("=e2e\x1b[31m", {"db": "tidb"}, 8)
    ]
    answer = call("tests", "regressions", *END, "--branch", "topic")
    assert answer.code == 12
    assert "No run counts in this window" in answer.err
    assert "2026-11-10" in answer.err


def test_limits_count_the_rest(call: Call) -> None:
    data = asked(call, "regressions", "--limit", "1")
    assert (data["total_regressions"], len(data["regressions"])) == (4, 1)
    assert "… and 3 more regressions" in call("tests", "regressions", *END, "--limit", "1").out


def test_csv_has_the_same_rows_and_no_formula(call: Call) -> None:
    answer = call("tests", "regressions", *END, "--csv")
    rows = list(csv.DictReader(io.StringIO(answer.out)))
    assert [row["kind"] for row in rows] == ["fails"] * 4 + ["slower"]
    assert "\x1b" not in answer.out
    assert not any(row["job"].startswith("=") for row in rows)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--since", "x"], "--since 'x' is not a length"),
        (["--baseline", "0d"], "--baseline '0d' is too short"),
        (["--baseline", "2h"], "--baseline must be at least a day"),
        (["--baseline", "99999w"], "beyond the year 1"),
        (["--since", "999999w"], "beyond the year"),
        (["--job", "unti"], "Jobs with results: unit"),
        (["--branch", "mian"], "Branches with results: main"),
        (["--label", "x"], "Invalid label"),
        (["--end", "never"], "--end 'never' is not a time"),
    ],
)
def test_invalid_arguments_end_with_2(call: Call, arguments: list[str], words: str) -> None:
    answer = call("tests", "regressions", *arguments)
    assert answer.code == 2
    assert words in answer.err


@pytest.mark.parametrize("command", ["regressions", "trends"])
def test_no_data_ends_with_12(
    call: Call, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call("tests", command, "--end", "2020-01-01").code == 12
    monkeypatch.setenv("CI_STAT_RESULTS_URL", f"sqlite:///{tmp_path}/empty.sqlite")
    answer = call("tests", command)
    assert answer.code == 12
    assert "ci-stat tests import PATH" in answer.err


def test_the_whole_report(call: Call, golden: Golden) -> None:
    golden.check("tests_regressions.txt", call("tests", "regressions", *END).out)


# Trends


def points(call: Call, *arguments: str) -> list[dict[str, Any]]:
    jobs = asked(call, "trends", *arguments)["jobs"]
    (job,) = [job for job in jobs if job["job"] == "unit"]
    rows: list[dict[str, Any]] = job["points"]
    return rows


def test_days(call: Call) -> None:
    days = points(call, "--since", "10d", "--by", "day")
    assert [day["begin"][-2:] for day in days] == [f"{number}" for number in range(20, 30)]
    assert {day["runs"] for day in days} == {3}
    assert [day["tests"] for day in days] == [5] * 5 + [6] * 5
    newest = days[-1]
    finished = newest["passed"] + newest["failed"]
    assert finished == 18
    assert newest["pass_rate"] == newest["passed"] / finished
    assert newest["failed"] >= 3


def test_weeks_are_the_sums_of_their_days(call: Call) -> None:
    days, weeks = points(call, "--by", "day"), points(call, "--by", "week")
    assert all(date.fromisoformat(week["begin"]).weekday() == 0 for week in weeks)
    for name in ("runs", "passed", "failed", "skipped", "flaky"):
        assert sum(day[name] for day in days) == sum(week[name] for week in weeks)
    assert max(day["tests"] for day in days) == max(week["tests"] for week in weeks)
    assert sum(week["runs"] for week in weeks) == 189
    assert sum(week["flaky"] for week in weeks) > 3


def test_a_day_without_runs_has_no_rate(call: Call) -> None:
    topic = points(call, "--branch", "main", "--branch", "fix", "--since", "4d", "--by", "day")
    assert all(day["pass_rate"] is not None for day in topic)
    data = asked(call, "trends", "--branch", "topic", "--branch", "main", "--since", "21d")
    assert data["left_out_runs"] == {"other_branches": 0}
    data = asked(call, "trends", "--since", "21d")
    assert data["left_out_runs"] == {"other_branches": 10}


def test_trends_as_csv(call: Call) -> None:
    answer = call("tests", "trends", *END, "--by", "week", "--job", "unit", "--csv")
    rows = list(csv.DictReader(io.StringIO(answer.out)))
    assert [row["begin"] for row in rows] == [row["begin"] for row in points(call, "--by", "week")]


def test_all_trends(call: Call, golden: Golden) -> None:
    days = call("tests", "trends", *END, "--since", "30d").out
    golden.check("tests_trends.txt", call("tests", "trends", *END).out + "\n" + days)


def test_trends_are_the_same_after_pruning(
    call: Call, history: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = tmp_path / "pruned.sqlite"
    shutil.copy(history.removeprefix("sqlite:///"), copied)
    monkeypatch.setenv("CI_STAT_RESULTS_URL", f"sqlite:///{copied}")
    before = [asked(call, "trends", "--by", period) for period in ("day", "week")]
    pruned = json.loads(call("tests", "prune", "--older-than", "1d", "--json").out)
    assert pruned["runs"] > 100
    assert [asked(call, "trends", "--by", period) for period in ("day", "week")] == before


def test_the_page_shows_what_the_commands_print(call: Call) -> None:
    page = (Path(__file__).parents[2] / "docs" / "regressions.md").read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in page.split("```text\n")[1:]]
    outputs = [
        call("tests", "regressions", *END, "--job", "unit").out,
        call("tests", "trends", *END, "--since", "30d").out,
    ]
    assert len(blocks) == len(outputs)
    for block, output in zip(blocks, outputs, strict=True):
        assert set(block.splitlines()) <= set(output.splitlines())
