"""GitHub's JSON as our records.

JSON that differs from GitHub's documentation is refused, never guessed at.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from msgspec import UNSET, UnsetType

from ci_stat.errors import SourceError
from ci_stat.escape import visible, web_link
from ci_stat.records import IssueComment, ListedIssue

GHOST = "ghost"  # GitHub's name for a deleted account
HINT = "Check github_url, and any proxy before it."


class SchemaError(Exception):
    """JSON that differs from the documentation. `str()` says how, without quoting all of it."""


class OtherRepository(SchemaError):
    """An issue of another repository."""


@contextmanager
def valid_schema() -> Iterator[None]:
    """Turn a SchemaError of the block into a SourceError."""
    try:
        yield
    except SchemaError as error:
        raise SourceError(f"GitHub's response is invalid: {error}.", HINT) from None


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the list of issues. `issue`: None for a pull request."""

    number: int
    created_at: datetime
    open: bool
    issue: ListedIssue | None = None


def item_of(value: Any, repo: str, keep: Callable[[str], bool]) -> Item:
    """An issue or a pull request of `repo`. `keep`: whether a body is kept. Raises SchemaError."""
    fields = Fields(value)
    number = fields.number("number")
    if not _ends_with(fields.text("repository_url"), f"/repos/{repo}"):
        raise OtherRepository("an issue of another repository")
    created_at, is_open = fields.time("created_at"), _is_open(fields)
    if fields.get("pull_request") is not None:
        return Item(number, created_at, is_open)
    return Item(number, created_at, is_open, _issue(fields, keep))


def issue_of(value: Any, repo: str) -> ListedIssue:
    """An issue of `repo` with its body. Raises SchemaError, also for a pull request."""
    issue = item_of(value, repo, lambda _: True).issue
    if issue is None:
        raise SchemaError("a pull request instead of an issue")
    return issue


def comment_of(value: Any, repo: str, number: int) -> IssueComment:
    """A comment on issue `number` of `repo`. Raises SchemaError."""
    fields = Fields(value)
    if not _ends_with(fields.text("issue_url"), f"/repos/{repo}/issues/{number}"):
        raise SchemaError("a comment on another issue")
    author, by_bot = _author(fields)
    return IssueComment(
        fields.number("id"), author, fields.time("created_at"), fields.optional("body"), by_bot
    )


def label_of(value: Any) -> str:
    """A label's name. Raises SchemaError."""
    return value if isinstance(value, str) else Fields(value).text("name")


def number_in(value: Any, name: str) -> int:
    """A count, e.g. `open_issues_count`. Raises SchemaError."""
    return Fields(value).number(name, 0)


def text_in(value: Any, name: str) -> str:
    """A text that is not empty. Raises SchemaError."""
    return Fields(value).text(name)


class Fields:
    """The fields of one JSON object."""

    def __init__(self, value: Any) -> None:
        if not isinstance(value, dict):
            raise SchemaError("not an object")
        self._value = value

    def get(self, name: str) -> Any:
        return self._value.get(name)

    def number(self, name: str, least: int = 1) -> int:
        value = self.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise self._invalid(name)
        return value

    def text(self, name: str) -> str:
        value = self.get(name)
        if not isinstance(value, str) or not value:
            raise self._invalid(name)
        return value

    def optional(self, name: str) -> str:
        """A text that may be empty or null."""
        value = self.get(name)
        if value is not None and not isinstance(value, str):
            raise self._invalid(name)
        return value or ""

    def time(self, name: str) -> datetime:
        try:
            moment = datetime.fromisoformat(self.text(name))
            if moment.tzinfo is None:
                raise self._invalid(name)
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise self._invalid(name) from None

    def labels(self) -> tuple[str, ...]:
        labels = self.get("labels")
        if not isinstance(labels, list):
            raise self._invalid("labels")
        return tuple(label_of(label) for label in labels)

    def _invalid(self, name: str) -> SchemaError:
        number = self.get("number")
        where = f" of #{number}" if isinstance(number, int) and name != "number" else ""
        return SchemaError(f"{name}{where} is missing, or {visible(repr(self.get(name)), 60)}")


def _issue(fields: Fields, keep: Callable[[str], bool]) -> ListedIssue:
    author, by_bot = _author(fields)
    body, url = fields.optional("body"), fields.text("html_url")
    if web_link(url) is None:
        raise SchemaError(f"html_url of #{fields.number('number')} is not a link")
    return ListedIssue(
        number=fields.number("number"),
        title=fields.optional("title"),
        author=author,
        created_at=fields.time("created_at"),
        url=url,
        open=_is_open(fields),
        by_bot=by_bot,
        state_reason=fields.optional("state_reason"),
        labels=fields.labels(),
        closed_at=None if fields.get("closed_at") is None else fields.time("closed_at"),
        locked=fields.get("locked") is True,
        body=body if keep(body) else "",
        closed_by_bot=_closed_by_bot(fields),
    )


def _closed_by_bot(fields: Fields) -> bool | UnsetType:
    """Lists of issues may not say who closed them, and deleted accounts are null."""
    closer = fields.get("closed_by")
    return UNSET if closer is None else Fields(closer).get("type") == "Bot"


def _author(fields: Fields) -> tuple[str, bool]:
    user = fields.get("user")
    if user is None:
        return GHOST, False
    account = Fields(user)
    return account.text("login"), account.get("type") == "Bot"


def _is_open(fields: Fields) -> bool:
    state = fields.text("state")
    if state not in ("open", "closed"):
        raise SchemaError(f"state of #{fields.number('number')} is {visible(state, 60)}")
    return state == "open"


def _ends_with(url: str, path: str) -> bool:
    """Names of repositories are case-insensitive."""
    return url.lower().endswith(path.lower())
