"""Makes the writes of a campaign through the outbox: each is stored before, and its answer after.

A write that a killed process may have made is looked up at the forge before it is repeated.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

import msgspec

from ci_stat.errors import SourceError
from ci_stat.records import DeliveryState
from ci_stat.records.forge import ForgeWrite
from ci_stat.store.state.calls import Answer, Call, CallState, Request
from ci_stat.store.state.outbox import Outbox
from ci_stat.store.state.stored_values import digest

FEATURE = "campaigns"
LOOKS = (2.0, 10.0)  # seconds before each look for a write that got no answer

_OUTCOMES = {
    DeliveryState.SENT: CallState.DONE,
    DeliveryState.FAILED: CallState.REFUSED,
    DeliveryState.UNCERTAIN: CallState.UNKNOWN,
}

Look = Callable[[], ForgeWrite | None]
Guard = Callable[[Callable[[], None]], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class CampaignCalls:
    """The writes of all campaigns at one repository. `guard`: `Forge.before_writes`."""

    outbox: Outbox
    guard: Guard
    sleep: Callable[[float], None] = time.sleep

    def make(
        self, kind: str, identity: tuple[str, ...], call: Callable[[], ForgeWrite], look: Look
    ) -> ForgeWrite:
        """Make a write that may take effect once, and return its outcome, now or earlier.

        `look`: finds the effect at the forge; None if there is none. Raises DatabaseError.
        """
        request = request_of(kind, *identity)
        claim = self.outbox.prepare(request, lambda _: self._looked_up(look))
        if not claim.granted:
            return _known(claim.call)
        try:
            self.outbox.calling(request.id)
        except BaseException:
            self.outbox.release(request.id)
            raise
        written = self._made(request.id, call)
        if written.state is DeliveryState.UNCERTAIN:
            written = self._seen(look) or written
        self.outbox.finish(request.id, _answer(written))
        return written

    def _made(self, id: str, call: Callable[[], ForgeWrite]) -> ForgeWrite:
        """The outcome of a call. It may read first: an error of that leaves the call undecided.

        If it stayed in progress, this process could not make it again. It may also wait for a
        limit of the forge, or be suspended meanwhile; so right before each write is sent, it is
        checked that no other process has taken over the call. Raises LostClaim.
        """
        try:
            with self.guard(partial(self.outbox.calling, id)):
                return call()
        except SourceError as error:
            return ForgeWrite(DeliveryState.UNCERTAIN, reason=error.message, hint=error.hint)

    def _looked_up(self, look: Look) -> Answer:
        """Whether a write of a killed process, or one without an answer, took effect."""
        try:
            written = self._found(look)
        except SourceError as error:
            return Answer(CallState.UNKNOWN, reason=str(error))
        if written is None:
            return Answer(CallState.REFUSED, reason="the forge does not have it")
        return _answer(written)

    def _seen(self, look: Look) -> ForgeWrite | None:
        """The effect of a write without an answer; None too if the forge cannot be read.

        The call is then settled as unknown. If it stayed in progress, this process could not make
        it again.
        """
        try:
            return self._found(look)
        except SourceError:
            return None

    def _found(self, look: Look) -> ForgeWrite | None:
        written = None
        for seconds in LOOKS:
            self.sleep(seconds)
            written = look()
            if written is not None:
                break
        return written


def request_of(kind: str, *identity: str) -> Request:
    """The request with the identity of these values."""
    text = msgspec.json.encode([1, kind, *identity]).decode()
    return Request(digest(FEATURE, kind, *identity), text, kind)


def _known(call: Call) -> ForgeWrite:
    """The outcome of a write that was not made now."""
    if call.state is CallState.DONE:
        return ForgeWrite(
            DeliveryState.SENT, call.number, call.reference, call.url, call.code, call.reason
        )
    reason = call.reason or "another process is making this write"
    return ForgeWrite(DeliveryState.UNCERTAIN, reason=reason, code=call.code)


def _answer(written: ForgeWrite) -> Answer:
    return Answer(
        _OUTCOMES[written.state],
        number=written.id,
        reference=written.sha,
        url=written.url,
        code=written.code,
        reason=written.reason,
    )
