"""A session: what it runs on which commits, and the events that happen in it.

Events are numbered from 1 in each session. The numbers rise, and need not be consecutive: after a
restart of the server they go on at a multiple of 1,048,576.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from ci_stat.commit_tests.model import (
    Command,
    Limits,
    Outcome,
    OutputLine,
    RunResult,
    StepEnded,
    StepStarted,
    TestRequest,
)
from ci_stat.errors import CannotTell, CiStatError, DidNotPass, UsageError

MAX_COMMIT_NAMES = 1000
_MAX_TEXT = 200  # characters of a name that a client chooses


class SessionRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A command, and the commits to run it on. The other fields are those of `TestRequest`.

    - `commits`: SHAs, branches, tags, `HEAD~2`, or ranges `A..B`; the server resolves them.
    - `backend`: empty for that of the server.
    - `user`: whose quota counts; empty for the user of the token.
    - `chat`: names the conversation that the session belongs to.
    """

    repository: str
    commits: tuple[str, ...]
    command: Command
    project_type: str = "generic"
    setup: Command | None = None
    environment: tuple[str, ...] = ()
    limits: Limits | None = None
    network: bool = False
    junit: tuple[str, ...] = ()
    backend: str = ""
    user: str = ""
    chat: str = ""

    def __post_init__(self) -> None:
        if not self.commits:
            raise UsageError("No commit is named.", "Name one, such as HEAD, or a range A..B.")
        if len(self.commits) > MAX_COMMIT_NAMES:
            names = f"{len(self.commits):,} commits are more than {MAX_COMMIT_NAMES:,}."
            raise UsageError(names, "Name fewer, or a range.")
        for name in ("backend", "user", "chat"):
            if len(getattr(self, name)) > _MAX_TEXT:
                raise UsageError(f"The {name} has over {_MAX_TEXT} characters.", "Shorten it.")
        for commit in self.commits:
            self.of_commit(commit)

    def __repr__(self) -> str:
        """Without values of variables: they may be secrets."""
        return f"SessionRequest(commits={self.commits!r}, command={self.command!r})"

    def of_commit(self, commit: str) -> TestRequest:
        """Return the request for one commit. Raises UsageError."""
        return TestRequest(
            repository=self.repository,
            commit=commit,
            command=self.command,
            project_type=self.project_type,
            setup=self.setup,
            environment=self.environment,
            limits=self.limits,
            network=self.network,
            junit=self.junit,
        )


class _Happening(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Something that happens in a session."""


class CommitsResolved(_Happening, frozen=True, kw_only=True, tag="commits_resolved"):
    """The full SHAs, each once. Other events name a commit by its `index`, from 0."""

    commits: tuple[str, ...]


class RunStarted(_Happening, frozen=True, kw_only=True, tag="run_started"):
    """A commit begins to run. `attempt`: above 1 if the server ended during an earlier one."""

    index: int
    commit: str
    backend: str
    attempt: int = 1


class RunProgress(_Happening, frozen=True, kw_only=True, tag="run_progress"):
    """A step begins, prints a line, or ends."""

    index: int
    event: StepStarted | OutputLine | StepEnded


class RunFinished(_Happening, frozen=True, kw_only=True, tag="run_finished"):
    """A commit has its result. There is one for each commit.

    `unsent_lines`: lines of the output that no event has, because the session printed too much; the
    kept output has them. `cut_texts`: texts and names that were cut from the result, because it was
    too large for a frame.
    """

    index: int
    result: RunResult
    unsent_lines: int = 0
    cut_texts: int = 0


class RunInterrupted(_Happening, frozen=True, kw_only=True, tag="run_interrupted"):
    """The server ended while the commit ran. It runs again, unless the backend still has it."""

    index: int


class CancelRequested(_Happening, frozen=True, kw_only=True, tag="cancel_requested"):
    """Somebody cancelled the session: runs end, and the rest does not begin."""


class SessionEnded(_Happening, frozen=True, kw_only=True, tag="session_ended"):
    """The last event of a session.

    `counts`: results by outcome. `problem`: why no commit could run, such as an unknown branch.
    `hint`: what to do about it.
    """

    counts: dict[Outcome, int] = {}
    problem: str = ""
    hint: str = ""


SessionEvent = (
    CommitsResolved
    | RunStarted
    | RunProgress
    | RunFinished
    | RunInterrupted
    | CancelRequested
    | SessionEnded
)


class NumberedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a session, with its number and the time at which it was stored."""

    seq: int
    at: datetime
    body: SessionEvent


class SessionState(StrEnum):
    """How far a session is. STOPPED: until the server restarts, because its disk failed."""

    RUNNING = "running"
    CANCELLING = "cancelling"
    STOPPED = "stopped"
    ENDED = "ended"


class SessionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A session in a list. `commits`: 0 until they are resolved. `last`: the newest number."""

    session: str
    user: str
    submitted: datetime
    state: SessionState
    repository: str
    command: Command
    commits: int = 0
    counts: dict[Outcome, int] = {}
    problem: str = ""
    chat: str = ""
    last: int = 0


def counted(results: Iterable[RunResult]) -> dict[Outcome, int]:
    """Count results by outcome, in the order of the outcomes."""
    outcomes = [result.outcome for result in results]
    return {outcome: outcomes.count(outcome) for outcome in Outcome if outcome in outcomes}


def error_of(counts: dict[Outcome, int]) -> CiStatError | None:
    """The error that a command ends with; None if all commits passed.

    A commit that failed decides, whatever became of the others.
    """
    said = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in counts.items())
    if set(counts) == {Outcome.PASSED}:
        return None
    if set(counts) & {Outcome.FAILED, Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY}:
        return DidNotPass(f"Not all commits passed: {said}.")
    return CannotTell(f"Not all commits have a result: {said}.", "Run them again.")
