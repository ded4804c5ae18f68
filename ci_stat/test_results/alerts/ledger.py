"""What each recipient knows: the alerts of a recipient are one numbered row of outward calls.

An alert holds what its recipient knows after it. The next alert is made from the last one that
arrived, so news of an alert that did not arrive is in the next one.
"""

from dataclasses import dataclass

import msgspec

from ci_stat.store.damage import stored_value
from ci_stat.store.state.calls import (
    SETTLED,
    UNFINISHED,
    Answer,
    Call,
    CallKind,
    CallState,
    Request,
)
from ci_stat.store.state.outbox import Outbox
from ci_stat.store.state.stored_values import digest
from ci_stat.store.state.tables import outward_calls
from ci_stat.test_results.alerts.model import Known

FEATURE = "alert"
_KEPT = 50  # alerts of a recipient
_DIGITS = 12
_c = outward_calls.c


class _Payload(msgspec.Struct, frozen=True):
    """`changes`: the hash of what the alert says. `known`: what its recipient knows after it."""

    changes: str = ""
    known: Known = Known()


@dataclass(frozen=True, slots=True)
class Position:
    """Where the alerts of a recipient stand.

    - `known`: by the last alert that arrived. `number`: of the next alert.
    - `uncertain`: hashes of alerts after it of which it is not known whether they arrived.
    - `is_busy`: a living process is sending one.
    """

    known: Known
    number: int
    uncertain: tuple[str, ...] = ()
    is_busy: bool = False


@dataclass(frozen=True, slots=True)
class AlertLedger:
    """The alerts of one results database. All methods raise DatabaseError."""

    outbox: Outbox

    def position(self, audience: str) -> Position:
        newest_first = (_c.position.desc(),)
        rows = self.outbox.table.select(_c.series == digest(audience), order=newest_first)
        uncertain: list[str] = []
        number, is_busy = 0, False
        for row in rows:
            call = self.outbox.current(row)
            is_busy = is_busy or call.state in UNFINISHED
            if call.state is CallState.DONE:
                after = number or _number(call) + 1
                return Position(_payload(call).known, after, tuple(uncertain), is_busy)
            if call.state is CallState.UNKNOWN:
                uncertain.append(_payload(call).changes)
                number = number or _number(call) + 1
        return Position(Known(), number or 1, tuple(uncertain), is_busy)

    def claim(self, audience: str, number: int) -> str | None:
        """The id of the alert with this number, to be sent by this process; else None."""
        request = self._request(audience, number)
        return request.id if self.outbox.prepare(request).granted else None

    def sending(self, id: str, changes: str, known: Known) -> None:
        """Record that the alert may have been sent from now on. Raises LostClaim."""
        self.outbox.calling(id, msgspec.json.encode(_Payload(changes, known)).decode())

    def finish(self, id: str, answer: Answer) -> bool:
        return self.outbox.finish(id, answer)

    def release(self, id: str) -> None:
        """Undo a claim of an alert that was not sent."""
        self.outbox.release(id)

    def prune(self, audience: str, number: int) -> None:
        """Delete all but the newest alerts of a recipient."""
        is_old = _c.position < _position(max(0, number - _KEPT))
        self.outbox.table.delete(_c.series == digest(audience), is_old, _c.state.in_(SETTLED))

    def _request(self, audience: str, number: int) -> Request:
        identity = msgspec.json.encode([1, audience, number]).decode()
        return Request(
            digest(FEATURE, audience, str(number)),
            identity,
            CallKind.MESSAGE,
            series=digest(audience),
            position=_position(number),
        )


def _position(number: int) -> str:
    return f"{number:0{_DIGITS}d}"


def _number(call: Call) -> int:
    return int(call.position or 0)


def _payload(call: Call) -> _Payload:
    with stored_value("alerts in our state"):
        return msgspec.json.decode(call.payload, type=_Payload)
