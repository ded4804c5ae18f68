"""GitHub's JSON as our records. What has another shape than GitHub documents is refused, not guessed at."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ci_stat.errors import SourceError
from ci_stat.escape import visible, web_link
from ci_stat.records import IssueComment, ListedIssue

GHOST = "ghost"  # whom GitHub shows in place of a deleted account
HINT = "Check github_url, and what stands before it."


class Misshapen(Exception):
    """`str()` says what is wrong, without the whole of it."""


class Elsewhere(Misshapen):
    """An issue of another repository."""


@contextmanager
def in_shape() -> Iterator[None]:
    """What is misshapen in the block raises SourceError."""
    try:
        yield
    except Misshapen as error:
        raise SourceError(
            f"GitHub's answer has another shape than it should: {error}.", HINT
        ) from None


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the list of issues. `issue`: None for a pull request."""

    number: int
    created_at: datetime
    open: bool
    issue: ListedIssue | None = None


def item_of(value: Any, repo: str, keep: Callable[[str], bool]) -> Item:
    """An issue or a pull request of `repo`. `keep`: whether a body is kept. Raises Misshapen."""
    fields = _Fields(value)
    number = fields.number("number")
    if not _is_at(fields.text("repository_url"), f"/repos/{repo}"):
        raise Elsewhere("an issue of another repository")
    created_at, is_open = fields.time("created_at"), _is_open(fields)
    if fields.get("pull_request") is not None:
        return Item(number, created_at, is_open)
    return Item(number, created_at, is_open, _issue(fields, keep))


def issue_of(value: Any, repo: str) -> ListedIssue:
    """An issue of `repo`, with its body. Raises Misshapen, also for a pull request."""
    issue = item_of(value, repo, lambda _: True).issue
    if issue is None:
        raise Misshapen("a pull request in place of an issue")
    return issue


def comment_of(value: Any, repo: str, number: int) -> IssueComment:
    """A comment on issue `number` of `repo`. Raises Misshapen."""
    fields = _Fields(value)
    if not _is_at(fields.text("issue_url"), f"/repos/{repo}/issues/{number}"):
        raise Misshapen("a comment on another issue")
    author, by_bot = _author(fields)
    return IssueComment(
        fields.number("id"), author, fields.time("created_at"), fields.words("body"), by_bot
    )


def label_of(value: Any) -> str:
    """A label's name. Raises Misshapen."""
    return value if isinstance(value, str) else _Fields(value).text("name")


def number_in(value: Any, name: str) -> int:
    """A count, e.g. `open_issues_count`. Raises Misshapen."""
    return _Fields(value).number(name, 0)


def text_in(value: Any, name: str) -> str:
    """Raises Misshapen for what is empty, too."""
    return _Fields(value).text(name)


class _Fields:
    """The fields of one JSON object."""

    def __init__(self, value: Any) -> None:
        if not isinstance(value, dict):
            raise Misshapen("something else than an object")
        self._value = value

    def get(self, name: str) -> Any:
        return self._value.get(name)

    def number(self, name: str, least: int = 1) -> int:
        found = self.get(name)
        if not isinstance(found, int) or isinstance(found, bool) or found < least:
            raise self._bad(name)
        return found

    def text(self, name: str) -> str:
        found = self.get(name)
        if not isinstance(found, str) or not found:
            raise self._bad(name)
        return found

    def words(self, name: str) -> str:
        """A text that may be empty or null."""
        found = self.get(name)
        if found is not None and not isinstance(found, str):
            raise self._bad(name)
        return found or ""

    def time(self, name: str) -> datetime:
        try:
            found = datetime.fromisoformat(self.text(name))
            if found.tzinfo is None:
                raise self._bad(name)
            return found.astimezone(UTC)
        except (ValueError, OverflowError):
            raise self._bad(name) from None

    def labels(self) -> tuple[str, ...]:
        found = self.get("labels")
        if not isinstance(found, list):
            raise self._bad("labels")
        return tuple(label_of(each) for each in found)

    def _bad(self, name: str) -> Misshapen:
        number = self.get("number")
        where = f" of #{number}" if isinstance(number, int) and name != "number" else ""
        return Misshapen(f"{name}{where} is missing, or {visible(repr(self.get(name)), 60)}")


def _issue(fields: _Fields, keep: Callable[[str], bool]) -> ListedIssue:
    author, by_bot = _author(fields)
    body, url = fields.words("body"), fields.text("html_url")
    if web_link(url) is None:
        raise Misshapen(f"html_url of #{fields.number('number')} is no link")
    return ListedIssue(
        number=fields.number("number"),
        title=fields.words("title"),
        author=author,
        created_at=fields.time("created_at"),
        url=url,
        open=_is_open(fields),
        by_bot=by_bot,
        state_reason=fields.words("state_reason"),
        labels=fields.labels(),
        closed_at=None if fields.get("closed_at") is None else fields.time("closed_at"),
        locked=fields.get("locked") is True,
        body=body if keep(body) else "",
    )


def _author(fields: _Fields) -> tuple[str, bool]:
    user = fields.get("user")
    if user is None:
        return GHOST, False
    who = _Fields(user)
    return who.text("login"), who.get("type") == "Bot"


def _is_open(fields: _Fields) -> bool:
    state = fields.text("state")
    if state not in ("open", "closed"):
        raise Misshapen(f"state of #{fields.number('number')} is {visible(state, 60)}")
    return state == "open"


def _is_at(url: str, tail: str) -> bool:
    """Names of repositories are the same in upper and lower case."""
    return url.lower().endswith(tail.lower())
