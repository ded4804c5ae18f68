"""Values of stability campaigns: what is asked for, what was done, and what the jobs said.

All times are aware, in UTC.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class FileMode(StrEnum):
    """How the commit of a probe differs from its base."""

    NEW = "new"  # a new file with a unique name
    LINE = "line"  # a line in an existing file, distinct for each probe


class Ending(StrEnum):
    """What becomes of the pull request of a probe at its end."""

    CLOSE = "close"  # and delete its branch
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one campaign. 0: no limit."""

    pull_requests: int = 0
    comments: int = 0
    hours: float = 0


@dataclass(frozen=True, slots=True)
class Spec:
    """What a campaign does.

    - `repo`: `owner/name` of the base branch. `fork`: where branches are created; `repo` if none.
    - `count`: number of probes. `stagger`: from the opening of one to that of the next.
    - `file`: the existing file for `FileMode.LINE`; the folder of new files for `FileMode.NEW`.
    - `commands`: lines to comment, in one comment or one each (`comment_each`).
    - `contexts`: the statuses and check runs that decide, by exact name.
    - `deadline`: for each probe, from its own trigger. `grace`: without any sign of a job, before
      the command is repeated once, and again before the job counts as not triggered.
    - `kept_limit`: how many kept pull requests of all campaigns on the branch may stay open.
    - `target_rate`: failure rate that the campaign is to rule out, 0 to 1; 0 if none is named.
    - `until_decided`: end early when it is decided whether the failure rate is below the target.
    """

    repo: str
    branch: str
    fork: str = ""
    count: int = 10
    stagger: timedelta = timedelta(minutes=30)
    file_mode: FileMode = FileMode.NEW
    file: str = ""
    title: str = "stability-test"
    body: str = ""
    labels: tuple[str, ...] = ()
    draft: bool = False
    commands: tuple[str, ...] = ()
    comment_each: bool = False
    contexts: tuple[str, ...] = ()
    deadline: timedelta = timedelta(hours=6)
    grace: timedelta = timedelta(minutes=15)
    budget: Budget = field(default_factory=Budget)
    passed: Ending = Ending.CLOSE
    failed: Ending = Ending.KEEP
    kept_limit: int = 20
    target_rate: float = 0
    until_decided: bool = False

    @property
    def branches_repo(self) -> str:
        """The repository in which branches are created."""
        return self.fork or self.repo


class JobState(StrEnum):
    """The state of an expected job of one probe."""

    WAITING = "waiting"  # no status or check run yet
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    INFRA = "infra"  # the CI failed to run it
    ABORTED = "aborted"
    OVERRIDDEN = "overridden"  # a person set or skipped it
    NOT_TRIGGERED = "not_triggered"
    TIMED_OUT = "timed_out"
    SUPERSEDED = "superseded"  # the head commit or the base branch was changed


OPEN_STATES = frozenset({JobState.WAITING, JobState.RUNNING})
COUNTED_STATES = frozenset({JobState.PASSED, JobState.FAILED})


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure in the log of a job.

    `known`: "", "flaky", "issue" or "new". `url`: of the issue. `kind`: a `FailureKind`.
    """

    name: str
    message: str = ""
    known: str = ""
    url: str = ""
    kind: str = "case"


@dataclass(frozen=True, slots=True)
class JobResult:
    """What is known about one expected job of a probe: its first result.

    `reruns`: later results on the same commit, after a person asked for them. They do not count.
    `log_state`: why `failures` is empty, or "".
    """

    context: str
    state: JobState = JobState.WAITING
    url: str = ""
    description: str = ""
    reason: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    reruns: int = 0
    failures: tuple[Failure, ...] = ()
    log_state: str = ""

    @property
    def is_terminal(self) -> bool:
        return self.state not in OPEN_STATES


class ProbeState(StrEnum):
    """How far a probe is."""

    PLANNED = "planned"
    OPENING = "opening"  # its commit, branch, pull request and comments are being created
    WATCHING = "watching"
    ENDING = "ending"  # all jobs are terminal: its last comment and closing remain
    CLOSED = "closed"
    KEPT = "kept"
    BLOCKED = "blocked"  # it could not be opened, e.g. for a conflict
    CANCELLED = "cancelled"  # never opened, or closed before its jobs ended


FINAL_STATES = frozenset(
    {ProbeState.CLOSED, ProbeState.KEPT, ProbeState.BLOCKED, ProbeState.CANCELLED}
)


@dataclass(frozen=True, slots=True)
class Probe:
    """One pull request of a campaign.

    - `position`: 1 to `Spec.count`. `due`: when it is to be opened.
    - `nonce`: hex digits that only this probe has: in its branch, commit, file and body.
    - `base_sha`, `head_sha`, `committed`: of its commit; "" and None before it is prepared.
    - `number`, `url`: of the pull request; 0 and "" before it exists.
    - `triggered`: when the last command was commented, or else when it was opened.
    - `repeated`: how often the commands were repeated. `commanded`: when the last one was begun.
    - `polled`: when its results were last read.
    """

    position: int
    due: datetime
    nonce: str
    state: ProbeState = ProbeState.PLANNED
    branch: str = ""
    base_sha: str = ""
    head_sha: str = ""
    committed: datetime | None = None
    number: int = 0
    url: str = ""
    opened: datetime | None = None
    triggered: datetime | None = None
    repeated: int = 0
    commanded: datetime | None = None
    polled: datetime | None = None
    ended: datetime | None = None
    jobs: tuple[JobResult, ...] = ()
    reason: str = ""


class CampaignState(StrEnum):
    """How far a campaign is."""

    RUNNING = "running"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Move:
    """A repository of the spec, and its name since it moved."""

    repo: str
    name: str


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign and its probes, by position.

    `id`: 12 hex digits. `reason`: why it ended before all probes were opened, or "".
    `moves`: repositories that got another name while it ran.
    """

    id: str
    spec: Spec
    started: datetime
    state: CampaignState = CampaignState.RUNNING
    ended: datetime | None = None
    probes: tuple[Probe, ...] = ()
    reason: str = ""
    moves: tuple[Move, ...] = ()
