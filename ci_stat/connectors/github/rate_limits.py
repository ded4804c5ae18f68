"""GitHub's rate limits: pauses between requests, and waits until a limit ends.

Clocks and sleep are arguments.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ci_stat.connectors.http.retry import RetryPolicy

MAX_WAIT = 900.0  # seconds; a limit that ends later is not waited for
SECONDARY = 60.0  # seconds to wait at a limit without Retry-After; doubled each further time
TRIES, SECONDS = 5, 180.0  # for temporary failures; enough for three timeouts


@dataclass(frozen=True)
class Timing:
    """Clock and sleep.

    `between_reads`, `between_writes`: seconds from the end of one to the start of the next.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    between_reads: float = 0.25
    between_writes: float = 2.0


class Turns:
    """One request at a time, with a pause after each, and a longer one between two writes."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._lock = threading.Lock()
        self._free = self._free_to_write = timing.clock()

    @contextmanager
    def taken(self, writes: bool) -> Iterator[None]:
        """Wait for the next turn; it lasts as long as the block."""
        with self._lock:
            self._sleep_until(max(self._free, self._free_to_write) if writes else self._free)
            try:
                yield
            finally:
                self._end(writes)

    def wait_to_write(self) -> None:
        """Wait until a write would not have to wait, and a little longer.

        With jitter: two processes that started together must not check and write in step.
        """
        timing = self._timing
        with self._lock:
            self._sleep_until(self._free_to_write)
            extra = timing.jitter() * timing.between_writes
            self._sleep_until(timing.clock() + extra)

    def _sleep_until(self, moment: float) -> None:
        seconds = moment - self._timing.clock()
        if seconds > 0:
            self._timing.sleep(seconds)

    def _end(self, writes: bool) -> None:
        now = self._timing.clock()
        self._free = now + self._timing.between_reads
        if writes:
            self._free_to_write = now + self._timing.between_writes


class Retries:
    """For one call: a few attempts with backoff, and at most `waits` waits for rate limits."""

    def __init__(self, timing: Timing, waits: int) -> None:
        self._timing, self._waits_left, self._unstated = timing, waits, SECONDARY
        self._policy = RetryPolicy(TRIES, SECONDS, timing.clock, timing.sleep, timing.jitter)
        self._attempts = self._policy.begin()
        self.made = 1

    def after_failure(self, retry_after: float | None) -> bool:
        """Wait before the next attempt, at least `retry_after`; False at once if none is left."""
        again = self._attempts.again(retry_after)
        self.made += again
        return again

    def after_limit(self, retry_after: float | None) -> bool:
        """Wait until a rate limit ends; False at once if it lasts too long, or for one limit too
        many.
        """
        wait = self._unstated if retry_after is None else max(retry_after, 1.0)
        if not self._waits_left or wait > MAX_WAIT:
            return False
        if retry_after is None:
            self._unstated *= 2
        self._waits_left -= 1
        # With jitter: clients that were refused together must not return together.
        self._timing.sleep(wait + self._timing.jitter())
        self._attempts = self._policy.begin()
        self.made += 1
        return True
