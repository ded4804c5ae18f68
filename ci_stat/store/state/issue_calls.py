"""Issue calls in the outbox: each call that changes a tracker is stored before it is made.

Only one process makes a call, and a killed process leaves a row that says that its call may have
been sent. A call that was made stays recorded as made.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import Engine

from ci_stat.records import Accepted, Intent, IntentKind, IntentState, IssueAction, Ledger, Mute
from ci_stat.store.state.calls import CREATING, Answer, CallState
from ci_stat.store.state.issue_call_row import (
    FEATURE,
    intent_of,
    kept_key,
    request_of,
    row_of,
    series_of,
)
from ci_stat.store.state.issue_ledger import ledger_of
from ci_stat.store.state.outbox import KEPT, Outbox
from ci_stat.store.state.outbox_table import CallTable
from ci_stat.store.state.stored_values import small, tracker_of, utc_text
from ci_stat.store.state.tables import outward_calls

_OUTCOMES = {
    IntentState.DONE: CallState.DONE,
    IntentState.FAILED: CallState.REFUSED,
    IntentState.UNCERTAIN: CallState.UNKNOWN,
}
_NO_MUTES: Mapping[str, Mute] = MappingProxyType({})
_NONE_ACCEPTED: Mapping[str, Accepted] = MappingProxyType({})
_Intents = list[Intent]  # in the class, `list` is a method
_c = outward_calls.c


class IssueCalls:
    """The issue calls of one repository. `prepare_state` creates the table.

    The process that gets True from `intend` makes the call and stores its outcome with `settle`.
    Keys and ids are returned in their stored form (`kept_key`), and names cut: both are unchanged
    up to 2,000 characters. All methods raise DatabaseError.
    """

    def __init__(
        self, engine: Engine, tracker: str, owner: str, clock: Callable[[], datetime]
    ) -> None:
        """`tracker`: API root and repository, e.g. `https://api.github.com pingcap/tidb`.

        `owner`: `this_process()`; `clock`: the aware present.
        """
        table = CallTable(engine, FEATURE, tracker_of(tracker))
        # `IssueLock` decides whether a process has exited; the owner of the lock looks up all
        # calls without an answer.
        self._outbox = Outbox(table, owner, clock, lambda _: True, timedelta.max)

    def intend(self, intent: Intent) -> bool:
        """Record that the call may have been sent from now on; a failed call starts again.

        True: this process must make the call now. False: it is DONE, or another attempt may have
        been sent (INTENDED, UNCERTAIN) and must be looked up and settled first.
        """
        return self._outbox.claim(request_of(intent)).granted

    def settle(
        self,
        id: str,
        state: IntentState,
        *,
        number: int = 0,
        comment: int = 0,
        code: int | None = None,
        reason: str = "",
    ) -> bool:
        """Store an outcome: DONE, FAILED (certainly not made), or UNCERTAIN, which stays open.

        False, and nothing is stored, if the call is settled already. The same holds for FAILED and
        UNCERTAIN if another attempt has begun since this object last wrote or read the call
        (`unsettled`). A creation that is DONE without a number becomes UNCERTAIN, so that the issue
        is looked up.
        """
        if state not in _OUTCOMES:
            raise ValueError(f"{state} is not the outcome of a call")
        reference = str(comment) if small(comment) else ""
        answer = Answer(_OUTCOMES[state], small(number) or 0, reference, code=code, reason=reason)
        return self._outbox.settle(row_of(id), answer)

    def look_for(self, intents: Iterable[Intent], look_up: Callable[[Intent], Answer]) -> None:
        """Settle calls of `unsettled` with the answers of `look_up`."""
        for intent in intents:
            self._outbox.settle(row_of(intent.id), look_up(intent))

    def adopt(self, key: str, name: str, number: int, id: str) -> None:
        """Record an issue of ours at the tracker as created by this intent. Idempotent.

        An open intent of this id becomes DONE. An id keeps the first number it was adopted with.
        """
        intent = Intent(
            id or f"issue {number}", IntentKind.CREATE, IssueAction.FILE, key, name, number
        )
        answer = Answer(CallState.DONE, small(number) or 0, reason="found at the tracker")
        self._outbox.adopt(request_of(intent), answer)

    def unsettled(self) -> _Intents:
        """The calls of all processes, living or not, that may have been sent; oldest first."""
        return [intent_of(call) for call in self._outbox.unsettled()]

    def list(self, limit: int, key: str | None = None, since: datetime | None = None) -> _Intents:
        """The calls that changed last, newest first; `key`: of one failure; `since`: aware."""
        where = []
        if key is not None:
            where.append(_c.series == series_of(key))
        if since is not None:
            where.append(_c.changed >= utc_text(since))
        newest_first = (_c.changed.desc(), _c.id)
        calls = self._outbox.table.select(*where, order=newest_first, limit=limit)
        return [intent_of(call) for call in calls]

    def ledger(
        self,
        mutes: Mapping[str, Mute] = _NO_MUTES,
        keys: Iterable[str] = (),
        accepted: Mapping[str, Accepted] = _NONE_ACCEPTED,
    ) -> Ledger:
        """The summary that planning needs. `keys`: returned whole, where others are stored keys."""
        calls = self._outbox.table.select(_c.state != str(CallState.REFUSED))
        whole_keys = {kept_key(key): key for key in keys}
        return ledger_of(map(intent_of, calls), whole_keys, mutes, accepted)

    def prune(self, older_than: timedelta = KEPT) -> int:
        """Delete old comments and changes; return their number. Creations are never deleted."""
        return self._outbox.prune(older_than, keep=CREATING)
