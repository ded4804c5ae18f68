"""The shell that applies a plan entry by entry, and stops where no further write can succeed."""

import logging
from dataclasses import dataclass

from ci_stat.errors import DatabaseError, Refused, SourceError
from ci_stat.escape import visible
from ci_stat.issues.apply_entry import EntryResult, EntryWork
from ci_stat.issues.identity import Identity
from ci_stat.issues.model import IssuePlan, PlanEntry
from ci_stat.issues.tracker import Tracker
from ci_stat.records import DeliveryState, IssueAction, WriteResult
from ci_stat.store.state.issue_lock import LostLock

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ApplyResult:
    """The outcome of a plan. `stopped`: why its remaining entries were not tried, or ""."""

    results: tuple[EntryResult, ...] = ()
    stopped: str = ""

    @property
    def succeeded(self) -> bool:
        return not self.stopped and all(result.succeeded for result in self.results)


def apply(plan: IssuePlan, tracker: Tracker) -> ApplyResult:
    """Make the plan's calls, one after the other. The caller holds the tracker's lock.

    Raises LostLock if another process takes the lock over, and Refused for a plan that was stopped.
    """
    if plan.stopped:
        raise Refused(plan.stopped, plan.hint)

    acting = [entry for entry in plan.entries if entry.action != IssueAction.SKIP]
    entries = [entry for entry in acting if entry.draft is not None]
    identity = tracker.identity() if entries else Identity("")
    results: list[EntryResult] = []
    for entry in entries:
        try:
            result = _apply_entry(entry, plan, tracker, identity)
        except LostLock:
            raise
        except (SourceError, DatabaseError) as error:
            # From a read, or from our state before the next call: keep the earlier results.
            return ApplyResult(tuple(results), error.message)

        results.append(result)
        _log_result(result)
        failed = result.failed_write
        if failed and failed.stop:
            return ApplyResult(tuple(results), failed.reason)
    return ApplyResult(tuple(results))


def _apply_entry(
    entry: PlanEntry, plan: IssuePlan, tracker: Tracker, identity: Identity
) -> EntryResult:
    try:
        return EntryWork(entry, plan, tracker, identity).apply()
    except ValueError as error:  # a text that GitHub would reject; other entries are unaffected
        reason = visible(error, 300)
        failed = WriteResult(DeliveryState.FAILED, entry.number, reason=reason)
        return EntryResult(entry, entry.number, (failed,))


def _log_result(result: EntryResult) -> None:
    outcome = "done" if result.succeeded else "not done"
    log.info("%s: %s", visible(result.entry.name), result.skipped or outcome)
