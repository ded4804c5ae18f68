"""Notice a job that was deleted in Jenkins and created again: its build numbers begin anew.

Pure. The rows of the former job would otherwise hide the new builds of equal numbers, and get their
logs.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

SAME_START = timedelta(minutes=10)  # other writers of the table may note a start less exactly
# A table whose time zone setting was changed differs by whole quarters of an hour, everywhere.
_MOST_SHIFT = timedelta(hours=26)
_QUARTER = 15 * 60  # seconds
_SHIFT_ERROR = 60  # seconds


class Recreated(Exception):
    """The job was created again. `first`: start of its earliest listed build, as the table's."""

    def __init__(self, first: datetime) -> None:
        super().__init__(first)
        self.first = first


def first_new_start(
    listed: Mapping[int, datetime],
    stored: Mapping[int, datetime],
    newest: tuple[int, datetime] | None,
) -> datetime | None:
    """When the first of the listed builds of a new job began; None for one and the same job.

    - `listed`: starts of builds by number, as Jenkins has them, in the zone of the table.
    - `stored`: starts of the stored builds of these numbers.
    - `newest`: the largest stored number and its start.

    A job is another one if a number was used again, or if a build began long after a build with a
    larger number.
    """
    again = _used_again(listed, stored)
    if not again and newest is not None:
        number, start = newest
        again = {
            later for later in listed if later <= number and listed[later] > start + _MOST_SHIFT
        }
    return min((listed[number] for number in again), default=None)


def _used_again(listed: Mapping[int, datetime], stored: Mapping[int, datetime]) -> set[int]:
    """The numbers whose stored build is another one than the listed one."""
    later = {number: listed[number] - stored[number] for number in listed.keys() & stored.keys()}
    other = {number for number, delay in later.items() if delay > SAME_START}
    if all(map(_is_shift, (later[number] for number in other))):
        return set()
    same = later.keys() - other
    # A new job counts from 1: below a number that was used again, no build can be the stored one.
    # A single row with a wrong time lies between others that are right.
    return set() if same and min(same) < max(other) else other


def _is_shift(delay: timedelta) -> bool:
    """Whether a delay may come from another time zone."""
    beyond = delay.total_seconds() % _QUARTER
    return delay <= _MOST_SHIFT and min(beyond, _QUARTER - beyond) <= _SHIFT_ERROR
