"""How a run ends: its status, its duration, and what the table keeps of the reason.

Knows the rates of everything that goes wrong and in which order reasons win (a broken build hides its cases,
ci-data A2). Knows no calendar of its own: the moments come from `stories`.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from math import exp, log
from random import Random
from typing import Any, NamedTuple

from ci_stat.demo.cases import FLAKY, ORDINARY, REGRESSION_CASE, STUBBORN_CASE, Case, Flaky, spell
from ci_stat.demo.stories import OUTAGE_RATE, REGRESSION_RATE, SLOWER_FACTOR, STUBBORN_RATE, Stories
from ci_stat.demo.troubles import ENV_NAMES, OUTAGE_NAMES, check_error, compile_errors
from ci_stat.demo.world import JOBS, NIGHTLY, SLOWING, UNIT_TEST, Job, Repo

ABORT_RATE = 0.045  # by hand or by time limit, beside the runs that a newer push supersedes
ENV_RATE = 0.025  # trouble with the environment on an ordinary day
UNKNOWN_RATE = 0.040  # failed for a reason that the table's rules do not know
BEEN_TESTED_RATE = (
    0.35  # of reruns of what had passed on the commit: the job says so and ends (ci-data A3)
)
CODE_RULE_RATE = 0.6
EMPTY_RATE = 0.05  # of failures: analysed, nothing matched
DEFECT_RATES = (("compile", 0.040), ("check", 0.060), ("case", 0.38))
MANY_JOBS = 8  # a repository with fewer jobs has less that a commit can break

_MU = {job.name: log(job.minutes * 60_000) for job in JOBS}
_FLAKY_BY_JOB: dict[str, list[Flaky]] = defaultdict(list)
for _flaky in FLAKY:
    _FLAKY_BY_JOB[_flaky.job].append(_flaky)

Analysis = dict[str, Any] | None


class Outcome(NamedTuple):
    """`duration` in milliseconds; `analysis` as the table keeps it."""

    status: str
    duration: int
    analysis: Analysis


@dataclass(frozen=True, slots=True)
class Defect:
    """What is wrong with a commit: every run of `jobs` on it fails with it."""

    kind: str
    jobs: frozenset[str]
    case: Case | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the runs of a batch share. `superseded`: milliseconds until a newer push, if one comes."""

    branch: str
    defect: Defect | None = None
    superseded: int | None = None
    stubborn: bool = False


def compile_defect(repo: Repo) -> Defect:
    """A commit that does not compile: every job that builds it fails (the Java one fetches a finished binary)."""
    return Defect("compile", frozenset(job.name for job in repo.jobs if job.kind != "java"))


