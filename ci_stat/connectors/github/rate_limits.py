"""How fast GitHub is asked, and how long one question is asked again. Clocks and sleep are arguments."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ci_stat.connectors.http.retry import RetryPolicy

MAX_WAIT = 900.0  # seconds that are waited for a limit to end
SECONDARY = 60.0  # seconds to wait at a limit that does not say how long; twice that the next time
TRIES, SECONDS = 5, 180.0  # for what passes by itself; three timeouts have room in it


@dataclass(frozen=True)
class Times:
    """What passes the time. `between_reads`, `between_writes`: seconds from the end of one to the next."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    between_reads: float = 0.25
    between_writes: float = 2.0


class Turns:
    """One request at a time, with a pause after each; after a write, a longer one before the next write."""

    def __init__(self, times: Times) -> None:
        self._times = times
        self._lock = threading.Lock()
        self._free = self._free_to_write = times.clock()

    @contextmanager
    def taken(self, writes: bool) -> Iterator[None]:
        """The block's turn comes when it is time, and ends with the block."""
        with self._lock:
            at = max(self._free, self._free_to_write) if writes else self._free
            if (wait := at - self._times.clock()) > 0:
                self._times.sleep(wait)
            try:
                yield
            finally:
                self._end(writes)

    def wait_to_write(self) -> None:
        """Until a write would not have to wait."""
        with self._lock:
            if (wait := self._free_to_write - self._times.clock()) > 0:
                self._times.sleep(wait)

    def _end(self, writes: bool) -> None:
        now = self._times.clock()
        self._free = now + self._times.between_reads
        if writes:
            self._free_to_write = now + self._times.between_writes


class Patience:
    """For one question: a few tries a few seconds apart, and at most `waits` waits for limits to end."""

    def __init__(self, times: Times, waits: int) -> None:
        self._times, self._left, self._bare = times, waits, SECONDARY
        self._policy = RetryPolicy(TRIES, SECONDS, times.clock, times.sleep, times.jitter)
        self._attempts = self._policy.begin()
        self.made = 1

    def after_trouble(self, asked: float | None) -> bool:
        """Wait before another try, at least as long as was `asked` for. False, at once, if none is left."""
        again = self._attempts.again(asked)
        self.made += again
        return again

    def after_limit(self, asked: float | None) -> bool:
        """Wait for a limit to end, as long as was `asked` for. False, at once, if that is too long or too often."""
        wait = self._bare if asked is None else max(asked, 1.0)
        if not self._left or wait > MAX_WAIT:
            return False
        self._bare *= 1 if asked is not None else 2
        self._left -= 1
        # A little at random: clients that were refused together must not come back together.
        self._times.sleep(wait + self._times.jitter())
        self._attempts = self._policy.begin()
        self.made += 1
        return True
