"""Many processes write at once: each row is there once, and no report is sent twice."""

from collections import Counter

import pytest
from sqlalchemy import Engine, func, select

from ci_stat.records import DeliveryState
from ci_stat.store.engine import open_engine
from ci_stat.store.results.tables import cases
from ci_stat.store.state.setup import prepare_state
from tests.chaos.support import attempts, ledger, statuses
from tests.support.drawn import FULL
from tests.support.forks import fork

pytestmark = [pytest.mark.chaos, pytest.mark.concurrent, pytest.mark.load]

WRITERS = 50 if FULL else 5
RUNS = 4

WRITER = """
import sys

from ci_stat.store.ci_data.write import prepare
from ci_stat.store.engine import open_engine
from ci_stat.store.results.setup import prepare_results
from ci_stat.store.state.setup import prepare_state
from tests.chaos.support import deliver, import_runs, record, store_results

url, number, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
engine = open_engine(url, 120)
prepare(engine)
prepare_results(engine)
prepare_state(engine)
print("ready", flush=True)
input()
sent = 0
for run in range(runs):
    import_runs(engine, record("shared", run), record(f"own {number}", run, "FAILURE"))
    store_results(engine, run)
    store_results(engine, 1000 * (number + 1) + run)
    sent += deliver(engine, run)
print(sent, flush=True)
"""


def test_many_writers_at_once(url: str) -> None:
    """They also create the tables at once."""
    writers = [fork(WRITER, url, number, RUNS) for number in range(WRITERS)]
    assert [writer.line() for writer in writers] == ["ready"] * WRITERS
    for writer in writers:
        writer.go_on()
    sent = [writer.line() for writer in writers]
    assert [writer.finish() for writer in writers] == [(0, "")] * WRITERS

    engine = open_engine(url)
    assert sum(map(int, sent)) == RUNS
    assert statuses(engine) == {"SUCCESS": RUNS, "FAILURE": WRITERS * RUNS}
    _every_run_is_whole(engine)
    states = Counter(delivery.state for delivery in ledger(engine).list(1_000))
    assert states == {DeliveryState.SENT: RUNS}
    prepare_state(engine)


def _every_run_is_whole(engine: Engine) -> None:
    stored = attempts(engine)
    own = {1000 * (writer + 1) + run for writer in range(WRITERS) for run in range(RUNS)}
    assert stored == dict.fromkeys(own | set(range(RUNS)), 3)
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(cases)).scalar() == 3
