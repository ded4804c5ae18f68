"""A made-up forge in memory, in the time of a given clock. It has what a campaign needs."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random

from ci_stat.demo.forge.jobs import JOBS, DemoJob, DemoRun, commanded, drawn_run
from ci_stat.records import DeliveryState, IssueComment
from ci_stat.records.forge import CommitSignal, ForgeWrite, NewFile, PullState, RepositoryInfo

REPO = "demo/shop"
USER = "demo-user"


@dataclass
class DemoForge:
    """One repository with the branch `main`. `clock`: the aware present."""

    clock: Callable[[], datetime]
    jobs: Sequence[DemoJob] = JOBS
    seed: int = 7
    heads: dict[str, str] = field(default_factory=lambda: {"main": "c0ffee" * 6 + "c0ff"})
    pulls: dict[int, PullState] = field(default_factory=dict)
    runs: list[DemoRun] = field(default_factory=list)
    notes: dict[int, list[IssueComment]] = field(default_factory=dict)
    commits: dict[str, tuple[NewFile, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)

    # Reads

    def name_of(self, repo: str) -> str:
        return repo

    def viewer(self) -> str:
        return USER

    def scopes(self) -> tuple[str, ...] | None:
        return ("repo",)

    def repository(self, repo: str) -> RepositoryInfo:
        return RepositoryInfo(repo, "main", False, False, can_pull=True, can_push=True)

    def is_collaborator(self, login: str) -> bool | None:
        return login == USER

    def is_member(self, login: str) -> bool | None:
        return login == USER

    def branch_head(self, repo: str, branch: str) -> str | None:  # noqa: ARG002
        return self.heads.get(branch)

    def branches(self, repo: str, prefix: str) -> dict[str, str]:  # noqa: ARG002
        return {name: sha for name, sha in self.heads.items() if name.startswith(prefix)}

    def file(self, repo: str, path: str, ref: str) -> str | None:  # noqa: ARG002
        files = (file for file in self.commits.get(ref, ()) if file.path == path)
        return next((file.content for file in files), None)

    def pull(self, number: int) -> PullState | None:
        return self.pulls.get(number)

    def pulls_of(self, branch: str, state: str = "all") -> tuple[PullState, ...]:
        of_branch = (pull for pull in self.pulls.values() if pull.head_branch == branch)
        return tuple(pull for pull in of_branch if state == "all" or pull.is_open)

    def open_pulls(self, base: str) -> tuple[PullState, ...]:
        pulls = (pull for pull in self.pulls.values() if pull.base_branch == base)
        return tuple(pull for pull in pulls if pull.is_open)

    def recent_pulls(self, base: str, limit: int) -> tuple[PullState, ...]:
        of_base = (pull for pull in self.pulls.values() if pull.base_branch == base)
        merged = [pull for pull in of_base if pull.is_merged]
        return tuple(reversed(merged))[:limit]

    def changed_files(self, number: int) -> tuple[str, ...]:
        files = self.commits[self.pulls[number].head_sha]
        return tuple(file.path for file in files)

    def comments(self, number: int) -> tuple[IssueComment, ...]:
        return tuple(self.notes.get(number, ()))

    def signals(self, sha: str) -> tuple[CommitSignal, ...]:
        now = self.clock()
        runs = (run for run in self.runs if run.sha == sha)
        signals = [signal for run in runs for signal in run.signals(now)]
        return tuple(sorted(signals, key=lambda signal: signal.updated))

    # Writes

    def before_writes(self, check: Callable[[], None]) -> AbstractContextManager[None]:
        check()  # nothing waits here
        return nullcontext()

    def create_commit(
        self, base_sha: str, files: Sequence[NewFile], message: str, when: datetime
    ) -> ForgeWrite:
        parts = (
            base_sha,
            message,
            when.isoformat(),
            *(f"{one.path}\n{one.content}" for one in files),
        )
        sha = hashlib.sha1("\0".join(parts).encode(), usedforsecurity=False).hexdigest()
        self.commits[sha] = tuple(files)
        return ForgeWrite(DeliveryState.SENT, sha=sha, code=201)

    def create_branch(self, branch: str, sha: str) -> ForgeWrite:
        if branch in self.heads:
            return _refused("Reference already exists")
        self.heads[branch] = sha
        return ForgeWrite(DeliveryState.SENT, sha=sha, code=201)

    def create_pull(
        self,
        branch: str,
        base: str,
        title: str,
        body: str,
        draft: bool,  # noqa: ARG002
    ) -> ForgeWrite:
        if self.pulls_of(branch, "open"):
            return _refused("A pull request already exists for this branch.")
        number = 101 + len(self.pulls)
        url = f"https://forge.example/{REPO}/pull/{number}"
        self.pulls[number] = PullState(
            number,
            url,
            is_open=True,
            is_merged=False,
            title=title,
            body=body,
            author=USER,
            head_repo=REPO,
            head_branch=branch,
            head_sha=self.heads[branch],
            base_branch=base,
            mergeable=True,
            created=self.clock(),
        )
        return ForgeWrite(DeliveryState.SENT, number, url=url, code=201)

    def add_labels(self, number: int, labels: Sequence[str]) -> ForgeWrite:  # noqa: ARG002
        return ForgeWrite(DeliveryState.SENT, number, code=200)

    def create_comment(self, number: int, body: str) -> ForgeWrite:
        notes = self.notes.setdefault(number, [])
        id = 1_000 * number + len(notes)
        now = self.clock()
        notes.append(IssueComment(id, USER, now, body))
        if self.pulls[number].is_open:
            self._start(commanded(body), self.pulls[number].head_sha, now)
        return ForgeWrite(DeliveryState.SENT, id, code=201)

    def close_pull(self, number: int) -> ForgeWrite:
        now, pull = self.clock(), self.pulls[number]
        self.pulls[number] = replace(pull, is_open=False, closed=pull.closed or now)
        self.runs = [run.aborted(now) if run.sha == pull.head_sha else run for run in self.runs]
        return ForgeWrite(DeliveryState.SENT, number, code=200)

    def delete_branch(self, branch: str) -> ForgeWrite:
        self.heads.pop(branch, None)
        for pull in self.pulls_of(branch, "open"):
            self.close_pull(pull.number)
        return ForgeWrite(DeliveryState.SENT, code=204)

    def merge(self, number: int) -> None:
        """Somebody merges a pull request. Its jobs go on."""
        pull, now = self.pulls[number], self.clock()
        self.pulls[number] = replace(pull, is_open=False, is_merged=True, closed=now)

    def push(self, number: int, sha: str) -> None:
        """Somebody pushes to a pull request: its jobs are aborted."""
        now, pull = self.clock(), self.pulls[number]
        self.runs = [run.aborted(now) if run.sha == pull.head_sha else run for run in self.runs]
        self.pulls[number] = replace(pull, head_sha=sha)
        self.heads[pull.head_branch] = sha

    def _start(self, names: Sequence[str], sha: str, now: datetime) -> None:
        for job in self.jobs:
            if job.name not in names:
                continue
            self.runs = [
                run.aborted(now) if (run.sha, run.job) == (sha, job.name) else run
                for run in self.runs
            ]
            self.runs.append(drawn_run(job, len(self.runs) + 1, sha, now, self._random))


def _refused(reason: str) -> ForgeWrite:
    return ForgeWrite(DeliveryState.FAILED, code=422, reason=reason)
