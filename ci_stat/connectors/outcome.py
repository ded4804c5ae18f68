"""The result of one attempt to send a message, and the retry loop that all connectors share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ci_stat.connectors.http.response import NoResponse
from ci_stat.connectors.http.retry import Attempts
from ci_stat.records import DeliveryState, Outcome

LOOK_FIRST = "It may have arrived: check there before you send it again."


class Reaction(StrEnum):
    """What to do after an attempt."""

    DONE = "done"
    RETRY = "retry"  # certainly not delivered; a later attempt may succeed
    REFRESH = "refresh"  # the access token is refused: get a new one, once
    REJECT = "reject"  # this content is refused; another form of it may pass
    FOREIGN = "foreign"  # words of others (titles, logs) are refused
    GIVE_UP = "give up"
    UNKNOWN = "unknown"  # it may have been delivered


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """The outcome of one attempt.

    - `code`: the server's own code, else the HTTP or SMTP status.
    - `wait`: seconds to wait, if the server says so.
    - `value`: the JSON object of the response. It may hold tokens, so the repr leaves it out.
    """

    reaction: Reaction
    reason: str = ""
    hint: str = ""
    code: int | None = None
    wait: float | None = None
    message_id: str = ""
    value: dict[str, Any] = field(default_factory=dict, repr=False)


def without_response(failure: NoResponse) -> AttemptOutcome:
    """The outcome of a request that got no response."""
    if failure.sent:
        reaction = Reaction.UNKNOWN
    else:
        reaction = Reaction.RETRY if failure.temporary else Reaction.GIVE_UP
    return AttemptOutcome(reaction, failure.reason, failure.hint)


def send_with_retries(
    attempt: Callable[[], AttemptOutcome], attempts: Attempts, repeatable: bool = False
) -> Outcome:
    """Call `attempt` until the outcome is final, or no attempt is left.

    `repeatable`: the server delivers a message once, however often it receives it. Then an attempt
    with an unknown outcome is repeated; otherwise it is the last.
    """
    uncertain = False
    while True:
        outcome = attempt()
        unknown = outcome.reaction is Reaction.UNKNOWN
        uncertain = uncertain or unknown
        retry = outcome.reaction is Reaction.RETRY or (unknown and repeatable)
        if not retry or not attempts.again(outcome.wait):
            return _final(outcome, uncertain, attempts.made)


# The server's judgement of the content is true for every attempt, one without an answer included.
_ABOUT_CONTENT = (Reaction.DONE, Reaction.REJECT, Reaction.FOREIGN)


def _final(outcome: AttemptOutcome, uncertain: bool, tries: int) -> Outcome:
    uncertain = uncertain and outcome.reaction not in _ABOUT_CONTENT
    return Outcome(
        state=_state(outcome, uncertain),
        reason=_reason(outcome, tries),
        hint=f"{LOOK_FIRST} {outcome.hint}".strip() if uncertain else outcome.hint,
        code=outcome.code,
        rejected=outcome.reaction is Reaction.REJECT,
        foreign=outcome.reaction is Reaction.FOREIGN,
        message_id=outcome.message_id,
    )


def _state(outcome: AttemptOutcome, uncertain: bool) -> DeliveryState:
    if outcome.reaction is Reaction.DONE:
        return DeliveryState.SENT
    return DeliveryState.UNCERTAIN if uncertain else DeliveryState.FAILED


def _reason(outcome: AttemptOutcome, tries: int) -> str:
    if outcome.reaction is Reaction.DONE:
        return ""
    notes = [f"tried {tries} times"] if tries > 1 else []
    if outcome.wait is not None and outcome.reaction is Reaction.RETRY:
        notes.append(f"the server asks to wait {outcome.wait:,.0f} s")
    return f"{outcome.reason.rstrip('.')} ({'; '.join(notes)})" if notes else outcome.reason


def once(call: Callable[[], None]) -> Callable[[], None]:
    """`call`, at the first use only."""
    called = False

    def guarded() -> None:
        nonlocal called
        if not called:
            called = True
            call()

    return guarded


def nothing() -> None:
    """The default for `about_to_send`."""
