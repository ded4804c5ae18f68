"""Keeps one comment at a pull request up to date, also with several jobs at once.

Each round looks at the comments and makes one step towards the wanted state: one comment of ours,
the oldest, with the newest section of each job. It ends when a look finds that state. So it does
not matter which other process was faster, or where an earlier one was killed.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ci_stat.connectors.github.publish_schema import Written
from ci_stat.connectors.github.pull_requests import PullRequests
from ci_stat.records import DeliveryState, IssueComment
from ci_stat.store.state.calls import CallKind
from ci_stat.test_results.publishing.recorded import RecordedCalls, request_of
from ci_stat.test_results.publishing.text.comment import (
    CommentSection,
    composed,
    is_older,
    is_ours,
    merged,
    sections_in,
)

ROUNDS = 12
PAUSE = 2.0  # seconds before a look for a write of another process; up to twice as long


class Change(StrEnum):
    """What became of the comment."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    OUTDATED = "outdated"  # it has the results of a newer run of this job
    FAILED = "failed"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class CommentResult:
    """`removed`: comments of ours that were deleted, because there was more than one."""

    change: Change
    id: int = 0
    url: str = ""
    removed: int = 0
    reason: str = ""
    hint: str = ""
    code: int | None = None


@dataclass
class _Progress:
    """What the rounds have done so far."""

    change: Change = Change.UNCHANGED
    url: str = ""
    removed: int = 0

    def result(self, id: int) -> CommentResult:
        return CommentResult(self.change, id, self.url, self.removed)


@dataclass(frozen=True, slots=True)
class CommentPublisher:
    """Publishes at the pull requests of one repository. `jitter`: a random number from 0 to 1."""

    github: PullRequests
    calls: RecordedCalls
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def publish(self, pull: int, section: CommentSection) -> CommentResult:
        """Put the section into the comment. Raises SourceError and DatabaseError."""
        viewer, progress = self.github.viewer(), _Progress()
        for _ in range(ROUNDS):
            result = self._round(pull, section, viewer, progress)
            if result:
                return result
        return CommentResult(
            Change.UNCERTAIN,
            reason=f"other processes kept changing the comment ({ROUNDS} rounds)",
            hint="Publish again when they have finished.",
        )

    def _round(
        self, pull: int, section: CommentSection, viewer: str, progress: _Progress
    ) -> CommentResult | None:
        """One step; None if another look is needed."""
        self.github.wait_to_write()
        ours = self._ours(pull, viewer)
        if not ours:
            return self._create(pull, section, viewer, progress)

        first, *others = ours
        stored = [one for comment in ours for one in sections_in(comment.body)]
        newest = merged(stored).get(section.info.key)
        if newest and is_older(section.info, newest.info):
            return CommentResult(Change.OUTDATED, first.id)

        body = composed(merged(stored, section), section.info.commit)
        if not _is_same(first.body, body):
            return self._edit(pull, first, body, progress)
        if others:
            return self._delete(others, progress)
        return progress.result(first.id)

    def _ours(self, pull: int, viewer: str) -> list[IssueComment]:
        """Our comments, the oldest first: with our marker, and by us.

        An App does not know its own name: then by a bot.
        """
        comments = self.github.comments(pull)
        ours = [
            comment
            for comment in comments
            if is_ours(comment.body)
            and (comment.author.casefold() == viewer.casefold() if viewer else comment.by_bot)
        ]
        return sorted(ours, key=lambda comment: comment.id)

    def _create(
        self, pull: int, section: CommentSection, viewer: str, progress: _Progress
    ) -> CommentResult | None:
        body = composed({section.info.key: section}, section.info.commit)
        request = request_of(CallKind.COMMENT, str(pull))

        def look() -> Written | None:
            ours = self._ours(pull, viewer)
            return Written(DeliveryState.SENT, ours[0].id) if ours else None

        written = self.calls.make(request, lambda: self.github.create_comment(pull, body), look)
        return self._after(written, Change.CREATED, progress)

    def _edit(
        self, pull: int, comment: IssueComment, body: str, progress: _Progress
    ) -> CommentResult | None:
        request = request_of(CallKind.UPDATE, str(pull), str(comment.id))

        def look() -> Written | None:
            comments = self.github.comments(pull)
            bodies = [one.body for one in comments if one.id == comment.id]
            is_written = any(_is_same(one, body) for one in bodies)
            return Written(DeliveryState.SENT, comment.id) if is_written else None

        written = self.calls.make(
            request, lambda: self.github.edit_comment(pull, comment.id, body), look
        )
        change = progress.change if progress.change is Change.CREATED else Change.UPDATED
        result = self._after(written, change, progress)
        if result is None:
            self._pause()  # a process that read the comment before this write may overwrite it
        return result

    def _delete(
        self, comments: Sequence[IssueComment], progress: _Progress
    ) -> CommentResult | None:
        """Delete comments whose sections the first one has."""
        for comment in comments:
            written = self.github.delete_comment(comment.id)
            if written.state is not DeliveryState.SENT:
                return _not_written(written)
            progress.removed += 1
        return None

    def _after(
        self, written: Written | None, change: Change, progress: _Progress
    ) -> CommentResult | None:
        """The result of a failed write; None if the next look decides."""
        if written is None:
            self._pause()
            return None
        if written.state is not DeliveryState.SENT:
            return _not_written(written)
        progress.change, progress.url = change, written.url or progress.url
        return None

    def _pause(self) -> None:
        self.sleep(PAUSE * (1 + self.jitter()))


def _not_written(written: Written) -> CommentResult:
    is_uncertain = written.state is DeliveryState.UNCERTAIN
    change = Change.UNCERTAIN if is_uncertain else Change.FAILED
    return CommentResult(change, reason=written.reason, hint=written.hint, code=written.code)


def _is_same(stored: str, body: str) -> bool:
    """GitHub may change line ends, and drops blanks at the end."""
    return stored.replace("\r\n", "\n").strip() == body.strip()
