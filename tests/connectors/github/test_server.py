"""Tests of the stand-in for GitHub: every rule, page, limit and fault.

Plain requests and our client library call it.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import github as client
import pytest
import requests

from tests.support.github import CONTRACT, MISSING, Fault, GitHub, github_server
from tests.support.github.contract import Contract

Json = dict[str, Any]
HERE = "/repos/pingcap/tidb"
ISSUES = f"{HERE}/issues"
contracted = pytest.mark.skipif(not CONTRACT.exists(), reason=MISSING)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def server() -> Iterator[GitHub]:
    """Where GitHub's description is there, everything that a test does is held against it."""
    with github_server(contract=CONTRACT if CONTRACT.exists() else None) as github:
        yield github


@pytest.fixture
def session(server: GitHub) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {server.token}"
        yield session


class Asking:
    """One client, and its server."""

    def __init__(self, server: GitHub, session: requests.Session) -> None:
        self.server, self.session = server, session

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        url = path if path.startswith("http") else self.server.url + path
        return self.session.request(
            method, url, json=body, params=query, timeout=5, allow_redirects=False
        )

    def numbers(self, **query: Any) -> list[int]:
        return [each["number"] for each in self("GET", ISSUES, **query).json()]

    def walk(self, **query: Any) -> list[list[int]]:
        """Page after page, as the links lead."""
        pages, answer = [], self("GET", ISSUES, **query)
        while True:
            pages.append([each["number"] for each in answer.json()])
            if "next" not in answer.links:
                return pages
            answer = self("GET", answer.links["next"]["url"])


@pytest.fixture
def ask(server: GitHub, session: requests.Session) -> Asking:
    return Asking(server, session)


def errors(answer: requests.Response) -> tuple[int, list[tuple[str, str]]]:
    return answer.status_code, [
        (each["field"], each["code"]) for each in answer.json().get("errors", [])
    ]


def seeded(server: GitHub, count: int = 5) -> None:
    """One issue an hour."""
    for _ in range(count):
        server.issue("unstable test", labels=["type/bug"])
        server.advance(timedelta(hours=1))


def test_an_issue_lives(server: GitHub, ask: Asking) -> None:
    server.issue("a pull request", pull=True)
    made = ask(
        "POST",
        ISSUES,
        {"title": "T is unstable", "body": "text\nmore", "labels": ["type/bug", "new"]},
    )
    assert (made.status_code, made.json()["number"], made.json()["state"]) == (201, 2, "open")
    assert made.headers["Location"] == made.json()["url"] == f"{server.url}{ISSUES}/2"
    assert [each["name"] for each in made.json()["labels"]] == ["type/bug", "new"]
    assert server.created_labels == ["new"]
    server.advance(timedelta(minutes=5))
    closed = ask("PATCH", f"{ISSUES}/2", {"state": "closed", "state_reason": "not_planned"}).json()
    assert (closed["closed_at"], closed["state_reason"]) == ("2026-01-05T09:05:00Z", "not_planned")
    assert ask("GET", f"{ISSUES}/2").json()["closed_by"]["login"] == "ci-stat-bot"
    server.advance(timedelta(minutes=5))
    opened = ask("PATCH", f"{ISSUES}/2", {"state": "open", "title": "New"}).json()
    assert (opened["closed_at"], opened["state_reason"], opened["title"]) == (
        None,
        "reopened",
        "New",
    )
    assert opened["updated_at"] == "2026-01-05T09:10:00Z"
    assert (server.issues[2].state, server.issues[2].author) == ("open", "ci-stat-bot")
    assert len(server.write_gaps) == 2
    assert server.findings == []


