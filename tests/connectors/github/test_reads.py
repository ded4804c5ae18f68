"""Reads from a GitHub that fails: the error, the length of each wait, the number of requests."""

import json
from typing import Any

import pytest

from tests.connectors.github.test_repository import PROXIES, REPO, client_of, hub, raised, says
from tests.support.connectors import FakeTime, answering
from tests.support.proxy import closed_port, silent

QUICK = [1.0, 2.0, 4.0, 8.0]  # with all of the random part
BARE = [61.0, 121.0, 241.0]  # 60 s and so on, and a second at random
GOOD = {
    "number": 1,
    "title": "t",
    "id": 3,
    "repository_url": f"https://api.github.com/repos/{REPO}",
    "state": "open",
    "html_url": "https://github.com/x",
    "created_at": "2026-01-01T00:00:00Z",
    "labels": [],
    "user": None,
    "issue_url": f"https://api.github.com/repos/{REPO}/issues/1",
}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("what", "seconds", "waits"),
    [
        ("500", None, QUICK[:1]),
        ("502", None, QUICK[:1]),
        ("503", None, QUICK[:1]),
        ("html-200", None, QUICK[:1]),
        ("empty-200", None, QUICK[:1]),
        ("truncated", None, QUICK[:1]),
        ("drop-before", None, QUICK[:1]),
        ("drop-after", None, QUICK[:1]),
        ("secondary", 30, [31.0]),
        ("secondary", 900, [901.0]),
        ("secondary-bare", None, BARE[:1]),
        ("429-retry-after", 7, [8.0]),
        ("429", None, BARE[:1]),
        ("primary", 100, [102.0]),
        ("primary", 899, [901.0]),
    ],
)
def test_a_question_is_asked_again(what: str, seconds: float | None, waits: list[float]) -> None:
    with hub() as it:
        it.fault(what, seconds=seconds)
        assert it.client.viewer() == "ci-stat-bot"
        assert (it.time.waits, it.sent) == (waits, 2)


@pytest.mark.parametrize(
    ("what", "seconds", "waits", "words", "hint"),
    [
        ("502", None, QUICK, "the server failed (HTTP status 502) (tried 5 times).", ""),
        (
            "500",
            None,
            QUICK,
            "the server failed (HTTP status 500: Server Error) (tried 5 times).",
            "",
        ),
        (
            "html-200",
            None,
            QUICK,
            "received a web page instead of data (HTTP status 200) (tried 5 times).",
            "proxy",
        ),
        (
            "empty-200",
            None,
            QUICK,
            "the response is truncated, or not GitHub's (HTTP status 200) (tried 5 times).",
            "",
        ),
        (
            "truncated",
            None,
            QUICK,
            "the response is truncated, or not GitHub's (HTTP status 200) (tried 5 times).",
            "",
        ),
        ("drop-before", None, QUICK, "without response (tried 5 times).", ""),
        ("secondary-bare", None, BARE, "(tried 4 times).", "again later"),
        ("secondary", 901, [], "it asks to wait 901 s.", "again later"),
        ("primary", 3_000, [], "for user ID 41898282.); it asks to wait 3,001 s.", "again later"),
        ("429", None, BARE, "Have you tried sleeping?) (tried 4 times).", "later"),
        (
            "401",
            None,
            [],
            "the token is wrong or has expired (HTTP status 401: Bad credentials).",
            "gh_token",
        ),
        (
            "404",
            None,
            [],
            "not found, or not visible to the token (HTTP status 404: Not Found).",
            "a private repository needs a token",
        ),
        (
            "410",
            None,
            [],
            "it no longer exists (HTTP status 410: Issues are disabled for this repo).",
            "disabled",
        ),
        (
            "403",
            None,
            [],
            "(HTTP status 403: Resource not accessible by personal access token).",
            "'Issues: read and write'",
        ),
    ],
)
def test_a_question_that_is_given_up(
    what: str, seconds: float | None, waits: list[float], words: str, hint: str
) -> None:
    with hub() as it:
        it.fault(what, seconds=seconds, times=99)
        error = raised(it.client.labels)
        assert (it.time.waits, it.sent) == (waits, len(waits) + 1)
        assert error.message.endswith(words)
        assert hint in error.hint
        assert bool(error.hint) == bool(hint)