class Judge:
    """Decides how runs end; all chance comes from `rng`."""

    def __init__(self, rng: Random, stories: Stories) -> None:
        self._rng = rng
        self._stories = stories

    def defect(self, repo: Repo) -> Defect | None:
        """What is wrong with a new commit of `repo`; mostly nothing."""
        roll = self._rng.random()
        size = min(len(repo.jobs) / MANY_JOBS, 1.0)
        for kind, rate in DEFECT_RATES:
            if roll < rate * size:
                return self._defect_of(kind, repo)
            roll -= rate * size
        return None

    def _defect_of(self, kind: str, repo: Repo) -> Defect:
        if kind == "compile":
            return compile_defect(repo)
        job = self._rng.choice(repo.jobs)
        if kind == "check":
            checks = [job for job in repo.jobs if job.kind == "check"] or [repo.jobs[0]]
            return Defect("check", frozenset(job.name for job in checks))
        cases = ORDINARY.get(job.kind)
        return Defect("case", frozenset({job.name}), self._rng.choice(cases) if cases else None)

    def nightly(self, start: datetime) -> Outcome:
        """How a nightly run on master ends."""
        return self.pull_run(NIGHTLY, start, Circumstances("master"))

    def been_tested(self) -> bool:
        """Whether a job that had passed on this commit just says so."""
        return self._rng.random() < BEEN_TESTED_RATE

    def short_success(self) -> Outcome:
        """The cheap success of a job that found its commit tested already: some seconds."""
        return Outcome("SUCCESS", self._rng.randrange(4_000, 28_000), None)

    def pull_run(self, job: Job, start: datetime, around: Circumstances) -> Outcome:
        """How one run of `job` that begins at `start` ends."""
        rng = self._rng
        duration = int(exp(rng.gauss(_MU[job.name], job.spread)))
        if job is SLOWING and start >= self._stories.slower_since:
            duration = int(duration * SLOWER_FACTOR)
        if around.superseded is not None and duration > around.superseded:
            return Outcome("ABORTED", around.superseded, self._aborted_analysis())
        if rng.random() < ABORT_RATE:
            return Outcome(
                "ABORTED", int(duration * rng.uniform(0.1, 2.5)), self._aborted_analysis()
            )
        found = self._story(job, start, around) or self._ordinary(job, around)
        if found is None:
            return Outcome("SUCCESS", duration, None)
        share, analysis = found
        return Outcome("FAILURE", int(duration * share) + 1_000, analysis)

    def _aborted_analysis(self) -> Analysis:
        roll = self._rng.random()
        if roll < 0.6:
            return None
        return {} if roll < 0.95 else {"env": ["kill signal"]}

    def _story(
        self, job: Job, start: datetime, around: Circumstances
    ) -> tuple[float, Analysis] | None:
        """(share of the usual duration, analysis) if a planted story strikes. The table always knows these."""
        rng, stories = self._rng, self._stories
        if around.stubborn and job is UNIT_TEST and rng.random() < STUBBORN_RATE:
            return 0.9, self._case(job, STUBBORN_CASE)
        if job is not NIGHTLY and stories.in_outage(start) and rng.random() < OUTAGE_RATE:
            return rng.uniform(0.05, 0.5), {"env": [rng.choice(OUTAGE_NAMES)]}
        struck = job is UNIT_TEST or job is NIGHTLY
        if (
            struck
            and stories.in_regression(start, around.branch)
            and rng.random() < REGRESSION_RATE
        ):
            return 0.9, self._case(job, REGRESSION_CASE)
        return None

    def _ordinary(self, job: Job, around: Circumstances) -> tuple[float, Analysis] | None:
        """The same for what goes wrong on any day, as far as the table knows."""
        if around.defect is not None and job.name in around.defect.jobs:
            return self._by_defect(job, around.defect)
        roll = self._rng.random()
        for flaky in _FLAKY_BY_JOB[job.name]:
            if roll < flaky.rate:
                return 0.95, self._known(job, self._case(job, flaky.case))
            roll -= flaky.rate
        if roll < ENV_RATE:
            return 0.4, self._known(job, {"env": [self._rng.choice(ENV_NAMES)]})
        if roll < ENV_RATE + UNKNOWN_RATE:
            return 0.8, None if self._rng.random() < 0.5 else {}
        return None

    def _by_defect(self, job: Job, defect: Defect) -> tuple[float, Analysis]:
        if defect.kind == "compile":
            errors = compile_errors(job.repo, job.kind)
            return 0.15, self._known(job, {"compile": [self._rng.choice(errors)]})
        if defect.kind == "check":
            return 0.3, self._known(job, {"check": [check_error(job.repo)]})
        return 0.95, self._known(job, self._case(job, defect.case)) if defect.case else None

    def _case(self, job: Job, case: Case) -> dict[str, Any]:
        return {"case": [spell(case, job.name, self._rng.random() < CODE_RULE_RATE)]}

    def _known(self, job: Job, analysis: dict[str, Any]) -> Analysis:
        """What the table keeps of `analysis`: sometimes nothing (NULL), sometimes that nothing matched ({})."""
        roll = self._rng.random()
        if roll < job.blind:
            return None
        return {} if roll < job.blind + EMPTY_RATE else analysis
