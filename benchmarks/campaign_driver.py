"""What a driver of campaigns costs: API calls, CPU and memory, at the made-up forge.

Time is simulated: a sleep moves the clock. Each campaign runs in a process of its own
(`python -m benchmarks.campaign_driver COUNT`), so that its memory is its own.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event

from benchmarks.measure import Figures
from ci_stat.campaigns.model import Campaign, CampaignState, ProbeState
from ci_stat.demo.forge import DemoJob
from ci_stat.store.engine import open_engine
from ci_stat.store.state.setup import prepare_state
from tests.campaigns.driving.world import BEGIN, SPEC, World

_JOBS = tuple(DemoJob(f"job-{n}", 60 + 20 * n, failure_rate=0.05) for n in range(7))
_LIMIT = 5_000  # requests in an hour that GitHub allows a token
_WRITES_LIMIT = 500  # that create content, in an hour

# Requests to GitHub of one call of the forge. Unchanged answers are requests too, but free ones.
_REQUESTS = {"pull": 1, "signals": 2, "create_commit": 3}
_WRITES = frozenset(
    [
        "create_commit",
        "create_branch",
        "create_pull",
        "add_labels",
        "create_comment",
        "close_pull",
        "delete_branch",
    ]
)


@dataclass
class Cost:
    """What one campaign cost. `hours`: simulated; `cpu`: seconds; `memory`: MB at the peak."""

    count: int
    requests: int = 0
    writes: int = 0
    busiest_hour: int = 0
    most_writes: int = 0
    hours: float = 0.0
    cpu: float = 0.0
    memory: int = 0
    ended: int = 0


@dataclass
class Counted:
    """Counts the requests of a forge by the hour."""

    world: World
    requests: Counter[int] = field(default_factory=Counter)
    writes: Counter[int] = field(default_factory=Counter)

    def watch(self) -> None:
        """Count every public call of the forge from now on."""
        forge = self.world.forge
        for name in dir(forge):
            call = getattr(forge, name)
            is_request = callable(call) and not name.startswith("_") and name not in _OF_THE_DEMO
            if is_request:
                setattr(forge, name, self._counting(name, call))

    def _counting(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            hour = int((self.world.time.now - BEGIN) / timedelta(hours=1))
            self.requests[hour] += _REQUESTS.get(name, 1)
            if name in _WRITES:
                self.writes[hour] += _REQUESTS.get(name, 1)
            return call(*arguments, **options)

        return counted


_OF_THE_DEMO = frozenset({"clock", "push", "name_of"})


def run(count: int, deadline: timedelta, stagger: timedelta) -> Cost:
    """Run a whole campaign. Raises AssertionError if a pull request is left without a result."""
    state = open_engine(f"sqlite:///{tempfile.mkdtemp()}/state.sqlite")
    event.listen(state, "connect", lambda connection, _: connection.execute(_UNSYNCED))
    prepare_state(state)
    world = World(state, _JOBS)
    counted = Counted(world)
    counted.watch()
    names = tuple(job.name for job in _JOBS)
    spec = replace(
        SPEC,
        count=count,
        commands=tuple(f"/test {name}" for name in names),
        contexts=names,
        deadline=deadline,
        stagger=stagger,
    )
    begin = time.process_time()
    campaign = world.campaigns().start(spec)
    _require_whole(campaign, count)
    return Cost(
        count,
        requests=counted.requests.total(),
        writes=counted.writes.total(),
        busiest_hour=max(counted.requests.values()),
        most_writes=max(counted.writes.values()),
        hours=(world.time.now - BEGIN) / timedelta(hours=1),
        cpu=time.process_time() - begin,
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        ended=len(campaign.probes),
    )


_UNSYNCED = "PRAGMA synchronous = OFF"  # the disk is not what is measured


def _require_whole(campaign: Campaign, count: int) -> None:
    assert campaign.state is CampaignState.DONE, campaign.state
    assert len(campaign.probes) == count
    for probe in campaign.probes:
        assert probe.state in (ProbeState.CLOSED, ProbeState.KEPT), probe
        assert len(probe.jobs) == len(_JOBS), probe


_SIZES = {
    10: (timedelta(hours=4), timedelta(minutes=30)),
    100: (timedelta(hours=6), timedelta(minutes=11)),
}


def bench(figures: Figures) -> None:
    """Ten pull requests with seven jobs in four hours, and a hundred in a day."""
    for count in _SIZES:
        _add(figures, _in_child(count))


def _in_child(count: int) -> Cost:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.campaign_driver", str(count)],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    return Cost(**json.loads(done.stdout))


def _add(figures: Figures, cost: Cost) -> None:
    of = f"campaign of {cost.count}, {len(_JOBS)} jobs each, {cost.hours:.0f} simulated hours"
    figures.add(
        f"requests to GitHub: {of}",
        f"{cost.requests:,} ({cost.busiest_hour:,} in the busiest hour), {cost.writes:,} write"
        f" ({cost.most_writes:,} in the busiest hour)",
        f"{cost.count} ended pull requests",
        f"at most {_LIMIT:,} an hour, {_WRITES_LIMIT} of them writes",
        cost.busiest_hour <= _LIMIT and cost.most_writes <= _WRITES_LIMIT,
    )
    figures.add(f"driver: {of}", f"{cost.cpu:.1f} s of CPU, {cost.memory} MB", "", "", None)


if __name__ == "__main__":
    size = int(sys.argv[1])
    print(json.dumps(asdict(run(size, *_SIZES[size]))))
