"""The content of GitHub Actions: workflow runs with their attempts, jobs and logs, and pull
requests.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

MINUTE = timedelta(minutes=1)
LOG = b"2026-01-05T09:01:00.0000000Z Run make test\n"


@dataclass
class Job:
    """One execution of a job.

    - `conclusion`: None while it runs. `attempt`: the attempt in which it ran.
    - `log`: its text. `log_status`: 200, or the status without a log: 404, or 410 after retention.
    """

    id: int
    name: str
    conclusion: str | None
    created_at: datetime
    started_at: datetime
    completed_at: datetime | None
    attempt: int = 1
    log: bytes = LOG
    log_status: int = 200
    runner: str | None = "GitHub Actions 1"

    @property
    def status(self) -> str:
        return "in_progress" if self.conclusion is None else "completed"


@dataclass
class Attempt:
    """One execution of a workflow run."""

    jobs: list[Job]
    started_at: datetime
    conclusion: str | None

    @property
    def status(self) -> str:
        return "in_progress" if self.conclusion is None else "completed"


@dataclass
class WorkflowRun:
    """A workflow run. `listed`: numbers of the open pull requests that GitHub lists with it."""

    id: int
    number: int
    workflow: str
    event: str
    branch: str | None
    sha: str
    created_at: datetime
    updated_at: datetime
    attempts: list[Attempt]
    actor: str = "someone"
    title: str = "a commit"
    path: str = ".github/workflows/ci.yml"
    head_repo: str = ""
    listed: tuple[int, ...] = ()

    @property
    def last(self) -> Attempt:
        return self.attempts[-1]


@dataclass
class Pull:
    """A pull request. `head_repo`: the fork, or "" if the fork was deleted."""

    number: int
    title: str
    author: str
    branch: str
    sha: str
    head_repo: str
    base: str = "master"
    state: str = "open"
    merged: bool = False
    created_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Actions:
    """All of it, and how the server behaves.

    - `cap`: results of a search. `count_capped`: `total_count` never exceeds it.
    - `denied`: parts without permission, `actions` or `pulls`.
    - `sign_seconds`: how long an address of a log is valid. `ranges`: the storage sends parts.
    - `storage_faults`: what the next downloads meet: a status, or `cut`.
    """

    repo: str
    now: datetime
    runs: dict[int, WorkflowRun] = field(default_factory=dict)
    pulls: dict[int, Pull] = field(default_factory=dict)
    cap: int = 1_000
    count_capped: bool = False
    denied: set[str] = field(default_factory=set)
    sign_seconds: float = 60
    ranges: bool = True
    storage_faults: list[int | str] = field(default_factory=list)
    downloads: list[str] = field(default_factory=list)
    storage_port: int = 0
    elsewhere: str = ""  # an address that logs redirect to instead of the storage

    def __post_init__(self) -> None:
        self._runs = count(20_000_000_001)
        self._jobs = count(60_000_000_001)
        self._numbers = count(1)

    @property
    def storage(self) -> str:
        return f"http://127.0.0.1:{self.storage_port}"

    def run(
        self,
        jobs: str | Iterable[tuple[str, str | None]] = "success",
        workflow: str = "CI",
        event: str = "push",
        branch: str | None = "master",
        at: datetime | None = None,
        conclusion: str | None = "",
        **more: object,
    ) -> WorkflowRun:
        """Add a run with one attempt.

        `jobs`: pairs of name and conclusion, or the conclusion of one job named `test`. `at`: when
        it was created. `conclusion`: of the run, by default the worst of its jobs.
        """
        at = at or self.now - timedelta(hours=1)
        number = next(self._numbers)
        run = WorkflowRun(
            id=next(self._runs),
            number=number,
            workflow=workflow,
            event=event,
            branch=branch,
            sha=f"{number:040x}",
            created_at=at,
            updated_at=at,
            attempts=[],
            head_repo=self.repo,
        )
        run = replace(run, **more)  # type: ignore[arg-type]  # fields by name
        self.runs[run.id] = run
        self._add_attempt(run, self.made(jobs, at, 1), at, conclusion)
        return run

    def made(
        self, jobs: str | Iterable[tuple[str, str | None]], at: datetime, attempt: int = 1
    ) -> list[Job]:
        """Jobs that belong to no run yet."""
        named = [("test", None if jobs == "running" else jobs)] if isinstance(jobs, str) else jobs
        made = []
        for name, conclusion in named:
            started = at + timedelta(seconds=20)
            completed = None if conclusion is None else started + 3 * MINUTE
            made.append(Job(next(self._jobs), name, conclusion, at, started, completed, attempt))
        return made

    def _add_attempt(
        self, run: WorkflowRun, jobs: list[Job], at: datetime, conclusion: str | None
    ) -> None:
        run.attempts.append(Attempt(jobs, at, _worst(jobs) if conclusion == "" else conclusion))
        ends = [job.completed_at for job in jobs if job.completed_at is not None]
        run.updated_at = max([at, *ends])

    def rerun(
        self,
        run: WorkflowRun,
        jobs: str | Iterable[tuple[str, str | None]],
        at: datetime | None = None,
        reappear: str = "",
        conclusion: str | None = "",
    ) -> None:
        """Add an attempt.

        `reappear`: whether the successful jobs of the attempt before are listed again: `same` with
        their ids, `copied` with new ids and their old times.
        """
        at = at or run.updated_at + timedelta(minutes=30)
        number = len(run.attempts) + 1
        kept = [job for job in run.last.jobs if job.conclusion == "success"] if reappear else []
        if reappear == "copied":
            kept = [
                replace(job, id=next(self._jobs), attempt=number, created_at=at) for job in kept
            ]
        self._add_attempt(run, [*kept, *self.made(jobs, at, number)], at, conclusion)

    def finish(self, run: WorkflowRun, conclusion: str, at: datetime | None = None) -> None:
        """End the jobs that run, and the run."""
        at = at or run.updated_at + 5 * MINUTE
        for job in run.last.jobs:
            if job.conclusion is None:
                job.conclusion, job.completed_at = conclusion, at
        run.last.conclusion = _worst(run.last.jobs)
        run.updated_at = at

    def pull(self, number: int, title: str = "a change", **more: object) -> Pull:
        """Add a pull request from the repository itself, or from `head_repo`."""
        pull = Pull(number, title, "alice", f"branch-{number}", f"{number:040x}", self.repo)
        self.pulls[number] = replace(pull, **more)  # type: ignore[arg-type]  # fields by name
        return self.pulls[number]

    def jobs(self, run: WorkflowRun) -> list[Job]:
        """All jobs of all attempts, each id once."""
        return list({job.id: job for attempt in run.attempts for job in attempt.jobs}.values())

    def job(self, number: int) -> tuple[WorkflowRun, Job] | None:
        for run in self.runs.values():
            for job in self.jobs(run):
                if job.id == number:
                    return run, job
        return None


def _worst(jobs: Iterable[Job]) -> str | None:
    conclusions = {job.conclusion for job in jobs}
    if None in conclusions:
        return None
    order = ("failure", "timed_out", "cancelled", "action_required", "success")
    return next((word for word in order if word in conclusions), "skipped")
