"""Which tests are known to be flaky: for gates, comments on pull requests, and retries."""

from datetime import datetime

import msgspec
from sqlalchemy import Engine

from ci_stat.statistics.intervals import Interval
from ci_stat.store.results.read import EVERY_RUN, RunFilter
from ci_stat.test_results.flakiness.model import FlakyTest
from ci_stat.test_results.flakiness.service import find_flaky

DAYS = 30
"""The usual length of the window: `known_flaky(engine, now - timedelta(days=DAYS), now)`."""


class KnownFlaky(msgspec.Struct, frozen=True):
    """A test that passed and failed on one commit.

    `mixed`: such commits, of `commits` on which it finished; a commit counts once in each job and
    label set. `interval`: 95 % (Wilson). `newest`: when the last run on such a commit started.
    """

    name: str
    mixed: int
    commits: int
    interval: Interval
    newest: datetime
    jobs: tuple[str, ...]


def known_flaky(
    engine: Engine, begin: datetime, end: datetime, filter: RunFilter = EVERY_RUN
) -> dict[str, KnownFlaky]:
    """Return the tests that are proven flaky by runs that started in [begin, end).

    The keys are those of `failures.case_identity.identity_key`, as result files give them. Aborted
    runs, mass failures, steady failures and outages prove nothing (`exclusions`). `filter`: e.g.
    the jobs. Raises DatabaseError.
    """
    flaky = find_flaky(engine, begin, end, filter)
    return {test.key: _known(test) for test in flaky.proven}


def _known(test: FlakyTest) -> KnownFlaky:
    assert test.newest is not None  # each proof has a run
    jobs = {place.job for place in test.places if place.proof.count}
    return KnownFlaky(
        name=test.case.full_name,
        mixed=test.proof.count,
        commits=test.proof.total,
        interval=test.proof.interval,
        newest=test.newest.started,
        jobs=tuple(sorted(jobs)),
    )
