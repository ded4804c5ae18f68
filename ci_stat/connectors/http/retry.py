"""How fast we may send, and how long we keep trying. Clocks and sleep are arguments."""

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

# (requests, seconds) of Feishu's custom bots: at most so many in any such time.
LIMITS = ((5, 1.0), (100, 60.0))
TRIES = 5
PATIENCE = 60.0  # seconds, from the first try to the beginning of the last


class Pace:
    """A sliding window for each limit: `wait()` returns when one more request may leave.

    All users of one far end share one `Pace`, in any number of threads.
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
        """Take the next free time, and sleep until then."""
        with self._lock:
            now = self._clock()
            at = max(
                [
                    now,
                    *(
                        self._times[-count] + span
                        for count, span in self._limits
                        if len(self._times) >= count
                    ),
                ]
            )
            self._times.append(at)
        # Outside the lock: whoever comes now takes a later time, and need not wait for us to wake up.
        if at > now:
            self._sleep(at - now)


_shared: dict[str, Pace] = {}
_sharing = threading.Lock()


def shared_pace(far_end: str, limits: tuple[tuple[int, float], ...] = LIMITS) -> Pace:
    """The one `Pace` that this process has for `far_end`, e.g. a webhook's address."""
    with _sharing:
        return _shared.setdefault(far_end, Pace(limits))


@dataclass(frozen=True)
class RetryPolicy:
    """At most `tries` tries, the last one begun within `seconds`; 1 s between the first two, then twice as long."""

    tries: int = TRIES
    seconds: float = PATIENCE
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random  # 0 to 1

    def begin(self) -> "Attempts":
        """The count begins, with the first try made."""
        return Attempts(self)


class Attempts:
    """The tries of one delivery. `made`: how many were made."""

    def __init__(self, policy: RetryPolicy) -> None:
        self.made = 1
        self._policy = policy
        self._begun = policy.clock()

    def again(self, asked: float | None = None) -> bool:
        """Wait before another try, at least the seconds the far end `asked` for. False, at once, if none is left."""
        policy = self._policy
        delay = max(self._backoff(), asked or 0.0)
        if self.made >= policy.tries or policy.clock() - self._begun + delay > policy.seconds:
            return False
        policy.sleep(delay)
        self.made += 1
        return True

    def _backoff(self) -> float:
        # Half at random: clients that were refused together must not come back together.
        return 2.0 ** (self.made - 1) * (0.5 + self._policy.jitter() / 2)
