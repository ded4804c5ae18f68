"""Sessions that have ended: their journals on disk, and a line about each in memory."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from ci_stat.commit_tests.protocol.events import SessionState, SessionSummary
from ci_stat.commit_tests.server.journal import Journal
from ci_stat.commit_tests.server.journal_end import read_ended
from ci_stat.commit_tests.server.session import Session, summary_of
from ci_stat.commit_tests.server.stored_runs import StoredRuns, stored_runs
from ci_stat.errors import NotFound, WriteError

log = logging.getLogger(__name__)

_SUFFIX = ".jsonl"


class Archive:
    """The folder of the journals.

    `failures`: sessions that could not be written, with the reason; the next server continues them.
    `damaged`: journals that cannot be read.
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        self.folder = folder
        self.failures: dict[str, str] = {}
        self.damaged = 0
        self._clock = clock
        self._ended: dict[str, SessionSummary] = {}
        self._requests: dict[tuple[str, str], str] = {}

    def path(self, session_id: str) -> Path:
        return self.folder / f"{session_id}{_SUFFIX}"

    def load(self) -> list[Path]:
        """Read which sessions have ended, and return the journals of the others."""
        _make_folder(self.folder)
        unfinished = []
        for path in sorted(self.folder.glob(f"*{_SUFFIX}")):
            try:
                ended = read_ended(path)
            except WriteError as error:
                self.damaged += 1
                log.error("%s", error)
                continue
            if ended is None:
                unfinished.append(path)
                continue
            head, runs, last = ended
            self._ended[head.session] = summary_of(head, runs, SessionState.ENDED, last)
            self._requests[head.user, head.request] = head.session
        return unfinished

    def add(self, session: Session) -> None:
        """Remember a session that has ended, or cannot go on."""
        self._ended[session.id] = session.summary()
        self._requests[session.user, session.journal.head.request] = session.id
        if session.failure:
            self.failures[session.id] = session.failure

    def of_request(self, user: str, request: str) -> str | None:
        """Return the session that a request began."""
        return self._requests.get((user, request))

    def summaries(self) -> Iterable[SessionSummary]:
        return list(self._ended.values())

    @contextmanager
    def opened(self, session_id: str) -> Iterator[Journal]:
        """Open the journal of a session that has ended. Raises NotFound, WriteError."""
        path = self.path(session_id)
        journal = Journal.open(path) if session_id in self._ended and path.exists() else None
        if journal is None:
            raise NotFound(f"The session {session_id} is not kept any more.")
        try:
            yield journal
        finally:
            journal.close()

    def runs(self, session_id: str) -> StoredRuns:
        """Add the events of a session up. Raises NotFound, WriteError."""
        with self.opened(session_id) as journal:
            return stored_runs(journal.events())

    def sweep(self, days: int) -> int:
        """Delete what was submitted before so many days and has ended; return how many."""
        limit = self._clock() - timedelta(days=days)
        old = [one for one in self._ended.values() if one.submitted < limit]
        for one in old:
            self.path(one.session).unlink(missing_ok=True)
            del self._ended[one.session]
        gone = {one.session for one in old}
        self._requests = {
            request: session for request, session in self._requests.items() if session not in gone
        }
        return len(old)


def _make_folder(folder: Path) -> None:
    """Others cannot read it: commands and their variables may hold secrets."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(f"The folder {folder} cannot be made: {error.strerror}.") from None
