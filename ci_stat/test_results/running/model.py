"""Values of a run of tests: shards, what ran, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ci_stat.records.case_results import CaseResult
from ci_stat.test_results.model import Counts
from ci_stat.test_results.running.collected import Collected


@dataclass(frozen=True, slots=True)
class Unit:
    """What a runner can run alone: a file or a package. `tests`: names, if they are known."""

    name: str
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command of a runner, and where its results will be.

    - `results`: the file that it writes; None with `patterns`.
    - `patterns`: the files that change below the folder.
    - `output`: where standard output goes, if it is the result file.
    - `finished`: a file in which the runner names the tests that ended, one a line.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    results: Path | None = None
    patterns: tuple[str, ...] = ()
    output: Path | None = None
    finished: Path | None = None


@dataclass(frozen=True, slots=True)
class Rerun:
    """A retry of some tests. `invocation`: None, with a `reason`, if it is not possible."""

    cases: tuple[CaseResult, ...]
    invocation: Invocation | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Shard:
    """A part of the tests. `units`: empty for all. `seconds`: expected; None if unknown.

    `unit_word`: what a unit is called, for people.
    """

    number: int
    units: tuple[Unit, ...] = ()
    seconds: float | None = None
    unit_word: str = "file"


@dataclass(frozen=True, slots=True)
class Execution:
    """A runner that ended.

    - `attempt`: from 1.
    - `problems`: why its results are not whole.
    - `output`: with problems, the last lines that the runner printed, without secrets.
    - `left_out`: bytes of what it printed beyond the limit of a log.
    """

    shard: int
    attempt: int
    units: tuple[str, ...]
    expected_seconds: float | None
    seconds: float
    code: int | None
    signal: str
    is_timeout: bool
    is_stopped: bool
    tests: int
    problems: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to run. `timeout`: seconds of a shard; `labels`: the entry of a matrix."""

    workers: int = 1
    timeout: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class TestRun:
    """A whole run.

    - `id`: tells runs apart. `repeats`: the id of the run whose failed tests it ran again.
    - `missing`: tests, files or packages that the runner never reported.
    - `problems`: why the results are not whole; with any, it is unknown whether all passed.
    - `notes`: what a reader should know besides.
    """

    __test__ = False  # pytest collects classes of this name

    runner: str
    labels: Mapping[str, str]
    started: datetime
    id: str = ""
    repeats: str = ""
    tests: Collected = field(default_factory=Collected)
    executions: list[Execution] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    retried: int = 0
    seconds: float = 0.0
    is_interrupted: bool = False

    @property
    def counts(self) -> Counts:
        return self.tests.counts

    @property
    def is_whole(self) -> bool:
        has_all = not (self.problems or self.missing or self.is_interrupted)
        return has_all and len(self.tests) > 0


class Display:
    """What a run reports while it works. This one shows nothing."""

    def begin(self, shards: Sequence[Shard], attempt: int) -> None:
        """Shards, or retries if `attempt` is above 1, are about to start."""

    def started(self, shard: Shard) -> None:
        """A worker has started the shard."""

    def finished_tests(self, shard: Shard, count: int) -> None:
        """So many tests of the shard have ended."""

    def ended(self, shard: Shard, execution: Execution, failed: int) -> None:
        """The shard has ended; `failed` of its tests failed."""

    def note(self, text: str) -> None:
        """Something that a person should know now."""
