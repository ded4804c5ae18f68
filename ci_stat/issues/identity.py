"""Pure: which issues and comments of a tracker are ours, by author and hidden marker."""

from collections.abc import Collection
from dataclasses import dataclass

from msgspec.structs import replace

from ci_stat.issues.marker import block, mentions_us, read, replaced
from ci_stat.issues.model import Marker, TrackedIssue
from ci_stat.issues.titles import named_in
from ci_stat.records import IssueComment, ListedIssue


@dataclass(frozen=True)
class Identity:
    """The account that we write as.

    `login`: "" for an App's installation, whose login GitHub does not report. Then every bot may be
    us, and a marker decides.
    """

    login: str

    def wrote(self, item: ListedIssue | IssueComment) -> bool:
        """Whether the author may be us. People can use our account too."""
        return item.author == self.login if self.login else item.by_bot

    def marker(self, issue: ListedIssue) -> Marker | None:
        """Return the marker of an issue that we wrote: anybody can copy a marker."""
        if not mentions_us(issue.body) or not self.wrote(issue):
            return None
        return read(issue.body)


def tracked_issue(
    issue: ListedIssue, identity: Identity, created: Collection[int]
) -> TrackedIssue | None:
    """Return the issue if it is ours or its title names a test, else None.

    `created`: numbers of the issues that our ledger says we created.
    """
    if issue.number in created or identity.marker(issue) is not None:
        return TrackedIssue(issue, ours=True, marker=_updatable_marker(issue))
    return TrackedIssue(replace(issue, body="")) if named_in(issue.title) else None


def _updatable_marker(issue: ListedIssue) -> Marker | None:
    """The marker, unless people removed the delimiters of our part: it can no longer be updated."""
    marker = read(issue.body) if mentions_us(issue.body) else None
    has_our_part = replaced(issue.body, block("")) is not None
    return marker if has_our_part else None
