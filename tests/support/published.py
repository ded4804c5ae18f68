"""Runs of tests that are drawn, and publishers at a GitHub on loopback that can be killed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from ci_stat.connectors.github.pull_requests import PullRequests
from ci_stat.records.case_results import Outcome
from ci_stat.records.run_info import RunInfo
from ci_stat.store.results.read import StoredRun
from ci_stat.store.state.outbox import Outbox
from ci_stat.store.state.outbox_table import CallTable
from ci_stat.test_results.model import Counts, FileReport
from ci_stat.test_results.publishing.comments import CommentPublisher
from ci_stat.test_results.publishing.model import (
    Baseline,
    Case,
    CaseHistory,
    Collected,
    Failure,
    Links,
    Publication,
    Standing,
)
from ci_stat.test_results.publishing.recorded import FEATURE, RecordedCalls
from tests.support.connectors import FakeTime
from tests.support.github import GitHub

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def run_info(job: str = "unit", number: int | None = 7, **more: Any) -> RunInfo:
    known: dict[str, Any] = {
        "commit": COMMIT,
        "pull": 12,
        "url": "https://ci.example/run/7",
        "started": datetime(2026, 11, 20, 10, tzinfo=UTC),
    }
    return RunInfo(job, number, **(known | more))


def case(name: str, message: str = "got 17, want 18", **more: Any) -> Case:
    return Case(f"c1:{name}", name, Outcome.FAILED, message, **more)


def failure(name: str, standing: Standing = Standing.BROKEN, **more: Any) -> Failure:
    earlier = StoredRun(3, run_info(number=3, pull=None, url="https://ci.example/run/3"))
    histories = {
        Standing.BROKEN: CaseHistory(9, last_passed=earlier, commits=9),
        Standing.BEFORE: CaseHistory(9, 5, earlier, None, 0, 9),
        Standing.FLAKY: CaseHistory(9, last_passed=earlier, mixed=2, commits=9),
        Standing.UNKNOWN: CaseHistory(),
    }
    return Failure(case(name, **more), standing, histories[standing])


def publication(
    failures: Sequence[Failure] = (),
    passed: int = 10,
    run: RunInfo | None = None,
    files: Sequence[FileReport] = (),
    flaky: Sequence[Case] = (),
    **more: Any,
) -> Publication:
    counts = Counts(
        tests=passed + len(failures),
        runs=passed + len(failures) + len(flaky),
        passed=passed,
        failed=len(failures),
        flaky=len(flaky),
        seconds=187.0,
    )
    collected = Collected(
        run or run_info(),
        counts,
        tuple(one.case for one in failures),
        tuple(flaky),
        tuple(files),
    )
    options: dict[str, Any] = {"baseline": Baseline("main", 9, 3, 170.0), "links": Links()} | more
    return Publication(collected, tuple(failures), **options)


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Kill:
    """Ends the process before or after the nth step; 0 for never. `steps`: how many there were."""

    at: int = 0
    after: bool = False
    steps: int = 0

    def around(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        self.steps += 1
        is_here = self.steps == self.at
        if is_here and not self.after:
            raise Killed
        result = call(*arguments, **named)
        if is_here:
            raise Killed
        return result


@dataclass
class Steps:
    """An object whose calls are steps at which its process can be killed."""

    real: Any
    kill: Kill

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.real, name)
        if not callable(value) or name in ("close", "now", "wait_to_write"):
            return value
        return lambda *arguments, **named: self.kill.around(value, *arguments, **named)


@dataclass
class Process:
    """One process of ci-stat that publishes. Nobody sees an earlier one alive."""

    hub: GitHub
    state: Engine
    kill: Kill = field(default_factory=Kill)
    name: str = "host:1:a.1"
    alive: bool = False
    time: FakeTime = field(default_factory=FakeTime)

    @property
    def github(self) -> PullRequests:
        quick: dict[str, Any] = {
            "between_reads": 0.0,
            "between_writes": 0.0,
            "wall": self.time.clock,
        }
        token = self.hub.token
        return PullRequests(self.hub.url, self.hub.repo, token, **quick, **self.time.options)

    @property
    def calls(self) -> RecordedCalls:
        table = CallTable(self.state, FEATURE, "t")
        outbox = Outbox(table, self.name, lambda: self.hub.now, lambda _: self.alive)
        steps: Any = Steps(outbox, self.kill)
        return RecordedCalls(steps, self.time.sleep)

    @property
    def comments(self) -> CommentPublisher:
        github: Any = Steps(self.github, self.kill)
        return CommentPublisher(github, self.calls, self.time.sleep, lambda: 0.5)


def of_job(made: Publication, job: str, **more: Any) -> Publication:
    """The same results in another job."""
    run = run_info(job, **more)
    return replace(made, collected=replace(made.collected, run=run))
