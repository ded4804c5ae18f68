"""The state of the server: a repository with issues, a token, a clock of the test, and switches."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from tests.support.github.actions import Actions
from tests.support.github.contract import Contract
from tests.support.github.faults import Fault, Faults
from tests.support.github.log_storage import Signatures
from tests.support.github.records import Call, Comment, Issue, Rate
from tests.support.github.transcript import transcript

LABELS = (
    "type/bug",
    "type/enhancement",
    "type/duplicate",
    "component/test",
    "component/ci",
    "severity/major",
    "severity/moderate",
    "affects-8.5",
    "sig/planner",
    "needs-triage",
)
Hook = Callable[[str, str], None]


@dataclass
class GitHub:
    """The content and the behaviour of the server. Tests may change all of it while it runs.

    - `kind`: of the token's owner, `User` or `Bot`. `bots`: other logins that are bots.
    - `issues`: by number, with pull requests. `elsewhere`: transferred ones, by repository and
      number.
    - `is_app`: the token is an App's, which alone may write check runs. `denied`: what it may not
      write: `comments`, `statuses`, `checks`. `unknown_commits`: SHAs that GitHub does not have.
    - `before`, `after`: called in the server's thread around each processed request, `after` before
      the answer. A hook that raises ConnectionError breaks the connection.
    - `anonymous`: requests without a token may read; `anonymous_rate` is their limit.
    - `cursors`: pages of issues are linked by opaque cursors, as in larger repositories.
    - `scopes`: of a classic token; None for another kind. `listeners`: get new comments.
    - `code`: branches and pull requests, by `tests.support.github.code`.
    - `write_gaps`: real seconds between writes. `findings`: violations of GitHub's rules.
    """

    repo: str = "pingcap/tidb"
    token: str = field(default="ghp_" + "t" * 36, repr=False)
    login: str = "ci-stat-bot"
    kind: str = "User"
    now: datetime = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
    labels: set[str] = field(default_factory=lambda: set(LABELS))
    bots: set[str] = field(default_factory=set)
    created_at: datetime = datetime(2015, 9, 6, 4, 1, 52, tzinfo=UTC)
    may_push: bool = True
    is_app: bool = False
    denied: set[str] = field(default_factory=set)
    unknown_commits: set[str] = field(default_factory=set)
    issues_enabled: bool = True
    search_lag: timedelta = timedelta(0)
    list_lag: timedelta = timedelta(0)
    incomplete_results: bool = False
    per_page_max: int = 100
    page_limit: int = 10
    cursors: bool = True
    creations_per_minute: int = 80
    rate: Rate = field(default_factory=Rate)
    search_rate: Rate = field(default_factory=lambda: Rate(30, 30, every=timedelta(minutes=1)))
    anonymous: bool = False
    anonymous_rate: Rate = field(default_factory=lambda: Rate(60, 60))
    before: Hook | None = None
    after: Hook | None = None
    contract: Contract | None = None
    scopes: tuple[str, ...] | None = None
    code: object = None
    listeners: list[Callable[[Comment], None]] = field(default_factory=list)
    port: int = 0

    issues: dict[int, Issue] = field(default_factory=dict)
    elsewhere: dict[tuple[str, int], Issue] = field(default_factory=dict)
    removed: dict[int, int] = field(default_factory=dict)  # status of the answer, by number
    moved: dict[int, tuple[str, int]] = field(default_factory=dict)
    requests: list[Call] = field(default_factory=list)
    created_labels: list[str] = field(default_factory=list)
    write_gaps: list[float] = field(default_factory=list)
    statuses: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # by commit
    checks: dict[int, dict[str, Any]] = field(default_factory=dict)  # check runs by id
    findings: list[str] = field(default_factory=list)
    creations: list[datetime] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    waits: list[float] = field(default_factory=list)  # of a client, if the test records them

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self.closing = threading.Event()
        self.actions = Actions(self.repo, self.now)
        self.signatures = Signatures(self.actions)
        self.last_write: float | None = None
        self._highest = 0
        self._comments = count(3_000_000_001)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def moment(self) -> datetime:
        """The present, in whole seconds as GitHub stores it."""
        return self.now.replace(microsecond=0)

    def advance(self, by: timedelta) -> None:
        with self.lock:
            self.now += by

    def issue(
        self,
        title: str,
        body: str = "",
        author: str = "someone",
        labels: Iterable[str] = (),
        state: str = "open",
        created_at: datetime | None = None,
        closed_at: datetime | None = None,
        state_reason: str | None = None,
        pull: bool = False,
        locked: bool = False,
        number: int | None = None,
    ) -> int:
        """Add an issue, by default a person's. Return its number."""
        with self.lock:
            at = created_at or self.moment
            number = self.next_number() if number is None else number
            if number in self.issues:
                raise ValueError(f"#{number} exists already")
            self._highest = max(self._highest, number)
            issue = Issue(number, title, body, author, self.repo, at, at, pull=pull, locked=locked)
            self.issues[number] = issue
            self.label(number, *labels)
            issue.updated_at = at
            if state == "closed":
                issue.close(author, state_reason, closed_at or at)
            else:
                issue.state_reason = state_reason
            return number

    def comment(
        self,
        number: int,
        body: str,
        author: str = "someone",
        at: datetime | None = None,
        bot: bool = False,
    ) -> int:
        """Add a comment. Return its id."""
        with self.lock:
            self.bots |= {author} if bot else set()
            return self.add_comment(self.issues[number], body, author, at or self.moment).id

    def close(
        self,
        number: int,
        by: str = "someone",
        reason: str = "completed",
        at: datetime | None = None,
        bot: bool = False,
    ) -> None:
        with self.lock:
            self.bots |= {by} if bot else set()
            self.issues[number].close(by, reason, at or self.moment)

    def reopen(self, number: int, by: str = "someone", at: datetime | None = None) -> None:
        with self.lock:
            self.issues[number].reopen(at or self.moment)

    def label(self, number: int, *names: str) -> None:
        """Add labels to an issue, and to the repository where it lacks them."""
        with self.lock:
            issue = self.issues[number]
            self.labels |= {name for name in names if self.known_label(name) is None}
            known = [self.known_label(name) or name for name in names]
            issue.labels += [name for name in dict.fromkeys(known) if name not in issue.labels]
            issue.updated_at = max(issue.updated_at, self.moment)

    def unlabel(self, number: int, *names: str) -> None:
        with self.lock:
            self.issues[number].labels = [
                name for name in self.issues[number].labels if name not in names
            ]

    def remove(self, number: int, status: int = 410) -> None:
        """Delete an issue. GitHub answers 410 if the token may read the repository, else 404."""
        with self.lock:
            del self.issues[number]
            self.removed[number] = status

    def transfer(self, number: int, to: str, as_number: int | None = None) -> int:
        """Move an issue to another repository; requests are redirected. Return its number there."""
        with self.lock:
            issue = self.issues.pop(number)
            there = number + 1_000 if as_number is None else as_number
            self.moved[number] = (to, there)
            issue.number, issue.repo = there, to
            self.elsewhere[to, there] = issue
            return there

    def fault(self, *faults: Fault) -> None:
        """Add faults, effective from the next request."""
        with self.lock:
            self.faults.add(*faults)

    def transcript(self) -> str:
        """All requests with the status of each answer, without the port and the token."""
        with self.lock:
            text = transcript(self.requests)
        return text.replace(self.url, "https://api.github.com").replace(self.token, "<token>")

    def next_number(self) -> int:
        """The next number; issues and pull requests share them, and none is used twice."""
        return self._highest + 1

    def add_comment(self, issue: Issue, body: str, author: str, at: datetime) -> Comment:
        comment = Comment(next(self._comments), issue.number, body, author, at, at)
        issue.comments.append(comment)
        issue.updated_at = max(issue.updated_at, at)
        for listener in self.listeners:
            listener(comment)
        return comment

    def known_label(self, name: str) -> str | None:
        """The label as the repository spells it: names ignore case."""
        folded = name.casefold()
        return next((label for label in sorted(self.labels) if label.casefold() == folded), None)

    def pushes_to(self, repo: str) -> bool:
        """Whether the token's owner has a member's rights there."""
        return self.may_push and repo == self.repo

    def is_bot(self, login: str) -> bool:
        return (
            login.endswith("[bot]")
            or login in self.bots
            or (login == self.login and self.kind == "Bot")
        )

    @property
    def logins(self) -> set[str]:
        """All logins that occur here."""
        issues = [*self.issues.values(), *self.elsewhere.values()]
        commented = {comment.author for issue in issues for comment in issue.comments}
        return {self.login, *self.bots, *commented, *(issue.author for issue in issues)}
