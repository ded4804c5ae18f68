"""Weeks of nightly runs and actions of people: the issues in the end, and how they came about."""

import json
import random
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest

from ci_stat.connectors.github.repository import GitHub as Client
from ci_stat.errors import Refused, WriteError
from ci_stat.issues.marker import hidden, read
from ci_stat.issues.model import IssuePlan, Marker, Reason
from ci_stat.issues.plan_files import read_plan, write_plan
from ci_stat.records import Accepted, Mute
from tests.support.command import Call
from tests.support.drawn import FULL
from tests.support.filing import DAY, ENV, World, case, moment, morning, race, world
from tests.support.github import Fault

CASE = "suite.TestFlaky"
KEY = f"case:{CASE}"


@pytest.fixture
def it(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as it:
        yield it
        assert it.github.findings == []
        assert it.duplicates() == []


def flaky(it: World, *days: float, message: str = "") -> None:
    it.runs(days, case(CASE, message) if message else case(CASE))


def acted(plan: IssuePlan) -> list[str]:
    """The actions, in the plan's order."""
    return [f"{entry.action} {entry.name}" for entry in plan.entries if entry.action != "not"]


def words(plan: IssuePlan) -> dict[str, str]:
    """The action for each name, or why it is skipped."""
    return {entry.name: str(entry.reason or entry.action) for entry in plan.entries}


# --- the flood


def test_the_flood_of_2020_12_14_is_one_issue(it: World) -> None:
    """A broken build with 8 cases on each of two days. An old version filed 8 issues."""
    cases = [case(f"suite{n}.TestBroken") for n in range(8)]
    it.green(0, 10)
    it.runs([day + 0.31 for day in range(7)], case("suite.TestUsual"))
    it.run(8.51, *cases)
    it.run(9.51, *cases)
    result, _ = it.post(8)
    assert acted(result.plan) == ["file tidb-unit-test-nightly: 8 tests fail together"]
    result, _ = it.post(9)
    assert acted(result.plan) == ["update tidb-unit-test-nightly: 8 tests fail together"]
    assert len(it.github.issues) == 1
    assert it.comments(1) == []
    marker = it.ours()[1]
    assert (marker.kind, len(marker.members), marker.days) == (
        "incident",
        8,
        {"2021-06-09": 1, "2021-06-10": 1},
    )
    assert "8 cases fail together" in it.github.issues[1].title


def test_no_issue_is_filed_for_broken_machines(it: World) -> None:
    it.runs([day / 3 for day in range(12)], ENV, case(CASE))
    for day in range(4):
        result, _ = it.post(day)
        assert set(words(result.plan).values()) == {Reason.MACHINES}
    assert it.github.issues == {}


def test_two_cases_whose_titles_are_cut_alike_get_an_issue_each(it: World) -> None:
    """The second is not taken for the first, filed a moment before."""
    for end in "ab":
        it.runs([0.2, 0.4], case(f"suite.Test{'VeryLong' * 30}{end}"))
    _, applied = it.post(0)
    assert [entry.skipped for entry in applied.results] == ["", ""]
    assert len({issue.title for issue in it.github.issues.values()}) == 1
    assert len(it.github.issues) == 2


def test_two_data_races_get_an_issue_each(it: World) -> None:
    it.runs([0.2, 0.4], race("github.com/pingcap/tidb/executor.(*Sort).Next()"))
    it.runs([0.3, 0.5], race("github.com/pingcap/tidb/util/memory.(*Tracker).Consume()"))
    it.post(0)
    assert len({issue.title for issue in it.github.issues.values()}) == 2


def test_an_accepted_backlog_is_filed_in_turn(it: World) -> None:
    """Three issues a day. What else breaks at once is still held back."""
    old = [f"old{n}Suite.TestIt" for n in range(24)]
    for day in range(9):
        for n, name in enumerate(old):
            it.runs([day + n / 30, day + n / 30 + 0.01], case(name))
    result, applied = it.post(0)
    assert "24 new issues at once are not plausible" in result.plan.stopped
    assert applied.results == ()
    it.notes().accepted.keep(
        [Accepted(f"case:{name}", name, moment(60), "I looked", moment(1)) for name in old]
    )
    for day in range(8):
        result, _ = it.post(day)
        assert (result.plan.stopped, len(it.ours())) == ("", 3 * (day + 1))
    fresh = [f"new{n}Suite.TestIt" for n in range(21)]
    for n, name in enumerate(fresh):
        it.runs([8 + n / 30, 8 + n / 30 + 0.01], case(name))
    result, _ = it.post(8)
    assert "21 new issues at once" in result.plan.stopped
    assert len(it.ours()) == 24


# --- a month

FLAKY = {f"flaky{n}.TestSometimes": rate for n, rate in enumerate([0.01, 0.015, 0.02, 0.025, 0.03])}
BROKEN = "planner.TestPlan"
BEGUN, FIXED, MONTH = 12.4, 18.6, 30
RUNS = 180 if FULL else 60  # runs a day


def test_a_month_of_many_runs_a_day_ends_in_six_issues(it: World) -> None:
    rng = random.Random(20210601)
    failures = dict.fromkeys([*FLAKY, BROKEN], 0)
    for n in range(MONTH * RUNS):
        day = n / RUNS
        failed = [name for name, rate in FLAKY.items() if rng.random() < rate]
        failed += [BROKEN] if BEGUN <= day < FIXED else []
        for name in failed:
            failures[name] += 1
        it.run(day, *map(case, failed))
    for day in range(MONTH):
        result, applied = it.post(day)
        assert not result.plan.stopped
        assert applied.succeeded
        if day == int(BEGUN):  # on the first morning after the regression began
            assert f"file {BROKEN}" in acted(result.plan)
    assert it.github.issues[it.number(BROKEN)].state == "open"  # eleven days are not enough
    it.post(MONTH + 3)
    assert len(it.github.issues) == len(it.ours()) == 6
    assert sum(len(it.comments(number)) for number in it.github.issues) <= 2
    _assert_readable(it, failures)


def _assert_readable(it: World, failures: dict[str, int]) -> None:
    """Each issue counts all failures and shows the last days. The regression's is closed."""
    for name, count in failures.items():
        number = it.number(name)
        marker = it.ours()[number]
        assert marker.failures == count, name
        body = it.github.issues[number].body
        shown = [line for line in body.splitlines() if line.startswith("| 2021-")]
        assert shown == [
            f"| {day} | {n} |" for day, n in sorted(marker.days.items(), reverse=True)[:14]
        ]
        assert len(body) < 8_000
    assert {it.github.issues[it.number(name)].state for name in FLAKY} == {"open"}
    marker = it.ours()[it.number(BROKEN)]
    assert list(marker.days) == [f"2021-06-{day}" for day in range(13, 20)]
    broken = it.github.issues[it.number(BROKEN)]
    assert broken.created_at == morning(int(BEGUN)).replace(microsecond=0)
    assert (broken.state, broken.closed_by) == ("closed", "ci-stat-bot")
    assert len(it.comments(broken.number)) == 1


# --- an incomplete list


@pytest.mark.parametrize("what", ["short-page", "wrong-count", "duplicate-page"])
def test_nothing_is_written_on_a_day_with_an_incomplete_list(it: World, what: str) -> None:
    for n in range(150):
        it.github.issue(f"somebody's issue {n}", created_at=moment(-30 + n / 10))
    flaky(it, 0.2, 0.4)
    it.runs([1.2, 1.4], case("suite.TestOther"))
    counts = what == "wrong-count"
    it.github.fault(
        Fault(what, "GET", path="tidb$" if counts else "/issues$", nth=1 if counts else 2, times=50)
    )
    result, _ = it.post(0)
    assert "incomplete" in result.plan.stopped
    assert (it.writes(), it.ledger()) == ([], [])
    it.github.faults.waiting.clear()
    flaky(it, 1.3)
    result, _ = it.post(1)
    assert acted(result.plan) == ["file suite.TestOther", f"file {CASE}"]
    assert it.ours()[it.number(CASE)].failures == 3


# --- what people do


def test_a_mute_holds_until_its_day(it: World) -> None:
    flaky(it, *(day + part for day in range(4) for part in (0.2, 0.4)))
    it.tracker().notes.mutes.keep([Mute(KEY, CASE, moment(2.5), "known", moment(0))])
    result, _ = it.post(0)
    assert words(result.plan) == {CASE: Reason.MUTED}
    assert it.writes() == []
    it.post(2)
    assert it.ours()[it.number(CASE)].failures == 6


def test_a_label_switches_us_off_and_its_end_on_again(it: World) -> None:
    flaky(it, 0.2, 0.4, 1.2, 2.2)
    it.post(0)
    it.github.label(1, "ci_stat/mute")
    it.github.requests.clear()
    result, _ = it.post(1)
    assert words(result.plan) == {CASE: Reason.SWITCHED_OFF}
    assert it.writes() == []
    it.github.unlabel(1, "ci_stat/mute")
    it.post(2)
    assert it.ours()[1].days == {"2021-06-01": 2, "2021-06-02": 1, "2021-06-03": 1}


def test_not_planned_is_respected_until_a_label_allows_it(it: World) -> None:
    flaky(it, *(day + part for day in range(5) for part in (0.2, 0.4)))
    it.post(0)
    it.github.close(1, reason="not_planned", at=moment(1.1))
    for day in (1, 2):
        result, _ = it.post(day)
        assert words(result.plan) == {CASE: Reason.NOT_PLANNED}
    it.github.label(1, "ci_stat/refile")
    result, _ = it.post(3)
    assert words(result.plan) == {CASE: "reopen"}
    assert it.github.issues[1].state == "open"
    assert len(it.comments(1)) == 1


def _silent(it: World) -> None:
    """Two days with failures, an issue, and then no failure."""
    it.green(0, 30)
    flaky(it, *(0.21 + n / 5 for n in range(8)))
    it.post(1)


def test_a_persons_comment_keeps_an_issue_open_for_two_weeks(it: World) -> None:
    _silent(it)
    it.github.comment(1, "I am looking into it.", at=moment(20))
    result, _ = it.post(30)
    assert words(result.plan) == {CASE: Reason.PERSON}
    it.post(35)
    assert it.github.issues[1].state == "closed"
    assert "Closed as completed: 8 failures" in it.comments(1)[0]


def test_what_a_person_opens_again_stays_open(it: World) -> None:
    _silent(it)
    it.post(30)
    assert it.github.issues[1].state == "closed"
    it.github.reopen(1, at=moment(32))
    for day in (32, 34, 38):
        result, _ = it.post(day)
        assert words(result.plan) == {CASE: Reason.PERSON}
    assert it.github.issues[1].state == "open"


def test_only_a_run_that_started_after_the_close_opens_an_issue_again(it: World) -> None:
    flaky(it, 0.2, 0.4, 1.2, 2.6)
    it.post(0)
    it.github.close(1, at=moment(1.3))
    result, _ = it.post(1)
    assert words(result.plan) == {CASE: Reason.BEFORE_FIX}
    it.post(2)
    assert it.github.issues[1].state == "open"
    assert "1 failed run started after this issue was closed" in it.comments(1)[0]


def test_long_after_the_close_there_is_a_new_issue_that_links_the_old_one(it: World) -> None:
    flaky(it, 0.2, 0.4, 20.2, 20.4)
    it.post(0)
    it.github.close(1, at=moment(2))
    it.post(20)
    assert [issue.state for issue in it.github.issues.values()] == ["closed", "open"]
    assert "Earlier: #1 (closed 2021-06-03)." in it.github.issues[2].body


def test_what_people_write_around_our_part_stays(it: World) -> None:
    flaky(it, 0.2, 0.4, 1.2)
    it.post(0)
    issue = it.github.issues[1]
    issue.body = f"Assigned to the planner team.\n\n{issue.body}\n\nSee also the design."
    it.post(1)
    assert issue.body.startswith("Assigned to the planner team.\n\n<!-- ci_stat:begin -->")
    assert issue.body.endswith("<!-- ci_stat:end -->\n\nSee also the design.")
    assert it.ours()[1].failures == 3


def test_an_issue_that_was_deleted_is_not_written_again(it: World) -> None:
    flaky(it, 0.2, 0.4, 1.2, 1.4)
    it.github.issue("somebody's")
    it.post(0)
    it.github.remove(2)
    result, _ = it.post(1)
    assert words(result.plan) == {CASE: Reason.GONE}
    assert list(it.github.issues) == [1]


# --- plans that are saved


def saved(it: World, tmp_path: Path, day: int = 0) -> Path:
    """Save a plan for that day's window; an hour passes."""
    file = tmp_path / "plan.json"
    write_plan(it.plan(day).plan, file)
    it.later(hours=1)
    return file


def test_a_saved_plan_is_applied(it: World, tmp_path: Path) -> None:
    flaky(it, 0.2, 0.4)
    plan = read_plan(saved(it, tmp_path))
    assert it.filer().apply(plan).succeeded
    assert it.ours()[1].failures == 2
    result, _ = it.post()
    assert acted(result.plan) == []


def test_a_plan_is_applied_only_once(it: World, tmp_path: Path) -> None:
    flaky(it, 0.2, 0.4)
    plan = read_plan(saved(it, tmp_path))
    it.filer().apply(plan)
    with pytest.raises(Refused, match="has changed"):
        it.filer().apply(plan)
    assert len(it.github.issues) == 1


@pytest.mark.parametrize("meanwhile", ["closed", "our own run", "muted", "commented"])
def test_a_plan_is_refused_when_something_happened_since(
    it: World, tmp_path: Path, meanwhile: str
) -> None:
    flaky(it, 0.2, 0.4, 1.2)
    it.post(0)
    plan = read_plan(saved(it, tmp_path, 1))
    if meanwhile == "closed":
        it.github.close(1)
    elif meanwhile == "our own run":
        it.post()
    elif meanwhile == "muted":
        it.tracker().notes.mutes.keep([Mute(KEY, CASE, moment(9), "known", moment(1))])
    else:
        it.github.comment(1, "I am on it.")
    before = it.writes()
    with pytest.raises(Refused, match="has changed"):
        it.filer().apply(plan)
    assert it.writes() == before


def test_a_plan_for_another_repository_is_refused(it: World, tmp_path: Path) -> None:
    flaky(it, 0.2, 0.4)
    plan = read_plan(saved(it, tmp_path))
    for other in ({"repo": "pingcap/tikv"}, {"tracker_url": "https://github.example.com/api/v3"}):
        with pytest.raises(Refused, match="The plan is for"):
            it.filer().apply(msgspec.structs.replace(plan, **other))
    assert it.writes() == []


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"repo": "pingcap/tidb"', "\x00", '"' + "[" * 5000]
)
def test_a_file_that_is_no_plan(tmp_path: Path, content: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(content)
    with pytest.raises(WriteError, match="is not a plan"):
        read_plan(file)
    with pytest.raises(WriteError, match="Cannot read"):
        read_plan(tmp_path / "nowhere.json")


def test_a_stopped_plan_is_not_applied(it: World, tmp_path: Path) -> None:
    flaky(it, 0.2, 0.4)
    it.github.issue("somebody's")
    it.flush()
    it.github.fault(Fault("wrong-count", "GET", path="/repos/pingcap/tidb$", times=50))
    plan = read_plan(saved(it, tmp_path))
    assert plan.stopped
    with pytest.raises(Refused):
        it.filer().apply(plan)
    assert it.writes() == []


# --- what is not written, and what is not trusted


def test_a_dry_run_writes_nothing(it: World) -> None:
    flaky(it, 0.2, 0.4)
    result = it.plan(0)
    assert acted(result.plan) == [f"file {CASE}"]
    assert (it.writes(), it.ledger()) == ([], [])
    it.post(0)
    done = it.ledger()
    it.github.requests.clear()
    it.plan(0)
    assert (it.writes(), it.ledger()) == ([], done)


def test_without_our_state_issues_are_recognised_by_their_markers(it: World) -> None:
    it.runs([0.5], *(case(f"broken.Test{n}") for n in range(8)))
    flaky(it, 0.2, 0.4, 1.2)
    it.post(0)
    before = it.contents()
    with it.state.begin() as connection:
        for table in ("outward_calls", "issue_locks", "issue_mutes", "issue_accepted"):
            connection.exec_driver_sql(f"delete from {table}")
    result, _ = it.post(0)
    assert acted(result.plan) == []
    assert it.contents() == before
    assert sorted(call.number for call in it.ledger()) == [1, 2]
    it.post(1)
    assert len(it.github.issues) == 2
    assert it.ours()[it.number(CASE)].failures == 3


def test_calls_of_more_than_a_year_ago_are_forgotten_but_not_our_issues(it: World) -> None:
    flaky(it, 0.2, 0.4, 1.2)
    it.post(0)
    it.post(1)
    assert [(call.kind, call.number) for call in it.ledger()] == [("edit", 1), ("create", 1)]
    it.later(days=398)
    it.post()
    assert [call.kind for call in it.ledger()] == ["edit", "create"]
    it.later(days=3)
    it.post()
    assert [call.kind for call in it.ledger()] == ["create"]
    assert len(it.github.issues) == 1


def test_a_copied_marker_is_ignored(it: World) -> None:
    flaky(it, 0.2, 0.4, 1.2, 1.4)
    it.github.issue(
        "Please look at this",
        hidden(Marker(KEY, "case", "c", moment(-9), moment(9))),
        author="mallory",
    )
    it.post(0)
    assert it.number(CASE) == 2
    # Also a complete copy of our text under a title that does not name the case.
    it.github.issue("Have a look", it.github.issues[2].body, author="mallory")
    result, _ = it.post(1)
    assert words(result.plan) == {CASE: "update"}
    assert read(it.github.issues[3].body) != read(it.github.issues[2].body)
    assert [call for call in it.writes() if call.endswith(("/1", "/3"))] == []


def test_labels_that_the_token_may_not_set_are_reported(it: World) -> None:
    it.github.may_push = False
    flaky(it, 0.2, 0.4)
    result, applied = it.post(0)
    assert it.github.issues[1].labels == []
    assert "GitHub did not set the labels type/bug, component/test" in it.screen(result, applied)


def test_a_label_that_the_repository_lacks_is_left_out(it: World) -> None:
    it.github.labels.discard("component/test")
    flaky(it, 0.2, 0.4)
    result, _ = it.post(0)
    assert result.plan.notes == (
        "the repository has no label component/test, so new issues do not get it",
    )
    assert it.github.issues[1].labels == ["type/bug"]
    assert it.github.created_labels == []


# --- through the command line


def environment(it: World, monkeypatch: pytest.MonkeyPatch) -> None:
    it.flush()
    for name, value in it.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(
        "ci_stat.connectors.github.repository.GitHub",
        partial(Client, between_reads=0.0, between_writes=0.0),
    )


def test_more_than_twenty_new_issues_are_refused(
    it: World, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(21):
        it.runs([n / 25, n / 25 + 0.01], case(f"suite.Test{n}"))
    environment(it, monkeypatch)
    answer = call("issues", "plan", "--begin", "2021-06-01", "--now", "2021-06-02T08:17", "--post")
    assert answer.code == 10
    assert "21 new issues at once are not plausible" in answer.err
    assert (it.writes(), it.ledger()) == ([], [])


def test_the_command_plans_posts_applies_and_shows_history(
    it: World, call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    flaky(it, 0.2, 0.4, 1.2)
    environment(it, monkeypatch)
    day, file = ("--begin", "2021-06-01", "--now", "2021-06-02T08:17"), str(tmp_path / "plan.json")
    dry = call("issues", "plan", *day, "--plan-out", file)
    assert (dry.code, it.writes()) == (0, [])
    assert f"file  {CASE}" in dry.out
    done = call("issues", "apply", file, "--now", "2021-06-02T08:17")
    assert (done.code, it.writes()) == (0, ["POST /repos/pingcap/tidb/issues"])
    assert "done: #1" in done.out
    again = call("issues", "apply", file, "--now", "2021-06-02T08:17")
    assert (again.code, len(it.writes())) == (10, 1)
    assert "has changed" in again.err
    post = call(
        "issues", "plan", "--begin", "2021-06-02", "--now", "2021-06-03T08:17", "--post", "--json"
    )
    assert (post.code, json.loads(post.out)["done"][0]["action"]) == (0, "update")
    assert it.ours()[1].failures == 3
    shown = call("issues", "history", "--json")
    assert [entry["state"] for entry in json.loads(shown.out)["calls"]] == ["done", "done"]


def test_another_process_that_files_issues_is_reported(
    it: World, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    flaky(it, 0.2, 0.4)
    environment(it, monkeypatch)
    lock = it.tracker().lock
    assert lock.take().granted
    answer = call("issues", "plan", "--begin", "2021-06-01", "--post")
    assert (answer.code, it.writes()) == (10, [])
    assert "Another ci-stat process is already filing issues for pingcap/tidb" in answer.err
    lock.release()


# --- comments


def test_a_new_message_gets_one_comment_and_no_day_gets_two(it: World) -> None:
    flaky(it, 0.2, 0.4)
    for day in range(1, 5):
        flaky(it, day + 0.2, message=f"... obtained string = something else {'abcd'[day - 1] * 5}")
        flaky(it, day + 0.4)
    for day in range(5):
        it.post(day)
        it.later(hours=2)
        assert acted(it.post()[0].plan) == []
    assert len(it.comments(1)) == 4
    assert [
        sum("something else" in line for line in body.splitlines()) > 0 for body in it.comments(1)
    ] == [True] * 4


def test_a_message_gets_no_second_comment_after_a_failed_edit(it: World) -> None:
    flaky(it, 0.2, 0.4)
    flaky(it, 1.2, message="... obtained string = the first new message")
    flaky(it, 2.2, message="... obtained string = the second new message")
    it.post(0)
    it.github.fault(Fault("502", "PATCH", times=5))
    it.post(1)
    it.later(minutes=2)
    it.post()
    it.post(2)
    assert ["the first new message" in body for body in it.comments(1)] == [True, False]
    assert ["the second new message" in body for body in it.comments(1)] == [False, True]


def test_times_of_a_window_are_those_of_the_zone(it: World) -> None:
    """A run a minute before midnight belongs to that day, although London has another."""
    flaky(it, 0.9993, 0.99, 1.0001)
    result, _ = it.post(0)
    assert result.plan.window == (moment(0), moment(1))
    assert it.ours()[1].days == {"2021-06-01": 2}
    assert it.github.issues[1].created_at - moment(1) < DAY / 2
    it.post(1)
    assert it.ours()[1].days == {"2021-06-01": 2, "2021-06-02": 1}
    assert it.clock.now() - moment(2) < timedelta(hours=9)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ((0.2, 0.4), "Failed in **both finished runs** of `tidb-unit-test-nightly` from"),
        ((0.2, 0.3, 0.4), "Failed in **all 3 finished runs** of `tidb-unit-test-nightly` from"),
    ],
)
def test_a_case_that_failed_in_every_run_has_no_percentage_of_them(
    it: World, days: tuple[float, ...], words: str
) -> None:
    """`2 of 2 finished runs: 100%` sounded like a measured rate."""
    flaky(it, *days)
    draft = it.plan(0).plan.entries[0].draft
    assert draft is not None
    body = draft.body or ""
    assert words in body
    assert "(Asia/Shanghai). The rate is at least" in body
    assert "100%" not in body


def test_an_issue_that_was_filed_while_the_disk_of_our_state_was_full(
    it: World, caplog: pytest.LogCaptureFixture
) -> None:
    """It counts as filed, the plan ends with its results, and the next run finds the issue."""
    flaky(it, 0.2, 0.4, 1.2)
    it.runs((0.3, 0.6), case("suite.TestOther"))
    with it.state.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE UPDATE ON outward_calls "
            "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    _, applied = it.post(0)
    assert [result.succeeded for result in applied.results] == [True, True]
    assert "the next run looks it up" in caplog.text
    assert len(it.github.issues) == 2
    with it.state.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER full")
    it.post(1)
    assert len(it.github.issues) == 2
    assert {call.state for call in it.ledger()} == {"done"}


def test_a_state_that_breaks_between_two_issues_keeps_the_first_result(it: World) -> None:
    flaky(it, 0.2, 0.4)
    it.runs((0.3, 0.6), case("suite.TestOther"))
    with it.state.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON outward_calls "
            "WHEN (SELECT count(*) FROM outward_calls) > 0 "
            "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    _, applied = it.post(0)
    assert [result.succeeded for result in applied.results] == [True]
    assert "full" in applied.stopped
    assert len(it.github.issues) == 1


def test_tests_of_two_packages_with_one_name_get_an_issue_each(it: World) -> None:
    """From the logs to the tracker; the next days keep each issue with its package."""
    executor, planner = "github.com/pingcap/tidb/executor", "github.com/pingcap/tidb/planner"

    def of(package: str, message: str) -> str:
        failed = f"    x_test.go:17: {message}\n--- FAIL: TestX (0.03s)\n"
        return f"=== RUN   TestX\n{failed}FAIL\nFAIL\t{package}\t0.412s\n"

    both = of(executor, "rows differ") + of(planner, "plan differs")
    it.runs([0.2, 0.4, 1.2], both)
    it.run(2.2, of(planner, "plan differs"))
    it.post(0)
    bodies = {issue.title: issue.body for issue in it.github.issues.values()}
    assert set(bodies) == {
        f"unstable test `TestX` in `{executor}`",
        f"unstable test `TestX` in `{planner}`",
    }
    assert "rows differ" in bodies[f"unstable test `TestX` in `{executor}`"]
    assert "plan differs" not in bodies[f"unstable test `TestX` in `{executor}`"]
    it.post(1)
    result, _ = it.post(2)
    assert len(it.github.issues) == 2
    acting = [entry for entry in result.plan.entries if entry.action != "not"]
    assert [(entry.action, entry.number) for entry in acting] == [
        ("update", it.number(planner)),
    ]
