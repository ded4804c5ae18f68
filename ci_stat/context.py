"""The composition root: open databases, clients and services from the settings.

No other module opens the CI database or our state, or builds a client from settings, except the
setup modules of features, which only a context calls. The command line and the public functions use
a `Context`; features receive open objects. A context opens each object once, when it is first used.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sqlalchemy import Engine

from ci_stat.config import Secret, Settings, load
from ci_stat.errors import CiStatError, SettingsError
from ci_stat.escape import visible
from ci_stat.issues.address import ledger_name, own_links, repository
from ci_stat.issues.tracker import Tracker
from ci_stat.logs.reader import LogReader
from ci_stat.logs.setup import folder_place, places_key
from ci_stat.logs.workers import LogOptions, scan_options
from ci_stat.records import Extraction, Origin
from ci_stat.runs.database import Source
from ci_stat.runs.progress import ProgressDisplay
from ci_stat.runs.setup import zone_of_times
from ci_stat.store.ci_data import actions_runs, runs
from ci_stat.store.embedded import is_embedded, make_folder
from ci_stat.store.engine import open_engine
from ci_stat.store.state.case_notes import AcceptedCases, Mutes, Notes
from ci_stat.store.state.deliveries import Deliveries
from ci_stat.store.state.extractions import ExtractionStore
from ci_stat.store.state.failure_history import StoredSightings
from ci_stat.store.state.issue_calls import IssueCalls
from ci_stat.store.state.issue_lock import IssueLock
from ci_stat.store.state.process_id import is_alive, this_process
from ci_stat.store.state.setup import prepare_state
from ci_stat.store.state.window_counts import StoredCounts

if TYPE_CHECKING:
    from ci_stat.connectors.github.actions import Actions
    from ci_stat.connectors.github.repository import GitHub
    from ci_stat.connectors.jenkins.server import Jenkins
    from ci_stat.issues.service import Filer
    from ci_stat.questions.knowledge import Knowledge
    from ci_stat.questions.service import Questions
    from ci_stat.records import Mute
    from ci_stat.records.log_place import LogPlace
    from ci_stat.reports.recipients import FeishuSender, Recipient
    from ci_stat.reports.service import Reporter
    from ci_stat.store.state.actions_sync import ActionsSync
    from ci_stat.test_results.history.sync import BranchHistory
    from ci_stat.test_results.service import TestResults

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]


def real_time() -> datetime:
    """Return the current time, aware."""
    return datetime.now(UTC)


class Context:
    """The open objects of one command or call. Close it at the end, or use it in `with`."""

    def __init__(self, settings: Settings | None = None) -> None:
        """`settings`: by default `load()`. Raises SettingsError."""
        self.settings = load() if settings is None else settings
        self._closing = ExitStack()
        self._actions_readers: dict[str, LogReader] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all open objects."""
        self._closing.close()

    # The CI database

    @cached_property
    def source(self) -> Source:
        """The CI database; of an embedded one, reads its zone. Raises SettingsError."""
        ci_data = self.settings.ci_data
        engine = self._engine(ci_data.url)
        zone = zone_of_times(ci_data, self.settings.zone_is_set, engine)
        origin = Origin(zone, ci_data.run_url, partial(runs.describe, engine))
        return Source(
            engine,
            origin,
            lambda: self.log_reader,
            lambda: self.settings.reports.nightly_repos,
        )

    def _engine(self, url: Secret) -> Engine:
        timeouts = self.settings.timeouts
        engine = open_engine(url.reveal(), timeouts.connect, timeouts.read)
        self._closing.callback(engine.dispose)
        return engine

    # Our own state

    @cached_property
    def bare_state(self) -> Engine:
        """Our own state, not connected yet, without creating tables. Raises SettingsError."""
        return self._engine(self.settings.state.url)

    @property
    def state(self) -> Engine:
        """Our own state with its tables. Raises SettingsError, WriteError or DatabaseError."""
        if isinstance(self._state, CiStatError):
            raise self._state
        return self._state

    @cached_property
    def _state(self) -> Engine | CiStatError:
        """Prepared once. An error is kept too: a second attempt would take as long again."""
        try:
            make_folder(self.bare_state)
            prepare_state(self.bare_state)
        except CiStatError as error:
            return error
        return self.bare_state

    def existing_counts(self) -> StoredCounts | None:
        """Return the stored counts of past windows; None if the state does not exist yet."""
        if not self._has_state:
            return None
        return StoredCounts(self.state, self.source.name)

    def existing_extractions(self) -> ExtractionStore | None:
        """Return what was read from logs before; None if the state does not exist yet.

        A state that cannot be used is logged: the CI database alone answers too.
        """
        if not self._has_state:
            return None
        try:
            return self._log_state()
        except CiStatError as error:
            log.warning(
                "Our own state cannot be used, so failures are from the table only: %s",
                visible(error),
            )
            return None

    def deliveries(self, clock: Clock = real_time) -> Deliveries:
        """Return the ledger of sent reports. Raises as `state`."""
        return Deliveries(self.state, self.source.name, this_process(), clock, is_alive)

    # Results of tests

    @cached_property
    def results(self) -> Engine:
        """The results database, with all that is new on its branch. Raises as `local_results`."""
        if self.results_history is not None:
            from ci_stat.runs.progress_bar import counting
            from ci_stat.test_results.setup import bring_up_to_date

            with counting("Reading the history", unit="files") as advance:
                bring_up_to_date(self.results_history, advance)
        return self.local_results

    @cached_property
    def local_results(self) -> Engine:
        """The results database with its tables. Raises SettingsError, WriteError, DatabaseError."""
        from ci_stat.test_results.setup import open_results

        settings = self.settings
        engine = open_results(settings.results, settings.timeouts, Path.cwd())
        self._closing.callback(engine.dispose)
        return engine

    @cached_property
    def results_history(self) -> "BranchHistory | None":
        """The branch with the history of tests; None if results are in a database only."""
        from ci_stat.test_results.setup import open_history

        return open_history(self.settings.results, Path.cwd(), self.local_results, real_time)

    def test_results(self, clock: Clock = real_time, has_history: bool = True) -> "TestResults":
        """Return the service that imports and shows results of tests. Raises as `results`.

        `has_history`: False if only an import follows, which needs nothing of the branch.
        """
        from ci_stat.test_results.service import TestResults

        return TestResults(self.results if has_history else self.local_results, clock)

    # Build logs

    @cached_property
    def log_places(self) -> "tuple[LogPlace, ...]":
        """The places of build logs, in the order of use. Raises SettingsError."""
        logs = self.settings.logs
        places: list[LogPlace] = [folder_place(logs)] if logs.folder else []
        if self._has_github_logs:
            # Before Jenkins: our table knows which runs are GitHub's, and Jenkins has to be asked.
            places.append(self._github_logs(self._github_repository))
        if self.settings.jenkins.url:
            from ci_stat.connectors.jenkins.server import JenkinsPlace

            places.append(JenkinsPlace(self.jenkins))
        return tuple(places)

    @cached_property
    def log_reader(self) -> LogReader | None:
        """The reader of build logs, which stores failures in our state; None without a place."""
        if not self.log_places:
            return None
        return self._log_reader(self.log_places, self._has_github_logs)

    def _log_reader(self, places: "tuple[LogPlace, ...]", has_github: bool) -> LogReader:
        options = LogOptions(scan_options(self.settings.logs.rules))
        github = self.settings.github.url if has_github else ""
        key = places_key(self.settings.logs, self.settings.jenkins, github)
        return LogReader(places, options, self._log_state, key)

    def rename_logs(self, job: str, name: str, numbers: Sequence[int]) -> None:
        """Give what our state knows of the logs of these builds to another job."""
        if self._has_state:
            self._log_state().rename(job, name, numbers)

    def _log_state(self) -> ExtractionStore:
        return ExtractionStore(self.state, self.source.name)

    @cached_property
    def jenkins(self) -> "Jenkins":
        """The Jenkins client. Raises SettingsError if no Jenkins is set, or it is invalid."""
        from ci_stat.connectors.jenkins.server import Jenkins

        place, limit = self.settings.jenkins, self.settings.logs.limit
        if not place.url:
            raise SettingsError(
                "jenkins_url is not set.",
                "Set jenkins_url (see docs/jenkins.md), e.g. https://ci.example/.",
            )
        client = Jenkins(place.url, place.user or None, place.token.reveal() or None, limit=limit)
        return self._closing.enter_context(client)

    # GitHub Actions

    @cached_property
    def actions(self) -> "Actions":
        """The client of GitHub Actions; anonymous without a token. Raises SettingsError."""
        from ci_stat.connectors.github.actions import Actions

        place = self.settings.github
        return self._closing.enter_context(Actions(place.url, place.token.reveal()))

    def actions_sync(self, repo: str, workflows: Sequence[str]) -> "ActionsSync":
        """How far a repository's workflow runs were read. Raises as `state`."""
        from ci_stat.store.state.actions_sync import ActionsSync

        server = self.settings.github.url
        return ActionsSync(self.state, self.source.name, server, repo, workflows)

    def existing_actions_sync(self, repo: str, workflows: Sequence[str]) -> "ActionsSync | None":
        """The same without creating our state; None if it does not exist yet."""
        return self.actions_sync(repo, workflows) if self._has_state else None

    def actions_log(self, repo: str, job: str, number: int) -> Extraction:
        """The failures in the log of a job of GitHub Actions, kept in our state."""
        if repo not in self._actions_readers:
            place = self._github_logs(lambda _job, _number: repo)
            self._actions_readers[repo] = self._log_reader((place,), has_github=True)
        return self._actions_readers[repo].read_one(job, number)

    @cached_property
    def _has_github_logs(self) -> bool:
        """Whether runs of GitHub Actions are in our table, and a token can read their logs."""
        from ci_stat.store.state.actions_sync import has_syncs

        if not self.settings.github.token or not self._has_state:
            return False
        try:
            return has_syncs(self.state, self.source.name)
        except CiStatError:
            return False

    def _github_logs(self, repository: Callable[[str, int], str]) -> "LogPlace":
        from ci_stat.connectors.github.actions_place import ActionsPlace

        return ActionsPlace(self.actions, repository, self.settings.logs.limit)

    def _github_repository(self, job: str, number: int) -> str:
        return actions_runs.repository_of(self.source.engine, job, number)

    # Reports

    def reporter(self, now: datetime, progress: ProgressDisplay | None = None) -> "Reporter":
        """Return the service for reports. `now`: aware. Without our state, no failure is new."""
        from ci_stat.reports.counted_windows import CountedWindows
        from ci_stat.reports.failure_history import FailureHistory
        from ci_stat.reports.known_issues import with_known_issues
        from ci_stat.reports.service import Reporter

        settings = self.settings.reports
        progress = progress or ProgressDisplay()
        counts, sightings = self._report_state()
        links = own_links(lambda: self.issues(lambda: now), self.settings.github)
        return Reporter(
            source=self.source,
            counted=CountedWindows(self.source, counts, now),
            history=FailureHistory(self.source, sightings, now, progress),
            now=now,
            progress=progress,
            stale_after=timedelta(hours=settings.stale_hours),
            history_days=settings.history_days,
            known_issues=with_known_issues(links, settings.known_issues),
        )

    def _report_state(self) -> tuple[StoredCounts | None, StoredSightings | None]:
        """Stored counts and failure history; None, after a warning, if our state cannot be used."""
        try:
            state = self.state
        except CiStatError as error:
            reason = visible(error)
            log.warning(
                "Our own state cannot be used, so reports cannot mark failures as new: %s", reason
            )
            return None, None
        return StoredCounts(state, self.source.name), StoredSightings(state, self.source.name)

    def recipients(self, only: Sequence[str] = (), team: str = "") -> "list[Recipient]":
        """All recipients of reports, or those of the channels in `only`. Raises SettingsError.

        `team`: of the report with this name in the settings.
        """
        from ci_stat.reports.setup import recipients

        settings = self.settings.of_team(team) if team else self.settings
        return recipients(settings, only)

    def feishu_sender(self, chat: str | None = None) -> "FeishuSender":
        """The clients for Feishu. `chat`: instead of the setting. Raises SettingsError."""
        from ci_stat.reports.setup import feishu_sender

        return feishu_sender(self.settings.feishu, chat)

    # Questions

    def questions(
        self, progress: ProgressDisplay | None = None, read_logs: bool = True
    ) -> "Questions":
        """Return the service that answers about single pull requests, cases, jobs and runs."""
        from ci_stat.questions.gather import Gatherer
        from ci_stat.questions.service import Questions

        log_progress = progress.logs if progress else None
        gatherer = Gatherer(self.source, self._stored_logs, read_logs, log_progress)
        return Questions(gatherer, self._knowledge)

    def _stored_logs(self) -> ExtractionStore | None:
        """The failures of logs that were read before; None if the state does not exist yet."""
        return self._log_state() if self._has_state else None

    def _knowledge(self) -> "Knowledge":
        """Issues, mutes and commands of cases, as far as our state and the settings have them."""
        from ci_stat.questions.knowledge import Knowledge
        from ci_stat.reports.known_issues import with_known_issues

        template, file = self.settings.issues.reproduce, self.settings.reports.known_issues
        if not self._has_state:
            return Knowledge(with_known_issues({}, file), {}, template)
        links = own_links(lambda: self.issues(real_time), self.settings.github)
        return Knowledge(with_known_issues(links, file), self._mutes(), template)

    def _mutes(self) -> "Mapping[str, Mute]":
        try:
            return self.notes(real_time).mutes.all(real_time())
        except CiStatError as error:
            log.info("No mutes: %s", visible(error))
            return {}

    @property
    def _has_state(self) -> bool:
        """Whether our state exists. A server's always counts as existing."""
        engine = self.bare_state
        return not is_embedded(engine) or Path(engine.url.database or "").exists()

    # Issues

    @cached_property
    def github(self) -> "GitHub":
        """The client of the repository for issues. Raises SettingsError."""
        from ci_stat.connectors.github.repository import GitHub

        place = self.settings.github
        return GitHub(place.url, repository(place), place.token.reveal())

    def tracker(self, clock: Clock) -> Tracker:
        """Return the repository with our ledger of calls. Raises SettingsError, DatabaseError."""
        github, name = self.github, ledger_name(self.settings.github)
        lock = IssueLock(self.state, name, this_process(), clock, is_alive)
        return Tracker(github, self.issues(clock), self.notes(clock), lock, clock)

    def issues(self, clock: Clock) -> IssueCalls:
        """Return the ledger of calls to the repository. It needs no token. Raises as `state`."""
        name = ledger_name(self.settings.github)
        return IssueCalls(self.state, name, this_process(), clock)

    def notes(self, clock: Clock) -> Notes:
        """Return mutes and accepted failures. They need no token. Raises as `state`."""
        name = ledger_name(self.settings.github)
        return Notes(Mutes(self.state, name, clock), AcceptedCases(self.state, name, clock))

    def filer(
        self, now: Clock, progress: ProgressDisplay | None = None, clock: Clock | None = None
    ) -> "Filer":
        """Return the service that plans and files issues.

        `clock`: the real time, if `now` is a fixed time. Raises SettingsError, DatabaseError.
        """
        from ci_stat.issues.service import Filer
        from ci_stat.issues.setup import filing_settings

        github, issues = self.settings.github, self.settings.issues
        return Filer(
            source=self.source,
            tracker=self.tracker(clock or now) if github.token else None,
            notes=self.notes(now),
            settings=filing_settings(github, issues),
            now=now,
            progress=progress or ProgressDisplay(),
        )
