"""Values of a commit test: what to run, what happens while it runs, and what came of it.

Each value is frozen, and has a JSON form: `to_json` and `from_json`. Times are aware, in UTC.
Sizes are in bytes, durations in seconds.
"""

import asyncio
import re
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol, Self

import msgspec

from ci_stat.errors import UsageError
from ci_stat.escape import visible

MIB = 1024 * 1024

# An argv list is run as it is. A string is run by `sh -c`, inside the isolation only.
Command = tuple[str, ...] | str

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PROJECT_TYPE = re.compile(r"[a-z][a-z0-9-]{0,39}")


class Step(StrEnum):
    """What a run does, in this order."""

    CLONE = "clone"
    CHECKOUT = "checkout"
    SETUP = "setup"
    TEST = "test"


class Outcome(StrEnum):
    """How a step or a run ended. Only PASSED and FAILED say something about the commit.

    A run without an exit marker is INFRASTRUCTURE, whatever its output looks like.
    """

    PASSED = "passed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    CANCELLED = "cancelled"
    INFRASTRUCTURE = "infrastructure"


class _Value(msgspec.Struct, frozen=True, kw_only=True):
    """A value with a JSON form."""

    def to_json(self) -> bytes:
        """Return the value as JSON on one line, in UTF-8."""
        return msgspec.json.encode(self)

    @classmethod
    def from_json(cls, data: bytes | str) -> Self:
        """Read the JSON form. Raises UsageError that names the wrong field."""
        try:
            return msgspec.json.decode(data, type=cls)
        except (msgspec.MsgspecError, UnicodeError) as error:
            message = f"Invalid {cls.__name__}: {visible(error, 300)}."
            raise UsageError(message, "docs/commit-tests.md describes the fields.") from None


