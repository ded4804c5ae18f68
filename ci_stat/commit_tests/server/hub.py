"""All sessions of a server: begun, found again after a restart, listed, cancelled."""

import asyncio
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ci_stat.commit_tests.model import Output
from ci_stat.commit_tests.protocol.events import SessionRequest, SessionSummary
from ci_stat.commit_tests.server.archive import Archive
from ci_stat.commit_tests.server.fair_queue import QuotaExceeded
from ci_stat.commit_tests.server.journal import Journal
from ci_stat.commit_tests.server.journal_head import JournalHead
from ci_stat.commit_tests.server.runner import Machinery, Runner
from ci_stat.commit_tests.server.session import Session
from ci_stat.commit_tests.server.stored_runs import StoredRuns, interrupted, stored_runs
from ci_stat.errors import NotFound, Refused, WriteError
from ci_stat.escape import visible

log = logging.getLogger(__name__)

ANYONE = ""
"""The user of a server without tokens: sees all sessions."""

_ID_BYTES = 6


class Hub:
    """The sessions in a folder. `start` it, and `stop` it at the end."""

    def __init__(self, folder: Path, machinery: Machinery) -> None:
        self.machinery = machinery
        self.archive = Archive(folder / "sessions", machinery.clock)
        self._open: dict[str, Session] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._submitting: dict[tuple[str, str], asyncio.Task[str]] = {}

    # The life of the server

    async def start(self) -> None:
        """Continue the sessions that have not ended. Raises WriteError."""
        for path in await asyncio.to_thread(self.archive.load):
            self._continue(path)

    async def stop(self) -> None:
        """End all runs without a result: the next server runs them again."""
        self.machinery.queue.close()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for session in self._open.values():
            session.journal.close()

    def _continue(self, path: Path) -> None:
        try:
            journal = Journal.open(path)
            runs = stored_runs(journal.events()) if journal else StoredRuns()
        except WriteError as error:
            self.archive.damaged += 1
            log.error("%s", error)
            return
        if journal is None:
            return  # its head is torn, so no client was ever given its id
        session = Session(journal, runs)
        journal.leave_gap()
        now = self.machinery.clock()
        for event in interrupted(runs):
            session.record(event, now)
        self._begin(session)

    # Sessions

    async def submit(self, user: str, request: str, what: SessionRequest) -> str:
        """Begin a session, and return its id. A repeated request gets that of the first.

        Raises Refused, QuotaExceeded, WriteError.
        """
        owner = _owner(user, what)
        known = self._known(owner, request)
        if known is not None:
            return known
        key = (owner, request)
        if key not in self._submitting:
            self._submitting[key] = asyncio.create_task(self._submit(owner, request, what))
        try:
            return await asyncio.shield(self._submitting[key])
        finally:
            if key in self._submitting and self._submitting[key].done():
                del self._submitting[key]

    async def _submit(self, owner: str, request: str, what: SessionRequest) -> str:
        self._check(owner, what)
        head = JournalHead(
            session=secrets.token_hex(_ID_BYTES),
            user=owner,
            request=request,
            submitted=self.machinery.clock(),
            what=what,
        )
        journal = await asyncio.to_thread(Journal.create, self.archive.path(head.session), head)
        self._begin(Session(journal, StoredRuns()))
        return head.session

    def _check(self, owner: str, what: SessionRequest) -> None:
        name = self.machinery.backend_name(what)
        if name not in self.machinery.backends:
            known = ", ".join(self.machinery.backends)
            raise Refused(f"The server has no backend {visible(name, 80)!r}.", f"It has: {known}.")
        present = sum(session.user == owner for session in self._open.values())
        limit = self.machinery.queue.quotas.user_sessions
        if present >= limit:
            raise QuotaExceeded(
                f"{visible(owner, 80)!r} has {present:,} sessions, which is the quota.",
                "Wait for them, or cancel some: ci-stat commits list.",
            )
        self.machinery.queue.check(owner, len(what.commits))

    def _known(self, owner: str, request: str) -> str | None:
        for session in self._open.values():
            if session.user == owner and session.journal.head.request == request:
                return session.id
        return self.archive.of_request(owner, request)

    def _begin(self, session: Session) -> None:
        self._open[session.id] = session
        task = asyncio.create_task(self._run(session))
        self._tasks[session.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(session.id, None))

    async def _run(self, session: Session) -> None:
        try:
            await Runner(session, self.machinery).run()
        except WriteError as error:
            session.failure = str(error)
            log.error("The session %s cannot go on: %s", session.id, error)
        session.done.set()
        self.archive.add(session)
        del self._open[session.id]
        session.close_if_unused()

    async def cancel(self, user: str, name: str) -> str:
        """Cancel a session, and return its full id. Raises NotFound, WriteError."""
        full = self.find(user, name)
        if full in self._open:
            await self._open[full].request_cancel(self.machinery.clock())
        return full

    def find(self, user: str, name: str) -> str:
        """Return the full id of a session of the user. Raises NotFound."""
        fitting = [
            one.session for one in self._visible_to(user) if one.session.startswith(name) and name
        ]
        if name in fitting:
            return name
        if len(fitting) == 1:
            return fitting[0]
        shown = visible(name, 80)
        if fitting:
            raise NotFound(
                f"{len(fitting)} sessions begin with {shown!r}.", "Write more of the id."
            )
        raise NotFound(f"There is no session {shown!r}.", "ci-stat commits list shows yours.")

    def listed(self, user: str, limit: int) -> tuple[list[SessionSummary], int]:
        """Return the newest sessions of a user, and how many more there are."""
        newest = sorted(self._visible_to(user), key=lambda one: one.submitted, reverse=True)
        return newest[:limit], max(0, len(newest) - limit)

    def _visible_to(self, user: str) -> Iterator[SessionSummary]:
        for session in list(self._open.values()):
            if user in (ANYONE, session.user):
                yield session.summary()
        for one in self.archive.summaries():
            if user in (ANYONE, one.user):
                yield one

    @contextmanager
    def reading(self, session_id: str) -> Iterator[Journal]:
        """Keep the journal of a session open. Raises NotFound, WriteError."""
        session = self._open.get(session_id)
        if session is None:
            with self.archive.opened(session_id) as journal:
                yield journal
            return
        session.readers += 1
        try:
            yield session.journal
        finally:
            session.end_reading()

    def failure_of(self, session_id: str) -> str:
        """Why a session cannot go on; empty if it can, or has ended."""
        return self.archive.failures.get(session_id, "")

    async def output_of(self, session_id: str, index: int) -> Output:
        """Return where the output of a commit is kept. Raises NotFound, WriteError."""
        session = self._open.get(session_id)
        if session is not None:
            result = session.runs.results.get(index)
        else:
            result = (await asyncio.to_thread(self.archive.runs, session_id)).results.get(index)
        if result is None:
            raise NotFound(
                f"Commit {index + 1} of the session {session_id} has no result.",
                f"ci-stat commits attach {session_id} shows its output while it runs.",
            )
        return result.output

    async def ended(self, session_id: str) -> StoredRuns:
        """Wait for the end of a session, and return what came of it."""
        session = self._open.get(session_id)
        if session is None:
            return await asyncio.to_thread(self.archive.runs, session_id)
        await session.done.wait()
        return session.runs

    @property
    def open_sessions(self) -> int:
        """How many sessions have not ended."""
        return len(self._open)


def _owner(user: str, what: SessionRequest) -> str:
    """Whose quota counts: the user of the token. Raises Refused for another one."""
    if user == ANYONE:
        return what.user
    if what.user not in ("", user):
        raise Refused(
            f"The token belongs to {visible(user, 80)!r}, not to {visible(what.user, 80)!r}.",
            "Use the token of that user, or leave the user out.",
        )
    return user
