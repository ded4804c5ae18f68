"""What the events of a session add up to. Pure: events in, value out."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ci_stat.commit_tests.model import RunResult
from ci_stat.commit_tests.protocol.events import (
    CancelRequested,
    CommitsResolved,
    NumberedEvent,
    RunFinished,
    RunInterrupted,
    RunStarted,
    SessionEnded,
    SessionEvent,
)


@dataclass(slots=True)
class StoredRuns:
    """How far a session is. `attempts`: how often a commit began to run, by its index."""

    commits: tuple[str, ...] = ()
    results: dict[int, RunResult] = field(default_factory=dict)
    attempts: dict[int, int] = field(default_factory=dict)
    interrupted: set[int] = field(default_factory=set)
    is_cancelled: bool = False
    ended: SessionEnded | None = None

    @property
    def unfinished(self) -> list[int]:
        """The indexes of the commits without a result."""
        return [index for index in range(len(self.commits)) if index not in self.results]

    def add(self, event: SessionEvent) -> None:
        """Take an event into account."""
        match event:
            case CommitsResolved(commits=commits):
                self.commits = commits
            case RunStarted(index=index, attempt=attempt):
                self.attempts[index] = attempt
                self.interrupted.discard(index)
            case RunInterrupted(index=index):
                self.interrupted.add(index)
            case RunFinished(index=index, result=result):
                self.results[index] = result
            case CancelRequested():
                self.is_cancelled = True
            case SessionEnded():
                self.ended = event


def stored_runs(events: Iterable[NumberedEvent]) -> StoredRuns:
    """Add the events of a journal up."""
    runs = StoredRuns()
    for event in events:
        runs.add(event.body)
    return runs


def interrupted(runs: StoredRuns) -> list[RunInterrupted]:
    """The events that say which commits ran when the server ended."""
    return [
        RunInterrupted(index=index)
        for index in runs.unfinished
        if index in runs.attempts and index not in runs.interrupted
    ]