def test_comments_labels_people(server: GitHub, ask: Asking) -> None:
    number = server.issue("x")
    planted = server.comment(number, "from a bot", author="ti-chi-bot[bot]", bot=True)
    made = ask("POST", f"{ISSUES}/{number}/comments", {"body": "more"}).json()
    assert [each["id"] for each in ask("GET", f"{ISSUES}/{number}/comments").json()] == [
        planted,
        made["id"],
    ]
    assert ask("GET", f"{ISSUES}/comments/{planted}").json()["user"]["type"] == "Bot"
    assert (
        ask("PATCH", f"{ISSUES}/comments/{made['id']}", {"body": "less"}).json()["body"] == "less"
    )
    assert ask("DELETE", f"{ISSUES}/comments/{made['id']}").status_code == 204
    assert ask("GET", f"{ISSUES}/comments/{made['id']}").status_code == 404
    assert [
        each["name"] for each in ask("POST", f"{ISSUES}/1/labels", {"labels": ["TYPE/bug"]}).json()
    ] == ["type/bug"]
    assert ask("GET", f"{HERE}/labels/type%2Fbug").json()["name"] == "type/bug"
    assert ask("POST", f"{HERE}/labels", {"name": "flaky", "color": "ff0000"}).status_code == 201
    assert errors(ask("POST", f"{HERE}/labels", {"name": "Flaky"})) == (
        422,
        [("name", "already_exists")],
    )
    assert len(ask("GET", f"{HERE}/labels").json()) == len(server.labels)
    assert ask("GET", "/user").json()["login"] == server.login
    assert ask("GET", "/users/ti-chi-bot%5Bbot%5D").json()["type"] == "Bot"
    assert ask("GET", "/users/nobody").status_code == 404
    assert server.findings == []


def test_open_pull_requests_count_as_open_issues(server: GitHub, ask: Asking) -> None:
    for pull, state in ((True, "open"), (False, "open"), (False, "closed")):
        server.issue("x", pull=pull, state=state)
    assert ask("GET", HERE).json()["open_issues_count"] == 2
    assert [("pull_request" in each) for each in ask("GET", ISSUES).json()] == [False, True]
    assert ask("GET", "/repos/pingcap/other").status_code == 404


def test_filters(server: GitHub, ask: Asking) -> None:
    seeded(server)
    server.issue("other", author="Bot[bot]", labels=["type/bug", "sig/planner"])
    server.close(2)
    server.comment(3, "late")
    assert ask.numbers() == [6, 5, 4, 3, 1]
    assert ask.numbers(state="closed") == [2]
    assert ask.numbers(state="all", direction="asc") == [1, 2, 3, 4, 5, 6]
    assert ask.numbers(creator="bot[bot]") == [6]
    assert ask.numbers(labels="type/bug,sig/planner") == [6]
    assert ask.numbers(state="all", since="2026-01-05T13:30:00Z") == [6, 3, 2]
    assert ask.numbers(sort="comments")[0] == 3
    assert ask.numbers(state="all", sort="updated", direction="asc") == [1, 4, 5, 2, 3, 6]
    assert errors(ask("GET", ISSUES, state="opened")) == (422, [("state", "invalid")])
    server.list_lag = timedelta(minutes=30)
    assert ask.numbers() == [5, 4, 3, 1]


@pytest.mark.parametrize("cursors", [True, False])
def test_pages(server: GitHub, ask: Asking, cursors: bool) -> None:
    server.cursors = cursors
    seeded(server)
    assert ask.walk(per_page=2) == [[5, 4], [3, 2], [1]]
    assert ask.walk(per_page=2, direction="asc", sort="updated") == [[1, 2], [3, 4], [5]]
    assert ask.walk(per_page=5) == [[5, 4, 3, 2, 1]]
    assert ask.numbers(per_page=2, page=2) == [3, 2]
    second = ask("GET", ask("GET", ISSUES, per_page=2).links["next"]["url"])
    assert re.search(r"/repositories/\d+/issues\?", second.url)
    assert ask("GET", second.links["prev"]["url"]).json()[0]["number"] == 5
    assert ("last" in second.links) is not cursors
    assert server.requests[-1].path == ISSUES
    assert server.findings == []


def test_a_cursor_stays_where_it_is_when_something_is_added(server: GitHub, ask: Asking) -> None:
    seeded(server, 4)
    following = ask("GET", ISSUES, per_page=2).links["next"]["url"]
    server.issue("new")
    assert [each["number"] for each in ask("GET", following).json()] == [2, 1]
    server.cursors = False
    following = ask("GET", ISSUES, per_page=2).links["next"]["url"]
    server.issue("newer")
    assert [each["number"] for each in ask("GET", following).json()] == [4, 3]  # 4 a second time


