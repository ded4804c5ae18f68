"""A session that has not ended: its journal, and what its events add up to."""

import asyncio
from datetime import datetime

import msgspec

from ci_stat.commit_tests.protocol.events import (
    CancelRequested,
    SessionEvent,
    SessionRequest,
    SessionState,
    SessionSummary,
    counted,
)
from ci_stat.commit_tests.server.journal import Journal
from ci_stat.commit_tests.server.journal_head import JournalHead
from ci_stat.commit_tests.server.stored_runs import StoredRuns


class Session:
    """An open session. `readers`: how many connections read its journal.

    `failure`: why it cannot go on, such as a full disk; a restart of the server tries again.
    """

    def __init__(self, journal: Journal, runs: StoredRuns) -> None:
        self.journal = journal
        self.runs = runs
        self.cancel = asyncio.Event()
        self.done = asyncio.Event()
        self.readers = 0
        self.failure = ""
        if runs.is_cancelled:
            self.cancel.set()

    @property
    def id(self) -> str:
        return self.journal.head.session

    @property
    def user(self) -> str:
        return self.journal.head.user

    @property
    def what(self) -> SessionRequest:
        return self.journal.head.what

    def record(self, body: SessionEvent, at: datetime) -> None:
        """Store an event. Raises WriteError."""
        self.journal.append(body, at)
        self.runs.add(body)

    async def record_durably(self, body: SessionEvent, at: datetime) -> None:
        """Store an event, and wait until the disk has it. Raises WriteError."""
        await self.journal.append_durably(body, at)
        self.runs.add(body)

    async def request_cancel(self, at: datetime) -> None:
        """End the session, also if the server restarts before it has ended. Raises WriteError."""
        if not self.runs.is_cancelled and self.runs.ended is None:
            self.runs.is_cancelled = True
            await self.record_durably(CancelRequested(), at)
        self.cancel.set()

    def end_reading(self) -> None:
        """A connection reads the journal no more."""
        self.readers -= 1
        self.close_if_unused()

    def close_if_unused(self) -> None:
        if self.done.is_set() and self.readers == 0:
            self.journal.close()

    def summary(self) -> SessionSummary:
        """Return the session for a list."""
        state = SessionState.CANCELLING if self.runs.is_cancelled else SessionState.RUNNING
        if self.failure:
            state = SessionState.STOPPED
        summary = summary_of(self.journal.head, self.runs, state, self.journal.last)
        return msgspec.structs.replace(summary, problem=summary.problem or self.failure)


def summary_of(
    head: JournalHead, runs: StoredRuns, state: SessionState, last: int
) -> SessionSummary:
    """Return a session for a list; one that has ended is ENDED."""
    ended = runs.ended
    counts = counted(runs.results.values()) if ended is None else ended.counts
    return SessionSummary(
        session=head.session,
        user=head.user,
        submitted=head.submitted,
        state=state if ended is None else SessionState.ENDED,
        repository=head.what.repository,
        command=head.what.command,
        commits=len(runs.commits) or sum(counts.values()),
        counts=counts,
        problem="" if ended is None else ended.problem,
        chat=head.what.chat,
        last=last,
    )
