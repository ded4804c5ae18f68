"""What is known of a delivery: after its process has gone, after an attempt, and in words.

What is known only grows: that a report arrived, or may have, is not undone by a later attempt that failed.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ci_stat.escape import visible
from ci_stat.records import DeliveryState, Outcome
from ci_stat.store.state.delivery_table import Entry
from ci_stat.store.state.process_id import process_words

UNFINISHED = (DeliveryState.PREPARING, DeliveryState.SENDING)
_CERTAINTY = {DeliveryState.FAILED: 0, DeliveryState.UNCERTAIN: 1, DeliveryState.SENT: 2}


@dataclass(frozen=True, slots=True)
class Held:
    """What we have claimed, and not given back.

    `entry`: the row as we wrote it last, for certain; `claim`: what its token begins with as long as it is ours;
    `before`: the row before the claim; `resumable`: given if an earlier attempt was taken up.
    """

    entry: Entry
    claim: str
    before: Entry | None = None
    resumable: timedelta | None = None


def settled(entry: Entry) -> Entry:
    """What holds of a row that nobody works on any more: what was known before, or how far its process came."""
    if entry.state not in UNFINISHED:
        return entry
    sending = entry.state is DeliveryState.SENDING
    left = DeliveryState.UNCERTAIN if sending else DeliveryState.FAILED
    since, who = entry.earlier_changed, process_words(entry.owner)
    left_alone = replace(entry, earlier=None, earlier_changed=None)
    if entry.earlier and since and _CERTAINTY[entry.earlier] >= _CERTAINTY[left]:
        return replace(left_alone, state=entry.earlier, changed=since)
    doing = "sending it" if sending else "preparing it, and had sent nothing"
    return replace(
        left_alone,
        state=left,
        code=None,
        message_id="",
        reason=f"the {who} is gone that was {doing}",
    )


def finished(held: Held, outcome: Outcome, form: str, now: datetime) -> Entry:
    """The row after an attempt: its outcome, or what was known before if that says more."""
    if outcome.state not in _CERTAINTY:
        raise ValueError(f"{outcome.state} is not the end of a delivery")
    before = held.before
    if before and _CERTAINTY[before.state] > _CERTAINTY[outcome.state]:
        again = f"tried again at {_shown(now)}: {outcome.state}: {outcome.reason}"
        said = f"{before.reason}; {again}" if before.reason else again
        return replace(before, tries=held.entry.tries, reason=said)
    return replace(
        held.entry, state=outcome.state, form=form, code=_small(outcome.code), reason=outcome.reason,
        message_id=outcome.message_id, changed=now, earlier=None, earlier_changed=None,
    )  # fmt: skip


def is_fresh(entry: Entry, resumable: timedelta | None, now: datetime) -> bool:
    """Whether the far end still knows the uuid of an attempt whose outcome is uncertain."""
    if resumable is None or entry.state is not DeliveryState.UNCERTAIN or entry.first_sent is None:
        return False
    return abs(now - entry.first_sent) < resumable


def words(entry: Entry, ours: str) -> str:
    at, why = _shown(entry.changed), f": {visible(entry.reason)}" if entry.reason else ""
    who = f"{'this' if entry.owner == ours else 'another'} {process_words(entry.owner)}"
    return {
        DeliveryState.PREPARING: f"{who} is preparing it since {at}",
        DeliveryState.SENDING: f"{who} is sending it since {at}",
        DeliveryState.SENT: f"already sent at {at}",
        DeliveryState.FAILED: f"not delivered at {at}{why}",
        DeliveryState.UNCERTAIN: f"outcome uncertain since {at}{why}",
    }[entry.state]


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _small(code: int | None) -> int | None:
    """A far end's number as a column takes it."""
    return code if code is not None and abs(code) < 2**63 else None
