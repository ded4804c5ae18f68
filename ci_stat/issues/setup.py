"""Build the service that files issues from the settings, for the context only."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine

from ci_stat.config import GitHub, Issues
from ci_stat.connectors.github.repository import GitHub as GitHubClient
from ci_stat.errors import SettingsError
from ci_stat.issues.address import ledger_name, repository, tracker_url
from ci_stat.issues.decisions.rules import Rules
from ci_stat.issues.inputs import FilingSettings
from ci_stat.issues.ledgers import Clock, case_notes, issue_calls
from ci_stat.issues.service import Filer
from ci_stat.issues.test_runs import TestRuns
from ci_stat.issues.text.draft import Owners, owners
from ci_stat.issues.tracker import Tracker
from ci_stat.records import Origin
from ci_stat.runs.database import Source
from ci_stat.runs.progress import ProgressDisplay
from ci_stat.store.state.issue_lock import IssueLock
from ci_stat.store.state.process_id import is_alive, this_process

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Clocks:
    """`now`: the time that decisions use. `real`: the time of calls, if `now` is a fixed time."""

    now: Clock
    real: Clock


def open_filer(
    source: Source,
    open_state: Callable[[], Engine],
    github: GitHub,
    issues: Issues,
    clocks: Clocks,
    progress: ProgressDisplay | None = None,
    tests: TestRuns | None = None,
) -> Filer:
    """Return the service that plans and files issues; without a token, it only plans.

    `tests`: results of tests as evidence. Raises SettingsError, DatabaseError.
    """
    return Filer(
        source=source,
        tracker=_open_tracker(open_state(), github, clocks.real) if github.token else None,
        notes=case_notes(open_state(), github, clocks.now),
        settings=filing_settings(github, issues),
        now=clocks.now,
        progress=progress or ProgressDisplay(),
        tests=tests,
        with_logs=issues.evidence != "tests",
    )


def open_test_runs(
    issues: Issues,
    open_results: Callable[[], Engine],
    origin: Origin,
    labels: Mapping[str, str],
) -> TestRuns | None:
    """Return the results of tests as evidence; None if only logs are evidence.

    `labels`: only runs with all of them. Raises DatabaseError.
    """
    if issues.evidence not in ("tests", "both"):
        return None
    return TestRuns(open_results(), origin, labels, issues.per == "job")


def _open_tracker(state: Engine, github: GitHub, clock: Clock) -> Tracker:
    """The repository with our ledger of calls."""
    client = GitHubClient(github.url, repository(github), github.token.reveal())
    lock = IssueLock(state, ledger_name(github), this_process(), clock, is_alive)
    calls, notes = issue_calls(state, github, clock), case_notes(state, github, clock)
    return Tracker(client, calls, notes, lock, clock)


def filing_settings(github: GitHub, issues: Issues) -> FilingSettings:
    """Raises SettingsError without a repository, and for an invalid address or file of owners."""
    return FilingSettings(
        repo=repository(github),
        tracker_url=tracker_url(github),
        rules=rules(issues),
        memory=timedelta(days=issues.history_days),
        labels=issues.labels,
        owners=read_owners(issues.owners),
        hosts=issues.private_hosts,
        reproduce=issues.reproduce,
    )


def rules(issues: Issues) -> Rules:
    """Return the thresholds of the settings.

    If a whole run of tests is one failure, the first one counts: weekly jobs have few runs.
    """
    is_per_job = issues.evidence in ("tests", "both") and issues.per == "job"
    return Rules(
        failures=1 if is_per_job else issues.failures,
        windows=issues.windows,
        together=issues.together,
        new=issues.new,
        changes=issues.changes,
        implausible=issues.implausible,
        mute_label=issues.mute_label,
        refile_label=issues.refile_label,
    )


def read_owners(file: Path | None) -> Owners | None:
    """Read the file of owners; None without a file. Raises SettingsError."""
    if file is None:
        return None
    try:
        return owners(file.expanduser().read_text(encoding="utf-8"))
    except (OSError, ValueError, RuntimeError) as error:
        problem = getattr(error, "strerror", None) or error
        raise SettingsError(f"issue_owners: {str(file)[:300]} cannot be used: {problem}.") from None
