"""A campaign against the made-up forge, in a time that only its own waits move."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Protocol

from sqlalchemy import Engine

from ci_stat.campaigns.calls import FEATURE, CampaignCalls
from ci_stat.campaigns.driver import Driver
from ci_stat.campaigns.forge import Forge
from ci_stat.campaigns.ledger import Ledger
from ci_stat.campaigns.model import Spec
from ci_stat.campaigns.service import Campaigns, Clocks
from ci_stat.demo.forge import REPO, DemoForge, DemoJob
from ci_stat.store.state.campaign_rows import CampaignRows
from ci_stat.store.state.issue_lock import IssueLock
from ci_stat.store.state.outbox import Outbox
from ci_stat.store.state.outbox_table import CallTable
from ci_stat.store.state.stored_values import tracker_of

BEGIN = datetime(2026, 11, 30, 4, tzinfo=UTC)
JOBS = (DemoJob("unit", 20, failure_rate=0.1), DemoJob("slow", 90, infra_rate=0.1))
SPEC = Spec(
    repo=REPO,
    branch="main",
    count=3,
    commands=("/test unit", "/test slow"),
    contexts=("unit", "slow"),
)


@dataclass
class Time:
    """The present, which sleeping moves."""

    now: datetime = BEGIN

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class World:
    """A forge, and drivers of it that share one state."""

    state: Engine
    jobs: Sequence[DemoJob] = JOBS
    seed: int = 7
    place: str = "demo"
    time: Time = field(default_factory=Time)

    def __post_init__(self) -> None:
        self.forge = DemoForge(self.time, self.jobs, self.seed)
        self._random = Random(self.seed)

    def campaigns(
        self, owner: str = "host:1:a", alive: Callable[[str], bool] = lambda _: False
    ) -> Campaigns:
        """The service of one process."""
        place = f"{self.place} {REPO}"
        return campaigns_of(self.state, place, self.forge, self.time, self.new_hex, owner, alive)

    def new_hex(self, digits: int) -> str:
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"


class Clock(Protocol):
    """A time that only sleeping moves."""

    def __call__(self) -> datetime: ...

    def sleep(self, seconds: float) -> None: ...


def campaigns_of(
    state: Engine,
    place: str,
    forge: Forge,
    time: Clock,
    new_hex: Callable[[int], str],
    owner: str,
    alive: Callable[[str], bool],
) -> Campaigns:
    """The service of one process, with a forge and a time of its own."""
    table = CallTable(state, FEATURE, tracker_of(place))
    calls = CampaignCalls(Outbox(table, owner, time, alive), forge.before_writes, time.sleep)
    ledger = Ledger(CampaignRows(state, place))

    def lock_of(branch: str) -> IssueLock:
        name = f"{place} campaign {branch}"
        return IssueLock(state, name, owner, time, alive, "the campaign")

    driver = Driver(forge, ledger, calls, time)
    return Campaigns(driver, ledger, lock_of, Clocks(time, time.sleep), new_hex)
