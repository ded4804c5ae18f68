"""The client of GitHub against a strict GitHub on loopback: its errors, writes and secrets."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ci_stat.connectors.github.repository import GitHub
from ci_stat.errors import SettingsError, SourceError
from ci_stat.records import DeliveryState, WriteResult
from tests.support import connectors
from tests.support import github as stand_in
from tests.support.connectors import FakeTime, everything_logged, texts_of
from tests.support.github import CONTRACT, MISSING, Fault, github_server

SENT, FAILED, UNCERTAIN = DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCERTAIN
TOKEN = "ghp_" + "t" * 36
REPO = "pingcap/tidb"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
NEVER_SHOWN = (TOKEN, "SECRET-PAGE")
ANY = "https://api.github.com"
BORN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Hub:
    """A GitHub, a client for it, and the time of both."""

    server: stand_in.GitHub
    client: GitHub
    time: FakeTime

    @property
    def asked(self) -> list[str]:
        return [f"{call.method} {call.path}" for call in self.server.requests]

    @property
    def sent(self) -> int:
        return len(self.server.requests)

    def fault(self, what: str, **where: Any) -> None:
        self.server.fault(Fault(what, **where))


def client_of(
    url: str, time: FakeTime, token: str = TOKEN, repo: str = REPO, **options: Any
) -> GitHub:
    given = {
        "timeout": 5.0,
        "wall": time.clock,
        "between_reads": 0.0,
        "between_writes": 0.0,
        **time.options,
    }
    return GitHub(url, repo, token, **(given | options))


@contextmanager
def hub(pauses: bool = False, timeout: float = 5.0, **options: Any) -> Iterator[Hub]:
    """A client and its server.

    At the end, both must have kept to GitHub's rules, and the log must show no secret.

    `pauses`: with the client's own pauses between requests. The other `options` are the server's.
    """
    contract = CONTRACT if CONTRACT.exists() else None
    with everything_logged() as lines, github_server(contract, **options) as server:
        time = Moving(server)
        more: dict[str, Any] = {"between_reads": 0.25, "between_writes": 2.0} if pauses else {}
        yield Hub(server, client_of(server.url, time, timeout=timeout, **more), time)
    assert server.findings == []
    assert [line for line in lines if any(secret in line for secret in NEVER_SHOWN)] == []


class Moving(FakeTime):
    """Time that the server lives in, too."""

    def __init__(self, server: stand_in.GitHub) -> None:
        super().__init__(server.now.timestamp())
        self._server = server

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._server.advance(timedelta(seconds=seconds))


def plant(server: stand_in.GitHub, count: int, **fields: Any) -> list[int]:
    """Create issues and pull requests, one each minute.

    Every fifth is a pull request, every third is closed.
    """
    return [
        server.issue(
            f"issue {number}",
            created_at=BORN + timedelta(minutes=number),
            **{"pull": number % 5 == 0, "state": "closed" if number % 3 == 0 else "open", **fields},
        )
        for number in range(1, count + 1)
    ]


def raised(call: Callable[[], Any]) -> SourceError:
    """The error of `call`; it shows no secret, and is one line and a hint."""
    with pytest.raises(SourceError) as caught:
        call()
    for text in texts_of(caught.value):
        assert not any(secret in text for secret in NEVER_SHOWN)
    assert "\n" not in caught.value.message + caught.value.hint
    return caught.value


def says(
    body: bytes, status: str = "200 OK", kind: str = "application/json", headers: Sequence[str] = ()
) -> bytes:
    """An answer by the byte, after which the connection ends."""
    return connectors.says(body, status, kind, ["Connection: close", *headers])


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


# Questions


def test_who_asks() -> None:
    with hub() as it:
        assert it.client.viewer() == "ci-stat-bot"


def test_an_installation_does_not_learn_who_it_is() -> None:
    with hub() as it:
        it.fault("403", path="/user$")
        assert it.client.viewer() == ""


def test_all_labels_of_many_pages() -> None:
    labels = {f"label {number:03}" for number in range(250)}
    with hub(labels=labels) as it:
        assert set(it.client.labels()) == labels
        assert it.sent == 3


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 200])
def test_labels_at_the_border_of_a_page(count: int) -> None:
    with hub(labels={f"label {number:03}" for number in range(count)}) as it:
        assert len(it.client.labels()) == count
        # A full last page is followed by one more question: a proxy may have eaten the link.
        assert it.sent == max(-(-count // 100), 1) + (count in (100, 200))


def test_a_link_that_got_lost_is_noticed() -> None:
    with hub(labels={f"label {number:03}" for number in range(150)}) as it:
        it.fault("missing-link")
        assert "the link to its next page is missing" in raised(it.client.labels).message


def test_one_issue() -> None:
    with hub() as it:
        it.server.bots.add("helper")
        number = it.server.issue(
            "a \x1b[31mtitle",
            "body",
            author="helper",
            labels=["type/bug"],
            state="closed",
            created_at=BORN,
            closed_at=BORN + timedelta(days=1),
            state_reason="not_planned",
            locked=True,
        )
        issue = it.client.issue(number)
        assert issue is not None
        assert (issue.number, issue.title, issue.author, issue.by_bot) == (
            number,
            "a \x1b[31mtitle",
            "helper",
            True,
        )
        assert (issue.open, issue.state_reason, issue.locked) == (False, "not_planned", True)
        assert (issue.created_at, issue.closed_at) == (BORN, BORN + timedelta(days=1))
        assert (issue.labels, issue.body) == (("type/bug",), "body")
        assert issue.url.endswith(f"/{REPO}/issues/{number}")


@pytest.mark.parametrize("status", [404, 410])
def test_a_deleted_issue_is_none(status: int) -> None:
    with hub() as it:
        number = it.server.issue("x")
        it.server.remove(number, status)
        assert it.client.issue(number) is None
        assert it.client.issue(10_000) is None


def test_a_moved_issue_is_none_and_the_way_there_is_not_taken() -> None:
    with hub() as it:
        number = it.server.issue("x")
        it.server.transfer(number, "pingcap/tiflow")
        assert it.client.issue(number) is None
        assert it.asked == [f"GET /repos/{REPO}/issues/{number}", f"GET /repos/{REPO}"]


def test_nothing_is_gone_where_the_repository_cannot_be_seen() -> None:
    with hub() as it:
        number = it.server.issue("x")
        it.fault("404", times=10)
        assert "not visible to the token" in raised(lambda: it.client.issue(number)).message


def test_comments_and_those_since() -> None:
    with hub() as it:
        number = it.server.issue("x")
        ids = [
            it.server.comment(number, f"c{each}", at=BORN + timedelta(minutes=each))
            for each in range(230)
        ]
        bot = it.server.comment(
            number, "beep", author="robot", at=BORN + timedelta(days=1), bot=True
        )
        found = it.client.comments(number)
        assert [each.id for each in found] == [*ids, bot]
        assert [each.by_bot for each in found[-2:]] == [False, True]
        assert (found[0].author, found[0].body, found[0].created_at) == ("someone", "c0", BORN)
        late = it.client.comments(number, BORN + timedelta(minutes=228, microseconds=5))
        assert [each.id for each in late] == [*ids[228:], bot]


def test_the_newest_issues() -> None:
    with hub() as it:
        plant(it.server, 320, body="text")
        found = it.client.newest(BORN + timedelta(minutes=151, seconds=0, microseconds=999))
        assert [issue.number for issue in found] == [n for n in range(320, 150, -1) if n % 5]
        assert {issue.body for issue in found} == {"text"}
        assert it.sent == 2


def test_newest_of_an_empty_repository() -> None:
    with hub() as it:
        assert it.client.newest(BORN) == ()


def test_a_time_without_a_zone_is_refused() -> None:
    with hub() as it, pytest.raises(ValueError, match="without a zone"):
        it.client.comments(1, datetime(2026, 1, 1))


# Writes


def test_an_issue_is_created() -> None:
    with hub() as it:
        written = it.client.create("数据 title", "body\n<!-- marker -->", ["type/bug"])
        assert written == WriteResult(SENT, 1, labels=("type/bug",), code=201)
        issue = it.server.issues[1]
        assert (issue.title, issue.body, issue.author) == (
            "数据 title",
            "body\n<!-- marker -->",
            "ci-stat-bot",
        )
        assert it.server.requests[0].json.keys() == {"title", "body", "labels"}


def test_labels_that_were_left_out_are_told() -> None:
    with hub(may_push=False) as it:
        assert it.client.create("t", "b", ["type/bug"]) == WriteResult(SENT, 1, labels=(), code=201)


def test_a_comment_is_written() -> None:
    with hub() as it:
        number = it.server.issue("x")
        written = it.client.comment(number, "more")
        (comment,) = it.server.issues[number].comments
        assert written == WriteResult(SENT, number, comment.id, code=201)


def test_an_issue_is_changed() -> None:
    with hub() as it:
        number = it.server.issue("x", "old", labels=["type/bug"])
        assert it.client.edit(number, body="new") == WriteResult(
            SENT, number, labels=("type/bug",), code=200
        )
        assert it.client.edit(number, state="closed", state_reason="completed").state is SENT
        issue = it.server.issues[number]
        assert (issue.body, issue.state, issue.state_reason) == ("new", "closed", "completed")
        assert it.client.edit(number, body="", state="open", state_reason="reopened").state is SENT
        assert (issue.body, issue.state) == ("", "open")
        assert [list(call.json) for call in it.server.requests] == [
            ["body"],
            ["state", "state_reason"],
            ["body", "state", "state_reason"],
        ]


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.create("t" * 257, "b", []),
        lambda client: client.create(" ", "b", []),
        lambda client: client.create("t", "b" * 65_537, []),
        lambda client: client.comment(1, "b" * 65_537),
        lambda client: client.edit(1, body="b" * 65_537),
        lambda client: client.edit(1),
    ],
)
def test_what_github_would_never_take_is_not_sent(call: Callable[[GitHub], Any]) -> None:
    with hub() as it:
        with pytest.raises(ValueError):
            call(it.client)
        assert it.sent == 0


def test_the_longest_that_is_taken() -> None:
    with hub() as it:
        assert it.client.create("ü" * 256, "ü" * 65_536, []).state is SENT
        assert it.client.comment(1, "ü" * 65_536).state is SENT


# How fast


def test_the_pace_of_reading_and_writing() -> None:
    with hub(pauses=True) as it:
        for number in range(3):
            it.client.viewer()
            it.client.create(f"t{number}", "b", [])
        it.client.viewer()
    assert it.time.waits == [0.25, 0.25, 1.75, 0.25, 1.75, 0.25]


def test_the_pace_of_the_pages_of_a_list() -> None:
    with hub(pauses=True) as it:
        plant(it.server, 250)
        assert it.client.issues(lambda _: False).problem == ""
        assert it.time.waits == [0.25] * (it.sent - 1)


# What is shown, and what cannot be used


def test_shown_is_where_to_and_no_secret() -> None:
    client = GitHub("https://ghe.example/api/v3/", REPO, f" {TOKEN}\n")
    assert (client.root, client.repo) == ("https://ghe.example/api/v3", REPO)
    assert repr(client) == "<GitHub pingcap/tidb at https://ghe.example/api/v3>"
    seen = [repr(part) for part in vars(client).values()] + [
        repr(client._calls._client),
        repr(client._calls._interpreter),
    ]
    assert not any(TOKEN in text for text in seen)


@pytest.mark.parametrize(
    "repo",
    [
        "",
        "tidb",
        "a/b/c",
        "/tidb",
        "a/",
        "a/..",
        "a/.",
        "a/b.git",
        "-a/b",
        "a b/c",
        "a/b?c",
        f"{'a' * 40}/b",
        f"a/{'b' * 101}",
        "a/b\n/",
        "ä/b",
        "a%2Fb/c",
        "https://github.com/a/b",
    ],
)
def test_what_is_no_repository(repo: str) -> None:
    with pytest.raises(SettingsError, match="github_repo"):
        GitHub(ANY, repo, TOKEN)


@pytest.mark.parametrize(
    "repo", ["a/b", "ping-cap/ti.db_1", "octo_acme/.github", f"{'a' * 39}/{'b' * 100}", " a/b\n"]
)
def test_what_is_a_repository(repo: str) -> None:
    assert GitHub(ANY, repo, TOKEN).repo == repo.strip()


@pytest.mark.parametrize("token", ["", " ", f"{TOKEN}\nx", f"{TOKEN}ü", f"a {TOKEN}"])
def test_what_is_no_token(token: str) -> None:
    with pytest.raises(SettingsError, match="gh_token") as caught:
        GitHub(ANY, REPO, token)
    assert not any(TOKEN in text for text in texts_of(caught.value))


@pytest.mark.parametrize(
    "url",
    ["", "api.github.com", "http://api.github.com", "https://user:pw@ghe.example", f"{ANY}?a"],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(SettingsError, match="github_url"):
        GitHub(url, REPO, TOKEN)


@pytest.mark.skipif(not CONTRACT.exists(), reason=MISSING)
def test_everything_holds_against_githubs_own_description() -> None:
    with hub() as it:
        plant(it.server, 120)
        assert it.client.issues(lambda _: True).problem == ""
        number = it.client.create("t", "b", ["type/bug"]).number
        assert it.client.comment(number, "c").state is SENT
        assert it.client.edit(number, state="closed", state_reason="duplicate").state is SENT
        (
            it.client.newest(BORN),
            it.client.comments(number, BORN),
            it.client.labels(),
            it.client.viewer(),
        )
        assert it.server.contract is not None
        assert len(it.asked) > 10
