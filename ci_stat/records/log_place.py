"""What every place of build logs looks like, and how it says that there is no log: for `build_log` and `jenkins`."""

from contextlib import AbstractContextManager
from typing import Protocol

from ci_stat.escape import visible
from ci_stat.records import LogState


class NoLog(Exception):
    """A build's log cannot be read: `state` says why in one word, `detail` in a sentence for people."""

    def __init__(self, state: LogState, detail: str) -> None:
        super().__init__(f"{state.value}: {visible(detail)}")
        self.state = state
        self.detail = detail


class LogStream(Protocol):
    """The bytes of one log, from its first to its last. `state` and `detail` are final after the last byte.

    `state` is READ for a whole log; CUT, RUNNING, TOO_BIG and so on say that there was more, and `detail` says why.
    """

    state: LogState
    detail: str

    def readinto(self, buffer: memoryview, /) -> int:
        """The next bytes into `buffer`; how many there are, 0 at the end."""
        ...


class LogPlace(Protocol):
    """Where build logs are kept: a folder, a Jenkins. `name` is for people and holds no secret."""

    name: str

    def open(self, job: str, number: int) -> AbstractContextManager[LogStream]:
        """The log of one build, open for as long as the block runs. Raises NoLog, here or on entering the block."""
        ...
