"""The shell that does what a plan says: each outward call is written down before it is made, its answer after it."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from ci_stat.errors import CiStatError, Refused, SourceError
from ci_stat.escape import visible
from ci_stat.issues.marker import block_of, read, replaced
from ci_stat.issues.marker_updates import stamp
from ci_stat.issues.model import Draft, IssuePlan, Planned
from ci_stat.issues.titles import named_in
from ci_stat.issues.tracker import Tracker, Us, state_of
from ci_stat.records import (
    DeliveryState,
    Intent,
    IntentKind,
    IntentState,
    IssueAction,
    ListedIssue,
    Written,
)

log = logging.getLogger(__name__)

LOOKS = (5.0, 20.0)  # seconds before each look for a call that got no answer
_STATES = {
    DeliveryState.SENT: IntentState.DONE,
    DeliveryState.FAILED: IntentState.FAILED,
    DeliveryState.UNCERTAIN: IntentState.UNCERTAIN,
}


@dataclass(frozen=True)
class Done:
    """What became of one line of a plan. `number`: its issue; `skipped`: why nothing was done after all."""

    entry: Planned
    number: int = 0
    written: tuple[Written, ...] = ()
    skipped: str = ""
    notes: tuple[str, ...] = ()

    @property
    def fine(self) -> bool:
        return all(each.state is DeliveryState.SENT for each in self.written)

    @property
    def trouble(self) -> Written | None:
        return next((each for each in self.written if each.state is not DeliveryState.SENT), None)


@dataclass(frozen=True)
class Applied:
    """What was done. `stopped`: why the rest of the plan was left."""

    done: tuple[Done, ...] = field(default=())
    stopped: str = ""

    @property
    def fine(self) -> bool:
        return not self.stopped and all(each.fine for each in self.done)


def apply(plan: IssuePlan, tracker: Tracker) -> Applied:
    """Do what the plan says, one call after the other. The caller holds the lock. Raises LostLock if it is lost."""
    if plan.stopped:
        raise Refused(plan.stopped, plan.hint)
    done: list[Done] = []
    acting = [each for each in plan.entries if each.action != IssueAction.SKIP]
    us = Us(tracker.github.viewer() if acting else "")
    for entry in acting:
        if entry.draft is None:
            continue
        try:
            one = _Line(entry, entry.draft, plan, tracker, us).do()
        except (
            SourceError
        ) as error:  # of a look before or after a call; what was done before is told all the same
            return Applied(tuple(done), error.message)
        except ValueError as error:  # a text that GitHub would never take: the other lines are none the worse for it
            one = Done(
                entry,
                entry.number,
                (Written(DeliveryState.FAILED, entry.number, reason=visible(error, 300)),),
            )
        done.append(one)
        log.info("%s: %s", visible(entry.name), one.skipped or ("done" if one.fine else "not done"))
        trouble = one.trouble
        if trouble and trouble.stop:
            return Applied(tuple(done), trouble.reason)
    return Applied(tuple(done))


@dataclass(frozen=True)
class _Line:
    """One line of a plan at work."""

    entry: Planned
    draft: Draft
    plan: IssuePlan
    tracker: Tracker
    us: Us

    def do(self) -> Done:
        if self.entry.action == IssueAction.FILE:
            return self._file()
        fresh = self.tracker.github.issue(self.entry.number)
        if fresh is None or state_of(fresh) != self.entry.seen:
            return Done(
                self.entry,
                self.entry.number,
                skipped="people changed it meanwhile: the next run looks again",
            )
        written: list[Written] = []
        for one in self._comment_and_edit(fresh):
            written.append(one)
            if one.state is not DeliveryState.SENT:
                break  # the text must not say what the comment has not told
        skipped = "" if written else "there is nothing to write"
        return Done(self.entry, self.entry.number, tuple(written), skipped)

    def _file(self) -> Done:
        draft, github = self.draft, self.tracker.github
        github.wait_to_write()
        other = self._filed_meanwhile()
        if other is not None:
            return Done(self.entry, other.number, skipped=f"#{other.number} was written meanwhile")
        if not self._intend(draft.create, IntentKind.CREATE):
            return Done(
                self.entry, skipped="it was filed before, or may have been: the next run finds out"
            )
        written = github.create(draft.title or "", draft.body or "", draft.labels)
        if written.state is DeliveryState.UNCERTAIN:
            written = self._looked_for_issue(written)
        self._settle(draft.create, written)
        dropped = (
            [label for label in draft.labels if label not in written.labels]
            if written.number
            else []
        )
        notes = (
            (f"GitHub left out the labels {', '.join(dropped)}: may the token label?",)
            if dropped
            else ()
        )
        return Done(self.entry, written.number, (written,), notes=notes)

    def _filed_meanwhile(self) -> ListedIssue | None:
        """An issue of this failure that the list did not have: by a person, or by a filer with another state."""
        newest = self.tracker.github.newest(self.plan.looked_at - timedelta(minutes=10))
        return next((each for each in newest if each.open and self._is_about_it(each)), None)

    def _is_about_it(self, issue: ListedIssue) -> bool:
        marker = read(issue.body)
        if marker is not None and self.us.wrote(
            issue
        ):  # a marker of somebody else is a copy, and may be put anywhere
            return marker.key == self.entry.key
        named, ours = named_in(issue.title), named_in(self.draft.title or "")
        return named is not None and ours is not None and named.case == ours.case

    def _looked_for_issue(self, written: Written) -> Written:
        """Whether the issue is there, though its creation got no answer. If it is not, it may still come."""
        for pause in LOOKS:
            self.tracker.sleep(pause)
            try:
                newest = self.tracker.github.newest(self.plan.looked_at - timedelta(hours=1))
            except CiStatError as error:
                log.warning("%s", visible(error))
                continue
            for issue in newest:
                marker = read(issue.body)
                if (
                    marker is not None
                    and marker.create == self.draft.create
                    and self.us.wrote(issue)
                ):
                    return Written(
                        DeliveryState.SENT, issue.number, labels=issue.labels, code=written.code
                    )
        return written

    def _comment_and_edit(self, fresh: ListedIssue) -> Iterator[Written]:
        draft, github, number = self.draft, self.tracker.github, self.entry.number
        body = self._body(fresh)
        if draft.comment and self._intend(draft.comment_id, IntentKind.COMMENT):
            written = github.comment(number, draft.comment)
            if written.state is DeliveryState.UNCERTAIN:
                written = self._looked_for_comment(written)
            self._settle(draft.comment_id, written)
            yield written
        if body is not None or draft.state is not None:
            name = stamp(
                "edit", self.plan.repo, number, self.plan.made_at.isoformat(), body, draft.state
            )
            if self._intend(name, IntentKind.EDIT):
                edited = github.edit(
                    number, body=body, state=draft.state, state_reason=draft.state_reason
                )
                self._settle(name, edited)
                yield edited

    def _body(self, fresh: ListedIssue) -> str | None:
        """The text with our part changed: what people have written around it since the plan was made stays."""
        part = block_of(self.draft.body or "")
        return replaced(fresh.body, part) if part else None

    def _looked_for_comment(self, written: Written) -> Written:
        for pause in LOOKS:
            self.tracker.sleep(pause)
            try:
                found = self.tracker.comment_of(self.entry.number, self.draft.comment_id)
            except CiStatError as error:
                log.warning("%s", visible(error))
                continue
            if found is not None:
                return Written(DeliveryState.SENT, self.entry.number, found.id, code=written.code)
        return written

    def _intend(self, name: str, kind: IntentKind) -> bool:
        self.tracker.lock.renew()
        entry = self.entry
        return self.tracker.issues.intend(
            Intent(name, kind, entry.action, entry.key, entry.name, entry.number, why=entry.why)
        )

    def _settle(self, name: str, written: Written) -> None:
        self.tracker.issues.settle(
            name, _STATES[written.state], number=written.number or self.entry.number, comment=written.comment,
            code=written.code, reason=written.reason,
        )  # fmt: skip
