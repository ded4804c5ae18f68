"""The values of the answers about pull requests: own runs, other runs, and what they tell."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from ci_stat.escape import visible
from ci_stat.records import CaseFailure, FailureKey, Provenance, Run
from ci_stat.result.answers.frames import verdicts_frame

if TYPE_CHECKING:
    from pandas import DataFrame

PR = tuple[str, int]  # repository, number


class Verdict(StrEnum):
    """Whether a failure comes from a pull request."""

    YOURS = "yours"
    NOT_YOURS = "not yours"
    UNKNOWN = "cannot tell"
    PASSES = "nothing fails"  # of a whole pull request only


class Reason(StrEnum):
    """What decided a verdict."""

    OUTAGE = "outage"
    ELSEWHERE = "fails elsewhere"
    FLAKY = "flaky"
    MACHINES = "infrastructure"
    JOB_FAILS = "job fails elsewhere"
    ONLY_HERE = "fails only here"
    FLAKY_ONLY_HERE = "flaky only here"
    OFTENER_HERE = "fails more often here"
    SAME_AUTHOR = "same author only"
    MACHINES_HERE = "infrastructure fails only here"
    UNNAMED = "no cause is known"
    NO_RUNS = "no other runs"
    FEW_RUNS = "too few other runs"
    UNREAD = "other failures are unknown"


@dataclass(frozen=True, slots=True)
class OwnRuns:
    """What the pull request's own runs of the jobs with one failure did.

    - `failed`: with this failure, oldest first.
    - `passed`: runs of the same jobs that succeeded since the first of them.
    - `passed_before`: the last success of such a job on an earlier commit; None if there is none.
    - `commit`: the commit of the first failure; `is_first_commit`: no earlier one was tested.
    - `flaky`: one commit has a failure and a success of one job.
    - `is_open`: whether the newest finished run of one of the jobs has the failure.
    """

    failed: tuple[Run, ...]
    passed: int
    passed_before: Run | None
    commit: str
    is_first_commit: bool
    flaky: bool
    is_open: bool

    @property
    def runs(self) -> int:
        return len(self.failed) + self.passed


@dataclass(frozen=True, slots=True)
class OtherRuns:
    """What all other runs of the period did. Times are naive, in the database's zone.

    - `begin`, `end`: the period; `passed`: successes of the same jobs on the same branch.
    - `failed`: runs of any job with the same failure, oldest first.
    - `job_failed`: failed runs of the same jobs on the same branch, with any failure.
    - `unread`: those of them for which neither the table nor a log names a failure.
    """

    begin: datetime
    end: datetime
    passed: int = 0
    failed: tuple[Run, ...] = ()
    job_failed: int = 0
    unread: int = 0

    @property
    def prs(self) -> tuple[PR, ...]:
        """Pull requests with this failure, in order of their first run."""
        return tuple(dict.fromkeys((run.repo or "", run.pr_number) for run in self._of_prs()))

    @property
    def nightly(self) -> tuple[Run, ...]:
        """Runs with this failure that belong to no pull request."""
        return tuple(run for run in self.failed if not run.is_pr)

    def prs_of_others(self, author: str | None) -> int:
        """The number of pull requests with this failure that have another author."""
        others = (run for run in self._of_prs() if not author or run.author != author)
        return len({(run.repo, run.pr_number) for run in others})

    def _of_prs(self) -> list[Run]:
        return [run for run in self.failed if run.is_pr]


@dataclass(frozen=True, slots=True)
class OutageOfRun:
    """An outage that a failed run belongs to: its first and last failed run, and their number.

    `cause`: the key of the failure that all its runs have; None if machines failed, whose messages
    differ and whose effects are other failures.
    """

    begin: datetime
    end: datetime
    runs: int
    prs: int
    name: str
    cause: FailureKey | None = None

    def explains(self, key: FailureKey) -> bool:
        """Whether a failure with this key, of one of its runs, comes from the outage."""
        return self.cause is None or self.cause == key


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and what decided it.

    - `chance`: the probability of so many failures here if the code made no difference; None if it
      does not matter.
    - `needed`: for `FEW_RUNS`, how many runs elsewhere would do.
    """

    verdict: Verdict
    reason: Reason
    chance: float | None = None
    needed: int = 0


@dataclass(frozen=True, slots=True)
class PRFailure:
    """One failure of a pull request, and whether it is its own.

    - `name`, `kind`: of the failure; "" and `unknown` for runs without a known failure.
    - `newest`: the failure as its newest run has it; None for runs without a known failure.
    - `reproduce`: a command and the directory to run it in; "" if unknown.
    - `issue`: a link; `muted`: why; "" for none.
    """

    key: FailureKey
    name: str
    kind: str
    newest: CaseFailure | None
    jobs: tuple[str, ...]
    own: OwnRuns
    other: OtherRuns
    judgement: Judgement
    outage: OutageOfRun | None = None
    issue: str = ""
    muted: str = ""
    reproduce: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True, repr=False)
class PRAnswer:
    """A pull request, its runs and its failures.

    - `runs`: its runs of the window, oldest first; `failures`: those in focus first.
    - `focus`: how many of the failures the verdict is about: those of the newest commit, and those
      that the newest run of a job has.
    - `begin`, `end`: the period in which other runs were looked at; naive. Equal without failures.
    - `source`: where the runs come from; `notes`: what limits the answer, one sentence each.
    """

    repo: str
    number: int
    verdict: Verdict
    runs: tuple[Run, ...]
    failures: tuple[PRFailure, ...]
    focus: int
    begin: datetime
    end: datetime
    source: Provenance
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return self.runs[-1].pr_title or ""

    @property
    def author(self) -> str:
        return self.runs[-1].author or ""

    @property
    def link(self) -> str:
        return self.runs[-1].pr_link or ""

    @property
    def branch(self) -> str:
        """The target branch."""
        return self.runs[-1].branch or ""

    def __repr__(self) -> str:
        name = f"{visible(self.repo, 200)}#{self.number}"
        return f"<PRAnswer {name}: {self.verdict}, {len(self.failures)} failures>"

    def _repr_html_(self) -> str:
        from ci_stat.result.answers.answer_html import pull_html

        return pull_html(self)

    def to_frame(self) -> "DataFrame":
        """One row for each failure, those of the newest commit first."""
        return verdicts_frame(self)