def test_pages_too_far_and_sizes_too_large(server: GitHub, ask: Asking) -> None:
    seeded(server)
    far = ask("GET", ISSUES, page=11)
    assert (far.status_code, far.json()["message"][:30]) == (422, "Pagination with the page param")
    assert ask("GET", ISSUES, after="nonsense").status_code == 422
    server.per_page_max = 3
    assert ask.numbers(per_page=100) == [5, 4, 3]
    assert server.findings == [f"GET {ISSUES}: per_page=100 is more than 3"]


def test_search(server: GitHub, ask: Asking) -> None:
    seeded(server, 3)
    server.issue("TestJoin is unstable", body="in pkg/planner", author="bot", pull=False)
    server.issue("TestJoin again", pull=True)

    def found(query: str, **more: Any) -> tuple[int, list[int]]:
        answer = ask("GET", "/search/issues", q=query, **more).json()
        return answer["total_count"], [each["number"] for each in answer["items"]]

    assert found('repo:pingcap/tidb is:issue in:title "testjoin is"') == (1, [4])
    assert found("repo:pingcap/tidb is:pr testjoin") == (1, [5])
    assert found('repo:pingcap/tidb is:issue label:"type/bug"', per_page=1) == (3, [3])
    assert found("repo:pingcap/tidb is:issue author:bot created:>=2026-01-05") == (1, [4])
    assert found("repo:pingcap/tidb is:issue -label:type/bug") == (1, [4])
    server.search_lag = timedelta(minutes=30)
    assert found("repo:pingcap/tidb is:issue testjoin") == (0, [])
    for query in ("x" * 257, "testjoin", "is:issue repo:no/where", "is:issue author:nobody"):
        assert errors(ask("GET", "/search/issues", q=query)) == (422, [("q", "invalid")])


def test_search_shows_a_thousand_and_counts_all(server: GitHub, ask: Asking) -> None:
    seeded(server, 1_050)
    query = {"q": "repo:pingcap/tidb is:issue", "per_page": 100}
    tenth, eleventh = (ask("GET", "/search/issues", page=page, **query) for page in (10, 11))
    assert (tenth.json()["total_count"], len(tenth.json()["items"]), "next" in tenth.links) == (
        1_050,
        100,
        False,
    )
    assert eleventh.status_code == 422


@pytest.mark.parametrize(
    ("body", "status", "problem"),
    [
        ({}, 422, '"title" wasn\'t supplied'),
        ({"title": "x", "colour": "red"}, 422, '"colour" is not a permitted key'),
        ({"title": 5}, 422, "is not a string"),
        ({"title": "x", "labels": "type/bug"}, 422, "is not an array of strings"),
        ({"title": " "}, 422, "missing_field"),
        ({"title": "x" * 257}, 422, "title is too long (maximum is 256 characters)"),
        (
            {"title": "x", "body": "x" * 65_537},
            422,
            "body is too long (maximum is 65536 characters)",
        ),
        ([], 400, "Body should be a JSON object"),
    ],
)
def test_what_is_not_created(
    server: GitHub, ask: Asking, body: Any, status: int, problem: str
) -> None:
    answer = ask("POST", ISSUES, body)
    assert (answer.status_code, server.issues) == (status, {})
    assert problem in json.dumps(answer.json()).replace('\\"', '"')
    assert answer.json()["documentation_url"].startswith("https://docs.github.com/")


def test_what_is_not_changed(server: GitHub, ask: Asking) -> None:
    number = server.issue("x")
    for body in (
        {"state": "done"},
        {"state": "open", "state_reason": "completed"},
        {"state_reason": "bored"},
    ):
        assert ask("PATCH", f"{ISSUES}/{number}", body).status_code == 422
    assert errors(ask("POST", f"{ISSUES}/{number}/comments", {"body": ""})) == (
        422,
        [("body", "missing_field")],
    )
    long = ask("POST", f"{ISSUES}/{number}/comments", {"body": "x" * 65_537})
    assert errors(long) == (422, [("data", "unprocessable")])
    server.findings.clear()
    assert (
        ask("PATCH", f"{ISSUES}/{number}", {"state_reason": "completed"}).json()["state"] == "open"
    )
    assert server.findings == [
        f"PATCH {ISSUES}/{number}: state_reason=completed without a state is ignored"
    ]


