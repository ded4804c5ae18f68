"""Makes outward calls through the outbox: each is stored before it is made, and then its answer."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from ci_stat.connectors.github.publish_schema import Written
from ci_stat.errors import CiStatError
from ci_stat.records import DeliveryState
from ci_stat.store.state.calls import UNFINISHED, Answer, CallState, Request
from ci_stat.store.state.outbox import Outbox
from ci_stat.store.state.stored_values import digest

FEATURE = "publish"
LOOKS = (2.0, 10.0)  # seconds before each look for a call that got no answer
_OUTCOMES = {
    DeliveryState.SENT: CallState.DONE,
    DeliveryState.FAILED: CallState.REFUSED,
    DeliveryState.UNCERTAIN: CallState.UNKNOWN,
}

SENT = Written(DeliveryState.SENT)
BUSY = Written(
    DeliveryState.UNCERTAIN,
    reason="another process is publishing the same",
    hint="Publish again when it has finished.",
)

Look = Callable[[], Written | None]


@dataclass(frozen=True, slots=True)
class RecordedCalls:
    """Calls to one repository."""

    outbox: Outbox
    sleep: Callable[[float], None] = time.sleep

    def make(self, request: Request, call: Callable[[], Written], look: Look) -> Written | None:
        """Make the call; None if another process is making it. Raises DatabaseError.

        The caller has looked at the target, where the call has no effect now. `look`: looks there
        again, for a call of a process that was killed, and for one that got no answer.
        """
        granted, known = self._claimed(request, look)
        if known or not granted:
            return known
        try:
            self.outbox.calling(request.id)
        except BaseException:
            self.outbox.release(request.id)
            raise
        written = call()
        if written.state is DeliveryState.UNCERTAIN:
            written = self._looked_up(look) or written
        self.outbox.finish(request.id, _answer(written))
        return written

    def _claimed(self, request: Request, look: Look) -> tuple[bool, Written | None]:
        """Whether this process may make the call, and what an earlier one did."""
        claim = self.outbox.prepare(request)
        if claim.granted:
            return True, None
        if claim.call.state in UNFINISHED:
            return False, None
        if claim.call.state is CallState.UNKNOWN:
            known = self._looked_up(look)
            if known:
                self.outbox.settle(request.id, _answer(known))
                return False, known
        # DONE before, but without effect now: somebody deleted or changed what was written.
        return self.outbox.prepare(request, force=True).granted, None

    def _looked_up(self, look: Look) -> Written | None:
        for seconds in LOOKS:
            self.sleep(seconds)
            try:
                known = look()
            except CiStatError:
                continue
            if known:
                return known
        return None


def request_of(kind: str, *parts: str) -> Request:
    """The request with the identity of these values."""
    identity = msgspec.json.encode([1, kind, *parts]).decode()
    return Request(digest(FEATURE, kind, *parts), identity, kind)


def _answer(written: Written) -> Answer:
    return Answer(
        _OUTCOMES[written.state],
        reference=str(written.id) if written.id else "",
        url=written.url,
        code=written.code,
        reason=written.reason,
    )
