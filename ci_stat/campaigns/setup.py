"""Opens what campaigns need from the settings; for the context only."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from ci_stat.campaigns.calls import FEATURE, CampaignCalls
from ci_stat.campaigns.driver import Driver, without_logs
from ci_stat.campaigns.forge import Forge
from ci_stat.campaigns.job_logs import JobLogs
from ci_stat.campaigns.ledger import Ledger
from ci_stat.campaigns.model import JobResult
from ci_stat.campaigns.posting import FEATURE as VERDICTS
from ci_stat.campaigns.posting import Poster
from ci_stat.campaigns.service import Campaigns, Clocks
from ci_stat.config import GitHub
from ci_stat.connectors.github.forge import GitHubForge
from ci_stat.failures import case_key
from ci_stat.logs.setup import LogSetup
from ci_stat.records import Extraction, LogState
from ci_stat.store.state.campaign_rows import CampaignRows
from ci_stat.store.state.issue_lock import IssueLock
from ci_stat.store.state.outbox import Outbox
from ci_stat.store.state.outbox_table import CallTable
from ci_stat.store.state.process_id import is_alive, this_process
from ci_stat.store.state.stored_values import tracker_of
from ci_stat.test_results.flakiness.known import DAYS, known_flaky


@dataclass(frozen=True)
class CampaignsSetup:
    """The campaigns of one GitHub repository, without a token as far as they are in our state."""

    github: GitHub
    state: Engine
    repo: str
    clock: Callable[[], datetime]
    closing: ExitStack
    logs: LogSetup
    links: Callable[[], Mapping[str, str]]
    results: Callable[[], Engine | None]

    @property
    def ledger(self) -> Ledger:
        """What our state has of campaigns."""
        return Ledger(CampaignRows(self.state, self._place))

    @property
    def _place(self) -> str:
        return f"{self.github.url} {self.repo.casefold()}"

    def forge(self, fork: str = "") -> GitHubForge:
        """The repository at GitHub, closed with the context. Raises SettingsError."""
        token = self.github.token.reveal().strip()
        forge = GitHubForge(self.github.url, self.repo, token, fork=fork)
        self.closing.callback(forge.close)
        return forge

    def service(self, fork: str = "") -> Campaigns:
        """What runs campaigns. Raises SettingsError."""
        forge, clocks = self.forge(fork), Clocks(self.clock)
        return campaigns_at(forge, self._place, self.state, clocks, self._job_logs.with_failures)

    @property
    def poster(self) -> Poster:
        """What sends verdicts."""
        table = CallTable(self.state, VERDICTS, tracker_of(self._place))
        return Poster(Outbox(table, this_process(), self.clock, is_alive), self.clock)

    @property
    def _job_logs(self) -> JobLogs:
        has_jenkins = bool(self.logs.jenkins_url)
        return JobLogs(
            self.logs.actions_log,
            self._read_jenkins if has_jenkins else None,
            self.logs.jenkins_url,
            self.links,
            self._flaky,
        )

    def _read_jenkins(self, job: str, number: int) -> Extraction:
        reader = self.logs.reader
        if reader is None:
            return Extraction(LogState.MISSING, detail="no place of logs is set")
        return reader.read_one(job, number)

    def _flaky(self) -> frozenset[str]:
        """The names of tests that were proven flaky in the last 30 days."""
        results = self.results()
        if results is None:
            return frozenset()
        now = self.clock()
        known = known_flaky(results, now - timedelta(days=DAYS), now)
        return frozenset(case_key(test.name) for test in known.values())


def campaigns_at(
    forge: Forge,
    place: str,
    state: Engine,
    clocks: Clocks,
    with_failures: Callable[[JobResult], JobResult] = without_logs,
) -> Campaigns:
    """The campaigns at a forge.

    `place`: names forge and repository in our state. `with_failures`: reads logs of failed jobs.
    """
    owner = this_process()
    table = CallTable(state, FEATURE, tracker_of(place))
    outbox = Outbox(table, owner, clocks.now, is_alive)
    calls = CampaignCalls(outbox, forge.before_writes, clocks.sleep)
    ledger = Ledger(CampaignRows(state, place))

    def lock_of(branch: str) -> IssueLock:
        name = f"{place} campaign {branch}"
        return IssueLock(state, name, owner, clocks.now, is_alive, "the campaign")

    driver = Driver(forge, ledger, calls, clocks.now, with_failures)
    return Campaigns(driver, ledger, lock_of, clocks)