def test_who_asks_and_how(server: GitHub, session: requests.Session, ask: Asking) -> None:
    session.headers["Authorization"] = "Bearer ghp_wrong"
    wrong = ask("GET", ISSUES)
    assert (wrong.status_code, wrong.json()["message"]) == (401, "Bad credentials")
    del session.headers["Authorization"]
    assert ask("GET", ISSUES).status_code == 401
    session.headers.update({"Authorization": f"token {server.token}", "Accept": "text/html"})
    assert ask("GET", ISSUES).status_code == 415
    session.headers.update({"Accept": "application/vnd.github+json", "User-Agent": ""})
    assert ask("GET", ISSUES).status_code == 403
    session.headers["User-Agent"] = "ci-stat"
    assert ask("GET", ISSUES, milestone="1").status_code == 200
    assert ask("GET", f"{HERE}/milestones").status_code == 404
    assert f"GET {ISSUES}: unknown query parameter milestone" in server.findings
    assert f"GET {HERE}/milestones: no such operation here" in server.findings
    assert server.token not in repr(server) + repr(server.requests) + server.transcript()


def test_without_the_right_to_push(server: GitHub, ask: Asking) -> None:
    theirs, locked = server.issue("theirs"), server.issue("locked", locked=True)
    comment = server.comment(theirs, "theirs")
    assert ask("POST", f"{ISSUES}/{locked}/comments", {"body": "a member may"}).status_code == 201
    server.may_push = False
    made = ask(
        "POST", ISSUES, {"title": "mine", "labels": ["type/bug", "new"], "assignees": ["someone"]}
    )
    assert (made.status_code, made.json()["labels"], made.json()["assignees"]) == (201, [], [])
    assert ask("PATCH", f"{ISSUES}/{made.json()['number']}", {"state": "closed"}).status_code == 200
    refused = [
        ask("PATCH", f"{ISSUES}/{theirs}", {"state": "closed"}),
        ask("POST", f"{ISSUES}/{theirs}/labels", {"labels": ["type/bug"]}),
        ask("POST", f"{ISSUES}/{locked}/comments", {"body": "x"}),
        ask("PATCH", f"{ISSUES}/comments/{comment}", {"body": "x"}),
    ]
    assert [each.status_code for each in refused] == [403] * 4
    assert ask("GET", HERE).json()["permissions"]["push"] is False
    assert server.created_labels == []
    assert server.findings == []


def test_gone_moved_and_switched_off(server: GitHub, ask: Asking) -> None:
    deleted, hidden, moved = (server.issue("x") for _ in range(3))
    server.remove(deleted)
    server.remove(hidden, status=404)
    there = server.transfer(moved, "pingcap/other")
    assert [
        ask("GET", f"{ISSUES}/{each}").status_code for each in (deleted, hidden, moved, 99)
    ] == [410, 404, 301, 404]
    assert ask("POST", f"{ISSUES}/{moved}/comments", {"body": "x"}).status_code == 301
    followed = ask("GET", ask("GET", f"{ISSUES}/{moved}").headers["Location"]).json()
    assert (followed["number"], followed["repository_url"]) == (
        there,
        f"{server.url}/repos/pingcap/other",
    )
    assert server.issue("the next number is a new one") == 4
    assert ask.numbers() == [4]
    server.issues_enabled = False
    off = ask("POST", ISSUES, {"title": "x"})
    assert (off.status_code, off.json()["message"]) == (410, "Issues are disabled for this repo")
    assert ask("GET", HERE).json()["has_issues"] is False


