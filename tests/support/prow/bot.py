"""The double at work: it hears of comments, pushes and closings, and runs jobs in made-up time."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from tests.support.github.code import Code
from tests.support.github.publishing import add_status
from tests.support.github.records import Comment
from tests.support.prow.comments import Decision, decided
from tests.support.prow.jobs import TICDC, Job, Outcome

BOT = "ti-chi-bot"
TIDE = "tide"
UNTRUSTED = (
    "Cannot trigger testing until a trusted user reviews the PR and leaves an `/ok-to-test` message"
)
ABORTED = "Aborted by trigger plugin."
OLDER = "Aborted as the newer version of this job is running."
_ENDS = {
    Outcome.PASS: "Jenkins job succeeded.",
    Outcome.FAIL: "Jenkins job failed.",
    Outcome.INFRA: "Error starting Jenkins job.",
}


@dataclass
class Run:
    """A run of a job. `ended`: when it ends by itself; `state`: while it is going on, "pending"."""

    id: int
    number: int
    job: Job
    sha: str
    ends: datetime
    outcome: Outcome
    state: str = "pending"

    @property
    def is_running(self) -> bool:
        return self.state == "pending"


@dataclass
class Prow:
    """`seed`: of the drawn outcomes. `delay`: from a comment to the first status of its jobs.

    - `is_silent`: it ignores all comments, as while it is down.
    - `started`: the jobs of each comment, in order, by the comment's id.
    """

    code: Code
    jobs: tuple[Job, ...] = TICDC
    seed: int = 7
    runs: list[Run] = field(default_factory=list)
    started: dict[int, tuple[str, ...]] = field(default_factory=dict)
    is_silent: bool = False

    def __post_init__(self) -> None:
        self._random = Random(self.seed)
        self.code.listeners.append(self)
        self.code.github.bots.add(BOT)

    # Time

    def next_end(self) -> datetime | None:
        """When the next run ends."""
        return min((run.ends for run in self.runs if run.is_running), default=None)

    def advance(self, seconds: float) -> None:
        """Move the server's clock, and end runs at their times."""
        github = self.code.github
        with github.lock:
            until = github.now + timedelta(seconds=seconds)
            while (end := self.next_end()) is not None and end <= until:
                github.now = max(end, github.now)
                self._end_due()
            github.now = max(github.now, until)

    def _end_due(self) -> None:
        now = self.code.github.now
        for run in self.runs:
            if run.is_running and run.ends <= now:
                self._report(run, run.outcome.value, _ENDS[run.outcome])
                if run.outcome is not Outcome.PASS:
                    self._comment_failures(run)

    # Events

    def opened(self, number: int) -> None:
        pull = self.code.pulls[number]
        self._tide(pull.sha, "pending", "Not mergeable. Needs approved, lgtm labels.")
        is_trusted = self._is_trusted(number, self.code.issue(number).author)
        if not is_trusted or pull.draft or not self.code.can_merge(pull):
            return
        for job in self.jobs:
            if job.is_automatic:
                self._start(job, number)

    def pushed(self, number: int, before: str) -> None:
        self._abort(number, ABORTED)
        self.opened(number)

    def closed(self, number: int) -> None:
        self._abort(number, ABORTED)

    def commented(self, number: int, comment: Comment) -> None:
        issue = self.code.issue(number)
        if self.is_silent or comment.author == BOT or issue.state != "open":
            return
        contexts, failed = self._contexts(number)
        decision = decided(comment.body, self.jobs, contexts, failed)
        self._skip_or_override(number, comment, decision, failed)
        if not decision.is_for_trigger:
            return
        if not self._is_trusted(number, comment.author):
            self._say(number, f"@{comment.author}: {UNTRUSTED}.")
            return
        if decision.is_ok_to_test and self._is_member(comment.author):
            self.code.github.label(number, "ok-to-test")
        if decision.help:
            self._say(number, f"@{comment.author}: {decision.help}\n{self._commands()}")
            return
        if not self.code.can_merge(self.code.pulls[number]):
            return
        self.started[comment.id] = decision.start
        for job in self.jobs:
            if job.name in decision.start:
                self._start(job, number)

    # Trust

    def _is_member(self, login: str) -> bool:
        return login in self.code.members | self.code.collaborators

    def _is_trusted(self, number: int, login: str) -> bool:
        """Apps are in neither list. A member's /ok-to-test is a label."""
        return self._is_member(login) or "ok-to-test" in self.code.issue(number).labels

    # Runs

    def _start(self, job: Job, number: int) -> None:
        now = self.code.github.moment
        pull = self.code.pulls[number]
        self._abort(number, OLDER, job.name)
        earlier = sum(run.job.name == job.name for run in self.runs)
        is_given = earlier < len(job.outcomes)
        outcome = job.outcomes[earlier] if is_given else self._drawn(job)
        lasts = job.duration * self._random.uniform(0.9, 1.2)
        lasts = timedelta(minutes=1) if outcome is Outcome.INFRA else lasts
        run = Run(len(self.runs) + 1, number, job, pull.sha, now + lasts, outcome)
        self.runs.append(run)
        self._status(run, "pending", "Jenkins job triggered.")

    def _drawn(self, job: Job) -> Outcome:
        chance = self._random.random()
        if chance < job.infra_rate:
            return Outcome.INFRA
        return Outcome.FAIL if chance < job.infra_rate + job.failure_rate else Outcome.PASS

    def _abort(self, number: int, reason: str, job: str = "") -> None:
        for run in self.runs:
            is_meant = run.number == number and job in ("", run.job.name)
            if is_meant and run.is_running:
                self._report(run, "failure", reason)

    def _report(self, run: Run, state: str, description: str) -> None:
        run.state = state
        self._status(run, state, description)

    def _status(self, run: Run, state: str, description: str) -> None:
        pull = self.code.pulls[run.number]
        ending = f" BaseSHA:{pull.base_sha}"
        padded = description[: 140 - len(ending)].ljust(140 - len(ending), "\u2001") + ending
        given = {
            "state": state,
            "context": run.job.status_context,
            "description": padded,
            "target_url": self.url(run),
        }
        add_status(self.code.github, run.sha, given, BOT)

    def url(self, run: Run) -> str:
        """Jenkins' or Kubernetes' page of a run."""
        org, _, repo = self.code.github.repo.partition("/")
        if run.job.agent == "jenkins":
            path = run.job.name.replace("-", "_")
            folder = f"job/{org}/job/{repo}/job/{path}"
            return f"https://prow.tidb.net/jenkins/{folder}/{run.id}/display/redirect"
        place = f"pr-logs/pull/{org}_{repo}/{run.number}/{run.job.name}/{run.id}"
        return f"https://prow.tidb.net/view/gs/prow-tidb-logs/{place}"

    def _tide(self, sha: str, state: str, description: str) -> None:
        given = {"state": state, "context": TIDE, "description": description}
        add_status(self.code.github, sha, given, BOT)

    def _contexts(self, number: int) -> tuple[set[str], set[str]]:
        """The contexts of the head commit, and those whose newest state is a failure."""
        statuses = self.code.github.statuses.get(self.code.pulls[number].sha, [])
        newest = {status["context"]: status["state"] for status in statuses}
        failed = {name for name, state in newest.items() if state in ("failure", "error")}
        return set(newest), failed

    # Words

    def _skip_or_override(
        self, number: int, comment: Comment, decision: Decision, failed: set[str]
    ) -> None:
        """`/skip` concerns optional jobs that failed; `/override` needs a member."""
        sha = self.code.pulls[number].sha
        for job in self.jobs:
            context = job.status_context
            given = {"state": "success", "context": context}
            if decision.skips and job.is_optional and context in failed:
                add_status(self.code.github, sha, given | {"description": "Skipped"}, BOT)
            if context in decision.overrides and self._is_member(comment.author):
                words = f"Overridden by {comment.author}"
                add_status(self.code.github, sha, given | {"description": words}, BOT)
                self._forget(number, job)

    def _forget(self, number: int, job: Job) -> None:
        """An overridden run says no more."""
        for run in self.runs:
            if run.number == number and run.job.name == job.name and run.is_running:
                run.state = "overridden"

    def _comment_failures(self, run: Run) -> None:
        """One comment of a table, the newest in place of the one before."""
        mark = "<!-- test report -->"
        issue = self.code.issue(run.number)
        issue.comments[:] = [
            one for one in issue.comments if not (one.author == BOT and mark in one.body)
        ]
        row = f"{run.job.name} | {run.sha} | [link]({self.url(run)}) | `{run.job.rerun_command}`"
        self._say(run.number, f"Test name | Commit | Details | Rerun command\n{row}\n\n{mark}")

    def _commands(self) -> str:
        lines = "\n".join(f"* `{job.rerun_command}`" for job in self.jobs)
        return f"The following commands are available to trigger jobs:\n```\n{lines}\n```"

    def _say(self, number: int, text: str) -> None:
        github = self.code.github
        github.add_comment(self.code.issue(number), text, BOT, github.moment)
