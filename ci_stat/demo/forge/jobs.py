"""The jobs of the made-up forge, and a bot that starts them for a comment."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from ci_stat.records.forge import CommitSignal

BOT = "demo-bot"
_COMMAND = re.compile(r"(?m)^/test (.*)$")


@dataclass(frozen=True, slots=True)
class DemoJob:
    """A made-up job. `failure_rate`, `infra_rate`: 0 to 1."""

    name: str
    minutes: int
    failure_rate: float = 0
    infra_rate: float = 0


JOBS = (
    DemoJob("unit-test", 25, failure_rate=0.02),
    DemoJob("integration-light", 55, failure_rate=0.15),
    DemoJob("integration-heavy", 110, failure_rate=0.05, infra_rate=0.05),
)


@dataclass(frozen=True, slots=True)
class DemoRun:
    """One run of a job on a commit. `ended`: when it ends, or was aborted."""

    id: int
    job: str
    sha: str
    started: datetime
    ended: datetime
    state: str
    description: str

    def aborted(self, now: datetime) -> "DemoRun":
        """The run, ended now if it still ran."""
        if self.ended <= now:
            return self
        return replace(self, ended=now, state="failure", description="Aborted by trigger plugin.")

    def signals(self, now: datetime) -> list[CommitSignal]:
        """The statuses that the bot has set up to now."""
        signals = [self._signal(0, self.started, "pending", "Job triggered.")]
        if self.ended <= now:
            signals.append(self._signal(1, self.ended, self.state, self.description))
        return signals

    def _signal(self, part: int, when: datetime, state: str, description: str) -> CommitSignal:
        url = f"https://ci.example/{self.job}/{self.id}"
        return CommitSignal(
            "status", 2 * self.id + part, self.job, state, description, url, BOT, when, when
        )


def commanded(body: str) -> list[str]:
    """The names after `/test` at the begin of lines."""
    return [name for names in _COMMAND.findall(body) for name in names.split()]


def drawn_run(job: DemoJob, id: int, sha: str, now: datetime, random: Random) -> DemoRun:
    """A run that begins now, with a drawn outcome."""
    minutes = job.minutes * random.uniform(0.85, 1.25)
    chance = random.random()
    state, description = "success", "Job succeeded."
    if chance < job.infra_rate:
        state, description, minutes = "error", "Error starting Jenkins job.", 1
    elif chance < job.infra_rate + job.failure_rate:
        state, description = "failure", "Job failed."
    ended = now + timedelta(minutes=minutes)
    return DemoRun(id, job.name, sha, now, ended, state, description)