def test_limits(server: GitHub, ask: Asking) -> None:
    server.creations_per_minute = 2
    codes = [ask("POST", ISSUES, {"title": "x"}).status_code for _ in range(3)]
    assert codes == [201, 201, 403]
    server.advance(timedelta(seconds=60))
    assert ask("POST", ISSUES, {"title": "x"}).headers["X-RateLimit-Remaining"] == "4996"
    server.rate.remaining = 0
    answer = ask("GET", ISSUES)
    assert (answer.status_code, answer.headers["X-RateLimit-Remaining"]) == (403, "0")
    assert answer.headers["X-RateLimit-Reset"] == str(
        int(datetime(2026, 1, 5, 10, tzinfo=UTC).timestamp())
    )
    assert ask("GET", "/rate_limit").json()["resources"]["core"]["remaining"] == 0
    server.advance(timedelta(hours=1))
    assert ask("GET", ISSUES).status_code == 200
    codes = [ask("GET", "/search/issues", q="is:issue x").status_code for _ in range(31)]
    assert codes == [200] * 30 + [403]


REPLACED = {
    "500": 500,
    "502": 502,
    "503": 503,
    "401": 401,
    "403": 403,
    "404": 404,
    "410": 410,
    "422-labels": 422,
    "422-too-long": 422,
    "429": 429,
    "429-retry-after": 429,
    "secondary": 403,
    "secondary-bare": 403,
    "primary": 403,
    "html-200": 200,
    "empty-200": 200,
}


@pytest.mark.parametrize("what", REPLACED)
def test_an_answer_in_place_of_the_real_one(server: GitHub, ask: Asking, what: str) -> None:
    server.fault(Fault(what, method="POST"), Fault(f"{what}-after", method="POST"))
    assert ask("GET", ISSUES).status_code == 200
    before, after = (ask("POST", ISSUES, {"title": "x"}) for _ in range(2))
    assert before.status_code == after.status_code == REPLACED[what]
    assert ("Retry-After" in before.headers) is (what in ("429-retry-after", "secondary"))
    assert (before.headers["X-RateLimit-Remaining"] == "0") is (what == "primary")
    assert [(each.processed, each.made) for each in server.requests[1:]] == [
        (False, ""),
        (True, "#1"),
    ]
    assert ask("POST", ISSUES, {"title": "x"}).status_code == 201


def test_no_answer_and_broken_ones(server: GitHub, ask: Asking) -> None:
    for what, made in (("drop-before", 0), ("drop-after", 1), ("truncated", 2)):
        server.fault(Fault(what))
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            ask("POST", ISSUES, {"title": "x"})
        assert len(server.issues) == made
    server.fault(Fault("slow", seconds=0.2))
    assert ask("GET", ISSUES).elapsed > timedelta(seconds=0.2)
    assert [each.status for each in server.requests] == [None, None, 201, 200]


def test_lists_that_lie(server: GitHub, ask: Asking) -> None:
    seeded(server)
    server.fault(Fault("short-page"))
    assert ask.walk(per_page=4) == [[5, 4]]
    server.fault(Fault("missing-link"))
    assert ask.walk(per_page=2) == [[5, 4]]
    server.fault(Fault("duplicate-page", nth=2))
    assert ask.walk(per_page=2) == [[5, 4], [5, 4], [1]]
    server.fault(Fault("wrong-count"))
    assert ask("GET", HERE).json()["open_issues_count"] == 6


def test_faults_wait_for_their_request(server: GitHub, ask: Asking) -> None:
    server.fault(Fault("502", nth=2), Fault("503", nth=2), Fault("500", path="/labels$", times=2))
    paths = [ISSUES, ISSUES, ISSUES, f"{HERE}/labels", f"{HERE}/labels", f"{HERE}/labels"]
    assert [ask("GET", path).status_code for path in paths] == [200, 502, 503, 500, 500, 200]
    with pytest.raises(ValueError, match="unknown fault: 600"):
        Fault("600")


def test_hooks_stand_around_what_is_processed(server: GitHub, ask: Asking) -> None:
    seen: list[tuple[str, str, int]] = []
    server.before = lambda method, path: seen.append(
        ("before", f"{method} {path}", len(server.issues))
    )

    def breaks(method: str, path: str) -> None:
        seen.append(("after", f"{method} {path}", len(server.issues)))
        raise ConnectionAbortedError

    server.after = breaks
    with pytest.raises(requests.ConnectionError):
        ask("POST", ISSUES, {"title": "x"})
    assert seen == [("before", f"POST {ISSUES}", 0), ("after", f"POST {ISSUES}", 1)]


