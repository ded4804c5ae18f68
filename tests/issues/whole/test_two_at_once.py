"""Two filers at once: one works, the other is refused; and two that share no state."""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ci_stat.errors import Refused
from ci_stat.issues.apply import apply
from ci_stat.issues.marker import read
from tests.support import mariadb
from tests.support.drawn import FULL
from tests.support.filing import World, case, ended, forked, world

pytestmark = [pytest.mark.chaos, pytest.mark.concurrent]

ROUNDS = 20 if FULL else 5


@pytest.fixture
def it() -> Iterator[World]:
    with (
        tempfile.TemporaryDirectory(dir=mariadb._home()) as folder,
        world(Path(folder), read_once=True) as it,
    ):
        yield it


def failures(it: World) -> None:
    for name in ("suite.TestOne", "suite.TestTwo"):
        it.runs([0.2, 0.4], case(name))
    it.run(0.6, *(case(f"broken.Test{n}") for n in range(8)))


def started(it: World, begin: int, refusals: Path) -> int:
    """Start a filer in another process. It waits for a byte, and records why it was refused."""

    def work() -> None:
        it.state.dispose(close=False)
        os.read(begin, 1)
        try:
            it.post()
        except Refused as refused:
            with refusals.open("a") as file:
                file.write(f"{refused.message}\n")

    return forked(work)


def test_of_two_at_once_one_works_and_the_other_says_so(it: World) -> None:
    """Both start together. GitHub answers the one that works only after the other was refused."""
    failures(it)
    saved = it.save()
    it.post(0)
    expected, refusals = it.contents(), it.folder / "refusals"
    refusals.touch()

    def refused() -> list[str]:
        return refusals.read_text().splitlines()

    for number in range(ROUNDS):
        it.restore(saved)
        deadline = time.monotonic() + 20

        def hold(_when: str, number: int = number, deadline: float = deadline) -> None:
            while len(refused()) <= number and time.monotonic() < deadline:
                time.sleep(0.005)

        it.on_call = hold
        begin, shot = os.pipe()
        both = [started(it, begin, refusals) for _ in range(2)]
        os.write(shot, b"!!")
        assert [ended(pid) for pid in both] == [0, 0]
        os.close(begin)
        os.close(shot)
        assert len(refused()) == number + 1
        assert it.duplicates() == []
        assert it.contents() == expected
    assert all(
        "Another ci-stat process is already filing issues for pingcap/tidb: another process (pid"
        in line
        for line in refused()
    )
    assert all(line.endswith("and is alive.") for line in refused())


def test_one_that_is_stopped_holds_the_other_off_as_long_as_it_lives(it: World) -> None:
    """It is stopped for longer than any lease, and will continue to write."""
    failures(it)
    it.flush()
    stopped: list[str] = []
    child = 0

    def stop(when: str) -> None:
        if when == "before" and any(call.writes for call in it.github.requests) and not stopped:
            stopped.append(when)
            os.kill(child, signal.SIGSTOP)

    it.on_call = stop
    begin, shot = os.pipe()
    child = started(it, begin, it.folder / "refusals")
    os.write(shot, b"!")
    os.waitpid(child, os.WUNTRACED)
    it.clock.sleep(3600)
    with pytest.raises(Refused, match=f"pid {child}"):
        it.post()
    assert len(it.writes()) == 1
    os.kill(child, signal.SIGCONT)
    assert ended(child) == 0
    assert it.duplicates() == []
    assert len(it.github.issues) == 3


@pytest.fixture
def other(it: World, tmp_path: Path) -> World:
    """Another machine with the same runs and token, but its own state."""
    state = {"CI_STAT_STATE_URL": f"sqlite:///{tmp_path / 'other.sqlite'}"}
    hooks = it.github.before, it.github.after
    machine = World(it.folder, it.github, it.environ | state, it.clock, read_once=True)
    it.github.before, it.github.after = hooks
    return machine


