"""Values of the server: issues and comments, requests and answers, rate limits."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

DOCUMENTATION = "https://docs.github.com/rest"


@dataclass
class Comment:
    """`id`: as large as real ones, more than 32 bits."""

    id: int
    number: int
    body: str
    author: str
    created_at: datetime
    updated_at: datetime


@dataclass
class Issue:
    """An issue, or a pull request (`pull`), which GitHub numbers and lists with issues.

    `repo`: differs from the server's for a transferred issue.
    """

    number: int
    title: str
    body: str
    author: str
    repo: str
    created_at: datetime
    updated_at: datetime
    labels: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    state: str = "open"
    state_reason: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    locked: bool = False
    pull: bool = False
    comments: list[Comment] = field(default_factory=list)

    @property
    def id(self) -> int:
        return 2_500_000_000 + self.number

    def close(self, by: str, reason: str | None, at: datetime) -> None:
        self.state, self.state_reason = "closed", reason or "completed"
        self.closed_at, self.closed_by, self.updated_at = at, by, max(at, self.updated_at)

    def reopen(self, at: datetime) -> None:
        self.state, self.state_reason = "open", "reopened"
        self.closed_at, self.closed_by, self.updated_at = None, None, max(at, self.updated_at)


@dataclass
class Rate:
    """A rate limit. `reset`: None before the first request; the limit restarts after `every`."""

    limit: int = 5_000
    remaining: int = 5_000
    reset: datetime | None = None
    every: timedelta = timedelta(hours=1)

    def take(self, now: datetime) -> bool:
        """Take a request; False if none is left."""
        self.renew(now)
        if self.remaining <= 0:
            return False
        self.remaining -= 1
        return True

    def renew(self, now: datetime) -> None:
        if self.reset is not None and now >= self.reset:
            self.remaining, self.reset = self.limit, None
        if self.reset is None:
            self.reset = now + self.every

    @property
    def numbers(self) -> dict[str, int]:
        reset = self.reset or datetime.fromtimestamp(0, UTC)
        used = max(self.limit - self.remaining, 0)
        return {
            "limit": self.limit,
            "remaining": self.remaining,
            "used": used,
            "reset": int(reset.timestamp()),
        }


@dataclass
class Call:
    """One request and its outcome.

    - `path`: with the repository's name, also if the request had its number.
    - `headers`: lower case, without the token. `json`: the body; None if it is empty or not JSON.
    - `status`: None for no answer. `processed`: GitHub did or refused it before any fault.
    - `items`: length of a list. `made`: what a write created, `#7` or `comment 3000000001`.
    - `fault`: the fault that applied, or "".
    """

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes = b""
    json: Any = None
    token: str = field(default="", repr=False)
    status: int | None = None
    processed: bool = False
    items: int | None = None
    made: str = ""
    fault: str = ""

    @property
    def writes(self) -> bool:
        return self.method not in ("GET", "HEAD")


@dataclass
class Answer:
    """`value` is sent as JSON, `raw` as it is. `cut`: half the body is sent."""

    status: int
    value: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    kind: str = "application/json; charset=utf-8"
    cut: int | None = None


class Refused(Exception):
    """The request is refused with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def stamp(moment: datetime | None) -> str | None:
    """A time as GitHub writes it: UTC, whole seconds, Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
