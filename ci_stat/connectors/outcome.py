"""What one answer means for one message, and the loop that acts on it: the same for every far end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ci_stat.connectors.http.retry import Attempts
from ci_stat.records import DeliveryState, Outcome

LOOK_FIRST = "It may have arrived: look there before you send it again."


class Reaction(StrEnum):
    """What to do about an answer, or about having none."""

    DONE = "done"
    RETRY = "retry"  # for certain not delivered; may pass later
    REFRESH = "refresh"  # the token is refused: get a new one, once
    REJECT = "reject"  # this content is refused; another form may pass
    FOREIGN = "foreign"  # words of others are refused
    GIVE_UP = "give up"
    UNKNOWN = "unknown"  # it may have been delivered


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer, judged.

    - `code`: the far end's own code, else the HTTP or SMTP status.
    - `wait`: seconds that the far end asks for.
    - `value`: the JSON object that came. Tokens may be in it, so it has no part in the repr.
    """

    reaction: Reaction
    reason: str = ""
    hint: str = ""
    code: int | None = None
    wait: float | None = None
    message_id: str = ""
    value: dict[str, Any] = field(default_factory=dict, repr=False)


def deliver(
    attempt: Callable[[], Verdict], attempts: Attempts, repeatable: bool = False
) -> Outcome:
    """`attempt` until it is decided what became of the message, or no try is left.

    `repeatable`: the far end delivers a message once, however often it comes. Then a try whose end is not known is
    made again; without it, that ends the matter.
    """
    doubt = False
    while True:
        verdict = attempt()
        unknown = verdict.reaction is Reaction.UNKNOWN
        doubt = doubt or unknown
        passing = verdict.reaction is Reaction.RETRY or (unknown and repeatable)
        if not passing or not attempts.again(verdict.wait):
            return _outcome(verdict, doubt, attempts.made)


# What the far end says of the content holds for every try of it, also for one whose answer was lost.
_ABOUT_CONTENT = (Reaction.DONE, Reaction.REJECT, Reaction.FOREIGN)


def _outcome(verdict: Verdict, doubt: bool, tries: int) -> Outcome:
    uncertain = doubt and verdict.reaction not in _ABOUT_CONTENT
    state = DeliveryState.UNCERTAIN if uncertain else DeliveryState.FAILED
    return Outcome(
        state=DeliveryState.SENT if verdict.reaction is Reaction.DONE else state,
        reason=_reason(verdict, tries),
        hint=f"{LOOK_FIRST} {verdict.hint}".strip() if uncertain else verdict.hint,
        code=verdict.code,
        rejected=verdict.reaction is Reaction.REJECT,
        foreign=verdict.reaction is Reaction.FOREIGN,
        message_id=verdict.message_id,
    )


def _reason(verdict: Verdict, tries: int) -> str:
    if verdict.reaction is Reaction.DONE:
        return ""
    notes = [f"tried {tries} times"] if tries > 1 else []
    if verdict.wait is not None and verdict.reaction is Reaction.RETRY:
        notes.append(f"it asks to come back in {verdict.wait:,.0f} s")
    return f"{verdict.reason.rstrip('.')} ({'; '.join(notes)})" if notes else verdict.reason


def once(call: Callable[[], None]) -> Callable[[], None]:
    """`call`, at its first use only."""
    called = False

    def guarded() -> None:
        nonlocal called
        if not called:
            called = True
            call()

    return guarded


def nothing() -> None:
    """For an `about_to_send` that nobody needs."""
