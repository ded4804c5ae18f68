"""Pure: what a recipient does not know, because reports did not arrive or were not made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ci_stat.records import Delivery, DeliveryState

LONGEST = timedelta(days=7)  # after a longer time, nobody expects the reports in between
TROUBLE = "-trouble"  # ends the kind of a report about a data problem, which has no failures

_LOST = (DeliveryState.FAILED, DeliveryState.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Missed:
    """What one recipient missed before the report of a window. Times are aware.

    - `since`: a failure that was first seen at or after it is news to the recipient; the begin of
      the window if nothing was missed.
    - `undelivered`: reports that did not arrive, or may not have arrived, and that no later report
      made up for; oldest first.
    - `gap`: the time before the window for which there was no report; None without a gap.
    """

    since: datetime
    undelivered: tuple[Delivery, ...] = ()
    gap: tuple[datetime, datetime] | None = None


def missed(earlier: Sequence[Delivery], begin: datetime) -> Missed:
    """What the recipient missed. `earlier`: of its reports, whose windows end by `begin`."""
    arrived = [delivery for delivery in earlier if _names_failures(delivery)]
    open_ones = [delivery for delivery in earlier if not _is_covered(delivery, arrived)]
    undelivered = [delivery for delivery in open_ones if delivery.state in _LOST]
    without_failures = [delivery for delivery in open_ones if delivery.state is DeliveryState.SENT]

    gap = _gap(earlier, begin)
    begins = [_begin(delivery) for delivery in (*undelivered, *without_failures)]
    since = min((begin, *begins, *(gap or ())))
    return Missed(since, tuple(sorted(undelivered, key=_begin)), gap)


def _names_failures(delivery: Delivery) -> bool:
    """Whether it arrived and names failures."""
    return delivery.state is DeliveryState.SENT and not delivery.key.report.endswith(TROUBLE)


def _is_covered(delivery: Delivery, arrived: Sequence[Delivery]) -> bool:
    return any(_covers(report, delivery) for report in arrived)


def _covers(report: Delivery, other: Delivery) -> bool:
    """Whether a report that arrived also has the news of the other one's window.

    Reports of older versions do not say since when; they count as if they contained everything.
    """
    since = report.news_since
    begins_before = not since or datetime.fromisoformat(since) <= _begin(other)
    return begins_before and _end(report) >= _end(other)


def _gap(earlier: Sequence[Delivery], begin: datetime) -> tuple[datetime, datetime] | None:
    if not earlier:
        return None
    last = max(map(_end, earlier))
    return (last, begin) if timedelta(0) < begin - last <= LONGEST else None


def _begin(delivery: Delivery) -> datetime:
    return datetime.fromisoformat(delivery.key.begin)


def _end(delivery: Delivery) -> datetime:
    return datetime.fromisoformat(delivery.key.end)
