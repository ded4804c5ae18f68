"""Rate limits and retries: how fast requests may follow each other, and how long one is retried.

Clocks, sleep and jitter are arguments.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

# (requests, seconds) of Feishu's custom bots: at most so many in any window of that length.
LIMITS = ((5, 1.0), (100, 60.0))
TRIES = 5
PATIENCE = 60.0  # seconds from the first attempt to the start of the last


class Pace:
    """A sliding window for each limit: `wait()` returns when the next request may be sent.

    All users of one destination share one `Pace`, in any number of threads.
    """

    def __init__(
        self,
        limits: tuple[tuple[int, float], ...] = LIMITS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limits, self._clock, self._sleep = limits, clock, sleep
        self._lock = threading.Lock()
        self._times: deque[float] = deque(maxlen=max(count for count, _ in limits))

    def wait(self) -> None:
        """Reserve the next free moment, and sleep until then."""
        with self._lock:
            now = self._clock()
            moment = max(now, *(self._free(count, span, now) for count, span in self._limits))
            self._times.append(moment)
        # Outside the lock: other threads reserve later moments meanwhile.
        if moment > now:
            self._sleep(moment - now)

    def _free(self, count: int, span: float, now: float) -> float:
        """When one limit allows the next request."""
        return self._times[-count] + span if len(self._times) >= count else now


_shared: dict[str, Pace] = {}
_sharing = threading.Lock()


def shared_pace(destination: str, limits: tuple[tuple[int, float], ...] = LIMITS) -> Pace:
    """The one `Pace` of this process for `destination`, e.g. the address of a webhook."""
    with _sharing:
        return _shared.setdefault(destination, Pace(limits))


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential backoff with jitter: 1 s after the first attempt, twice as long after each
    further one.

    - `tries`: attempts in all. `seconds`: from the first attempt to the start of the last.
    - `longest`: seconds; a longer Retry-After is not waited for.
    """

    tries: int = TRIES
    seconds: float = PATIENCE
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random  # 0 to 1
    longest: float = float("inf")

    def begin(self) -> "Attempts":
        """Start counting, at the first attempt."""
        return Attempts(self)


class Attempts:
    """The attempts of one request. `made`: how many there were."""

    def __init__(self, policy: RetryPolicy) -> None:
        self.made = 1
        self._policy = policy
        self._started = policy.clock()

    def again(self, retry_after: float | None = None) -> bool:
        """Wait before the next attempt, at least `retry_after` seconds; False at once if none is
        left.
        """
        policy = self._policy
        if self.made >= policy.tries:
            return False
        delay = max(self._backoff(), retry_after or 0.0)
        elapsed = policy.clock() - self._started
        if delay > policy.longest or elapsed + delay > policy.seconds:
            return False
        policy.sleep(delay)
        self.made += 1
        return True

    def _backoff(self) -> float:
        # Half of it random: clients that were refused together must not return together.
        return 2.0 ** (self.made - 1) * (0.5 + self._policy.jitter() / 2)
