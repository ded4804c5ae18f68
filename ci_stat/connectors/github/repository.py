"""The issues of one GitHub repository: complete lists, and writes that are never made twice."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from ci_stat.connectors.github.calls import call_error
from ci_stat.connectors.github.complete_list import DESCENDING, complete_list, open_count
from ci_stat.connectors.github.responses import CallState
from ci_stat.connectors.github.schema import (
    OtherRepository,
    comment_of,
    issue_of,
    item_of,
    label_of,
    valid_schema,
)
from ci_stat.connectors.github.session import RepositorySession
from ci_stat.connectors.github.write_outcome import (
    checked,
    commented,
    created,
    edited,
    new_issue,
)
from ci_stat.records import IssueComment, ListedIssue, Listing, WriteResult

_MOVED_OR_DELETED = (301, 307, 308, 404, 410)


def _nothing(_: int) -> None:
    """The default for `progress`."""


class GitHub(RepositorySession):
    """The issues of one repository."""

    # Reads. All raise SourceError if there is no valid response.

    def labels(self) -> tuple[str, ...]:
        """The names of all labels."""
        labels = self._pages.whole(f"{self._path}/labels", {})
        with valid_schema():
            return tuple(label_of(label) for label in labels)

    def issues(
        self, keep: Callable[[str], bool], progress: Callable[[int], None] = _nothing
    ) -> Listing:
        """All issues, open and closed, oldest first, and whether the list is proven complete.

        - `keep`: whether a body is kept; other bodies become "".
        - `progress`: called with the number of items of each page, pull requests included. An
          inconsistent list is read twice.
        """
        return complete_list(self._calls, self._pages, self.repo, keep, progress)

    def issue(self, number: int) -> ListedIssue | None:
        """One issue with its body; None if it was deleted, or transferred to another repository."""
        result = self._calls.get(f"{self._path}/issues/{number:d}")
        if result.state is CallState.REFUSED and result.code in _MOVED_OR_DELETED:
            # The same response comes for a renamed or invisible repository: then this raises.
            open_count(self._calls, self.repo)
            return None
        if result.state is not CallState.DONE:
            raise call_error(result)
        with valid_schema():
            try:
                issue = issue_of(result.value, self.repo)
            except OtherRepository:
                return None
        return issue if issue.number == number else None

    def comments(self, number: int, since: datetime | None = None) -> tuple[IssueComment, ...]:
        """The comments on an issue, oldest first; with `since`, those written or changed since
        then.
        """
        query = {} if since is None else {"since": f"{_second(since):%Y-%m-%dT%H:%M:%SZ}"}
        values = self._pages.whole(f"{self._path}/issues/{number:d}/comments", query)
        with valid_schema():
            comments = [comment_of(value, self.repo, number) for value in values]
        return tuple({comment.id: comment for comment in comments}.values())

    def newest(self, since: datetime) -> tuple[ListedIssue, ...]:
        """The issues created since then, newest first, with their bodies."""
        issues: dict[int, ListedIssue] = {}
        for page in self._pages.pages(f"{self._path}/issues", DESCENDING):
            with valid_schema():
                items = [item_of(value, self.repo, lambda _: True) for value in page.items]
            recent = [item for item in items if item.created_at >= _second(since)]
            issues |= {item.number: item.issue for item in recent if item.issue is not None}
            if len(recent) < len(items):
                break
        return tuple(issues.values())

    # Writes. All return their outcome, and raise ValueError for arguments that GitHub never
    # accepts.

    def wait_to_write(self) -> None:
        """Wait for the pause after the last write, so that what is read next is fresh at the next
        write.
        """
        self._calls.wait_to_write()

    def create(self, title: str, body: str, labels: Sequence[str]) -> WriteResult:
        """Create an issue. If it may have been created, it is not sent again.

        GitHub creates unknown `labels`, or drops them if the token may not push: the outcome has
        the actual labels. `title`: 1 to 256 characters; `body`: at most 65,536.
        """
        result = self._calls.post(f"{self._path}/issues", new_issue(title, body, labels))
        return created(result, self.repo, title)

    def edit(
        self,
        number: int,
        *,
        body: str | None = None,
        state: str | None = None,
        state_reason: str | None = None,
    ) -> WriteResult:
        """Change an issue's text, state, or both. Sending it again changes nothing."""
        fields = {"body": body and checked(body), "state": state, "state_reason": state_reason}
        change = {name: value for name, value in fields.items() if value is not None}
        if not change:
            raise ValueError("nothing to change")
        result = self._calls.patch(f"{self._path}/issues/{number:d}", change)
        return edited(result, self.repo, number, state)

    def comment(self, number: int, body: str) -> WriteResult:
        """Comment on an issue. If the comment may have been created, it is not sent again."""
        path = f"{self._path}/issues/{number:d}/comments"
        return commented(self._calls.post(path, {"body": checked(body)}), self.repo, number)


def _second(moment: datetime) -> datetime:
    """Without fractions, as GitHub stores times."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC).replace(microsecond=0)
