"""Pure: hashes of a tracker's state, by which a saved plan notices that the tracker has changed.

Saved plans contain these hashes: the same state must give the same hash in every version.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from ci_stat.issues.model import Snapshot, TrackedIssue
from ci_stat.records import ListedIssue, Mute


def tracker_digest(snapshot: Snapshot, mutes: Iterable[Mute]) -> str:
    """Hash everything that a plan depends on, except our own comments."""
    issues = sorted(snapshot.issues, key=_number)
    muted = sorted((mute.key, mute.until.astimezone(UTC).isoformat()) for mute in mutes)
    return _digest(
        (
            snapshot.repo,
            snapshot.problem,
            sorted(snapshot.gone),
            sorted(snapshot.labels),
            list(map(_without_our_comments, issues)),
            muted,
        )
    )


def _without_our_comments(tracked: TrackedIssue) -> TrackedIssue:
    """And without who closed it, which is asked for only where a decision needs it."""
    issue = replace(tracked.issue, closed_by_bot=UNSET)
    return replace(tracked, issue=issue, commented=None, announced=())


def issue_digest(issue: ListedIssue) -> str:
    """Hash what a decision about this issue depends on, except its text: people may edit it."""
    labels = sorted(issue.labels)
    return _digest((issue.number, issue.open, issue.state_reason, issue.locked, labels))


def _digest(values: object) -> str:
    """32 hexadecimal digits. JSON escapes lone surrogates, which have no UTF-8."""
    text = json.dumps(msgspec.to_builtins(values), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _number(tracked: TrackedIssue) -> int:
    return tracked.issue.number
