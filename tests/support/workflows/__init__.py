"""A double of GitHub Actions: a pull request starts jobs, which are check runs with logs.

It imports nothing of ci_stat. Its rules are those of GitHub's documentation: jobs run on the head
commit, a push starts them anew, closing does not end them, and a rerun is a new check run of the
same name in the same suite.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tests.support.github.actions import Job, WorkflowRun
from tests.support.github.code import Code
from tests.support.github.records import Comment, stamp
from tests.support.github.shapes import WEB

APP = "github-actions"
FAILED_LOG = b"""\
2026-01-05T09:01:00.0000000Z ##[group]Run go test ./...
2026-01-05T09:01:01.0000000Z === RUN   TestSinkRetry
2026-01-05T09:01:02.0000000Z     sink_test.go:41: got 3 rows, want 4
2026-01-05T09:01:02.0000000Z --- FAIL: TestSinkRetry (0.25s)
2026-01-05T09:01:02.0000000Z FAIL
2026-01-05T09:01:02.0000000Z FAIL\tgithub.com/pingcap/ticdc/pkg/sink\t0.3s
2026-01-05T09:01:03.0000000Z ##[error]Process completed with exit code 1.
"""


@dataclass(frozen=True)
class JobOf:
    """A job of a workflow. `conclusions`: of its first runs; the others are successful.

    `queued`: minutes before a runner takes it.
    """

    name: str
    minutes: float = 10
    conclusions: tuple[str, ...] = ()
    workflow: str = "CI"
    queued: float = 1
    log: bytes = FAILED_LOG


@dataclass
class Run:
    """A run of a job on a pull request, and when it begins and ends."""

    number: int
    job: JobOf
    check: dict[str, Any]
    execution: Job
    begins: datetime
    ends: datetime
    conclusion: str


@dataclass
class Workflows:
    """`runs`: in the order of their start."""

    code: Code
    jobs: tuple[JobOf, ...]
    runs: list[Run] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.code.listeners.append(self)
        self._suites = count(70_000_000_001)
        self._workflows: dict[tuple[int, str, str], WorkflowRun] = {}

    # Time

    def advance(self, seconds: float) -> None:
        """Move the server's clock; jobs begin and end at their times."""
        github = self.code.github
        with github.lock:
            until = github.now + timedelta(seconds=seconds)
            while (moment := self._next_change(until)) is not None:
                github.now = max(moment, github.now)
                self._change_due()
            github.now = max(github.now, until)

    def _next_change(self, until: datetime) -> datetime | None:
        waiting = [run.begins for run in self.runs if run.check["status"] == "queued"]
        running = [run.ends for run in self.runs if run.check["status"] == "in_progress"]
        return min((moment for moment in (*waiting, *running) if moment <= until), default=None)

    def _change_due(self) -> None:
        now = self.code.github.now
        for run in self.runs:
            if run.check["status"] == "queued" and run.begins <= now:
                run.check["status"] = "in_progress"
                run.check["started_at"] = stamp(run.begins)
            if run.check["status"] == "in_progress" and run.ends <= now:
                self._complete(run, run.conclusion, run.ends)

    def _complete(self, run: Run, conclusion: str, at: datetime) -> None:
        run.check |= {"status": "completed", "conclusion": conclusion, "completed_at": stamp(at)}
        run.execution.conclusion, run.execution.completed_at = conclusion, at

    # Events

    def opened(self, number: int) -> None:
        for job in self.jobs:
            self._start(number, job)

    def pushed(self, number: int, before: str) -> None:
        """As with `cancel-in-progress`."""
        for run in self.runs:
            if run.number == number and run.check["status"] != "completed":
                self._complete(run, "cancelled", self.code.github.moment)
        self.opened(number)

    def closed(self, number: int) -> None:
        """Jobs go on."""

    def commented(self, number: int, comment: Comment) -> None:
        """Nobody reads comments."""

    # People

    def rerun(self, number: int, *names: str) -> None:
        """Run jobs of a pull request again, as "Re-run failed jobs" does."""
        with self.code.github.lock:
            for job in self.jobs:
                if job.name in names:
                    self._start(number, job)

    # Runs

    def _start(self, number: int, job: JobOf) -> None:
        github, now = self.code.github, self.code.github.moment
        earlier = sum(run.job == job for run in self.runs)
        is_given = earlier < len(job.conclusions)
        conclusion = job.conclusions[earlier] if is_given else "success"
        workflow = self._workflow(number, job)
        execution = self._execution(workflow, job, conclusion)
        check = {
            "id": execution.id,
            "name": job.name,
            "head_sha": self.code.pulls[number].sha,
            "details_url": self._address(workflow, execution),
            "status": "queued",
            "started_at": stamp(now),
            "output": {},
            "annotations": [],
            "app": APP,
            "suite": workflow.id + 7,
        }
        github.checks[execution.id] = check
        begins = now + timedelta(minutes=job.queued)
        ends = begins + timedelta(minutes=job.minutes)
        self.runs.append(Run(number, job, check, execution, begins, ends, conclusion))

    def _workflow(self, number: int, job: JobOf) -> WorkflowRun:
        """One for each workflow and commit."""
        pull = self.code.pulls[number]
        key = (number, job.workflow, pull.sha)
        if key not in self._workflows:
            self._workflows[key] = self.code.github.actions.run(
                (), job.workflow, "pull_request", pull.branch, self.code.github.moment, sha=pull.sha
            )
        return self._workflows[key]

    def _execution(self, workflow: WorkflowRun, job: JobOf, conclusion: str) -> Job:
        actions = self.code.github.actions
        (execution,) = actions.made([(job.name, None)], self.code.github.moment)
        execution.log = job.log if conclusion == "failure" else execution.log
        workflow.last.jobs.append(execution)
        return execution

    def _address(self, workflow: WorkflowRun, execution: Job) -> str:
        repo = self.code.github.repo
        return f"{WEB}/{repo}/actions/runs/{workflow.id}/job/{execution.id}"
