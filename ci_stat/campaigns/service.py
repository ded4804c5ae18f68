"""Starts, continues and cancels campaigns, and waits while nothing is to be done."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from secrets import token_hex

from ci_stat.campaigns.decisions import Action
from ci_stat.campaigns.driver import Driver
from ci_stat.campaigns.ledger import OPEN, Ledger
from ci_stat.campaigns.model import Campaign, CampaignState, Spec
from ci_stat.campaigns.opening import NotYetDelivered
from ci_stat.campaigns.planning import planned
from ci_stat.errors import CiStatError, NotFound, Refused, SourceError
from ci_stat.store.state.campaign_rows import ChangedByAnother
from ci_stat.store.state.issue_lock import IssueLock

PATIENCE = 10  # failed reads or writes in a row after which the driver gives up; `resume` continues
RENEWED = 300.0  # seconds after which the lock is extended, at the latest
LONGEST_WAIT = timedelta(minutes=1)  # after which it is looked whether somebody cancelled
LONGEST_PAUSE = timedelta(minutes=15)  # after failed reads or writes

Watch = Callable[[Campaign, str], None]


def new_hex(digits: int) -> str:
    """Random hex digits; `digits` is even."""
    return token_hex(digits // 2)


def unwatched(_campaign: Campaign, _note: str) -> None:
    """Show nothing."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """`now`: the aware present. `sleep`: waits seconds of that time."""

    now: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Campaigns:
    """The campaigns of one repository. `lock_of`: the lock of a base branch."""

    driver: Driver
    ledger: Ledger
    lock_of: Callable[[str], IssueLock]
    clocks: Clocks
    new_hex: Callable[[int], str] = new_hex

    def start(self, spec: Spec, watch: Watch = unwatched) -> Campaign:
        """Run a new campaign to its end.

        Raises Refused if one is open on the branch, UsageError for an invalid spec or an
        unknown base branch, NotFound for an unknown repository, and the errors of
        `Driver.step`; then `resume` continues.
        """
        with self._locked(spec.branch) as lock:
            known = self.ledger.open_on(spec.branch)
            if known is not None:
                raise Refused(
                    f"The campaign {known.id} on {spec.branch} has not ended.",
                    f"Continue it: ci-stat campaign resume {known.id}",
                )
            campaign = planned(spec, self.clocks.now(), self.new_hex)
            self._require_base(spec)
            self.ledger.add(campaign)
            return self._run(campaign, lock, watch)

    def resume(self, id: str = "", watch: Watch = unwatched) -> Campaign:
        """Continue a campaign to its end. `id`: how it begins; "" for the one that is open."""
        known = self.ledger.open_one(id)
        with self._locked(known.spec.branch) as lock:
            return self._run(self.ledger.get(known.id), lock, watch)

    def cancel(self, id: str = "", watch: Watch = unwatched) -> Campaign:
        """Open no more pull requests, and close those that are open by the rules.

        If another process drives the campaign, that one does it, within a minute: the campaign is
        returned as it is now, with the state CANCELLING.
        """
        campaign = self._ordered(id)
        lock = self.lock_of(campaign.spec.branch)
        if not lock.take().granted:
            return campaign
        try:
            return self._run(self.ledger.get(campaign.id), lock, watch)
        finally:
            lock.release()

    def _ordered(self, id: str) -> Campaign:
        """Store the order to cancel. A driver may change the campaign at the same moment."""
        for _ in range(PATIENCE):
            known = self.ledger.open_one(id)
            reason = known.reason or "cancelled"
            campaign = replace(known, state=CampaignState.CANCELLING, reason=reason)
            with suppress(ChangedByAnother):
                self.ledger.put(campaign)
                return campaign
        raise Refused(f"The campaign {known.id} changed at each attempt.", "Try again.")

    def _require_base(self, spec: Spec) -> None:
        try:
            self.driver.opener.require_base(spec)
        except NotFound:
            raise
        except SourceError:
            return  # A forge that does not answer now is asked again for each pull request.

    @contextmanager
    def _locked(self, branch: str) -> Iterator[IssueLock]:
        """Raises Refused if another process drives a campaign on the branch."""
        lock = self.lock_of(branch)
        claim = lock.take()
        if not claim.granted:
            raise Refused(
                f"A campaign on {branch} is being driven: {claim.reason}.",
                "See: ci-stat campaign status",
            )
        try:
            yield lock
        finally:
            lock.release()

    def _run(self, campaign: Campaign, lock: IssueLock, watch: Watch) -> Campaign:
        failures = 0
        watch(campaign, "")
        while campaign.state in OPEN:
            lock.renew()
            campaign = self.ledger.with_orders(campaign)
            try:
                campaign, step = self.driver.step(campaign)
            except (SourceError, NotYetDelivered, ChangedByAnother) as error:
                failures += 1
                if failures >= PATIENCE:
                    raise
                campaign = self._after_failure(campaign, error, failures, lock, watch)
                continue
            failures = 0
            watch(campaign, "")
            if step.action is Action.WAIT and step.until is not None:
                self._pause(lock, min(step.until, self.clocks.now() + LONGEST_WAIT))
        return campaign

    def _after_failure(
        self,
        campaign: Campaign,
        error: CiStatError,
        failures: int,
        lock: IssueLock,
        watch: Watch,
    ) -> Campaign:
        """The campaign to go on with, after a pause.

        If it was changed by another process, that gave an order during the step: a driver that
        lost the campaign cannot renew its lock, and ends.
        """
        if isinstance(error, ChangedByAnother):
            return self.ledger.get(campaign.id)
        watch(campaign, f"{error}")
        pause = min(LONGEST_PAUSE, timedelta(seconds=2**failures))
        self._pause(lock, self.clocks.now() + pause)
        return campaign

    def _pause(self, lock: IssueLock, until: datetime) -> None:
        """Wait, and keep the lock meanwhile."""
        # Counted down, not compared with the present: a clock that is set back prolongs nothing.
        left = (until - self.clocks.now()).total_seconds()
        while left > 0:
            self.clocks.sleep(min(left, RENEWED))
            lock.renew()
            left -= RENEWED
