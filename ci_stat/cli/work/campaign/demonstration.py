"""`ci-stat campaign start --demo`: a whole campaign at a made-up forge, in accelerated time."""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import event

from ci_stat.campaigns.model import Campaign, Failure, JobResult, Spec
from ci_stat.campaigns.service import Campaigns, Clocks
from ci_stat.campaigns.setup import campaigns_at
from ci_stat.cli.work.campaign.display import watching
from ci_stat.config import PREFIX, load
from ci_stat.context import Context, real_time
from ci_stat.demo.forge import JOBS, REPO, DemoForge

ACCELERATION = 1_800  # a day of the made-up forge takes 48 seconds on a terminal

SPEC = Spec(
    repo=REPO,
    branch="main",
    commands=tuple(f"/test {job.name}" for job in JOBS),
    contexts=tuple(job.name for job in JOBS),
    target_rate=0.05,
)


FAILURES = {
    "unit-test": Failure("TestPrice.test_rounding", "expected 9.99, got 10.00", "new"),
    "integration-light": Failure("TestCheckout.test_payment", "no answer in 30 s", "flaky"),
    "integration-heavy": Failure("TestStock.test_reservation", "expected 3, got 2", "new"),
}
"""What the logs of the made-up jobs say."""


class AcceleratedTime:
    """A present that only waits move. On a terminal they take a part of their time."""

    def __init__(self, begin: datetime, acceleration: float | None) -> None:
        """`acceleration`: None if waits take no time."""
        self.present, self._acceleration = begin, acceleration

    def now(self) -> datetime:
        return self.present

    def sleep(self, seconds: float) -> None:
        if self._acceleration:
            time.sleep(seconds / self._acceleration)
        self.present += timedelta(seconds=seconds)


@contextmanager
def demonstrated() -> Iterator[tuple[Campaigns, Campaign, ZoneInfo]]:
    """Run the campaign, in a state of its own that is deleted after the block."""
    begin = real_time().replace(second=0, microsecond=0)
    clock = AcceleratedTime(begin, ACCELERATION if sys.stderr.isatty() else None)
    zone = ZoneInfo("UTC")
    with tempfile.TemporaryDirectory(prefix="ci_stat-") as folder:
        state = f"sqlite:///{Path(folder) / 'state.sqlite'}"
        # Its own settings, not the effective ones: the demo must not touch other databases.
        with Context(load({f"{PREFIX}STATE_URL": state})) as context:
            service = _service(context, clock)
            with watching(zone, clock.now) as watch:
                campaign = service.start(SPEC, watch)
            yield service, campaign, zone


def _service(context: Context, clock: AcceleratedTime) -> Campaigns:
    state = context.bare_state
    event.listen(state, "connect", _without_waiting)
    forge, clocks = DemoForge(clock.now), Clocks(clock.now, clock.sleep)
    return campaigns_at(forge, f"demo {REPO}", context.state, clocks, _with_failures)


def _with_failures(job: JobResult) -> JobResult:
    return replace(job, failures=(FAILURES[job.context],))


def _without_waiting(connection: Any, _record: Any) -> None:
    """Do not wait for the disk: the state of the demo is deleted at its end."""
    connection.execute("pragma synchronous = off")
