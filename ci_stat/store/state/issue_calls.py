"""Issue calls in the outbox: what is written to a tracker, stored before it is written.

Of all who mean to make the same call one makes it, and one that is killed midway leaves a row which
says that its call may be on its way. That a call was made is never undone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

import msgspec
from sqlalchemy import Engine

from ci_stat.records import Accepted, Intent, IntentKind, IntentState, IssueAction, Ledger, Mute
from ci_stat.store.state.calls import CREATING, Answer, Call, CallKind, CallState, Request
from ci_stat.store.state.compare_and_set import tracker_of, utc_text
from ci_stat.store.state.outbox import KEPT, Outbox
from ci_stat.store.state.outbox_table import CallTable
from ci_stat.store.state.tables import MOST_TEXT, digest, fit, outward_calls

FEATURE = "issues"
FORM = 1  # version of the identity's list

_KINDS: dict[str, str] = {IntentKind.CREATE: CallKind.ISSUE, IntentKind.EDIT: CallKind.UPDATE}
_WORDS = {kind: str(word) for word, kind in _KINDS.items()}
_STATES = {
    CallState.INTENDED: IntentState.INTENDED,
    CallState.CLAIMED: IntentState.INTENDED,
    CallState.DONE: IntentState.DONE,
    CallState.REFUSED: IntentState.FAILED,
    CallState.UNKNOWN: IntentState.UNCERTAIN,
}
_ENDS = {
    IntentState.DONE: CallState.DONE,
    IntentState.FAILED: CallState.REFUSED,
    IntentState.UNCERTAIN: CallState.UNKNOWN,
}
_NO_MUTES: Mapping[str, Mute] = MappingProxyType({})
_NONE_ACCEPTED: Mapping[str, Accepted] = MappingProxyType({})
_Intents = list[Intent]  # in the class, `list` is a method
_c = outward_calls.c


class Payload(msgspec.Struct, frozen=True):
    """What a row keeps of an issue call: which failure, what the call is part of, and why it is
    made.
    """

    action: str
    key: str
    name: str
    why: str = ""


def kept_key(key: str) -> str:
    """A key or id as our tables keep it: itself, or a hash of what is too long for them or not fit
    for a database.

    What was kept is kept as itself, so what was read can be asked for.
    """
    return key if fit(key, MOST_TEXT) == key else f"sha:{digest(key)}"


class Issues:
    """The issue calls of one repository. `State.prepare` makes the tables; all methods raise
    DatabaseError.

    Whoever got True from `intend` makes the call, and says with `settle` what became of it. Keys
    and ids that are given out are as `kept_key` makes them, and names are cut: both are themselves
    up to 2,000 characters.
    """

    def __init__(
        self, engine: Engine, tracker: str, owner: str, clock: Callable[[], datetime]
    ) -> None:
        """`tracker`: API root and repository, e.g. `https://api.github.com pingcap/tidb`; `owner`:
        `this_process()`; `clock`: now, aware.
        """
        table = CallTable(engine, FEATURE, tracker_of(tracker))
        # `IssueLock` says whether the owner of a call is gone: who has the lock looks for all calls
        # without an answer.
        self._outbox = Outbox(table, owner, clock, lambda _: True, timedelta.max)

    def intend(self, intent: Intent) -> bool:
        """Note, for good, that the call may be on its way from now on; what failed is begun anew.

        True: it is ours to make, now. False: it was made (DONE), or another try may be on its way
        (INTENDED, UNCERTAIN), which is to be looked for and settled first.
        """
        return self._outbox.claim(_request(intent)).granted

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
        """Note what became of a call: DONE, FAILED (for certain not made) or UNCERTAIN, which may
        be settled again.

        False if there is nothing to settle; then nothing is noted. So too if we are to say that a
        call was not made, or may have been, and somebody has begun another try since we began or
        last looked (`unsettled`).

        A creation that is DONE without a number is UNCERTAIN: the issue is to be looked for.
        """
        if state not in _ENDS:
            raise ValueError(f"{state} is not what becomes of a call")
        reference = str(comment) if comment and abs(comment) < 2**63 else ""
        answer = Answer(_ENDS[state], _small(number), reference, code=code, reason=reason)
        return self._outbox.settle(row_of(id), answer)

    def look_for(self, intents: Iterable[Intent], look: Callable[[Intent], Answer]) -> None:
        """Settle calls of `unsettled` with what `look` finds out about each."""
        for intent in intents:
            self._outbox.settle(row_of(intent.id), look(intent))

    def adopt(self, key: str, name: str, number: int, id: str) -> None:
        """Note an issue of ours that the tracker holds as created by this intent; again, that
        changes nothing.

        An intent of this id that is not DONE becomes it. The first number that an id was adopted
        with stays.
        """
        intent = Intent(
            id or f"issue {number}", IntentKind.CREATE, IssueAction.FILE, key, name, number
        )
        answer = Answer(CallState.DONE, _small(number), reason="found at the tracker")
        self._outbox.adopt(_request(intent), answer)

    def unsettled(self) -> _Intents:
        """The calls that may be on their way, oldest first: of processes that live, and of those
        that are gone.
        """
        return [_intent(call) for call in self._outbox.unsettled()]

    def list(self, limit: int, key: str | None = None, since: datetime | None = None) -> _Intents:
        """The calls that changed last, newest first; `key`: of one failure; `since`: aware."""
        where = []
        if key is not None:
            where.append(_c.series == digest(kept_key(key)))
        if since is not None:
            where.append(_c.changed >= utc_text(since))
        newest_first = (_c.changed.desc(), _c.id)
        calls = self._outbox.table.select(*where, order=newest_first, limit=limit)
        return [_intent(call) for call in calls]

    def ledger(
        self,
        mutes: Mapping[str, Mute] = _NO_MUTES,
        keys: Iterable[str] = (),
        accepted: Mapping[str, Accepted] = _NONE_ACCEPTED,
    ) -> Ledger:
        """What planning needs to know. `keys`: those that will be asked for: a long one is then
        found as itself.
        """
        calls = self._outbox.table.select(_c.state != str(CallState.REFUSED))
        intents = [_intent(call) for call in calls]
        done = [intent for intent in intents if intent.state == IntentState.DONE]

        whole = {kept_key(key): key for key in keys}
        creations = [
            (whole.get(intent.key, intent.key), intent)
            for intent in intents
            if intent.kind == IntentKind.CREATE
        ]
        comments = [intent for intent in done if intent.kind == IntentKind.COMMENT]
        return Ledger(
            created=_created(creations),
            unsettled=frozenset(key for key, call in creations if call.state != IntentState.DONE),
            done=frozenset(comment.id for comment in comments),
            commented=_newest(comments),
            changed=_newest(done),
            mutes={whole.get(key, key): mute for key, mute in mutes.items()},
            accepted={whole.get(key, key): note for key, note in accepted.items()},
        )

    def prune(self, older_than: timedelta = KEPT) -> int:
        """Forget comments and changes of so long ago; how many. Which issues we created stays known
        for good.
        """
        return self._outbox.prune(older_than, keep=CREATING)


def row_of(id: str) -> str:
    return digest(kept_key(id))


def identity_of(id: str) -> str:
    return msgspec.json.encode([FORM, kept_key(id)]).decode()


def kind_of(kind: str) -> str:
    """An intent's kind as the outbox knows it."""
    return fit(str(_KINDS.get(kind, kind)), 32)


