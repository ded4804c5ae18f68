"""Opens the results database, and the branch that it is read from."""

import hashlib
import logging
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from sqlalchemy import Engine

from ci_stat.config.groups import Results, Timeouts
from ci_stat.config.urls import branch_of, data_folder, embedded_url
from ci_stat.connectors.git.branch import Branch
from ci_stat.connectors.git.checkout import login_settings, remote_url
from ci_stat.errors import CiStatError, SourceError
from ci_stat.escape import visible
from ci_stat.rendering.format import plural
from ci_stat.runs.progress_bar import counting
from ci_stat.store.embedded import make_folder
from ci_stat.store.engine import exists, open_engine, parse_url
from ci_stat.store.results.setup import prepare_results
from ci_stat.test_results.history.sync import Advance, BranchHistory

_SHOWN = 5  # problems that are named one by one

log = logging.getLogger(__name__)


class ResultsSetup:
    """Opens what `results_url` names, in the checkout of the current folder.

    Each part is opened when it is first asked for. Each raises SettingsError, WriteError or
    DatabaseError.
    """

    def __init__(
        self,
        results: Results,
        timeouts: Timeouts,
        closing: ExitStack,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = results
        self._timeouts = timeouts
        self._closing = closing
        self._now = now
        self._checkout = Path.cwd()

    @cached_property
    def local(self) -> Engine:
        """The database with its tables. For a branch: a SQLite file of the checkout's remote."""
        url = parse_url(self._local_url())
        # Who imports waits for others who import, as long as a large file takes.
        is_file = url.get_backend_name() == "sqlite"
        connect_timeout = self._timeouts.read if is_file else self._timeouts.connect
        engine = open_engine(url, connect_timeout, self._timeouts.read)
        self._closing.callback(engine.dispose)
        make_folder(engine)
        prepare_results(engine)
        return engine

    @cached_property
    def history(self) -> BranchHistory | None:
        """The history on the branch; None if `results_url` names a database."""
        name = branch_of(self._settings.url.reveal())
        if not name:
            return None
        cache = data_folder() / f"history-{self._key(name)}.git"
        address, login = remote_url(self._checkout), login_settings(self._checkout)
        branch = Branch(cache, address, name, login)
        return BranchHistory(branch, self.local, self._now, self._settings.days)

    @cached_property
    def up_to_date(self) -> Engine:
        """The database with all that is new on the branch; without a network, as it is."""
        if self.history is not None:
            with counting("Reading the history", unit="files") as advance:
                _bring_up_to_date(self.history, advance)
        return self.local

    def existing(self) -> Engine | None:
        """The same; None, without connecting, if no database exists and no branch is set.

        A database that cannot be used is logged: other sources answer too.
        """
        try:
            return self.up_to_date if self.is_there else None
        except CiStatError as error:
            log.warning("The results database cannot be used: %s", visible(error))
            return None

    @property
    def is_there(self) -> bool:
        """Whether the database exists, or a branch is set. A server always counts as existing."""
        return self.history is not None or self.has_database

    @cached_property
    def bare(self) -> Engine:
        """The same database, not connected yet: neither its tables nor the branch are read."""
        engine = open_engine(self._local_url(), self._timeouts.connect, self._timeouts.read)
        self._closing.callback(engine.dispose)
        return engine

    @property
    def has_database(self) -> bool:
        """Whether the database exists. A server always counts as existing."""
        return exists(self._local_url())

    def _local_url(self) -> str:
        text = self._settings.url.reveal()
        branch = branch_of(text)
        return embedded_url(f"results-{self._key(branch)}.sqlite") if branch else text

    def _key(self, branch: str) -> str:
        identity = f"{remote_url(self._checkout)}\n{branch}"
        return hashlib.sha256(identity.encode()).hexdigest()[:16]


def real_time() -> datetime:
    """Return the current time, aware."""
    return datetime.now(UTC)


def _bring_up_to_date(history: BranchHistory, advance: Advance) -> None:
    try:
        report = history.update(advance)
    except SourceError as error:
        log.warning("The history on the branch was not read: %s", visible(error, 500))
        return
    for problem in report.problems[:_SHOWN]:
        log.warning("%s", visible(problem, 500))
    if len(report.problems) > _SHOWN:
        log.warning("%d more files of the history are damaged", len(report.problems) - _SHOWN)
    if report.lost_days:
        days = plural(len(report.lost_days), "day")
        log.warning("The branch lost the results of %s; the next import pushes them", days)
    if report.older:
        log.info("%d files on the branch are older than results_days", report.older)
