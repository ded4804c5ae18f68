"""Opens what campaigns need from the settings; for the context only."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from ci_stat.campaigns.calls import FEATURE, CampaignCalls
from ci_stat.campaigns.driver import Driver
from ci_stat.campaigns.forge import Forge
from ci_stat.campaigns.ledger import Ledger
from ci_stat.campaigns.service import Campaigns, Clocks
from ci_stat.config import GitHub
from ci_stat.connectors.github.forge import GitHubForge
from ci_stat.store.state.campaign_rows import CampaignRows
from ci_stat.store.state.issue_lock import IssueLock
from ci_stat.store.state.outbox import Outbox
from ci_stat.store.state.outbox_table import CallTable
from ci_stat.store.state.process_id import is_alive, this_process
from ci_stat.store.state.stored_values import tracker_of


@dataclass(frozen=True)
class CampaignsSetup:
    """The campaigns of one GitHub repository, without a token as far as they are in our state."""

    github: GitHub
    state: Engine
    repo: str
    clock: Callable[[], datetime]
    closing: ExitStack

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
        return campaigns_at(self.forge(fork), self._place, self.state, Clocks(self.clock))


def campaigns_at(forge: Forge, place: str, state: Engine, clocks: Clocks) -> Campaigns:
    """The campaigns at a forge. `place`: names forge and repository in our state."""
    owner = this_process()
    table = CallTable(state, FEATURE, tracker_of(place))
    calls = CampaignCalls(Outbox(table, owner, clocks.now, is_alive), clocks.sleep)
    ledger = Ledger(CampaignRows(state, place))

    def lock_of(branch: str) -> IssueLock:
        name = f"{place} campaign {branch}"
        return IssueLock(state, name, owner, clocks.now, is_alive, "the campaign")

    return Campaigns(Driver(forge, ledger, calls, clocks.now), ledger, lock_of, clocks)
