"""Which state of an outward call follows which. Pure functions.

Knowledge only grows: a call that took effect, or may have, stays so after a later attempt fails.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from ci_stat.store.state.calls import (
    NUMBERED,
    UNFINISHED,
    Answer,
    Call,
    CallState,
    LookUp,
    Request,
)
from ci_stat.store.state.process_id import process_words
from ci_stat.store.state.stored_values import shown

_CERTAINTY = {CallState.REFUSED: 0, CallState.UNKNOWN: 1, CallState.DONE: 2}
_WORDS = {CallState.REFUSED: "failed", CallState.UNKNOWN: "uncertain"}


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether a call that no process works on may be made. `call`: its row after the look-up.

    `same_attempt`: the previous attempt is repeated, and the target recognises it.
    """

    granted: bool
    call: Call
    same_attempt: bool = False


def first_attempt(request: Request, state: CallState, owner: str, now: datetime) -> Call:
    return Call(
        request.id,
        request.identity,
        request.kind,
        request.series,
        request.position,
        state,
        owner,
        attempt=1,
        started=now,
        changed=now,
        payload=request.payload,
        called=now if state is CallState.CLAIMED else None,
        number=request.number,
    )


def abandoned(call: Call) -> Call:
    """The call after its process has exited: the earlier state, or how far the process came."""
    if call.state not in UNFINISHED or call.waits:
        return call

    was_called = call.state is CallState.CLAIMED
    state = CallState.UNKNOWN if was_called else CallState.REFUSED
    ended = replace(call, earlier=None, earlier_changed=None)

    earlier, since = call.earlier, call.earlier_changed
    if earlier and since and _CERTAINTY[earlier] >= _CERTAINTY[state]:
        return replace(ended, state=earlier, changed=since)

    action = "sending it has exited" if was_called else "preparing it has exited: nothing was sent"
    reason = f"the {process_words(call.owner)} that was {action}"
    return replace(ended, state=state, code=None, reference="", reason=reason)


def permission(call: Call, look_up: LookUp, force: bool, now: datetime) -> Permission:
    """Whether `call`, which no process works on, may be made now.

    A call that may have taken effect is looked up first.
    """
    if call.state in (CallState.REFUSED, CallState.INTENDED):
        return Permission(True, call)
    if call.state is CallState.DONE:
        return Permission(force, call)

    answer = look_up(call)
    if answer.state is CallState.UNKNOWN:
        return Permission(answer.repeatable or force, call, answer.repeatable)

    known = answered(call, answer, now)
    is_refused = known.state is CallState.REFUSED
    return Permission(is_refused or force, known)


def next_attempt(
    permitted: Permission, request: Request, state: CallState, owner: str, now: datetime
) -> Call:
    """The call after a process has claimed it."""
    before = permitted.call
    known = None if before.waits else before.state
    call = replace(
        before,
        state=state,
        owner=owner,
        changed=now,
        attempt=before.attempt + 1,
        earlier=known,
        earlier_changed=before.changed if known else None,
    )
    if not permitted.same_attempt:
        call = replace(call, started=now, called=None)
    if state is CallState.INTENDED:
        return call

    call = replace(call, called=call.called or now)
    may_have_effect = known in (CallState.UNKNOWN, CallState.DONE)
    return call if may_have_effect else _reset(call, request)


def _reset(call: Call, request: Request) -> Call:
    """The call without the results of an earlier attempt, which had no effect."""
    return replace(
        call,
        payload=request.payload,
        number=request.number,
        reference="",
        url="",
        code=None,
        reason="",
        earlier=None,
        earlier_changed=None,
    )


def answered(call: Call, answer: Answer, now: datetime) -> Call:
    """The call after an answer, from any state.

    DONE becomes UNKNOWN if the answer lacks the number of the created object. Raises ValueError
    for a state that is not an outcome.
    """
    if answer.state not in _CERTAINTY:
        raise ValueError(f"{answer.state} is not the outcome of a call")

    number = answer.number or call.number
    lacks_number = call.kind in NUMBERED and not number
    state = answer.state
    if state is CallState.DONE and lacks_number:
        state = CallState.UNKNOWN

    return replace(
        call,
        state=state,
        changed=now,
        number=number,
        reference=answer.reference or call.reference,
        url=answer.url or call.url,
        code=answer.code,
        reason=answer.reason,
        earlier=None,
        earlier_changed=None,
    )


def finished(call: Call, before: Call | None, answer: Answer, now: datetime) -> Call:
    """The call after an attempt: its answer, or the state `before` if that is more certain."""
    after = answered(replace(call, reference="", url=""), answer, now)
    if before is None or before.waits:
        return after
    if _CERTAINTY[before.state] <= _CERTAINTY[after.state]:
        return after

    retry = f"tried again at {shown(now)}: {_WORDS[after.state]}: {answer.reason}"
    reason = f"{before.reason}; {retry}" if before.reason else retry
    return replace(before, attempt=call.attempt, reason=reason)
