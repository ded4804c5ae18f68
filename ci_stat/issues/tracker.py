"""The shell around a tracker: reads it into one value, and looks up calls that got no answer."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ci_stat.issues.identity import Identity, tracked_issue
from ci_stat.issues.marker import comment_ids, mentions_us
from ci_stat.issues.model import Snapshot, TrackedIssue
from ci_stat.records import Intent, IntentKind, IssueComment, Ledger
from ci_stat.store.state.calls import Answer, CallState

if TYPE_CHECKING:
    from ci_stat.connectors.github.repository import GitHub
    from ci_stat.store.state.case_notes import Notes
    from ci_stat.store.state.issue_calls import IssueCalls
    from ci_stat.store.state.issue_lock import IssueLock

# GitHub's lists can lag behind its writes: so long after a call a list shows whether it arrived.
SETTLE_AFTER = timedelta(seconds=60)
# A day longer than a person's comment keeps an issue open (Rules.person).
_COMMENT_HISTORY = timedelta(days=15)


def no_progress(_items: int) -> None:
    """Report no progress."""


@dataclass(frozen=True)
class Tracker:
    """One repository at GitHub, with our state about it. `clock`: now, aware."""

    github: "GitHub"
    issues: "IssueCalls"
    notes: "Notes"
    lock: "IssueLock"
    clock: Callable[[], datetime]
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def identity(self) -> Identity:
        """Return the account of the token. Raises SourceError."""
        return Identity(self.github.viewer())

    def ledger(self, keys: Iterable[str] = ()) -> Ledger:
        """Return our calls and the active notes. Raises DatabaseError.

        `keys`: of the failures to plan for. The ledger stores long keys as hashes, which are
        translated back only for these.
        """
        now = self.clock()
        return self.issues.ledger(self.notes.mutes.all(now), keys, self.notes.accepted.all(now))

    # Reading the tracker

    def snapshot(self, progress: Callable[[int], None] = no_progress) -> Snapshot:
        """Read all issues. An incomplete list is reported in `problem`. Raises SourceError."""
        taken_at, identity, labels = self.clock(), self.identity(), self.github.labels()
        listing = self.github.issues(mentions_us, progress)
        created = self._created()
        tracked = [tracked_issue(issue, identity, created) for issue in listing.issues]
        unlisted = created - {issue.number for issue in listing.issues}
        gone, problem = self._check_unlisted(unlisted)
        return Snapshot(
            repo=self.github.repo,
            taken_at=taken_at,
            viewer=identity.login,
            issues=tuple(self._with_comments(issue, identity) for issue in tracked if issue),
            labels=labels,
            gone=gone,
            listed=len(listing.issues),
            problem=listing.problem or problem,
        )

    def _created(self) -> set[int]:
        """The numbers of all issues that we created."""
        by_key = self.issues.ledger().created
        return {number for numbers in by_key.values() for number in numbers}

    def _check_unlisted(self, numbers: Iterable[int]) -> tuple[tuple[int, ...], str]:
        """Which of these issues are gone, and a problem if one of them exists after all."""
        gone: list[int] = []
        for number in sorted(numbers):
            if self.github.issue(number) is not None:
                problem = (
                    f"The list of issues is incomplete: our issue #{number} exists "
                    "but is not in it."
                )
                return tuple(gone), problem
            gone.append(number)
        return tuple(gone), ""

    def _with_comments(self, tracked: TrackedIssue, identity: Identity) -> TrackedIssue:
        """Add who commented on an open issue of ours: comments decide whether it may be closed."""
        if not (tracked.ours and tracked.issue.open):
            return tracked
        since = self.clock() - _COMMENT_HISTORY
        comments = self.github.comments(tracked.issue.number, since)
        # It takes both: anybody can copy a mark, and people can write with our token's account.
        ours = [item for item in comments if identity.wrote(item) and comment_ids(item.body)]
        persons = [item for item in comments if item not in ours and not item.by_bot]
        return replace(
            tracked,
            person_wrote=max((item.created_at for item in persons), default=None),
            commented=max((item.created_at for item in ours), default=None),
            announced=tuple(name for item in ours for name in comment_ids(item.body)),
        )

    def with_closers(self, snapshot: Snapshot, numbers: Iterable[int]) -> Snapshot:
        """The snapshot in which these issues say whether a bot closed them."""
        single = {number: self.github.issue(number) for number in sorted(numbers)}
        closed_by_bot = {
            number: issue.closed_by_bot for number, issue in single.items() if issue is not None
        }

        def completed(tracked: TrackedIssue) -> TrackedIssue:
            issue = tracked.issue
            by_bot = closed_by_bot.get(issue.number, issue.closed_by_bot)
            return replace(tracked, issue=replace(issue, closed_by_bot=by_bot))

        return replace(snapshot, issues=tuple(map(completed, snapshot.issues)))

    # Calls without an answer

    def wait_for_unsettled(self) -> None:
        """Wait until a list shows the calls that a killed process may have left under way."""
        now = self.clock()
        changes = [call.changed or call.started for call in self.issues.unsettled()]
        ages = [abs(now - change) for change in changes if change]
        wait = SETTLE_AFTER - min(ages, default=SETTLE_AFTER)
        if wait > timedelta(0):
            self.sleep(wait.total_seconds())

    def settle(self, snapshot: Snapshot, pending: Iterable[Intent]) -> None:
        """Look up the outcomes of calls without an answer, and adopt issues that we forgot.

        `pending`: calls from before the snapshot, which must be complete.
        """
        self.lock.renew()
        created = {
            tracked.marker.create: tracked.issue.number
            for tracked in snapshot.issues
            if tracked.marker and tracked.ours
        }
        self.issues.look_for(pending, partial(self._look_up, created))
        self._adopt(snapshot)

    def _adopt(self, snapshot: Snapshot) -> None:
        """Enter issues of ours that our ledger does not know."""
        known = self.issues.ledger().created
        for tracked in snapshot.issues:
            issue, marker = tracked.issue, tracked.marker
            if not tracked.ours or marker is None:
                continue
            if issue.number not in known.get(marker.key, ()):
                self.issues.adopt(marker.key, issue.title, issue.number, marker.create)

    def _look_up(self, created: dict[str, int], intent: Intent) -> Answer:
        """Return the outcome of a call. `created`: our issues by the intents in their markers."""
        if intent.kind == IntentKind.CREATE:
            number = created.get(intent.id)
            if number is None:
                return Answer(CallState.REFUSED, reason="not done: no issue has its marker")
            return Answer(CallState.DONE, number, reason="found by its marker")

        if intent.kind == IntentKind.COMMENT:
            comment = self.comment_of(intent.number, intent.id)
            if comment is None:
                return Answer(CallState.REFUSED, reason="not done: no comment has its mark")
            reference = str(comment.id)
            return Answer(CallState.DONE, intent.number, reference, reason="found by its mark")

        # An edit that is still needed is planned again, and then does the same.
        return Answer(CallState.REFUSED, reason="no answer; the edit can be repeated")

    def comment_of(self, number: int, id: str) -> IssueComment | None:
        """Return our comment with this id. All comments are read, because clocks differ."""
        identity = self.identity()
        for comment in self.github.comments(number):
            if identity.wrote(comment) and id in comment_ids(comment.body):
                return comment
        return None
