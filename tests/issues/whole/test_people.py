"""What people write is kept and never taken for ours; an App recognises its own issues."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ci_stat.issues.marker import comment_mark
from ci_stat.issues.model import Reason
from tests.issues.whole.test_histories import flaky
from tests.support.filing import World, moment, world
from tests.support.github import Fault


@pytest.fixture
def it(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as it:
        yield it
        assert it.github.findings == []


@pytest.fixture
def app(tmp_path: Path) -> Iterator[World]:
    """A token of an App's installation, whose login GitHub does not report."""
    with world(tmp_path, kind="Bot", login="ci-stat[bot]") as it:
        it.github.fault(Fault("403", "GET", path="/user$", times=1_000))
        yield it


def test_an_app_knows_its_issues_without_our_state(app: World) -> None:
    flaky(app, 0.2, 0.4, 1.2)
    app.post(0)
    app.forget()
    app.post(1)
    assert len(app.github.issues) == 1
    assert app.ours()[1].failures == 3


def test_an_app_finds_an_issue_after_a_lost_answer(app: World) -> None:
    flaky(app, 0.2, 0.4, 1.2)
    app.github.fault(Fault("502-after", "POST", path="/issues$"))
    app.post(0)
    app.later(minutes=2)
    app.post(0)
    assert len(app.github.issues) == 1


def test_an_app_checks_labels(app: World) -> None:
    app.github.labels.discard("component/test")
    flaky(app, 0.2, 0.4)
    result, _ = app.post(0)
    assert (
        "the repository has no label component/test, so new issues do not get it"
        in result.plan.notes
    )


def test_a_comment_of_a_stranger_with_our_mark_counts_as_a_persons(it: World) -> None:
    it.green(0, 40)
    flaky(it, *(0.21 + n / 60 for n in range(20)))
    it.post(0)
    it.github.comment(1, f"Please do not close.\n{comment_mark('x')}", at=moment(14))
    result, _ = it.post(20)
    assert [entry.reason for entry in result.plan.entries] == [Reason.PERSON]


def test_somebody_who_writes_with_our_account_is_a_person(it: World) -> None:
    it.green(0, 40)
    flaky(it, *(0.21 + n / 60 for n in range(20)))
    it.post(0)
    it.github.comment(1, "I am looking into it.", author=it.github.login, at=moment(14))
    result, _ = it.post(20)
    assert [entry.reason for entry in result.plan.entries] == [Reason.PERSON]


def meanwhile(it: World, do: str) -> None:
    """Let a person act just before the filer reads the issue for the last time."""
    done: list[bool] = []

    def before(method: str, path: str) -> None:
        if method == "GET" and path.endswith("/issues/1") and not done:
            done.append(True)
            issue = it.github.issues[1]
            if do == "text":
                issue.body = f"ROOT CAUSE: see below\n\n{issue.body}\n\nThe end."
            elif do == "label":
                it.github.label(1, "ci_stat/mute")
            else:
                it.github.close(1, reason=do)

    it.github.before = before


def test_text_that_was_written_meanwhile_stays(it: World) -> None:
    flaky(it, 0.2, 0.4, 1.2)
    it.post(0)
    meanwhile(it, "text")
    it.post(1)
    body = it.github.issues[1].body
    assert body.startswith("ROOT CAUSE")
    assert body.endswith("The end.")
    assert it.ours()[1].failures == 3


@pytest.mark.parametrize("do", ["label", "not_planned"])
def test_what_people_decided_meanwhile_holds(it: World, do: str) -> None:
    flaky(it, 0.2, 0.4, 1.2)
    it.post(0)
    meanwhile(it, do)
    _, applied = it.post(1)
    assert [entry.skipped for entry in applied.results] == [
        "the issue has changed since planning; the next run plans it again"
    ]
    assert it.ours()[1].failures == 2


def test_a_body_that_a_stranger_copied_is_not_adopted(it: World) -> None:
    flaky(it, 0.2, 0.4, 1.2)
    draft = it.plan(0).plan.entries[0].draft
    assert draft is not None
    it.github.issue(
        "A question about indexes", body=draft.body or "", author="stranger", created_at=moment(1.3)
    )
    it.github.fault(Fault("drop-before", "POST", path="/issues$"))
    it.post(0)
    it.later(minutes=2)
    it.post(0)
    assert [issue.author for issue in it.github.issues.values()] == ["stranger", it.github.login]
    assert it.github.issues[1].body == draft.body


def test_an_issue_without_the_delimiters_of_our_part_is_left_alone(it: World) -> None:
    flaky(it, 0.2, 0.4, 1.2)
    it.post(0)
    it.github.issues[1].body = it.github.issues[1].body.replace("<!-- ci_stat:end -->", "")
    result, _ = it.post(1)
    assert [entry.reason for entry in result.plan.entries] == [Reason.TAKEN_OVER]


@pytest.mark.parametrize("bot", [True, False])
def test_not_planned_by_a_bot_is_no_decision_of_a_person(it: World, bot: bool) -> None:
    """The list of issues does not say who closed one: it is asked for where it matters."""
    flaky(it, 0.2, 0.4, 3.2, 3.4)
    it.github.issue("A question about indexes")
    it.github.close(1, reason="not_planned")
    it.post(0)
    it.github.close(2, by="cleaner", reason="not_planned", at=moment(2), bot=bot)
    before = len(it.github.requests)
    result, _ = it.post(3)
    assert [entry.action for entry in result.plan.entries] == ["reopen" if bot else "not"]
    assert it.github.issues[2].state == ("open" if bot else "closed")
    single = [call.path for call in it.github.requests[before:] if call.path.endswith("/issues/1")]
    assert single == []  # nothing that fails is about it


def test_a_plan_is_applied_although_a_bot_closed_an_issue(it: World) -> None:
    flaky(it, 0.2, 0.4, 3.2, 3.4)
    it.post(0)
    it.github.close(1, by="stale[bot]", reason="not_planned", at=moment(2), bot=True)
    result = it.plan(3)
    applied = it.filer().apply(result.plan)
    assert applied.succeeded
    assert it.github.issues[1].state == "open"


def test_the_successor_of_a_locked_issue_links_it_and_is_kept(it: World) -> None:
    flaky(it, 0.2, 0.4, 3.2, 3.4, 4.2)
    it.post(0)
    it.github.close(1, at=moment(2))
    it.github.issues[1].locked = True
    it.post(3)
    assert "#1" in it.github.issues[2].body
    assert it.github.issues[1].state == "closed"
    result, _ = it.post(4)
    assert [(entry.action, entry.number) for entry in result.plan.entries] == [("update", 2)]
