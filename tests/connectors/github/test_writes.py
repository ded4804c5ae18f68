"""Writes to a GitHub that fails: the outcome, the length of each wait, the number of requests."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from ci_stat.connectors.github.repository import GitHub
from ci_stat.records import WriteResult
from tests.connectors.github.test_reads import BARE, GOOD, QUICK
from tests.connectors.github.test_repository import (
    FAILED,
    NEVER_SHOWN,
    PROXIES,
    REPO,
    SENT,
    TOKEN,
    UNCERTAIN,
    client_of,
    hub,
    says,
)
from tests.support.connectors import FakeTime, answering, everything_logged
from tests.support.proxy import closed_port


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


# Creations: an issue and a comment fare alike


def _issue(client: GitHub) -> WriteResult:
    return client.create("t", "b", ["type/bug"])


def _comment(client: GitHub) -> WriteResult:
    return client.comment(1, "b")


WAYS = pytest.mark.parametrize("write", [_issue, _comment])
Write = Callable[[GitHub], WriteResult]


def checked_write(written: WriteResult) -> WriteResult:
    """Words are one line, and show no secret."""
    assert not any(secret in repr(written) for secret in NEVER_SHOWN)
    assert "\n" not in written.reason + written.hint
    assert written.reason or written.state is SENT
    return written


@WAYS
@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("500", 500),
        ("502", 502),
        ("503", 503),
        ("500-after", 500),
        ("502-after", 502),
        ("503-after", 503),
        ("html-200", 200),
        ("html-200-after", 200),
        ("empty-200", 200),
        ("empty-200-after", 200),
        ("truncated", 201),
        ("drop-before", None),
        ("drop-after", None),
    ],
)
def test_in_doubt_nothing_is_sent_again(write: Write, what: str, code: int | None) -> None:
    with hub() as it:
        it.server.issue("x")
        it.fault(what)
        written = checked_write(write(it.client))
        assert (written.state, written.code, written.stop) == (UNCERTAIN, code, False)
        assert "may have arrived: check there" in written.hint
        assert (it.time.waits, it.sent) == ([], 1)


@WAYS
def test_in_doubt_after_a_timeout(write: Write) -> None:
    with hub(timeout=0.2) as it:
        it.server.issue("x")
        it.fault("slow", seconds=1.0)
        written = checked_write(write(it.client))
        assert (written.state, it.sent) == (UNCERTAIN, 1)
        assert "did not respond within" in written.reason


@WAYS
@pytest.mark.parametrize(
    ("what", "seconds", "waits"),
    [
        ("secondary", 30, [31.0]),
        ("secondary", 900, [901.0]),
        ("secondary-bare", None, BARE[:1]),
        ("429-retry-after", 7, [8.0]),
        ("429", None, BARE[:1]),
        ("primary", 100, [102.0]),
    ],
)
def test_a_creation_waits_for_a_limit(
    write: Write, what: str, seconds: float | None, waits: list[float]
) -> None:
    with hub() as it:
        it.server.issue("x")
        it.fault(what, seconds=seconds)
        assert checked_write(write(it.client)).state is SENT
        assert (it.time.waits, it.sent) == (waits, 2)
        assert len(it.server.issues) + len(it.server.issues[1].comments) == 2


@WAYS
@pytest.mark.parametrize(
    ("what", "seconds", "waits", "words"),
    [
        ("secondary", 901, [], "it asks to wait 901 s"),
        ("secondary-bare", None, BARE[:2], "(tried 3 times)"),
        ("429", None, BARE[:2], "(tried 3 times)"),
        ("primary", 3_000, [], "it asks to wait 3,001 s"),
    ],
)
def test_a_limit_that_does_not_pass_ends_all_writing(
    write: Write, what: str, seconds: float | None, waits: list[float], words: str
) -> None:
    with hub() as it:
        it.server.issue("x")
        it.fault(what, seconds=seconds, times=99)
        written = checked_write(write(it.client))
        assert (written.state, written.stop) == (FAILED, True)
        assert words in written.reason
        assert (it.time.waits, it.sent) == (waits, len(waits) + 1)


@pytest.mark.parametrize(
    ("what", "stop", "words"),
    [
        (
            "401",
            True,
            "GitHub: the token is wrong or has expired (HTTP status 401: Bad credentials)",
        ),
        (
            "403",
            True,
            "GitHub: access is denied "
            "(HTTP status 403: Resource not accessible by personal access token)",
        ),
        (
            "404",
            True,
            "GitHub: not found, or not visible to the token (HTTP status 404: Not Found)",
        ),
        (
            "410",
            True,
            "GitHub: it no longer exists (HTTP status 410: Issues are disabled for this repo)",
        ),
        (
            "422-labels",
            False,
            "GitHub: the request is invalid (HTTP status 422: Validation Failed; "
            "Label name invalid type/nope)",
        ),
        (
            "422-too-long",
            False,
            "GitHub: the request is invalid (HTTP status 422: Validation Failed; "
            "Issue body custom body is too long (maximum is 65536 characters))",
        ),
    ],
)
def test_a_creation_that_is_refused(what: str, stop: bool, words: str) -> None:
    with hub() as it:
        it.fault(what)
        written = checked_write(_issue(it.client))
        assert (written.state, written.stop, written.reason) == (FAILED, stop, words)
        assert (it.time.waits, it.sent) == ([], 1)


@WAYS
def test_what_github_cannot_read_is_not_done(write: Write) -> None:
    with answering(says(b'{"message":"Problems parsing JSON"}', "400 Bad Request")) as raw:
        written = checked_write(write(client_of(raw.url, FakeTime())))
        assert (written.state, written.stop, written.code) == (FAILED, False, 400)


def test_a_comment_that_is_refused_does_not_end_all_writing() -> None:
    with hub(may_push=False) as it:
        number, gone, moved = (
            it.server.issue(name, locked=name == "locked") for name in ("locked", "gone", "moved")
        )
        it.server.remove(gone)
        it.server.transfer(moved, "pingcap/tiflow")
        found = [checked_write(it.client.comment(each, "b")) for each in (number, gone, moved, 99)]
        assert [(each.state, each.stop, each.code, each.number) for each in found] == [
            (FAILED, False, 403, number),
            (FAILED, False, 410, gone),
            (FAILED, False, 301, moved),
            (FAILED, False, 404, 99),
        ]
        assert "issue is locked" in found[0].reason
        assert it.sent == 4
        assert [
            issue.comments for issue in (*it.server.issues.values(), *it.server.elsewhere.values())
        ] == [[], []]


@WAYS
def test_issues_that_are_switched_off_end_all_writing(write: Write) -> None:
    with hub(issues_enabled=False) as it:
        assert checked_write(write(it.client)).stop


@WAYS
def test_a_creation_that_reached_nobody(write: Write) -> None:
    url, time = f"http://127.0.0.1:{closed_port()}", FakeTime()
    written = checked_write(write(client_of(url, time)))
    assert (written.state, written.stop, written.code) == (FAILED, False, None)
    assert written.reason == f"{url} cannot be reached: Connection refused"
    assert time.waits == []


@WAYS
@pytest.mark.parametrize(
    ("status", "value"),
    [
        ("200 OK", GOOD),
        ("202 Accepted", GOOD),
        ("201 Created", [GOOD]),
        ("201 Created", {}),
        ("201 Created", GOOD | {"number": 0, "id": 0}),
        ("201 Created", GOOD | {"number": True, "id": "3"}),
        (
            "201 Created",
            GOOD
            | {"title": "another", "issue_url": f"https://api.github.com/repos/{REPO}/issues/11"},
        ),
        ("201 Created", GOOD | {"html_url": "javascript:1", "issue_url": None}),
        (
            "201 Created",
            GOOD | {"repository_url": "https://api.github.com/repos/a/b", "issue_url": "x"},
        ),
        ("204 No Content", None),
        ("303 See Other", {"message": "done"}),
        ("302 Found", {"message": "log in"}),
        ("400 Bad Request", "who knows"),
        ("404 Not Found", {"error": "no route"}),
        ("408 Request Timeout", {"message": "slow"}),
        ("500 Oops", {"message": f"token {TOKEN} \x1b[31m\n"}),
    ],
)
def test_only_what_proves_itself_done_is_done(write: Write, status: str, value: Any) -> None:
    with everything_logged() as lines, answering(says(json.dumps(value).encode(), status)) as raw:
        written = checked_write(write(client_of(raw.url, FakeTime())))
        assert (written.state, len(raw.requests)) == (UNCERTAIN, 1)
        assert written.code == int(status[:3])
    assert not any(TOKEN in line for line in lines)


@WAYS
def test_the_answer_that_is_proof(write: Write) -> None:
    with answering(says(json.dumps(GOOD).encode(), "201 Created")) as raw:
        assert checked_write(write(client_of(raw.url, FakeTime()))).state is SENT


@WAYS
@pytest.mark.parametrize("status", ["301 Moved", "307 Temporary", "308 Permanent"])
def test_a_creation_is_not_carried_on_to_where_it_is_pointed(write: Write, status: str) -> None:
    with answering(says(json.dumps(GOOD).encode(), "201 Created")) as there:
        answer = says(
            b'{"message":"Moved"}', status, headers=[f"Location: {there.url}/repos/a/b/issues"]
        )
        with answering(answer) as raw:
            written = checked_write(write(client_of(raw.url, FakeTime())))
            assert (len(raw.requests), len(there.requests)) == (1, 0)
        assert (written.state, written.code) == (FAILED, int(status[:3]))


@WAYS
@pytest.mark.parametrize(
    "headers",
    [
        ["X-RateLimit-Limit: many", "X-RateLimit-Remaining: ?"],
        ["X-RateLimit-Reset: soon"],
        ["Link: <"],
    ],
)
def test_odd_headers_do_not_hide_that_it_is_done(write: Write, headers: list[str]) -> None:
    with answering(says(json.dumps(GOOD).encode(), "201 Created", headers=headers)) as raw:
        assert checked_write(write(client_of(raw.url, FakeTime()))).state is SENT


# Changes


@pytest.mark.parametrize(
    ("what", "waits"),
    [
        ("502", QUICK[:1]),
        ("502-after", QUICK[:1]),
        ("drop-before", QUICK[:1]),
        ("drop-after", QUICK[:1]),
        ("truncated", QUICK[:1]),
        ("html-200-after", QUICK[:1]),
        ("secondary-bare", BARE[:1]),
        ("429", BARE[:1]),
    ],
)
def test_a_change_is_made_again(what: str, waits: list[float]) -> None:
    with hub() as it:
        number = it.server.issue("x")
        it.fault(what)
        assert checked_write(it.client.edit(number, body="new", state="closed")).state is SENT
        assert (it.time.waits, it.sent) == (waits, 2)
        assert it.server.issues[number].body == "new"


@pytest.mark.parametrize(
    ("faults", "state", "code"),
    [
        ([("502-after", 9)], UNCERTAIN, 502),
        ([("502-after", 1), ("401", 9)], UNCERTAIN, 401),
        ([("drop-after", 1), ("primary", 9)], UNCERTAIN, 403),
        ([("401", 9)], FAILED, 401),
        ([("422-too-long", 9)], FAILED, 422),
        ([("secondary-bare", 9)], FAILED, 403),
    ],
)
def test_a_change_that_is_given_up(faults: list[tuple[str, int]], state: Any, code: int) -> None:
    with hub() as it:
        number = it.server.issue("x")
        for what, times in faults:
            it.fault(what, times=times)
        written = checked_write(it.client.edit(number, body="new"))
        assert (written.state, written.code) == (state, code)


@pytest.mark.parametrize(
    "change", [{"number": 2}, {"state": "open"}, {"pull_request": {}}, {"labels": None}]
)
def test_a_change_that_is_not_proved(change: dict[str, Any]) -> None:
    value = GOOD | {"state": "closed"} | change
    with answering(says(json.dumps(value).encode())) as raw:
        assert (
            checked_write(client_of(raw.url, FakeTime()).edit(1, state="closed")).state is UNCERTAIN
        )


def test_a_change_of_what_is_not_ours() -> None:
    with hub(may_push=False) as it:
        written = checked_write(it.client.edit(it.server.issue("x"), body="new"))
        assert (written.state, written.code, written.stop) == (FAILED, 403, False)


def test_what_is_looked_at_right_before_a_write_is_not_old_by_then() -> None:
    """The pause between two writes comes before the look, not after it.

    Otherwise another filer has two seconds to write in between. Before the look is a pause of a
    random length, too (here the longest), so that two filers do not look and write in step.
    """
    with hub(pauses=True) as it:
        it.client.create("first", "", ())
        it.client.wait_to_write()
        assert it.time.waits == [2.0, 2.0]
        it.client.newest(it.server.now)
        it.client.create("second", "", ())
        assert it.time.waits == [2.0, 2.0, 0.25]
        it.time.now += 3
        it.client.wait_to_write()
        assert it.time.waits == [2.0, 2.0, 0.25, 2.0]
