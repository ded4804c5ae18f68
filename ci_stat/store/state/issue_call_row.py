"""How an issue call is stored in the outbox: its row, its identity, and its payload."""

import msgspec

from ci_stat.records import Intent, IntentKind, IntentState
from ci_stat.store.damage import stored_value
from ci_stat.store.state.calls import Call, CallKind, CallState, Request
from ci_stat.store.state.stored_values import MOST_TEXT, digest, fit, small

FEATURE = "issues"
FORM = 1  # version of the identity's list

_CALL_KINDS: dict[str, str] = {IntentKind.CREATE: CallKind.ISSUE, IntentKind.EDIT: CallKind.UPDATE}
_INTENT_KINDS = {call_kind: str(kind) for kind, call_kind in _CALL_KINDS.items()}
_STATES = {
    CallState.INTENDED: IntentState.INTENDED,
    CallState.CLAIMED: IntentState.INTENDED,
    CallState.DONE: IntentState.DONE,
    CallState.REFUSED: IntentState.FAILED,
    CallState.UNKNOWN: IntentState.UNCERTAIN,
}


class _Payload(msgspec.Struct, frozen=True):
    """Which failure the call is about, which action it belongs to, and its reason."""

    action: str
    key: str
    name: str
    why: str = ""


def kept_key(key: str) -> str:
    """A key or id as it is stored: itself, or a hash if it is too long or not valid text.

    Idempotent: a stored key is its own stored form, so it can be looked up.
    """
    return key if fit(key, MOST_TEXT) == key else f"sha:{digest(key)}"


def row_of(id: str) -> str:
    return digest(kept_key(id))


def series_of(key: str) -> str:
    return digest(kept_key(key))


def identity_of(id: str) -> str:
    return msgspec.json.encode([FORM, kept_key(id)]).decode()


def call_kind(kind: str) -> str:
    """The outbox's word for an intent's kind."""
    return fit(str(_CALL_KINDS.get(kind, kind)), 32)


def payload_of(action: str, key: str, name: str, why: str) -> str:
    payload = _Payload(fit(action, 32), kept_key(key), fit(name, MOST_TEXT), fit(why, MOST_TEXT))
    return msgspec.json.encode(payload).decode()


def request_of(intent: Intent) -> Request:
    return Request(
        row_of(intent.id),
        identity_of(intent.id),
        call_kind(intent.kind),
        payload_of(intent.action, intent.key, intent.name, intent.why),
        series=series_of(intent.key),
        number=small(intent.number) or 0,
    )


def intent_of(call: Call) -> Intent:
    with stored_value("calls of issues in our state"):
        _, id = msgspec.json.decode(call.identity)
        payload = msgspec.json.decode(call.payload, type=_Payload)
    return Intent(
        id,
        _INTENT_KINDS.get(call.kind, call.kind),
        payload.action,
        payload.key,
        payload.name,
        call.number,
        str(_STATES[call.state]),
        call.started,
        call.changed,
        call.owner,
        int(call.reference or 0),
        call.code,
        call.reason,
        payload.why,
    )
