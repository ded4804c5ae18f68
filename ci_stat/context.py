"""The composition root: open databases, clients and services from the settings.

No other module opens the CI database or our state, or builds a client from settings, except the
setup modules of features, which only a context calls. The command line and the public functions use
a `Context`; features receive open objects. A context opens each object once, when it is first used.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Self

from sqlalchemy import Engine

from ci_stat.config import Secret, Settings, load
from ci_stat.issues.address import own_links
from ci_stat.issues.ledgers import active_mutes, case_notes, issue_calls
from ci_stat.logs.setup import LogDatabases, LogSetup
from ci_stat.records import Origin
from ci_stat.reports.known_issues import with_known_issues
from ci_stat.runs.database import Source
from ci_stat.runs.progress import ProgressDisplay
from ci_stat.runs.setup import actions_sync, zone_of_times
from ci_stat.store.ci_data import runs
from ci_stat.store.engine import exists, open_engine
from ci_stat.store.state.actions_sync import ActionsSync
from ci_stat.store.state.case_notes import Notes
from ci_stat.store.state.deliveries import Deliveries
from ci_stat.store.state.extractions import ExtractionStore
from ci_stat.store.state.issue_calls import IssueCalls
from ci_stat.store.state.process_id import is_alive, this_process
from ci_stat.store.state.setup import OwnState
from ci_stat.store.state.window_counts import StoredCounts

if TYPE_CHECKING:
    from ci_stat.campaigns.setup import CampaignsSetup
    from ci_stat.config.groups import Issues
    from ci_stat.issues.service import Filer
    from ci_stat.questions.knowledge import Knowledge
    from ci_stat.questions.service import Questions
    from ci_stat.reports.recipients import FeishuSender, Recipient
    from ci_stat.reports.service import Reporter
    from ci_stat.test_results.alerts.service import Alerter
    from ci_stat.test_results.publishing.setup import Publishers
    from ci_stat.test_results.service import TestResults
    from ci_stat.test_results.setup import ResultsSetup

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
            lambda: self.logs.reader,
            lambda: self.settings.reports.nightly_repos,
        )

    @property
    def has_ci_data(self) -> bool:
        """Whether the CI database exists. A server's always counts as existing."""
        return exists(self.settings.ci_data.url.reveal())

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

    @cached_property
    def _own_state(self) -> OwnState:
        return OwnState(lambda: self.bare_state)

    @property
    def state(self) -> Engine:
        """Our own state with its tables. Raises SettingsError, WriteError or DatabaseError."""
        return self._own_state.prepared()

    def existing_counts(self) -> StoredCounts | None:
        """Return the stored counts of past windows; None if the state does not exist yet."""
        return self._counts() if self._own_state.exists else None

    def _counts(self) -> StoredCounts:
        return StoredCounts(self.state, self.source.name)

    def existing_extractions(self) -> ExtractionStore | None:
        """Return what was read from logs before; None if the state does not exist yet.

        A state that cannot be used is logged: the CI database alone answers too.
        """
        return self.logs.stored_if_usable()

    def deliveries(self, clock: Clock = real_time) -> Deliveries:
        """Return the ledger of sent reports. Raises as `state`."""
        return Deliveries(self.state, self.source.name, this_process(), clock, is_alive)

    # Results of tests

    @property
    def results(self) -> Engine:
        """The results database, with all that is new on its branch. Raises DatabaseError."""
        return self.results_setup.up_to_date

    @property
    def existing_results(self) -> Engine | None:
        """The results database; None if it does not exist or cannot be used."""
        return self.results_setup.existing()

    @cached_property
    def results_setup(self) -> "ResultsSetup":
        """The results database and its branch, opened when they are asked for."""
        from ci_stat.test_results.setup import ResultsSetup

        settings = self.settings
        return ResultsSetup(settings.results, settings.timeouts, self._closing, real_time)

    def test_results(self, clock: Clock = real_time, has_history: bool = True) -> "TestResults":
        """Return the service that imports and shows results of tests. Raises as `results`.

        `has_history`: False if only an import follows, which needs nothing of the branch.
        """
        from ci_stat.test_results.service import TestResults

        return TestResults(self.results if has_history else self.results_setup.local, clock)

    def publishers(self, repo: str, clock: Clock = real_time) -> "Publishers":
        """Return what publishes at pull requests of a repository. Raises as `state`."""
        from ci_stat.test_results.publishing.setup import publishers

        opened = publishers(self.settings.github, repo, self.state, clock)
        self._closing.callback(opened.github.close)
        return opened

    def campaigns(self, repo: str, clock: Clock = real_time) -> "CampaignsSetup":
        """Return the campaigns of a GitHub repository. Raises as `state`."""
        from ci_stat.campaigns.setup import CampaignsSetup

        known = (self.logs, partial(self._known_issues, clock), self.results_setup.existing)
        return CampaignsSetup(self.settings.github, self.state, repo, clock, self._closing, *known)

    def alerter(self, limit: int, clock: Clock = real_time) -> "Alerter":
        """Return what sends alerts. `limit`: tests of each list. Raises as `state`."""
        from ci_stat.test_results.alerts.setup import alerter

        return alerter(self.state, self.results, clock, limit)

    # Build logs

    @cached_property
    def logs(self) -> LogSetup:
        """The places of build logs with their clients, and the reader of logs."""
        settings = self.settings
        databases = LogDatabases(lambda: self.source.engine, self._own_state)
        return LogSetup(settings.logs, settings.jenkins, settings.github, databases, self._closing)

    # GitHub Actions

    def actions_sync(
        self, repo: str, workflows: Sequence[str], create: bool = True
    ) -> ActionsSync | None:
        """How far a repository's workflow runs were read. Raises as `state`.

        `create`: whether our state is created; else None if it does not exist yet.
        """
        if not create and not self._own_state.exists:
            return None
        return actions_sync(self.state, self.source.name, self.settings.github, repo, workflows)

    # Reports

    def reporter(self, now: datetime, progress: ProgressDisplay | None = None) -> "Reporter":
        """Return the service for reports. `now`: aware. Without our state, no failure is new."""
        from ci_stat.reports.setup import open_reporter

        links = self._known_issues(lambda: now)
        reports = self.settings.reports
        return open_reporter(self.source, lambda: self.state, reports, links, now, progress)

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
        stored = self.logs.stored
        gatherer = Gatherer(self.source, stored, read_logs, log_progress, self._counts)
        return Questions(gatherer, self.knowledge)

    def knowledge(self) -> "Knowledge":
        """Issues, mutes and commands of cases, as far as our state and the settings have them."""
        from ci_stat.questions.knowledge import Knowledge

        links, now = self._known_issues(real_time), real_time()
        mutes = active_mutes(lambda: self.notes(real_time), now) if self._own_state.exists else {}
        return Knowledge(links, mutes, self.settings.issues.reproduce)

    # Issues

    def issues(self, clock: Clock) -> IssueCalls:
        """Return the ledger of calls to the repository. It needs no token. Raises as `state`."""
        return issue_calls(self.state, self.settings.github, clock)

    def notes(self, clock: Clock) -> Notes:
        """Return mutes and accepted failures. They need no token. Raises as `state`."""
        return case_notes(self.state, self.settings.github, clock)

    def filer(
        self,
        now: Clock,
        progress: ProgressDisplay | None = None,
        clock: Clock | None = None,
        issues: "Issues | None" = None,
        labels: Mapping[str, str] | None = None,
    ) -> "Filer":
        """Return the service that plans and files issues.

        `clock`: the real time, if `now` is a fixed time. `issues`: instead of the settings.
        `labels`: only test results with all of them. Raises SettingsError, DatabaseError.
        """
        from ci_stat.issues.setup import Clocks, open_filer, open_test_runs

        chosen = issues or self.settings.issues
        tests = open_test_runs(chosen, lambda: self.results, self.source.origin, labels or {})
        return open_filer(
            self.source,
            lambda: self.state,
            self.settings.github,
            chosen,
            Clocks(now, clock or now),
            progress,
            tests,
        )

    def _known_issues(self, clock: Clock) -> dict[str, str]:
        """Links to our own issues and to those of the settings' file, by the name of the case."""
        github, file = self.settings.github, self.settings.reports.known_issues
        own = own_links(lambda: self.issues(clock), github) if self._own_state.exists else {}
        return with_known_issues(own, file)