def payload_of(action: str, key: str, name: str, why: str) -> str:
    kept = Payload(fit(action, 32), kept_key(key), fit(name, MOST_TEXT), fit(why, MOST_TEXT))
    return msgspec.json.encode(kept).decode()


def _request(intent: Intent) -> Request:
    return Request(
        row_of(intent.id),
        identity_of(intent.id),
        kind_of(intent.kind),
        payload_of(intent.action, intent.key, intent.name, intent.why),
        series=digest(kept_key(intent.key)),
        number=_small(intent.number),
    )


def _small(number: int) -> int:
    """A tracker's number as a column takes it; 0 for none."""
    return number if abs(number) < 2**63 else 0


def _intent(call: Call) -> Intent:
    _, id = msgspec.json.decode(call.identity)
    payload = msgspec.json.decode(call.payload, type=Payload)
    return Intent(
        id,
        _WORDS.get(call.kind, call.kind),
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


def _created(creations: Sequence[tuple[str, Intent]]) -> dict[str, tuple[int, ...]]:
    """Numbers by key. A tracker counts upwards: the least number is the oldest issue, whatever our
    clocks said.
    """
    numbers: defaultdict[str, set[int]] = defaultdict(set)
    for key, intent in creations:
        if intent.state == IntentState.DONE and intent.number:
            numbers[key].add(intent.number)
    return {key: tuple(sorted(of_key)) for key, of_key in numbers.items()}


def _newest(intents: Iterable[Intent]) -> dict[int, datetime]:
    """The last call for each issue: when it began, however late its answer was known."""
    newest: dict[int, datetime] = {}
    for intent in intents:
        began = intent.started
        if began is not None:
            newest[intent.number] = max(began, newest.get(intent.number, began))
    return newest
