"""The issues of one GitHub repository: complete lists, and writes that are never made twice."""

import random
import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from ci_stat.connectors.github.calls import Calls, call_error
from ci_stat.connectors.github.client import GitHubClient
from ci_stat.connectors.github.complete_list import DESCENDING, complete_list, open_count
from ci_stat.connectors.github.names import REPO_NAME
from ci_stat.connectors.github.pagination import Pages
from ci_stat.connectors.github.rate_limits import Timing
from ci_stat.connectors.github.responses import CallState, Interpreter
from ci_stat.connectors.github.schema import (
    OtherRepository,
    comment_of,
    issue_of,
    item_of,
    label_of,
    text_in,
    valid_schema,
)
from ci_stat.connectors.github.write_outcome import (
    checked,
    commented,
    created,
    edited,
    new_issue,
)
from ci_stat.connectors.http.address import parse_address
from ci_stat.connectors.http.client import TIMEOUT
from ci_stat.connectors.http.masking import Mask
from ci_stat.errors import SettingsError
from ci_stat.records import IssueComment, ListedIssue, Listing, WriteResult

_MOVED_OR_DELETED = (301, 307, 308, 404, 410)


def _nothing(_: int) -> None:
    """The default for `progress`."""


class GitHub:
    """One repository at one GitHub. Nothing is connected before the first call.

    - `base_url`: of the REST API, `https://api.github.com` or `https://HOST/api/v3`.
    - `repo`: `owner/name`. `token`: a user's or an App installation's.
    - `timeout`: seconds to connect, and for each read.
    - `between_reads`, `between_writes`: seconds from the end of a request, or a write, to the
      next.
    - `clock`, `wall`, `sleep`, `jitter`: seconds, Unix seconds, waiting, and a random number from
      0 to 1.

    Raises SettingsError for invalid arguments. One object sends one request at a time, from any
    number of threads.
    """

    def __init__(
        self,
        base_url: str,
        repo: str,
        token: str,
        *,
        timeout: float = TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        wall: Callable[[], float] = time.time,
        between_reads: float = 0.25,
        between_writes: float = 2.0,
    ) -> None:
        address = parse_address(base_url, "github_url", "https://api.github.com")
        self.repo, token = repo.strip(), token.strip()
        if not REPO_NAME.fullmatch(self.repo):
            raise SettingsError(
                "github_repo is not the name of a repository.",
                "Write it as owner/name, e.g. me/app",
            )
        if not re.fullmatch("[!-~]+", token):
            raise SettingsError(
                "gh_token is empty or contains an invalid character.", "Copy it again."
            )
        self.root = f"{address.root}{address.path}"
        mask = Mask(token)
        client = GitHubClient(address, token, mask, timeout)
        timing = Timing(clock, sleep, jitter, between_reads, between_writes)
        self._calls = Calls(client, Interpreter(mask, wall), timing)
        self._pages = Pages(self._calls, address)
        self._path = f"/repos/{self.repo}"

    def __repr__(self) -> str:
        return f"<GitHub {self.repo} at {self.root}>"

    # Reads. All raise SourceError if there is no valid response.

    def viewer(self) -> str:
        """The login of the token's owner; "" for an App installation, to which GitHub does not
        tell it.
        """
        result = self._calls.get("/user")
        if result.state is CallState.REFUSED and result.code == 403:
            return ""
        if result.state is not CallState.DONE:
            raise call_error(result)
        with valid_schema():
            return text_in(result.value, "login")

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
