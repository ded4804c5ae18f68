"""The ledgers of issues in our state: calls, mutes and accepted failures. None needs a token.

Answers about a case read them too. They need neither the filer nor a client for GitHub.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Engine

from ci_stat.config import GitHub
from ci_stat.errors import CiStatError
from ci_stat.escape import visible
from ci_stat.issues.address import ledger_name
from ci_stat.records import Mute
from ci_stat.store.state.case_notes import AcceptedCases, Mutes, Notes
from ci_stat.store.state.issue_calls import IssueCalls
from ci_stat.store.state.process_id import this_process

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]


def issue_calls(state: Engine, github: GitHub, clock: Clock) -> IssueCalls:
    """Return the ledger of calls to the repository. It needs no token. Raises SettingsError."""
    return IssueCalls(state, ledger_name(github), this_process(), clock)


def case_notes(state: Engine, github: GitHub, clock: Clock) -> Notes:
    """Return mutes and accepted failures. They need no token. Raises SettingsError."""
    name = ledger_name(github)
    return Notes(Mutes(state, name, clock), AcceptedCases(state, name, clock))


def active_mutes(open_notes: Callable[[], Notes], now: datetime) -> Mapping[str, Mute]:
    """The mutes by case, or none if our state cannot be used."""
    try:
        return open_notes().mutes.all(now)
    except CiStatError as error:
        log.info("No mutes: %s", visible(error))
        return {}
