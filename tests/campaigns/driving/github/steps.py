"""The campaigns of these tests, their disturbances, and what each of them must leave."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from ci_stat.campaigns.model import (
    FINAL_STATES,
    Campaign,
    CampaignState,
    Ending,
    JobState,
    Probe,
    Spec,
)
from tests.campaigns.driving.github.world import REPO, GitHubWorld
from tests.support.prow import Job, Outcome, alias_job

UNIT, LIGHT = "pull-unit-test", "pull-cdc-mysql-integration-light"
UNDERSCORES = "pull_cdc_mysql_integration_light_next_gen"
PASS, FAIL, INFRA = Outcome.PASS, Outcome.FAIL, Outcome.INFRA
SPEC = Spec(
    repo=REPO,
    branch="master",
    count=3,
    stagger=timedelta(minutes=30),
    labels=("stability",),
    commands=(f"/test {UNIT}", f"/test {LIGHT}"),
    contexts=(UNIT, LIGHT),
    failed=Ending.CLOSE,
)
ONE = replace(SPEC, count=1, commands=(f"/test {LIGHT}",), contexts=(LIGHT,))


def jobs(*light: Outcome, minutes: int = 12) -> tuple[Job, ...]:
    return (
        alias_job(UNIT, minutes=6, agent="kubernetes"),
        alias_job(LIGHT, "light", "mysql", minutes=minutes, outcomes=light),
    )


def parts_of(world: GitHubWorld, probe: Probe) -> Counter[str]:
    """Our comments on a pull request, by the part that their markers name."""
    bodies = [comment.body for comment in world.code.issue(probe.number).comments]
    return Counter(re.findall(r"[0-9a-f]{16} (\w+(?: \d+)?) -->", "\n".join(bodies)))


Disturbance = Callable[[GitHubWorld, Probe], object]


def campaign_disturbed(world: GitHubWorld, spec: Spec, disturb: Disturbance) -> Campaign:
    """A campaign; `disturb` is called once, as soon as the first job of a probe runs."""
    is_done: set[int] = set()

    def watch(campaign: Campaign, _note: str) -> None:
        for probe in campaign.probes:
            is_running = any(job.state is JobState.RUNNING for job in probe.jobs)
            if is_running and not is_done:
                is_done.add(probe.position)
                disturb(world, probe)

    return world.campaigns().start(spec, watch)


def says(text: str, author: str = "ci-bot") -> Disturbance:
    return lambda world, probe: world.github.comment(probe.number, text, author)


def check(world: GitHubWorld, campaign: Campaign, count: int) -> None:
    assert campaign.state is CampaignState.DONE
    assert all(probe.state in FINAL_STATES for probe in campaign.probes)
    assert len(world.code.pulls) == count, "no pull request twice, none lost"
    assert len({pull.sha for pull in world.code.pulls.values()}) == count
    for probe in campaign.probes:
        assert parts_of(world, probe) == {"commands 1": 1, "result": 1}
        assert [run.number for run in world.prow.runs].count(probe.number) == 1
        assert [job.state for job in probe.jobs] == [JobState.PASSED]
    assert world.branches == {"master"}
    assert world.open_pulls == set()
