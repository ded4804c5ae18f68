"""How an outward call goes from one state to the next. Pure.

What is known only grows: that a call took effect, or may have, is not undone by a later attempt
that was refused.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from ci_stat.store.state.calls import (
    NUMBERED,
    UNFINISHED,
    Answer,
    Call,
    CallState,
    Look,
    Request,
)
from ci_stat.store.state.process_id import process_words

_CERTAINTY = {CallState.REFUSED: 0, CallState.UNKNOWN: 1, CallState.DONE: 2}
_WORDS = {CallState.REFUSED: "failed", CallState.UNKNOWN: "uncertain"}


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether a call that no process works on may be made. `call`: as it stands after the look.

    `same_attempt`: the one before is made again, which the target recognises.
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
    """What holds of a call that no process works on: what was known before, or how far its process
    came.
    """
    if call.state not in UNFINISHED or call.waits:
        return call

    was_called = call.state is CallState.CLAIMED
    state = CallState.UNKNOWN if was_called else CallState.REFUSED
    alone = replace(call, earlier=None, earlier_changed=None)

    earlier, since = call.earlier, call.earlier_changed
    if earlier and since and _CERTAINTY[earlier] >= _CERTAINTY[state]:
        return replace(alone, state=earlier, changed=since)

    doing = "sending it" if was_called else "preparing it, and had sent nothing"
    reason = f"the {process_words(call.owner)} is gone that was {doing}"
    return replace(alone, state=state, code=None, reference="", reason=reason)


def permission(call: Call, look: Look, force: bool, now: datetime) -> Permission:
    """Whether `call`, which no process works on, may be made now; one that may have arrived is
    looked for.
    """
    if call.state in (CallState.REFUSED, CallState.INTENDED):
        return Permission(True, call)
    if call.state is CallState.DONE:
        return Permission(force, call)

    answer = look(call)
    if answer.state is CallState.UNKNOWN:
        return Permission(answer.repeatable or force, call, answer.repeatable)

    known = answered(call, answer, now)
    not_there = known.state is CallState.REFUSED
    return Permission(not_there or force, known)


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
    return call if known in (CallState.UNKNOWN, CallState.DONE) else _blank(call, request)


def _blank(call: Call, request: Request) -> Call:
    """Without what an earlier attempt left, which had no effect."""
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
    """The call after an answer, whatever was known of it before. Without the number of what it
    created it stays open.

    Raises ValueError for an answer that is none.
    """
    if answer.state not in _CERTAINTY:
        raise ValueError(f"{answer.state} is not what becomes of a call")

    number = answer.number or call.number
    is_nameless = call.kind in NUMBERED and not number
    state = answer.state
    if state is CallState.DONE and is_nameless:
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
    """The call after an attempt: its answer, or what was known `before` if that says more."""
    after = answered(replace(call, reference="", url=""), answer, now)
    if before is None or before.waits:
        return after
    if _CERTAINTY[before.state] <= _CERTAINTY[after.state]:
        return after

    again = f"tried again at {shown(now)}: {_WORDS[after.state]}: {answer.reason}"
    reason = f"{before.reason}; {again}" if before.reason else again
    return replace(before, attempt=call.attempt, reason=reason)


def shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
