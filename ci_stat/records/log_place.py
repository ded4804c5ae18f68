"""The interface of places with build logs, such as a folder or a Jenkins."""

from contextlib import AbstractContextManager
from typing import Protocol

from ci_stat.escape import visible
from ci_stat.records import LogState


class NoLog(Exception):
    """A build's log cannot be read. `state`: the reason; `detail`: the reason for people."""

    def __init__(self, state: LogState, detail: str) -> None:
        super().__init__(f"{state.value}: {visible(detail)}")
        self.state = state
        self.detail = detail


class LogStream(Protocol):
    """The bytes of one log. `state` and `detail` are final after the last byte.

    `state` is READ for a whole log. CUT, RUNNING, TOO_BIG and others mean that it is incomplete;
    then `detail` says why. For an archive, `detail` also names the files that were read.
    """

    state: LogState
    detail: str

    def readinto(self, buffer: memoryview, /) -> int:
        """Read the next bytes into `buffer`; return their number, 0 at the end."""
        ...


class LogPlace(Protocol):
    """A place that has build logs. `name`: for people, without secrets."""

    name: str

    def open(self, job: str, number: int) -> AbstractContextManager[LogStream]:
        """The log of one build, open within the block. Raises NoLog, here or on entering."""
        ...
