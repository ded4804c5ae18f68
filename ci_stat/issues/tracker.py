"""The shell around a tracker: what it holds as one value, and what became of calls that got no answer."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from ci_stat.issues.marker import block, comment_ids, mentions_us, read, replaced
from ci_stat.issues.model import Snapshot, TrackedIssue
from ci_stat.issues.titles import named_in
from ci_stat.records import Intent, IntentKind, IssueComment, Ledger, ListedIssue, Mute
from ci_stat.store.state.calls import Answer, CallState

if TYPE_CHECKING:
    from ci_stat.connectors.github.repository import GitHub
    from ci_stat.store.state.case_notes import Notes
    from ci_stat.store.state.issue_calls import Issues
    from ci_stat.store.state.issue_lock import IssueLock

# A list need not show at once what was written a moment ago: a call that got no answer is looked for that much later.
SETTLE = timedelta(seconds=60)
_PERSONS = timedelta(
    days=15
)  # how far back comments are read: a day more than a person's word holds


def no_progress(_items: int) -> None:
    """For callers that nobody watches."""


@dataclass(frozen=True)
class Tracker:
    """One repository at GitHub, with what our own state knows of it. `clock`: now, aware."""

    github: "GitHub"
    issues: "Issues"
    notes: "Notes"
    lock: "IssueLock"
    clock: Callable[[], datetime]
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def ledger(self, keys: Iterable[str] = ()) -> Ledger:
        """`keys`: of the failures that are looked at; very long ones are found by that only."""
        now = self.clock()
        return self.issues.ledger(self.notes.mutes.all(now), keys, self.notes.accepted.all(now))

    def snapshot(self, progress: Callable[[int], None] = no_progress) -> Snapshot:
        """What the tracker holds now. Raises SourceError; a list that is not whole is said in `problem`."""
        taken, viewer, labels = self.clock(), self.github.viewer(), self.github.labels()
        listing = self.github.issues(mentions_us, progress)
        created = {
            number for numbers in self.issues.ledger().created.values() for number in numbers
        }
        us = Us(viewer)
        found = [
            each
            for each in (_tracked(issue, us, created) for issue in listing.issues)
            if each is not None
        ]
        gone, problem = self._missing(created - {issue.number for issue in listing.issues})
        return Snapshot(
            self.github.repo, taken, viewer, tuple(self._with_comments(each, us) for each in found), labels,
            gone, len(listing.issues), listing.problem or problem,
        )  # fmt: skip

    def _missing(self, numbers: Iterable[int]) -> tuple[tuple[int, ...], str]:
        """Issues of ours that the list has not: those that are gone, and what to say of those that are there."""
        gone: list[int] = []
        for number in sorted(numbers):
            if self.github.issue(number) is not None:
                return (
                    tuple(gone),
                    f"The list of issues is not whole: #{number}, which is ours and there, is not in it.",
                )
            gone.append(number)
        return tuple(gone), ""

    def _with_comments(self, tracked: TrackedIssue, us: "Us") -> TrackedIssue:
        """Only of open issues of ours: whether they may be closed hangs on what people write."""
        if not (tracked.ours and tracked.issue.open):
            return tracked
        comments = self.github.comments(tracked.issue.number, self.clock() - _PERSONS)
        # A mark may be copied by anybody, and a person may write with our token's account.
        own = [each for each in comments if us.wrote(each) and comment_ids(each.body)]
        persons = [each.created_at for each in comments if each not in own and not each.by_bot]
        return replace(
            tracked,
            person_wrote=max(persons, default=None),
            commented=max((each.created_at for each in own), default=None),
            announced=tuple(name for each in own for name in comment_ids(each.body)),
        )

    def wait_for_unsettled(self) -> None:
        """Until a list must show what was on its way when somebody died."""
        begun = [each.changed or each.started for each in self.issues.unsettled()]
        age = min((abs(self.clock() - moment) for moment in begun if moment), default=SETTLE)
        if age < SETTLE:
            self.sleep((SETTLE - age).total_seconds())

    def settle(self, snapshot: Snapshot, pending: Iterable[Intent]) -> None:
        """Find out what became of calls that got no answer: `pending`, of before the snapshot, whose list is whole."""
        self.lock.renew()
        created = {
            each.marker.create: each.issue.number
            for each in snapshot.issues
            if each.marker and each.ours
        }
        self.issues.look_for(pending, partial(self._look, created))
        known = self.issues.ledger().created
        for each in snapshot.issues:
            if (
                each.ours
                and each.marker
                and each.issue.number not in known.get(each.marker.key, ())
            ):
                self.issues.adopt(
                    each.marker.key, each.issue.title, each.issue.number, each.marker.create
                )

    def _look(self, created: dict[str, int], intent: Intent) -> Answer:
        """What the tracker shows of a call without an answer. `created`: our issues by the intents in their markers."""
        if intent.kind == IntentKind.CREATE:
            number = created.get(intent.id)
            if number is None:
                return Answer(
                    CallState.REFUSED, reason="it did not arrive: no issue has its marker"
                )
            return Answer(CallState.DONE, number, reason="found by its marker")

        if intent.kind == IntentKind.COMMENT:
            comment = self.comment_of(intent.number, intent.id)
            if comment is None:
                return Answer(
                    CallState.REFUSED, reason="it did not arrive: no comment has its mark"
                )
            return Answer(
                CallState.DONE, intent.number, str(comment.id), reason="found by its mark"
            )

        # An edit is planned again if it is still needed, and then does the same.
        return Answer(CallState.REFUSED, reason="no answer came; it can be done again")

    def comment_of(self, number: int, name: str) -> IssueComment | None:
        """Our comment of that name, whenever it was written: clocks differ."""
        us = Us(self.github.viewer())
        return next(
            (
                each
                for each in self.github.comments(number)
                if us.wrote(each) and name in comment_ids(each.body)
            ),
            None,
        )


@dataclass(frozen=True)
class Us:
    """Whom we write as. GitHub does not tell an App's installation its login (""): then a bot with our marks is us."""

    login: str

    def wrote(self, what: ListedIssue | IssueComment) -> bool:
        return what.author == self.login if self.login else what.by_bot


