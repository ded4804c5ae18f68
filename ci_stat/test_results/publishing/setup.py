"""Opens what publishing needs from the settings; for the context only."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from ci_stat.config import GitHub
from ci_stat.connectors.github.pull_requests import PullRequests
from ci_stat.errors import CiStatError
from ci_stat.escape import visible
from ci_stat.store.state.outbox import Outbox
from ci_stat.store.state.outbox_table import CallTable
from ci_stat.store.state.process_id import is_alive, this_process
from ci_stat.store.state.stored_values import tracker_of
from ci_stat.test_results.publishing.checks import CheckPublisher
from ci_stat.test_results.publishing.comments import CommentPublisher
from ci_stat.test_results.publishing.recorded import FEATURE, RecordedCalls
from ci_stat.test_results.publishing.statuses import StatusPublisher

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Publishers:
    """What publishes at one repository."""

    github: PullRequests
    comments: CommentPublisher
    statuses: StatusPublisher
    checks: CheckPublisher
    outbox: Outbox

    def prune(self) -> None:
        """Delete calls older than 400 days. A failure is only logged: the next run tries again."""
        try:
            self.outbox.prune()
        except CiStatError as error:
            log.warning("Old calls could not be deleted: %s", visible(error))


def publishers(
    place: GitHub, repo: str, state: Engine, clock: Callable[[], datetime]
) -> Publishers:
    """The publishers of a repository. The caller closes `github`. Raises SettingsError."""
    github = PullRequests(place.url, repo, place.token.reveal().strip())
    table = CallTable(state, FEATURE, tracker_of(f"{github.root} {repo.casefold()}"))
    outbox = Outbox(table, this_process(), clock, is_alive)
    calls = RecordedCalls(outbox)
    return Publishers(
        github,
        CommentPublisher(github, calls),
        StatusPublisher(github, calls),
        CheckPublisher(github, calls),
        outbox,
    )
