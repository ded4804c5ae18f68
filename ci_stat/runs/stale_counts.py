"""Stored counts of windows: deleted after rows of these windows were stored."""

import logging
from collections.abc import Callable

from ci_stat.errors import CiStatError
from ci_stat.escape import visible
from ci_stat.records import Stretch
from ci_stat.store.state.window_counts import StoredCounts

log = logging.getLogger(__name__)


def forget_counts(existing_counts: Callable[[], StoredCounts | None], times: Stretch) -> None:
    """Delete the stored counts of the windows in which rows were stored.

    - `existing_counts`: opens the stored counts; returns None if our state does not exist.
    - `times`: first and last time of the stored rows.

    A failure is a warning: the rows themselves are stored.
    """
    if times.first is None or times.last is None:
        return
    try:
        counts = existing_counts()
        if counts is not None:
            counts.forget(times.first, times.last)
    except CiStatError as error:
        log.warning("Reports may show counts from before this change: %s", visible(error))
