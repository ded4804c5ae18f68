"""The side of a driven process: a test holds its clock, and hears of its commits.

Before it is connected, the process has the time of the machine. Imports nothing of ci_stat.
"""

import os
import socket
import time
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

_real_time = time.time


class Control:
    """The connection to the test. A line is answered with its number and the test's time."""

    def __init__(self) -> None:
        self._connection: socket.socket | None = None
        self._numbers = count(1)
        self.host = ""

    def connect(self, path: Path, host: str) -> None:
        """`host`: what this process calls its host; "" for its real name."""
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(str(path))
        self._answers = self._connection.makefile()
        self.host = host
        self.ask("begin")

    def ask(self, words: str) -> float:
        """The time after the test has done what the words say."""
        if self._connection is None:
            return _real_time()
        wanted = next(self._numbers)
        self._connection.sendall(f"{os.getpid()} {wanted} {words}\n".encode())
        # A signal may have ended an earlier wait, whose answer then comes first.
        for line in self._answers:
            number, _, seconds = line.partition(" ")
            if int(number) == wanted:
                return float(seconds)
        raise ConnectionError("the test is gone")

    def time(self) -> float:
        return self.ask("time")

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time(), UTC)

    def sleep(self, seconds: float) -> None:
        self.ask(f"sleep {seconds!r}")

    def reach(self, point: str) -> None:
        """A point at which the test may kill this process: then there is no answer."""
        self.ask(f"reach {point}")


control = Control()
