"""The list of all issues, and the proof that it is complete.

An issue that is missing in the list would be filed a second time.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from ci_stat.connectors.github.pagination import Page
from ci_stat.connectors.github.reading import Facts, Reading, disagreement
from ci_stat.records import Listing
from tests.connectors.github.test_repository import (
    BORN,
    PROXIES,
    REPO,
    Hub,
    client_of,
    hub,
    plant,
    says,
)
from tests.support.connectors import FakeTime, Raw, answering
from tests.support.github.records import Call

LIST = f"/repos/{REPO}/issues$"
BOTH = pytest.mark.parametrize("cursors", [True, False])


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


def all_of(it: Hub) -> Listing:
    return it.client.issues(lambda _: False)


def expected(it: Hub) -> list[int]:
    issues = sorted(it.server.issues.values(), key=lambda each: (each.created_at, each.number))
    return [issue.number for issue in issues if not issue.pull]


def pages_of(it: Hub) -> list[Any]:
    """The requests for pages of the list, as far as they were answered."""
    return [
        call for call in it.server.requests if call.query.get("sort") == "created" and is_page(call)
    ]


def is_page(call: Call) -> bool:
    return call.query.get("direction") == "asc" and call.processed


def looks(it: Hub) -> int:
    """How often it was asked what changed meanwhile."""
    return sum(call.query.get("sort") == "updated" for call in it.server.requests)


def during(it: Hub, page: int, change: Callable[[], Any]) -> None:
    """Do `change` once, just before that page of the list is made."""
    asked = 0

    def before(method: str, path: str) -> None:
        nonlocal asked
        # The newest one and the repository are asked before the list, once each.
        asked += path.endswith("/issues")
        if asked == page + 1:
            asked += 1_000
            change()

    it.server.before = before


@BOTH
@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 200, 420])
def test_all_issues_of_any_number_of_pages(count: int, cursors: bool) -> None:
    with hub(cursors=cursors) as it:
        plant(it.server, count)
        seen: list[int] = []
        found = it.client.issues(lambda _: False, seen.append)
        assert (found.problem, [issue.number for issue in found.issues]) == ("", expected(it))
        assert (found.pages, sum(seen)) == (max(-(-count // 100), 1), count)
        assert [len(seen), it.sent] == [found.pages, found.pages + 6]


def test_more_pages_than_numbers_lead_to() -> None:
    with hub(page_limit=3) as it:
        plant(it.server, 550)
        assert (all_of(it).problem, all_of(it).pages) == ("", 6)


def test_only_bodies_that_are_wanted_are_kept() -> None:
    with hub() as it:
        it.server.issue("ours", "text <!-- ci_stat -->")
        it.server.issue("theirs", "text")
        it.server.issue("a pull request", "<!-- ci_stat -->", pull=True)
        found = it.client.issues(lambda body: "ci_stat" in body)
        assert [issue.body for issue in found.issues] == ["text <!-- ci_stat -->", ""]


def test_an_issue_that_came_from_another_repository() -> None:
    """It has a number of today, and the age that it had there."""
    with hub() as it:
        plant(it.server, 150)
        it.server.issue("from elsewhere", created_at=BORN - timedelta(days=300))
        found = all_of(it)
        assert (found.problem, len(found.issues)) == ("", 121)


# Faults: what they do to a list is found, and passes if the second reading is whole


def spoilt(it: Hub, what: str, *nth: int) -> None:
    """Spoil the `nth` requests of this list.

    The first and the last request of a reading ask for the newest issue.
    """
    for each in nth:
        it.fault(what, path=LIST, nth=each)


@BOTH
@pytest.mark.parametrize(
    ("what", "first", "second", "problem"),
    [
        ("short-page", 2, 5, "#250, the newest, is missing."),
        ("missing-link", 2, 5, "#250, the newest, is missing."),
        ("missing-link", 3, 7, "#250, the newest, is missing."),
        ("duplicate-page", 3, 6, "#1 is listed twice."),
    ],
)
def test_a_page_that_is_spoilt(
    cursors: bool, what: str, first: int, second: int, problem: str
) -> None:
    with hub(cursors=cursors) as it:
        plant(it.server, 250)
        spoilt(it, what, first)
        found = all_of(it)
        assert (found.problem, [issue.number for issue in found.issues]) == ("", expected(it))
        assert len(pages_of(it)) in (4, 5, 6)  # it was read twice
        spoilt(it, what, first, second)
        found = all_of(it)
        if (what, first, cursors) == (
            "missing-link",
            3,
            False,
        ):  # the page before announced the number of pages
            problem = "3 pages were announced, and 2 received."
        assert found.problem == f"The list of issues is incomplete: {problem}"


def test_pages_that_are_shorter_than_asked_for() -> None:
    with hub(per_page_max=50) as it:
        plant(it.server, 120)
        found = all_of(it)
        assert (
            found.problem
            == "The list of issues is incomplete: page 1 has 50 items and is not the last."
        )
        it.server.findings.clear()  # the stand-in finds it, too: it was asked for pages of 100


@pytest.mark.parametrize(("times", "readings"), [(1, 1), (2, 1), (3, 1), (7, 1), (8, 2)])
def test_a_count_that_is_wrong_for_a_moment(times: int, readings: int) -> None:
    """What changed is looked at four times, with a question for the count before and after each."""
    with hub() as it:
        plant(it.server, 150)
        it.fault("wrong-count", path=f"/repos/{REPO}$", times=times)
        found = all_of(it)
        assert (found.problem, len(pages_of(it))) == ("", 2 * readings)
        assert [issue.number for issue in found.issues] == expected(it)


def test_a_count_that_is_wrong() -> None:
    with hub() as it:
        plant(it.server, 150)
        it.fault("wrong-count", path=f"/repos/{REPO}$", times=99)
        found = all_of(it)
        assert found.problem == (
            "The list of issues is incomplete: it has 100 open items, "
            "and the repository counts 101."
        )
        assert (len(found.issues), len(pages_of(it))) == (120, 4)


@pytest.mark.parametrize(("lag", "whole"), [(30, True), (300, False)])
def test_a_list_that_lags_behind(lag: int, whole: bool) -> None:
    """GitHub's list may lack an issue that was just created.

    Then the request for the newest issue, which asks the same list, lacks it too. The count has it.
    """
    with hub(list_lag=timedelta(seconds=lag)) as it:
        it.server.issue("old", created_at=BORN)
        it.server.issue("just now")
        found = all_of(it)
        if not whole:
            assert found.problem.endswith("it has 1 open items, and the repository counts 2.")
            it.time.sleep(lag)
            found = all_of(it)
        assert (found.problem, len(found.issues)) == ("", 2)


# What happens while it is read


@BOTH
@pytest.mark.parametrize("page", [1, 2, 3])
def test_an_issue_that_is_created_meanwhile(cursors: bool, page: int) -> None:
    with hub(cursors=cursors) as it:
        plant(it.server, 250)
        during(it, page, lambda: it.server.issue("new"))
        found = all_of(it)
        assert (found.problem, found.issues[-1].number, len(pages_of(it)), looks(it)) == (
            "",
            251,
            3,
            1,
        )


@BOTH
def test_an_issue_that_is_created_after_the_last_page(cursors: bool) -> None:
    with hub(cursors=cursors) as it:
        plant(it.server, 250)
        during(it, 4, lambda: it.server.issue("new"))
        found = all_of(it)
        assert (found.problem, found.issues[-1].number, len(pages_of(it))) == ("", 251, 3)


@BOTH
def test_the_first_issue_of_all_comes_after_the_list_was_read(cursors: bool) -> None:
    with hub(cursors=cursors) as it:
        during(it, 2, lambda: it.server.issue("new"))
        found = all_of(it)
        assert ([each.number for each in found.issues], found.problem, len(pages_of(it))) == (
            [1],
            "",
            1,
        )


@BOTH
def test_changes_that_cancel_out_in_the_count(cursors: bool) -> None:
    with hub(cursors=cursors) as it:
        plant(it.server, 250)

        def change() -> None:
            it.server.close(4)
            it.server.reopen(3)
            it.server.issues[1].title = "unstable test `S.TestA`"
            it.server.issues[1].updated_at = it.server.now

        during(it, 3, change)
        found = {each.number: each for each in all_of(it).issues}
        assert (found[4].open, found[3].open, found[1].title) == (
            False,
            True,
            "unstable test `S.TestA`",
        )
        assert len(pages_of(it)) == 3


@BOTH
@pytest.mark.parametrize("page", [1, 2, 3, 4])
def test_issues_that_are_closed_and_opened_meanwhile(cursors: bool, page: int) -> None:
    with hub(cursors=cursors) as it:
        plant(it.server, 250)

        def change() -> None:
            it.server.close(1)
            it.server.close(122)
            it.server.reopen(243)

        during(it, page, change)
        found = all_of(it)
        assert (found.problem, len(found.issues)) == ("", 200)


@pytest.mark.parametrize("cursors", [True, False])
@pytest.mark.parametrize("gone", [3, 4, 249])  # closed, open, closed and on the last page
def test_an_issue_that_is_deleted_meanwhile(cursors: bool, gone: int) -> None:
    """Where pages have numbers all others move up, and the first of the next page is never seen."""
    with hub(cursors=cursors) as it:
        plant(it.server, 250)
        during(it, 2, lambda: it.server.remove(gone))
        found = all_of(it)
        assert found.problem == ""
        assert {issue.number for issue in found.issues} >= set(expected(it))
        # An open one that is gone leaves a count that never comes right.
        assert len(pages_of(it)) == (3 if cursors and gone != 4 else 6)


def test_an_issue_that_is_deleted_and_another_that_comes_at_once() -> None:
    with hub(cursors=False) as it:
        plant(it.server, 250)

        def change() -> None:
            it.server.remove(3)
            it.server.issue("new")

        during(it, 2, change)
        found = all_of(it)
        assert (found.problem, [issue.number for issue in found.issues]) == ("", expected(it))


def test_an_old_issue_that_comes_from_elsewhere_meanwhile() -> None:
    with hub(cursors=False) as it:
        plant(it.server, 250)
        during(it, 3, lambda: it.server.issue("moved in", created_at=BORN))
        found = all_of(it)
        assert (found.problem, len(pages_of(it))) == ("", 6)
        assert [issue.number for issue in found.issues] == expected(it)


@BOTH
@pytest.mark.parametrize("looks_too", [0, 2])
def test_a_busy_repository(cursors: bool, looks_too: int) -> None:
    """Before each answer of a reading, one issue is closed, one reopened and two are created.

    `looks_too`: the number of requests for recent changes during which this goes on.
    """
    with hub(cursors=cursors) as it:
        plant(it.server, 420)
        numbers = iter(range(1, 400, 7))

        def work(method: str, path: str) -> None:
            if looks(it) > looks_too:
                return
            number = next(numbers)
            it.server.advance(timedelta(seconds=1))
            it.server.close(number)
            it.server.reopen(number + 3)
            for title in "ab":  # more than are closed, so that no two counts are equal
                it.server.issue(f"{title}{number}", pull=number % 2 == 0)

        it.server.before = work
        found = all_of(it)
        assert (found.problem, len(pages_of(it))) == ("", 5)
        assert looks(it) == looks_too + 1
        assert {each.number: each.open for each in found.issues} == {
            each.number: each.state == "open" for each in it.server.issues.values() if not each.pull
        }


def test_what_changed_and_was_not_in_the_list_shows_a_hole() -> None:
    reading = Reading(REPO, lambda _: False, numbers={1: True, 3: True})
    reading.update(Page([item(3, state="closed"), item(4)]), 3)
    assert (reading.problem, reading.numbers) == ("", {1: True, 3: False, 4: True})
    reading.update(Page([item(4), item(5)]), 3)
    assert (reading.problem, reading.open) == ("", 3)
    reading.update(Page([item(2)]), 3)
    assert reading.problem == "#2 is missing."
    broken = Reading(REPO, lambda _: False)
    broken.update(Page([item(1, title=3)]), 3)
    assert broken.problem == "recent changes: title of #1 is missing, or 3."


def test_a_repository_that_never_rests() -> None:
    with hub(cursors=False) as it:
        plant(it.server, 250)
        it.server.before = lambda *_: it.server.remove(min(it.server.issues))
        assert "created while it was read" in all_of(it).problem


# Answers by the byte


def item(number: Any, **more: Any) -> dict[str, Any]:
    return {
        "number": number,
        "title": "t",
        "state": "open",
        "html_url": f"https://github.com/{REPO}/issues/{number}",
        "repository_url": f"https://api.github.com/repos/{REPO}",
        "created_at": "2026-01-01T00:00:00Z",
        "labels": [],
        "user": None,
        "body": None,
    } | more


@contextmanager
def said(items: list[Any], count: int = 1, spoilt: bool = False) -> Iterator[Raw]:
    """A GitHub that gives these answers in turn: the repository, the newest item, a page.

    Then it gives those of a second reading (`spoilt`), or those of the final check.
    """
    here = json.dumps({"open_issues_count": count, "full_name": REPO, "has_issues": True}).encode()
    newest, page = json.dumps(items[-1:]).encode(), json.dumps(items).encode()
    more = (here, newest, page) if spoilt else (newest, here, page, here)
    with answering(*map(says, (here, newest, page, *more))) as raw:
        yield raw


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"number": 0}, "number is missing, or 0"),
        ({"number": True}, "number is missing, or True"),
        ({"number": "1"}, "number is missing, or '1'"),
        ({"title": 3}, "title of #1 is missing, or 3"),
        ({"state": "odd\x1b"}, "state of #1 is odd\\x1b"),
        ({"state": None}, "state of #1 is missing, or None"),
        ({"html_url": "javascript:alert(1)"}, "html_url of #1 is not a link"),
        ({"repository_url": None}, "repository_url of #1 is missing, or None"),
        (
            {"repository_url": "https://api.github.com/repos/other/tidb"},
            "an issue of another repository",
        ),
        ({"created_at": "yesterday"}, "created_at of #1 is missing, or 'yesterday'"),
        (
            {"created_at": "2026-01-01T00:00:00"},
            "created_at of #1 is missing, or '2026-01-01T00:00:00'",
        ),
        (
            {"created_at": "0001-01-01T00:00:00+23:00"},
            "created_at of #1 is missing, or '0001-01-01T00:00:00+23:00'",
        ),
        ({"closed_at": 5}, "closed_at of #1 is missing, or 5"),
        ({"labels": {}}, "labels of #1 is missing, or {}"),
        ({"labels": [3]}, "not an object"),
        ({"labels": [{"name": ""}]}, "name is missing, or ''"),
        ({"user": "me"}, "not an object"),
        ({"user": {"login": None}}, "login is missing, or None"),
        ({"body": ["x"]}, "body of #1 is missing, or ['x']"),
    ],
)
def test_an_item_of_another_shape(change: dict[str, Any], problem: str) -> None:
    with said([item(1) | change, item(2)], count=2, spoilt=True) as raw:
        found = client_of(raw.url, FakeTime()).issues(lambda _: True)
    assert found.problem == f"The list of issues is incomplete: page 1: {problem}."


@pytest.mark.parametrize(
    ("change", "want"),
    [
        ({}, ("ghost", False, ())),
        ({"user": {"login": "dependabot[bot]", "type": "Bot"}}, ("dependabot[bot]", True, ())),
        ({"user": {"login": "me"}, "labels": ["a", {"name": "b"}]}, ("me", False, ("a", "b"))),
    ],
)
def test_what_may_be_missing(
    change: dict[str, Any], want: tuple[str, bool, tuple[str, ...]]
) -> None:
    with said([item(1) | change]) as raw:
        found = client_of(raw.url, FakeTime()).issues(lambda _: True)
    (issue,) = found.issues
    assert (found.problem, issue.author, issue.by_bot, issue.labels) == ("", *want)


def test_numbers_may_fall_or_times_may_but_not_both() -> None:
    late, early = {"created_at": "2026-02-01T00:00:00Z"}, {"created_at": "2026-01-01T00:00:00Z"}
    for items, problem in (
        ([item(5, **early), item(3, **late)], ""),
        ([item(3, **late), item(5, **early)], ""),
        (
            [item(5, **late), item(3, **early)],
            "The list of issues is incomplete: #3 is out of order.",
        ),
    ):
        with said(items, count=2, spoilt=bool(problem)) as raw:
            assert client_of(raw.url, FakeTime()).issues(lambda _: False).problem == problem


def test_a_newest_one_that_was_there_before() -> None:
    here = json.dumps({"open_issues_count": 2, "full_name": REPO}).encode()
    pages = [json.dumps(page).encode() for page in ([item(3)], [item(1), item(3)], [item(2)])]
    with answering(*map(says, (here, *pages) * 2)) as raw:
        found = client_of(raw.url, FakeTime()).issues(lambda _: False)
    assert found.problem == "The list of issues is incomplete: #2, the newest, is missing."


TOTAL = "there were {} before, {} after, and {} created while it was read."


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ((5, 5), (5, 5), ""),
        ((5, None), (5, 5), ""),
        ((5, 5), (5, None), ""),
        ((3, 3), (5, 5), ""),  # two came, and are in the list
        ((3, 3), (9, 5), ""),  # and another one after the list was read
        ((3, 3), (9, 8), ""),
        ((None, 0), (5, 5), ""),
        (
            (5, 5),
            (5, 4),
            TOTAL.format(5, 4, 0),
        ),  # one went, and another one may have slipped through
        ((5, 5), (5, 6), TOTAL.format(5, 6, 0)),  # an old one came in behind us
        ((3, 4), (5, 5), TOTAL.format(4, 5, 2)),
        ((3, 3), (9, 4), TOTAL.format(3, 4, 2)),
        ((None, 1), (5, 5), TOTAL.format(1, 5, 5)),
        ((7, 5), (7, 5), "#7, the newest, is missing."),
    ],
)
def test_how_many_there_are(
    before: tuple[int | None, int | None], after: tuple[int, int | None], problem: str
) -> None:
    reading = Reading(REPO, lambda _: False, numbers=dict.fromkeys(range(1, 6), True), pages=1)
    assert disagreement(reading, Facts(*before), Facts(*after)) == problem
