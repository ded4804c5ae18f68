"""The shell that applies one entry of a plan: each call is recorded before it is made."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from msgspec.structs import replace

from ci_stat.errors import CiStatError, DatabaseError
from ci_stat.escape import visible
from ci_stat.issues.decisions.marker_updates import stamp
from ci_stat.issues.digests import issue_digest
from ci_stat.issues.identity import Identity
from ci_stat.issues.marker import block_of, replaced
from ci_stat.issues.model import Draft, IssuePlan, PlanEntry
from ci_stat.issues.titles import named_in
from ci_stat.issues.tracker import Tracker
from ci_stat.records import (
    DeliveryState,
    Intent,
    IntentKind,
    IntentState,
    IssueAction,
    ListedIssue,
    WriteResult,
)

log = logging.getLogger(__name__)

VERIFY_DELAYS = (5.0, 20.0)  # seconds before each look for a call that got no answer
# Margins for a clock that differs from GitHub's. Our own marker is unique, titles are not.
_TITLE_MARGIN, _MARKER_MARGIN = timedelta(minutes=10), timedelta(hours=1)
_INTENT_STATES = {
    DeliveryState.SENT: IntentState.DONE,
    DeliveryState.FAILED: IntentState.FAILED,
    DeliveryState.UNCERTAIN: IntentState.UNCERTAIN,
}


@dataclass(frozen=True)
class EntryResult:
    """The outcome of one entry of a plan.

    - `number`: its issue, 0 if there is none. `written`: the calls that were made.
    - `skipped`: why no call was made, or "". `notes`: remarks for a reader.
    """

    entry: PlanEntry
    number: int = 0
    written: tuple[WriteResult, ...] = ()
    skipped: str = ""
    notes: tuple[str, ...] = ()

    @property
    def failed_write(self) -> WriteResult | None:
        """The first call that failed, or whose outcome is unknown."""
        failed = (write for write in self.written if write.state is not DeliveryState.SENT)
        return next(failed, None)

    @property
    def succeeded(self) -> bool:
        return self.failed_write is None


@dataclass(frozen=True)
class EntryWork:
    """Applies one entry that has a draft."""

    entry: PlanEntry
    plan: IssuePlan
    tracker: Tracker
    identity: Identity

    @property
    def draft(self) -> Draft:
        assert self.entry.draft is not None
        return self.entry.draft

    def apply(self) -> EntryResult:
        """Raises SourceError, LostLock, and ValueError for a text that GitHub would reject."""
        if self.entry.action == IssueAction.FILE:
            return self._file()
        current = self.tracker.github.issue(self.entry.number)
        if current is None or issue_digest(current) != self.entry.seen:
            return self._skip("the issue has changed since planning; the next run plans it again")
        written = self._change(current)
        if not written:
            return self._skip("nothing is left to write")
        return EntryResult(self.entry, self.entry.number, written)

    def _skip(self, reason: str, number: int | None = None) -> EntryResult:
        number = self.entry.number if number is None else number
        return EntryResult(self.entry, number, skipped=reason)

    # A new issue

    def _file(self) -> EntryResult:
        draft, github = self.draft, self.tracker.github
        github.wait_to_write()
        other = self._filed_meanwhile()
        if other is not None:
            return self._skip(f"#{other.number} was filed since planning", other.number)
        if not self._intend(draft.create, IntentKind.CREATE):
            return self._skip("it was filed before, or may have been; the next run checks")

        written = github.create(draft.title or "", draft.body or "", draft.labels)
        if written.state is DeliveryState.UNCERTAIN:
            written = self._verify(written, self._created_issue)
        self._settle(draft.create, written)
        return EntryResult(self.entry, written.number, (written,), notes=self._dropped(written))

    def _filed_meanwhile(self) -> ListedIssue | None:
        """An issue for this failure that the snapshot lacks.

        A person may have filed it, or a process with another state.
        """
        for issue in self.tracker.github.newest(self.plan.looked_at - _TITLE_MARGIN):
            if issue.open and self._is_for_this_failure(issue):
                return issue
        return None

    def _is_for_this_failure(self, issue: ListedIssue) -> bool:
        marker = self.identity.marker(issue)
        if marker is not None:
            return marker.key == self.entry.key
        theirs, ours = named_in(issue.title), named_in(self.draft.title or "")
        if theirs is None or ours is None or theirs.case != ours.case:
            return False
        return not (theirs.package and ours.package) or theirs.package == ours.package

    def _created_issue(self) -> WriteResult | None:
        for issue in self.tracker.github.newest(self.plan.looked_at - _MARKER_MARGIN):
            marker = self.identity.marker(issue)
            if marker is not None and marker.create == self.draft.create:
                return WriteResult(DeliveryState.SENT, issue.number, labels=issue.labels)
        return None

    def _dropped(self, written: WriteResult) -> tuple[str, ...]:
        """A note on labels that GitHub ignored."""
        dropped = [label for label in self.draft.labels if label not in written.labels]
        if not written.number or not dropped:
            return ()
        return (
            f"GitHub did not set the labels {', '.join(dropped)}; "
            "check that the token may set labels",
        )

    # An issue that exists

    def _change(self, current: ListedIssue) -> tuple[WriteResult, ...]:
        comment = self._comment()
        if comment and comment.state is not DeliveryState.SENT:
            return (comment,)  # the text must not claim what no comment has announced
        edit = self._edit(current)
        return tuple(write for write in (comment, edit) if write)

    def _comment(self) -> WriteResult | None:
        draft, number = self.draft, self.entry.number
        if not draft.comment or not self._intend(draft.comment_id, IntentKind.COMMENT):
            return None
        written = self.tracker.github.comment(number, draft.comment)
        if written.state is DeliveryState.UNCERTAIN:
            written = self._verify(written, self._written_comment)
        self._settle(draft.comment_id, written)
        return written

    def _written_comment(self) -> WriteResult | None:
        number = self.entry.number
        comment = self.tracker.comment_of(number, self.draft.comment_id)
        return WriteResult(DeliveryState.SENT, number, comment.id) if comment else None

    def _edit(self, current: ListedIssue) -> WriteResult | None:
        draft, number, plan = self.draft, self.entry.number, self.plan
        body = self._body(current)
        if body is None and draft.state is None:
            return None
        name = stamp("edit", plan.repo, number, plan.made_at.isoformat(), body, draft.state)
        if not self._intend(name, IntentKind.EDIT):
            return None
        written = self.tracker.github.edit(
            number, body=body, state=draft.state, state_reason=draft.state_reason
        )
        self._settle(name, written)
        return written

    def _body(self, current: ListedIssue) -> str | None:
        """The current text with our part replaced: what people wrote since planning stays."""
        our_part = block_of(self.draft.body or "")
        return replaced(current.body, our_part) if our_part else None

    # Every call

    def _verify(self, written: WriteResult, look: Callable[[], WriteResult | None]) -> WriteResult:
        """Look for a call without an answer. If it is not there it may still arrive."""
        for delay in VERIFY_DELAYS:
            self.tracker.sleep(delay)
            try:
                confirmed = look()
            except CiStatError as error:
                log.warning("%s", visible(error))
                continue
            if confirmed is not None:
                return replace(confirmed, code=written.code)
        return written

    def _intend(self, id: str, kind: IntentKind) -> bool:
        """Record a call before it is made. False if it was made, or may have been."""
        entry = self.entry
        self.tracker.lock.renew()
        return self.tracker.issues.intend(
            Intent(id, kind, entry.action, entry.key, entry.name, entry.number, why=entry.why)
        )

    def _settle(self, id: str, written: WriteResult) -> None:
        """Record the outcome of a call. Without a record the next run looks it up."""
        try:
            self.tracker.issues.settle(
                id,
                _INTENT_STATES[written.state],
                number=written.number or self.entry.number,
                comment=written.comment,
                code=written.code,
                reason=written.reason,
            )
        except DatabaseError as error:
            log.warning(
                "Our own state cannot record the outcome of a call (%s), so the next run looks it "
                "up: %s",
                written.state,
                visible(error.message),
            )