def _tracked(issue: ListedIssue, us: Us, created: set[int]) -> TrackedIssue | None:
    """The issue, if it has to do with tests. Somebody else's with a marker of ours in it is somebody else's."""
    marker = read(issue.body) if mentions_us(issue.body) else None
    if issue.number in created or (marker is not None and us.wrote(issue)):
        # Without the signs around our part it cannot be kept up to date: people have taken it over.
        sound = marker is not None and replaced(issue.body, block("")) is not None
        return TrackedIssue(issue, ours=True, marker=marker if sound else None)
    return TrackedIssue(replace(issue, body="")) if named_in(issue.title) else None


def fingerprint(snapshot: Snapshot, mutes: Iterable[Mute]) -> str:
    """A hash of all that a plan hangs on: another one if the tracker, or what we know of it, has moved on."""
    said = (
        snapshot.repo, snapshot.problem, sorted(snapshot.gone), sorted(snapshot.labels),
        [replace(each, commented=None, announced=()) for each in sorted(snapshot.issues, key=_number)],
        sorted((each.key, each.until.astimezone(UTC).isoformat()) for each in mutes),
    )  # fmt: skip
    return digest_of(said)


def digest_of(said: object) -> str:
    """32 hex digits for any values; titles may hold half surrogate pairs, which have no UTF-8."""
    text = json.dumps(msgspec.to_builtins(said), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def state_of(issue: ListedIssue) -> str:
    """A hash of what a decision about this issue hangs on; not of its text, which people may write in."""
    return digest_of(
        (issue.number, issue.open, issue.state_reason, issue.locked, sorted(issue.labels))
    )


def _number(each: TrackedIssue) -> int:
    return each.issue.number
