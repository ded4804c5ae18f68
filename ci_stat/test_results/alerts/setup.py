"""Opens what alerts need; for the context only."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine

from ci_stat.store.errors import hidden
from ci_stat.store.state.outbox import Outbox
from ci_stat.store.state.outbox_table import CallTable
from ci_stat.store.state.process_id import is_alive, this_process
from ci_stat.store.state.stored_values import source_of
from ci_stat.test_results.alerts.ledger import FEATURE, AlertLedger
from ci_stat.test_results.alerts.service import Alerter


def alerter(state: Engine, results: Engine, clock: Callable[[], datetime], limit: int) -> Alerter:
    """The alerts about one results database."""
    table = CallTable(state, FEATURE, source_of(hidden(results.url)))
    outbox = Outbox(table, this_process(), clock, is_alive)
    return Alerter(AlertLedger(outbox), clock, limit)