class Limits(_Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run may use.

    - `seconds`: of the setup, and of the test.
    - `memory`: of all processes together where the backend can count them together, else of each.
    - `processes`: and threads, at once.
    - `file_bytes`: of one file, and of the temporary folder.
    - `disk_bytes`: that the commands may write in all.
    - `output_bytes`: that are kept of the output of a step: half of them from its begin, half from
      its end.
    """

    seconds: float = 3600.0
    memory: int = 4096 * MIB
    processes: int = 512
    file_bytes: int = 1024 * MIB
    disk_bytes: int = 20480 * MIB
    output_bytes: int = 8 * MIB

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if not getattr(self, name) > 0:
                raise UsageError(f"The limit {name} must be above 0.", "Leave it out, or raise it.")


class TestRequest(_Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One commit, and the command to run on it.

    - `repository`: an https or ssh address, or the path of a local repository.
    - `commit`: a full SHA, or whatever else git can resolve to one commit.
    - `command`: an argv list, or a string for `sh -c` inside the isolation.
    - `project_type`: the template that names image, setup and limits.
    - `setup`: the command that runs before; None for that of the template, empty for none.
    - `environment`: the only variables that the commands see besides ours. `NAME` copies the value
      of this machine, where the backend permits the name; `NAME=value` sets it.
    - `limits`: None for those of the template.
    - `network`: whether the test may use the network. The setup follows its template.
    - `junit`: patterns of result files below the checkout.
    """

    __test__: ClassVar[bool] = False  # pytest collects classes of this name

    repository: str
    commit: str
    command: Command
    project_type: str = "generic"
    setup: Command | None = None
    environment: tuple[str, ...] = ()
    limits: Limits | None = None
    network: bool = False
    junit: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_text("repository", self.repository)
        _check_text("commit", self.commit)
        _check_command("command", self.command)
        if not self.command:
            raise UsageError("There is no command to run.", "Give one, such as: make test")
        if self.setup is not None:
            _check_command("setup", self.setup)
        if not _PROJECT_TYPE.fullmatch(self.project_type):
            shown = visible(self.project_type, 80)
            raise UsageError(f"Invalid project type {shown!r}.", "Use a-z, 0-9 and hyphens.")
        for variable in self.environment:
            _check_variable(variable)

    def __repr__(self) -> str:
        """Without values of variables: they may be secrets."""
        names = [variable.partition("=")[0] for variable in self.environment]
        return (
            f"TestRequest(commit={self.commit!r}, command={self.command!r},"
            f" project_type={self.project_type!r}, environment={names!r})"
        )


class StepResult(_Value, frozen=True, kw_only=True):
    """A step that ended.

    - `exit_code`: of its command; None if it did not exit by itself.
    - `signal`: the name of the signal that ended its command, such as SIGSEGV.
    - `detail`: what happened, and what to do next, if it did not pass.
    """

    step: Step
    outcome: Outcome
    started: datetime
    seconds: float
    exit_code: int | None = None
    signal: str = ""
    detail: str = ""


class Output(_Value, frozen=True, kw_only=True):
    """The output of setup and test, as it is kept.

    `cut_bytes` and `cut_lines` were between the kept begin and end. `path`: the file on the machine
    that ran it. `tail`: the last lines.
    """

    total_bytes: int = 0
    total_lines: int = 0
    cut_bytes: int = 0
    cut_lines: int = 0
    path: str = ""
    tail: str = ""


class TestCounts(_Value, frozen=True, kw_only=True):
    """What the result files of the run say. `problems`: files that could not be read, and why."""

    __test__: ClassVar[bool] = False

    files: int = 0
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failed_names: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class LogFailure(_Value, frozen=True, kw_only=True):
    """A failure that the output shows. `fingerprint`: equal for the same failure."""

    case: str
    message: str = ""
    fingerprint: str = ""


class RunResult(_Value, frozen=True, kw_only=True):
    """What came of one commit.

    - `commit`, `tree`: full SHAs; empty if the repository could not be read.
    - `outcome`: of the last step that ran.
    - `environment`: the digest of what the command ran in, part of the key of the cache.
    - `is_cached`: whether an earlier run of the same tree answered.
    - `is_isolated`: False only in the demo, on a machine without bubblewrap.
    """

    commit: str
    outcome: Outcome
    started: datetime
    seconds: float
    backend: str
    tree: str = ""
    exit_code: int | None = None
    signal: str = ""
    detail: str = ""
    steps: tuple[StepResult, ...] = ()
    output: Output = Output()
    tests: TestCounts | None = None
    failures: tuple[LogFailure, ...] = ()
    environment: str = ""
    is_cached: bool = False
    is_isolated: bool = True

    @property
    def last_step(self) -> Step | None:
        """The step that decided; None if none began."""
        return self.steps[-1].step if self.steps else None


class StepStarted(_Value, frozen=True, kw_only=True, tag_field="event", tag="step_started"):
    """A step has begun."""

    step: Step
    at: datetime


class OutputLine(_Value, frozen=True, kw_only=True, tag_field="event", tag="output_line"):
    """A line of output, without its end and without bytes that are not UTF-8.

    `number`: from 1 in each step. `skipped`: lines before this one that were printed too fast to
    be streamed; the kept output has them. `is_cut`: the line was longer.
    """

    step: Step
    number: int
    text: str
    skipped: int = 0
    is_cut: bool = False


class StepEnded(_Value, frozen=True, kw_only=True, tag_field="event", tag="step_ended"):
    """A step has ended."""

    result: StepResult


class RunEnded(_Value, frozen=True, kw_only=True, tag_field="event", tag="run_ended"):
    """The run has ended. This is its last event."""

    result: RunResult


Event = StepStarted | OutputLine | StepEnded | RunEnded

# Takes an event, and never waits: who shows events slowly has to drop or store them.
Emit = Callable[[Event], None]


class Backend(Protocol):
    """Runs commands isolated: `local`, `podman` or `kubernetes`."""

    @property
    def name(self) -> str:
        """The name of the backend."""

    async def run(self, request: TestRequest, emit: Emit, cancel: asyncio.Event) -> RunResult:
        """Run one commit, emit its events (the last one is RunEnded), and return its result.

        Whatever goes wrong is an outcome of the result, not an exception. `cancel` ends the run as
        CANCELLED. If the task itself is cancelled, all processes and folders of the run are gone
        before CancelledError is raised.
        """

    async def environment_digest(self, request: TestRequest) -> str:
        """Return a digest of what the command would run in, for the key of the cache."""


def event_from_json(data: bytes | str) -> Event:
    """Read an event of any kind. Raises UsageError."""
    try:
        event: Event = msgspec.json.decode(data, type=Event)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise UsageError(f"Invalid event: {visible(error, 300)}.", "Compare versions.") from None
    return event


def _check_text(field: str, text: str) -> None:
    """Refuse what git or another program could take for an option, and control characters."""
    shown = visible(text, 120)
    if not text:
        raise UsageError(f"The {field} is empty.", f"Name the {field}.")
    if text.startswith("-"):
        raise UsageError(f"The {field} {shown!r} looks like an option.", "Write it without a -.")
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise UsageError(f"The {field} {shown!r} has control characters.", "Remove them.")


def _check_command(field: str, command: Command) -> None:
    words = (command,) if isinstance(command, str) else command
    if any("\0" in word for word in words):
        raise UsageError(f"The {field} has a NUL character.", "Remove it.")
    if not isinstance(command, str) and command and not command[0]:
        raise UsageError(f"The {field} has no program.", "Begin it with the name of a program.")


def _check_variable(variable: str) -> None:
    name, _, value = variable.partition("=")
    if not _VARIABLE.fullmatch(name):
        shown = visible(name, 80)
        raise UsageError(f"Invalid variable name {shown!r}.", "Write NAME or NAME=value.")
    if "\0" in value:
        raise UsageError(f"The value of {name} has a NUL character.", "Remove it.")