def test_a_limit_that_ends_twice() -> None:
    with hub() as it:
        it.fault("primary", seconds=500)
        it.fault("502", times=3)
        it.fault("secondary", seconds=800)
        it.fault("502", times=4)
        assert it.client.viewer() == "ci-stat-bot"
        assert it.time.waits == [
            502.0,
            *QUICK[:3],
            801.0,
            *QUICK,
        ]  # tries are counted anew after a limit


def test_the_limit_of_an_hour_is_waited_for_if_it_ends_soon() -> None:
    with hub() as it:
        it.server.rate.limit, it.server.rate.remaining = 5, 5
        for _ in range(5):
            it.client.viewer()
        it.time.sleep(3_600 - 600)
        it.time.waits.clear()
        assert it.client.viewer() == "ci-stat-bot"
        assert it.time.waits == [602.0]


def test_a_server_that_says_nothing() -> None:
    time = FakeTime()
    with silent() as port:
        error = raised(client_of(f"http://127.0.0.1:{port}", time, timeout=0.2).viewer)
    assert error.message.endswith("did not respond within 0.2 s (tried 5 times).")


def test_a_server_that_is_not_there() -> None:
    url, time = f"http://127.0.0.1:{closed_port()}", FakeTime()
    error = raised(client_of(url, time).viewer)
    assert error.message == f"{url} cannot be reached: Connection refused (tried 5 times)."
    assert time.waits == QUICK


def test_an_issue_that_cannot_be_asked_for_is_not_gone() -> None:
    with hub() as it:
        it.fault("502", times=5)
        raised(lambda: it.client.issue(it.server.issue("x")))
        it.fault("401")
        raised(lambda: it.client.issue(1))
        it.server.issues_enabled = False
        assert "disabled" in str(raised(lambda: it.client.issue(1)))


def test_single_sign_on_is_named() -> None:
    answer = says(
        b'{"message":"Resource protected by organization SAML enforcement."}',
        "403 Forbidden",
        headers=["X-GitHub-SSO: required; url=https://github.com/orgs/x/sso"],
    )
    with answering(answer) as raw:
        error = raised(client_of(raw.url, FakeTime()).labels)
    assert "single sign-on" in error.hint


@pytest.mark.parametrize(
    "value",
    [[], 3, None, "x", {"login": None}, {"login": ""}, {"login": 3}, {"message": "fine"}],
    ids=json.dumps,
)
def test_an_answer_of_another_shape(value: Any) -> None:
    with answering(says(json.dumps(value).encode())) as raw:
        assert (
            "GitHub's response is invalid" in raised(client_of(raw.url, FakeTime()).viewer).message
        )
        assert len(raw.requests) == 1


def test_a_list_that_is_none() -> None:
    with answering(says(b'{"message":"fine"}')) as raw:
        assert "the response is not a list" in raised(client_of(raw.url, FakeTime()).labels).message


SPENT = b'{"message":"API rate limit exceeded for user ID 1."}'
BLOCKED = (
    b'{"message":"You have been temporarily blocked from content creation. '
    b'Please retry your request again later."}'
)
ABUSE = b'{"message":"You have triggered an abuse detection mechanism."}'
NO_RIGHT = b'{"message":"Resource not accessible by integration"}'


