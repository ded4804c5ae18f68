"""Who runs next: users in turn, and the runs of each user in the order in which they came."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ci_stat.errors import Refused
from ci_stat.escape import visible


@dataclass(frozen=True, slots=True)
class Quotas:
    """Limits of the server, and of each user.

    - `parallel`: runs at once of all users. `user_parallel`: of one; 0 for `parallel`.
    - `user_commits`: commits of one user that run or wait.
    - `user_sessions`: sessions of one user that have not ended.
    """

    parallel: int = 2
    user_parallel: int = 0
    user_commits: int = 1_000
    user_sessions: int = 50


class QuotaExceeded(Refused):
    """A user has as much on the server as one user may have."""


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """A run that waits. `start` is called when it has a slot, and must not wait or raise."""

    user: str
    start: Callable[[], None]


class FairQueue:
    """Gives the slots of the server to users in turn."""

    def __init__(self, quotas: Quotas) -> None:
        self.quotas = quotas
        self.running = 0
        self.is_closed = False
        self._running_of: dict[str, int] = {}
        self._waiting: dict[str, deque[Ticket]] = {}  # the user whose turn it is comes first

    @property
    def waiting(self) -> int:
        """How many runs wait."""
        return sum(len(tickets) for tickets in self._waiting.values())

    @property
    def free(self) -> int:
        """How many runs could begin now."""
        return 0 if self.is_closed else max(0, self.quotas.parallel - self.running)

    def check(self, user: str, commits: int) -> None:
        """Raise QuotaExceeded if the user may not add so many runs."""
        present = self._running_of.get(user, 0) + len(self._waiting.get(user, ()))
        limit = self.quotas.user_commits
        if present + commits > limit:
            raise QuotaExceeded(
                f"{visible(user, 80)!r} has {present:,} commits on the server, and {commits:,} more"
                f" would exceed the quota of {limit:,}.",
                "Wait for them, or cancel sessions: ci-stat commits list.",
            )

    def close(self) -> None:
        """Give no more slots: the server stops."""
        self.is_closed = True

    def add(self, ticket: Ticket) -> None:
        """Let a run wait for its slot. It may start at once."""
        self._waiting.setdefault(ticket.user, deque()).append(ticket)
        self._give_slots()

    def withdraw(self, ticket: Ticket) -> bool:
        """Let a run wait no more. False if it does not wait: it has begun."""
        waiting = self._waiting.get(ticket.user, deque())
        if ticket not in waiting:
            return False
        waiting.remove(ticket)
        if not waiting:
            del self._waiting[ticket.user]
        return True

    def release(self, ticket: Ticket) -> None:
        """Return the slot of a run that has ended."""
        user = ticket.user
        self.running -= 1
        self._running_of[user] -= 1
        if not self._running_of[user]:
            del self._running_of[user]
        self._give_slots()

    def _give_slots(self) -> None:
        while self.free and (user := self._next_user()) is not None:
            self._give_slot(user)

    def _next_user(self) -> str | None:
        limit = self.quotas.user_parallel or self.quotas.parallel
        for user in self._waiting:
            if self._running_of.get(user, 0) < limit:
                return user
        return None

    def _give_slot(self, user: str) -> None:
        waiting = self._waiting.pop(user)
        ticket = waiting.popleft()
        if waiting:
            self._waiting[user] = waiting  # now the last in turn
        self.running += 1
        self._running_of[user] = self._running_of.get(user, 0) + 1
        ticket.start()