def test_the_look_before_a_creation_is_no_older_than_it_must_be(
    it: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look comes after the pause between writes, not before it."""
    failures(it)
    at: list[int] = []
    monkeypatch.setattr(
        "ci_stat.connectors.github.repository.GitHub.wait_to_write",
        lambda _: at.append(len(it.github.requests)),
    )
    it.post(0)
    posts = [n for n, call in enumerate(it.github.requests) if call.method == "POST"]
    requests_between = [post - start for post, start in zip(posts, at, strict=True)]
    assert requests_between == [1, 1, 1]  # one page of the newest issues


def test_two_machines_that_take_turns_write_nothing_twice(it: World, other: World) -> None:
    failures(it)
    it.post(0)
    before = it.contents()
    it.later(minutes=2)
    result, _ = other.post()
    assert {entry.action for entry in result.plan.entries} == {"not"}
    assert it.contents() == before


def test_the_look_before_a_creation_finds_what_another_machine_filed_since_the_snapshot(
    it: World, other: World
) -> None:
    """The other one files everything after the first has read the list, before it writes."""
    failures(it)
    it.flush()
    busy: list[str] = []

    def meanwhile(when: str) -> None:
        calls = it.github.requests
        looked = [at for at, call in enumerate(calls) if call.query.get("sort") == "updated"]
        # The check of the list: recent changes, then the count of open issues.
        if when == "after" and looked and len(calls) == looked[0] + 2 and not busy:
            busy.append(when)
            other.post()

    it.on_call = meanwhile
    result, applied = it.post(0)
    it.on_call = None
    assert len(result.decisions.acting) == len(applied.results) == 3
    assert all("was filed since planning" in entry.skipped for entry in applied.results)
    assert it.duplicates() == []
    assert len(it.github.issues) == 3


def test_the_look_also_finds_what_a_person_filed_since_the_snapshot(it: World) -> None:
    it.runs([0.2, 0.4], case("suite.TestOne"))
    plan = it.plan(0).plan
    it.later(minutes=5)
    it.github.issue("Unstable test: `suite.TestOne` in pkg/suite")
    it.github.issue("suite.TestOther is flaky")
    # Not through the filer, which refuses a plan after a change of the tracker.
    tracker = it.tracker()
    tracker.lock.take()
    applied = apply(plan, tracker)
    assert [entry.skipped for entry in applied.results] == ["#1 was filed since planning"]
    assert it.writes() == []


def test_two_machines_in_the_narrow_window_write_twice_at_most_once(
    it: World, other: World
) -> None:
    """Both look before either creates: GitHub cannot prevent that. No comment comes twice."""
    it.runs([0.2, 0.4], case("suite.TestOne"))
    it.runs([1.3, 2.3], case("suite.TestOne"))
    it.flush()
    busy: list[str] = []

    def meanwhile(when: str) -> None:
        if when == "before" and it.writes() and not busy:
            busy.append(when)
            other.post()

    it.on_call = meanwhile
    it.post(0)
    it.on_call = None
    markers = [read(issue.body) for issue in it.github.issues.values()]
    assert len(markers) == 2
    assert len({marker.create for marker in markers if marker}) == 1
    for day, machine in ((1, it), (2, other)):
        machine.post(day)
        assert len(it.github.issues) == 2
    assert it.ours()[1].failures == 4
    assert it.github.issues[2].state_reason == "duplicate"  # the later twin, on the next day
    assert [len(it.comments(number)) for number in (1, 2)] == [0, 1]
    assert it.clock.now() - it.github.issues[1].created_at > timedelta(days=1)


def twins(it: World) -> None:
    """Two issues for one failure, as two processes with separate states file them in step."""
    it.runs([0.2, 0.4, 1.2], case("suite.TestOne"))
    it.post(0)
    first = it.github.issues[1]
    copied = (read(first.body) or pytest.fail("no marker")).create
    body = first.body.replace(copied, copied[::-1])
    it.github.issue(first.title, body=body, author=it.github.login, created_at=first.created_at)


def test_the_later_of_two_twins_is_closed_as_a_duplicate(it: World) -> None:
    """Both processes find the same one, whichever runs first; the other one finds nothing to do."""
    twins(it)
    result, applied = it.post(1)
    assert applied.succeeded
    assert {(str(entry.action), entry.number) for entry in result.plan.entries} == {
        ("update", 1),
        ("close", 2),
    }
    issue = it.github.issues[2]
    assert (issue.state, issue.state_reason) == ("closed", "duplicate")
    assert it.comments(2)[0].startswith("Duplicate of #1\n")
    it.forget()  # the other process
    result, _ = it.post(1)
    assert [entry.action for entry in result.plan.entries] == ["not"]
    assert it.github.issues[1].state == "open"
    assert len(it.comments(2)) == 1


def test_a_twin_that_a_person_reopened_or_discusses_stays(it: World) -> None:
    twins(it)
    it.github.comment(2, "I am looking into it.")
    result, _ = it.post(1)
    assert [entry.action for entry in result.plan.entries] == ["update", "not"]
    it.github.issues[2].comments.clear()
    it.post(1)
    assert it.github.issues[2].state == "closed"
    it.github.reopen(2)
    result, _ = it.post(1)
    assert "a person reopened it" in result.plan.entries[-1].why
    assert it.github.issues[2].state == "open"
