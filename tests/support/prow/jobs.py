"""Made-up presubmit jobs, and TiCDC's under their names."""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Outcome(StrEnum):
    """How a run ends. Values are the states of commit statuses."""

    PASS = "success"
    FAIL = "failure"
    INFRA = "error"


@dataclass(frozen=True)
class Job:
    """A presubmit job. `trigger`: its regular expression for comments.

    - `failure_rate`, `infra_rate`: 0 to 1. `outcomes`: of its first runs, instead of drawn ones.
    - `agent`: `jenkins` or `kubernetes`.
    """

    name: str
    trigger: str
    context: str = ""
    minutes: int = 60
    failure_rate: float = 0
    infra_rate: float = 0
    outcomes: tuple[Outcome, ...] = ()
    is_automatic: bool = False
    is_optional: bool = False
    agent: str = "jenkins"

    @property
    def status_context(self) -> str:
        return self.context or self.name

    @property
    def rerun_command(self) -> str:
        return f"/test {self.name}"

    @property
    def duration(self) -> timedelta:
        return timedelta(minutes=self.minutes)

    def matches(self, body: str) -> bool:
        """Whether a comment names it. As in Go, `$` matches only before `\\n` and at the end."""
        return re.search(self.trigger, body) is not None


def plain_job(name: str, **more: object) -> Job:
    """A job with Prow's own trigger, which begins a line and ends at a space or the line's end."""
    named = re.escape(name)
    return Job(name, rf"(?m)^/test( | .* ){named},?($|\s.*)", **more)  # type: ignore[arg-type]


def alias_job(name: str, *aliases: str, **more: object) -> Job:
    """A job as TiCDC configures it: its name or one of its aliases, between spaces."""
    names = "|".join(re.escape(one) for one in (name, *aliases))
    return Job(name, rf"(?m)^/test (?:.*? )?({names})(?: .*?)?$", **more)  # type: ignore[arg-type]


def _classic() -> list[Job]:
    jobs = []
    for sink in ("mysql", "kafka", "storage", "pulsar"):
        for weight in ("light", "heavy"):
            name = f"pull-cdc-{sink}-integration-{weight}"
            jobs.append(
                alias_job(name, weight, sink, "all", minutes=70, is_optional=sink == "pulsar")
            )
    return jobs


def _next_gen() -> list[Job]:
    jobs = []
    for sink in ("mysql", "kafka", "storage", "pulsar"):
        for weight in ("light", "heavy"):
            name = f"pull-cdc-{sink}-integration-{weight}-next-gen"
            aliases = ["next-gen", f"next-gen-{sink}"]
            jobs.append(alias_job(name, *aliases, minutes=80))
    return jobs


def _kubernetes() -> list[Job]:
    names = ("pull-unit-test", "pull-build", "pull-check", "pull-unit-test-next-gen")
    jobs = [alias_job(name, minutes=20, agent="kubernetes") for name in names]
    automatic = plain_job(
        "pull-error-log-review",
        minutes=2,
        agent="kubernetes",
        is_automatic=True,
    )
    return [*jobs, automatic]


TICDC = (*_classic(), *_next_gen(), *_kubernetes())
