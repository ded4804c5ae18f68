"""Build the places of build logs, with their clients, from the settings; for the context only."""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from ci_stat.config import GitHub, Jenkins, Logs
from ci_stat.errors import CiStatError, SettingsError
from ci_stat.escape import visible
from ci_stat.logs.folder import FolderPlace
from ci_stat.logs.reader import LogReader
from ci_stat.logs.workers import LogOptions, scan_options
from ci_stat.records import Extraction
from ci_stat.records.log_place import LogPlace
from ci_stat.store.ci_data import actions_runs
from ci_stat.store.ci_data.runs import database_name
from ci_stat.store.state.actions_sync import has_syncs
from ci_stat.store.state.extractions import ExtractionStore
from ci_stat.store.state.setup import OwnState

if TYPE_CHECKING:
    from ci_stat.connectors.github.actions import Actions
    from ci_stat.connectors.jenkins.server import Jenkins as JenkinsClient

log = logging.getLogger(__name__)

# (job, number) -> the repository of that job at GitHub; "" for a run without a job there.
FindRepository = Callable[[str, int], str]


@dataclass(frozen=True)
class LogDatabases:
    """The CI database, which says whose a run is, and our state, which keeps what was read."""

    ci_data: Callable[[], Engine]
    state: OwnState


class LogSetup:
    """The places of build logs, their clients and the reader: each opened when it is first used."""

    def __init__(
        self,
        logs: Logs,
        jenkins: Jenkins,
        github: GitHub,
        databases: LogDatabases,
        closing: ExitStack,
    ) -> None:
        """`closing` closes the clients."""
        self._logs, self._jenkins, self._github = logs, jenkins, github
        self._databases, self._closing = databases, closing
        self._actions_readers: dict[str, LogReader] = {}

    @property
    def jenkins_url(self) -> str:
        """The address of the Jenkins; "" if none is set."""
        return self._jenkins.url

    @cached_property
    def jenkins(self) -> "JenkinsClient":
        """The Jenkins client. Raises SettingsError if no Jenkins is set, or it is invalid."""
        from ci_stat.connectors.jenkins.server import Jenkins as JenkinsClient

        place = self._jenkins
        if not place.url:
            raise SettingsError(
                "jenkins_url is not set.",
                "Set jenkins_url (see docs/jenkins.md), e.g. https://ci.example/.",
            )
        user, token = place.user or None, place.token.reveal() or None
        client = JenkinsClient(place.url, user, token, limit=self._logs.limit)
        return self._closing.enter_context(client)

    @cached_property
    def actions(self) -> "Actions":
        """The client of GitHub Actions; anonymous without a token. Raises SettingsError."""
        from ci_stat.connectors.github.actions import Actions

        return self._closing.enter_context(Actions(self._github.url, self._github.token.reveal()))

    @cached_property
    def places(self) -> tuple[LogPlace, ...]:
        """The places of build logs, in the order of use. Raises SettingsError."""
        places: list[LogPlace] = [folder_place(self._logs)] if self._logs.folder else []
        if self._has_actions_logs:
            # Before Jenkins: our table knows which runs are GitHub's, and Jenkins has to be asked.
            places.append(self._actions_place(self._actions_repository))
        if self._jenkins.url:
            places.append(self.jenkins.as_place())
        return tuple(places)

    @cached_property
    def reader(self) -> LogReader | None:
        """The reader of build logs, which stores failures in our state; None without a place."""
        if not self.places:
            return None
        return self._reader_of(self.places, self._github.url if self._has_actions_logs else "")

    def actions_log(self, repo: str, job: str, number: int) -> Extraction:
        """The failures in the log of a job of GitHub Actions, kept in our state."""
        if repo not in self._actions_readers:
            place = self._actions_place(lambda _job, _number: repo)
            self._actions_readers[repo] = self._reader_of((place,), self._github.url)
        return self._actions_readers[repo].read_one(job, number)

    def stored(self) -> ExtractionStore | None:
        """What was read from logs before; None if our state does not exist yet.

        Raises SettingsError, WriteError or DatabaseError.
        """
        return self._store() if self._databases.state.exists else None

    def stored_if_usable(self) -> ExtractionStore | None:
        """The same; None, after a warning, if our state cannot be used.

        The CI database alone answers too.
        """
        if not self._databases.state.exists:
            return None
        try:
            return self._store()
        except CiStatError as error:
            log.warning(
                "Our own state cannot be used, so failures are from the table only: %s",
                visible(error),
            )
            return None

    def rename(self, job: str, name: str, numbers: Sequence[int]) -> None:
        """Give what our state knows of the logs of these builds to another job."""
        stored = self.stored()
        if stored is not None:
            stored.rename(job, name, numbers)

    def _store(self) -> ExtractionStore:
        return ExtractionStore(self._databases.state.prepared(), self._database_name)

    @property
    def _database_name(self) -> str:
        return database_name(self._databases.ci_data())

    def _actions_repository(self, job: str, number: int) -> str:
        return actions_runs.repository_of(self._databases.ci_data(), job, number)

    def _reader_of(self, places: tuple[LogPlace, ...], github: str) -> LogReader:
        options = LogOptions(scan_options(self._logs.rules))
        key = places_key(self._logs, self._jenkins, github)
        return LogReader(places, options, self._store, key)

    @cached_property
    def _has_actions_logs(self) -> bool:
        """Whether runs of GitHub Actions are in our table, and a token can read their logs."""
        state = self._databases.state
        if not self._github.token or not state.exists:
            return False
        try:
            return has_syncs(state.prepared(), self._database_name)
        except CiStatError:
            return False

    def _actions_place(self, repository: FindRepository) -> LogPlace:
        from ci_stat.connectors.github.actions_place import ActionsPlace

        return ActionsPlace(self.actions, repository, self._logs.limit)


def folder_place(logs: Logs) -> FolderPlace:
    """Return the log folder of the settings. Raises SettingsError for an invalid template."""
    _require_valid(logs.template)
    folder = (logs.folder or Path()).expanduser()
    if not folder.is_dir():
        log.warning("log_dir %s is not an existing folder: it has no logs.", visible(folder))
    return FolderPlace(folder, logs.template or None, logs.limit)


def _require_valid(template: str) -> None:
    missing = [field for field in ("{job}", "{number}") if field not in template]
    if template and missing:
        raise SettingsError(
            f"log_template lacks {' and '.join(missing)}, so builds would share a log: "
            f"{template[:200]!r}.",
            "Write a path below log_dir, e.g. {job}/{number}.log.",
        )


def places_key(logs: Logs, jenkins: Jenkins, github: str = "") -> str:
    """Hash the settings that decide whether a log can be read.

    - `github`: the address of GitHub's API, if logs are read from it.

    The tokens are left out: no trace of them may be stored.
    """
    folder = str(logs.folder or "")
    parts = [folder, logs.template, str(logs.megabytes), jenkins.url, jenkins.user]
    parts += [github] if github else []
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
