"""Opens the results database, and the branch that it is read from."""

import hashlib
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from ci_stat.config.groups import Results, Timeouts
from ci_stat.config.urls import branch_of, data_folder, embedded_url
from ci_stat.connectors.git.branch import Branch
from ci_stat.connectors.git.checkout import login_settings, remote_url
from ci_stat.errors import SourceError
from ci_stat.escape import visible
from ci_stat.store.embedded import make_folder
from ci_stat.store.engine import open_engine, parse_url
from ci_stat.store.results.setup import prepare_results
from ci_stat.test_results.history.sync import Advance, BranchHistory

_SHOWN = 5  # problems that are named one by one

log = logging.getLogger(__name__)


def open_results(results: Results, timeouts: Timeouts, checkout: Path) -> Engine:
    """Open the database of `results_url`, with its tables. The caller closes it.

    For a branch, it is a SQLite file that is kept for the remote of `checkout`.
    Raises SettingsError, WriteError or DatabaseError.
    """
    text = results.url.reveal()
    name = branch_of(text)
    if name:
        text = embedded_url(f"results-{_key(name, checkout)}.sqlite")
    url = parse_url(text)
    # Who imports waits for others who import, as long as a large file takes.
    is_file = url.get_backend_name() == "sqlite"
    connect_timeout = timeouts.read if is_file else timeouts.connect
    engine = open_engine(url, connect_timeout, timeouts.read)
    try:
        make_folder(engine)
        prepare_results(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def open_history(
    results: Results, checkout: Path, engine: Engine, now: Callable[[], datetime]
) -> BranchHistory | None:
    """Return the history on the branch of `results_url`; None if it names a database.

    Raises SettingsError, SourceError.
    """
    name = branch_of(results.url.reveal())
    if not name:
        return None
    cache = data_folder() / f"history-{_key(name, checkout)}.git"
    branch = Branch(cache, remote_url(checkout), name, login_settings(checkout))
    return BranchHistory(branch, engine, now, results.days)


def bring_up_to_date(history: BranchHistory, advance: Advance) -> None:
    """Read what is new on the branch. Without a network, answers are from what was read before."""
    try:
        report = history.update(advance)
    except SourceError as error:
        log.warning("The history on the branch was not read: %s", visible(error, 500))
        return
    for problem in report.problems[:_SHOWN]:
        log.warning("%s", visible(problem, 500))
    if len(report.problems) > _SHOWN:
        log.warning("%d more files of the history are damaged", len(report.problems) - _SHOWN)
    if report.older:
        log.info("%d files on the branch are older than results_days", report.older)


def _key(branch: str, checkout: Path) -> str:
    identity = f"{remote_url(checkout)}\n{branch}"
    return hashlib.sha256(identity.encode()).hexdigest()[:16]
