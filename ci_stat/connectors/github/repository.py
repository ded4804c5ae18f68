"""GitHub's issues of one repository: all of them, provably, and writes of which none is made twice."""

import random
import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from ci_stat.connectors.github.calls import Asking, trouble
from ci_stat.connectors.github.client import Wire
from ci_stat.connectors.github.complete_list import DESCENDING, listing, open_count
from ci_stat.connectors.github.pagination import Pages
from ci_stat.connectors.github.rate_limits import Times
from ci_stat.connectors.github.responses import Judge, What
from ci_stat.connectors.github.schema import (
    Elsewhere,
    comment_of,
    in_shape,
    issue_of,
    item_of,
    label_of,
    text_in,
)
from ci_stat.connectors.github.write_outcome import checked, commented, created, edited, new_issue
from ci_stat.connectors.http.address import address
from ci_stat.connectors.http.client import TIMEOUT
from ci_stat.connectors.http.masking import Mask
from ci_stat.errors import SettingsError
from ci_stat.records import IssueComment, ListedIssue, Listing, Written

# An owner's name has letters, digits and single hyphens; those of managed users end in _ and a company's short name.
_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}(?<!\.git)")
_GONE = (301, 307, 308, 404, 410)


def _nothing(_: int) -> None:
    """For a `progress` that nobody watches."""


class GitHub:
    """One repository at one GitHub. Nothing is connected before the first call.

    - `base_url`: of the REST API, `https://api.github.com` or `https://HOST/api/v3`.
    - `repo`: `owner/name`. `token`: a user's or an App installation's.
    - `timeout`: seconds to connect, and between two pieces of an answer.
    - `between_reads`, `between_writes`: seconds from the end of a request, or a write, to the next.
    - `clock`, `wall`, `sleep`, `jitter`: seconds, Unix seconds, waiting, and a random number from 0 to 1.

    Raises SettingsError for what cannot be used. One object makes one request at a time, in any number of threads.
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
        place = address(base_url, "github_url", "https://api.github.com")
        self.repo, token = repo.strip(), token.strip()
        if not _REPO.fullmatch(self.repo):
            raise SettingsError(
                "github_repo is no repository's name.", "Write it as owner/name, e.g. pingcap/tidb"
            )
        if not re.fullmatch("[!-~]+", token):
            raise SettingsError(
                "gh_token is empty, or holds a sign that it cannot have.", "Copy it anew."
            )
        self.root = f"{place.root}{place.path}"
        mask = Mask(token)
        times = Times(clock, sleep, jitter, between_reads, between_writes)
        self._asking = Asking(Wire(place, token, mask, timeout), Judge(mask, wall), times)
        self._pages = Pages(self._asking, place)
        self._at = f"/repos/{self.repo}"

    def __repr__(self) -> str:
        return f"<GitHub {self.repo} at {self.root}>"

    # Questions. All raise SourceError where there is no answer that can be used.

    def viewer(self) -> str:
        """The login of the token's owner; "" for an App's installation, which GitHub does not tell who it is."""
        said = self._asking.answer("/user")
        if said.what is What.REFUSED and said.code == 403:
            return ""
        if said.what is not What.GOOD:
            raise trouble(said)
        with in_shape():
            return text_in(said.value, "login")

    def labels(self) -> tuple[str, ...]:
        """The names of all labels."""
        found = self._pages.whole(f"{self._at}/labels", {})
        with in_shape():
            return tuple(label_of(value) for value in found)

    def issues(
        self, keep: Callable[[str], bool], progress: Callable[[int], None] = _nothing
    ) -> Listing:
        """All issues, open and closed, oldest first, and whether it is proved that these are all.

        `keep`: whether this body is kept, the others are "". `progress`: told the number of items of each page, pull
        requests too; a list that does not agree with itself is read twice.
        """
        return listing(self._asking, self._pages, self.repo, keep, progress)

    def issue(self, number: int) -> ListedIssue | None:
        """One issue with its body; None for one that was deleted, or moved to another repository."""
        said = self._asking.answer(f"{self._at}/issues/{number:d}")
        if said.what is What.REFUSED and said.code in _GONE:
            # So it is for a repository that was renamed, or that the token may no longer see: then nothing is gone.
            open_count(self._asking, self.repo)
            return None
        if said.what is not What.GOOD:
            raise trouble(said)
        with in_shape():
            try:
                found = issue_of(said.value, self.repo)
            except Elsewhere:
                return None
        return found if found.number == number else None

    def comments(self, number: int, since: datetime | None = None) -> tuple[IssueComment, ...]:
        """The comments on an issue, oldest first; with `since`, those that were written or changed since then."""
        query = {} if since is None else {"since": f"{_second(since):%Y-%m-%dT%H:%M:%SZ}"}
        found = self._pages.whole(f"{self._at}/issues/{number:d}/comments", query)
        with in_shape():
            comments = [comment_of(value, self.repo, number) for value in found]
        return tuple({comment.id: comment for comment in comments}.values())

    def newest(self, since: datetime) -> tuple[ListedIssue, ...]:
        """The issues created since then, newest first, with their bodies."""
        found: dict[int, ListedIssue] = {}
        for page in self._pages.pages(f"{self._at}/issues", DESCENDING):
            with in_shape():
                items = [item_of(value, self.repo, lambda _: True) for value in page.items]
            recent = [item for item in items if item.created_at >= _second(since)]
            found |= {item.number: item.issue for item in recent if item.issue is not None}
            if len(recent) < len(items):
                break
        return tuple(found.values())

    # Writes. All tell what became of them, and raise ValueError for what GitHub would never take.

    def wait_to_write(self) -> None:
        """Let the pause after the last write pass: for a question whose answer must not be old when one writes."""
        self._asking.wait_to_write()

    def create(self, title: str, body: str, labels: Sequence[str]) -> Written:
        """A new issue. What may have been created is not sent again.

        `labels` that do not exist are created by GitHub, or, for a token without the right to push, left out: the
        answer tells those that the issue has. `title`: 1 to 256 characters; `body`: at most 65,536.
        """
        said = self._asking.post(f"{self._at}/issues", new_issue(title, body, labels))
        return created(said, self.repo, title)

    def edit(
        self,
        number: int,
        *,
        body: str | None = None,
        state: str | None = None,
        state_reason: str | None = None,
    ) -> Written:
        """Change an issue's text, state, or both. It may be sent several times: that changes nothing."""
        given = {"body": body and checked(body), "state": state, "state_reason": state_reason}
        change = {name: value for name, value in given.items() if value is not None}
        if not change:
            raise ValueError("nothing to change")
        said = self._asking.patch(f"{self._at}/issues/{number:d}", change)
        return edited(said, self.repo, number, state)

    def comment(self, number: int, body: str) -> Written:
        """A new comment. What may have been created is not sent again."""
        said = self._asking.post(f"{self._at}/issues/{number:d}/comments", {"body": checked(body)})
        return commented(said, self.repo, number)


def _second(moment: datetime) -> datetime:
    """GitHub keeps no fractions: what was created in this second counts as created at its beginning."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC).replace(microsecond=0)