@pytest.mark.parametrize(
    ("status", "body", "headers", "waits"),
    [
        # Without the server's own time ours must do.
        ("403 No", SPENT, ["X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 1700000100"], [102.0]),
        ("429 No", SPENT, ["X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 1700000100"], [102.0]),
        (
            "403 No",
            NO_RIGHT,
            ["X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 1700000100"],
            [102.0],
        ),
        (
            "403 No",
            SPENT,
            [
                "Date: Tue, 14 Nov 2023 22:14:20 GMT",
                "X-RateLimit-Remaining: 0",
                "X-RateLimit-Reset: 1700000100",
            ],
            [42.0],
        ),
        ("403 No", SPENT, ["X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 1600000000"], [2.0]),
        ("403 No", SPENT, ["X-RateLimit-Remaining: 0", "X-RateLimit-Reset: soon"], BARE[:1]),
        ("403 No", SPENT, ["X-RateLimit-Remaining: 4000"], BARE[:1]),
        ("403 No", NO_RIGHT, ["X-RateLimit-Remaining: 4000", "Retry-After: 0"], [2.0]),
        ("403 No", BLOCKED, ["Retry-After: Tue, 14 Nov 2023 22:14:20 GMT"], BARE[:1]),
        ("403 No", ABUSE, [], BARE[:1]),
        ("429 No", b"<html>", [], BARE[:1]),
        ("503 Busy", b"{}", ["Retry-After: 30"], [30.0]),
        ("503 Busy", b"{}", ["Retry-After: 0.5"], [1.0]),
    ],
)
def test_how_long_is_waited(
    status: str, body: bytes, headers: list[str], waits: list[float]
) -> None:
    time = FakeTime()
    with answering(says(body, status, headers=headers), says(b'{"login":"me"}')) as raw:
        assert client_of(raw.url, time).viewer() == "me"
        assert (time.waits, len(raw.requests)) == (waits, 2)


def test_a_wait_that_is_too_long_for_a_server_that_is_busy() -> None:
    time = FakeTime()
    with answering(says(b"{}", "503 Busy", headers=["Retry-After: 600"])) as raw:
        assert "(HTTP status 503)" in raised(client_of(raw.url, time).viewer).message
        assert (time.waits, len(raw.requests)) == ([], 1)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (
            {"open_issues_count": 1, "full_name": "pingcap/tidb2"},
            "pingcap/tidb was renamed at GitHub.",
        ),
        (
            {"open_issues_count": 1, "full_name": REPO, "has_issues": False},
            "Issues are disabled in pingcap/tidb.",
        ),
        ({"open_issues_count": -1, "full_name": REPO}, "open_issues_count is missing, or -1."),
        ({"full_name": REPO}, "open_issues_count is missing, or None."),
    ],
)
def test_a_repository_that_cannot_be_listed(value: Any, words: str) -> None:
    with answering(says(json.dumps(value).encode())) as raw:
        error = raised(lambda: client_of(raw.url, FakeTime()).issues(lambda _: False))
        assert error.message.endswith(words)
        assert error.hint


def test_the_name_of_a_repository_in_another_case() -> None:
    here = {"open_issues_count": 0, "full_name": "PingCAP/TiDB", "has_issues": True}
    repository, nothing = says(json.dumps(here).encode()), says(b"[]")
    with answering(repository, *[nothing] * 3, repository, nothing, repository) as raw:
        assert client_of(raw.url, FakeTime()).issues(lambda _: False).problem == ""


@pytest.mark.parametrize(
    ("change", "gone"),
    [
        ({}, False),
        ({"repository_url": "https://api.github.com/repos/PINGCAP/TIDB"}, False),
        ({"repository_url": "https://api.github.com/repos/pingcap/tiflow"}, True),
        ({"number": 2}, True),
    ],
)
def test_an_issue_that_is_another_one(change: dict[str, Any], gone: bool) -> None:
    with answering(says(json.dumps(GOOD | change).encode())) as raw:
        assert (client_of(raw.url, FakeTime()).issue(1) is None) == gone


def test_a_comment_that_comes_twice_and_one_of_another_issue() -> None:
    one = GOOD | {"id": 7, "body": None}
    with answering(says(json.dumps([one, one | {"id": 8}, one]).encode())) as raw:
        assert [each.id for each in client_of(raw.url, FakeTime()).comments(1)] == [7, 8]
        assert (
            "a comment on another issue"
            in raised(lambda: client_of(raw.url, FakeTime()).comments(2)).message
        )
