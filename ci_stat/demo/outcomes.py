"""The outcome of a run: its status, its duration and the reason in the table.

Contains the rates of all failures and their precedence (a broken build hides its cases, ci-data
A2). The dates of the stories come from `stories`.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from math import exp, log
from random import Random
from typing import Any, NamedTuple

from ci_stat.demo.cases import FLAKY, ORDINARY, REGRESSION_CASE, STUBBORN_CASE, Case, Flaky, spell
from ci_stat.demo.problems import ENV_NAMES, OUTAGE_NAMES, check_error, compile_errors
from ci_stat.demo.stories import OUTAGE_RATE, REGRESSION_RATE, SLOWER_FACTOR, STUBBORN_RATE, Stories
from ci_stat.demo.world import JOBS, NIGHTLY, SLOWING, UNIT_TEST, Job, Repo

ABORT_RATE = 0.045  # aborted by a user or a time limit; runs superseded by a push come on top
ENV_RATE = 0.025  # failures of the environment on an ordinary day
UNKNOWN_RATE = 0.040  # failures for a reason without a rule in the table
BEEN_TESTED_RATE = 0.35  # reruns of a passed job that end at once with success (ci-data A3)
CODE_RULE_RATE = 0.6
EMPTY_RATE = 0.05  # share of failures that were analysed without a match
DEFECT_RATES = (("compile", 0.040), ("check", 0.060), ("case", 0.38))
MANY_JOBS = 8  # in a repository with fewer jobs a commit breaks less often

_MU = {job.name: log(job.minutes * 60_000) for job in JOBS}
_FLAKY_BY_JOB: dict[str, list[Flaky]] = defaultdict(list)
for _flaky in FLAKY:
    _FLAKY_BY_JOB[_flaky.job].append(_flaky)

Analysis = dict[str, Any] | None


class Outcome(NamedTuple):
    """`duration` in milliseconds; `analysis` is the value of `analysis_res`."""

    status: str
    duration: int
    analysis: Analysis


@dataclass(frozen=True, slots=True)
class Defect:
    """A defect of a commit: every run of `jobs` on it fails."""

    kind: str
    jobs: frozenset[str]
    case: Case | None = None


@dataclass(frozen=True, slots=True)
class BatchContext:
    """What the runs of one event have in common.

    `superseded`: milliseconds until a newer push; None if there is none.
    """

    branch: str
    defect: Defect | None = None
    superseded: int | None = None
    stubborn: bool = False


def compile_defect(repo: Repo) -> Defect:
    """Return a compile error: all jobs fail except the Java job, which downloads a binary."""
    return Defect("compile", frozenset(job.name for job in repo.jobs if job.kind != "java"))


class OutcomeSampler:
    """Draws outcomes of runs and defects of commits; all random numbers come from `rng`."""

    def __init__(self, rng: Random, stories: Stories) -> None:
        self._rng = rng
        self._stories = stories

    def defect(self, repo: Repo) -> Defect | None:
        """Draw the defect of a new commit of `repo`; None for most commits."""
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
        """Draw the outcome of a nightly run on master."""
        return self.pull_run(NIGHTLY, start, BatchContext("master"))

    def been_tested(self) -> bool:
        """Draw whether a job that has passed on this commit ends at once."""
        return self._rng.random() < BEEN_TESTED_RATE

    def short_success(self) -> Outcome:
        """Draw the success of a job whose commit was tested before: it takes seconds."""
        return Outcome("SUCCESS", self._rng.randrange(4_000, 28_000), None)

    def pull_run(self, job: Job, start: datetime, batch: BatchContext) -> Outcome:
        """Draw the outcome of one run of `job` that begins at `start`."""
        rng = self._rng
        duration = int(exp(rng.gauss(_MU[job.name], job.spread)))
        if job is SLOWING and start >= self._stories.slower_since:
            duration = int(duration * SLOWER_FACTOR)

        if batch.superseded is not None and duration > batch.superseded:
            return Outcome("ABORTED", batch.superseded, self._aborted_analysis())
        if rng.random() < ABORT_RATE:
            duration = int(duration * rng.uniform(0.1, 2.5))
            return Outcome("ABORTED", duration, self._aborted_analysis())

        failure = self._story(job, start, batch) or self._ordinary(job, batch)
        if failure is None:
            return Outcome("SUCCESS", duration, None)

        share, analysis = failure
        return Outcome("FAILURE", int(duration * share) + 1_000, analysis)

    def _aborted_analysis(self) -> Analysis:
        roll = self._rng.random()
        if roll < 0.6:
            return None
        return {} if roll < 0.95 else {"env": ["kill signal"]}

    def _story(
        self, job: Job, start: datetime, batch: BatchContext
    ) -> tuple[float, Analysis] | None:
        """Return (share of the usual duration, analysis) if a story applies, else None.

        The analysis of a story is always complete.
        """
        rng, stories = self._rng, self._stories

        if batch.stubborn and job is UNIT_TEST and rng.random() < STUBBORN_RATE:
            return 0.9, self._case(job, STUBBORN_CASE)
        if job is not NIGHTLY and stories.in_outage(start) and rng.random() < OUTAGE_RATE:
            return rng.uniform(0.05, 0.5), {"env": [rng.choice(OUTAGE_NAMES)]}

        is_regression = job in (UNIT_TEST, NIGHTLY) and stories.in_regression(start, batch.branch)
        if is_regression and rng.random() < REGRESSION_RATE:
            return 0.9, self._case(job, REGRESSION_CASE)
        return None

    def _ordinary(self, job: Job, batch: BatchContext) -> tuple[float, Analysis] | None:
        """Return the same for a defect, a flaky case or another ordinary failure."""
        if batch.defect is not None and job.name in batch.defect.jobs:
            return self._by_defect(job, batch.defect)

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
        """Return the stored `analysis`: sometimes NULL, or {} if no rule matched."""
        roll = self._rng.random()
        if roll < job.blind:
            return None
        return {} if roll < job.blind + EMPTY_RATE else analysis