def test_transcript(server: GitHub, ask: Asking) -> None:
    seeded(server, 3)
    ask.walk(per_page=2, state="all")
    ask("POST", ISSUES, {"title": "T", "body": f"one\n\n{server.url}/x", "labels": []})
    server.fault(Fault("502-after"), Fault("drop-before"))
    ask("POST", f"{ISSUES}/4/comments", {"body": "x"})
    with pytest.raises(requests.ConnectionError):
        ask("PATCH", f"{ISSUES}/4", {"state": "closed"})
    assert (
        server.transcript()
        == f"""\
GET {ISSUES}?per_page=2&state=all -> 200, 2 items
GET {ISSUES}?after=#2&page=2&per_page=2&state=all -> 200, 1 item
POST {ISSUES} -> 201, #4
  title: "T"
  body: |
    one

    https://api.github.com/x
  labels: []
POST {ISSUES}/4/comments -> 502, comment 3000000001, [502-after: done]
  body: "x"
PATCH {ISSUES}/4 -> no answer, [drop-before: not done]
  state: "closed"
"""
    )


@contracted
def test_the_client_that_we_use(server: GitHub) -> None:
    for number in range(1, 251):
        server.issue(
            f"issue {number}",
            body="a\r\nb" * (number % 2),
            labels=["type/bug"],
            pull=number % 5 == 0,
        )
    moved = server.transfer(server.issue("moved"), "pingcap/other")
    auth = client.Auth.Token(server.token)
    hub = client.Github(
        auth=auth,
        base_url=server.url,
        per_page=100,
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )
    repo = hub.get_repo(server.repo)
    listed = list(repo.get_issues(state="all", sort="created", direction="asc"))
    assert [each.number for each in listed] == list(range(1, 251))
    assert sum("pull_request" in each.raw_data for each in listed) == 50
    issue = repo.create_issue("T is unstable", "body", labels=["type/bug", "new"])
    comment = issue.create_comment("first")
    issue.edit(state="closed", state_reason="not_planned")
    issue.edit(state="open", body="other")
    issue.add_to_labels("severity/major")
    comment.edit("second")
    assert [each.body for each in issue.get_comments()] == ["second"]
    comment.delete()
    assert {each.name for each in repo.get_labels()} == server.labels
    assert repo.get_label("type/bug").name == "type/bug"
    assert hub.search_issues('repo:pingcap/tidb is:issue in:title "issue 3"').totalCount == 1
    assert (hub.get_user().login, hub.get_user("someone").type) == (server.login, "User")
    assert hub.get_rate_limit().resources.core.limit == 5_000
    assert repo.get_issue(251).number == moved
    with pytest.raises(client.UnknownObjectException):
        repo.get_issue(9_999)
    assert server.findings == []
    hub.close()


@contracted
def test_the_contract_is_held(server: GitHub, ask: Asking) -> None:
    server.issue("x")
    good = ask("GET", f"{ISSUES}/1").json()
    contract = Contract()
    assert contract.of_answer("GET", f"{ISSUES}/1", 200, good) == []
    for wrong in (
        {"title": None},
        {"number": "1"},
        {"created_at": "2026-01-05 09:00"},
        {"state_reason": "bored"},
    ):
        assert len(contract.of_answer("GET", f"{ISSUES}/1", 200, good | wrong)) == 1, wrong
    del good["labels"]
    assert contract.of_answer("GET", ISSUES, 200, [good]) == [
        f"GET {ISSUES} 200: 0: 'labels' is a required property"
    ]
    assert contract.of_answer("GET", f"{ISSUES}/1", 204, {}) == [
        f"GET {ISSUES}/1: no answer 204 is described"
    ]
    assert contract.of_request("POST", ISSUES, {}, {"title": "x", "colour": "red"}) == [
        f"POST {ISSUES}: unknown field colour in the body"
    ]
    assert (
        len(
            contract.of_request(
                "GET", ISSUES, {"state": "opened", "page": "x", "colour": "red"}, None
            )
        )
        == 3
    )
    assert contract.of_request("POST", f"{ISSUES}/1/labels", {}, ["type/bug"]) == []
