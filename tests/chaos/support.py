"""Small imports for attacks, and what the databases then hold."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, func, select

from ci_stat.formats.result_file import ResultFile
from ci_stat.records import DeliveryKey, DeliveryState
from ci_stat.records import Outcome as Sent
from ci_stat.records.run_info import RunInfo
from ci_stat.runs.import_runs import ImportResult, import_lines
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.results.read import ResultsReader
from ci_stat.store.results.write import ResultsWriter
from ci_stat.store.state.deliveries import Deliveries
from ci_stat.store.state.process_id import is_alive, this_process

NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ZONE = ZoneInfo("UTC")

Wait = Callable[[], None]


def record(job: str, number: int, status: str = "SUCCESS", comment: str = "") -> bytes:
    """One line of `ci-stat import`."""
    time = (NOON + timedelta(minutes=number)).isoformat()
    values = {"job_name": job, "job_id": number, "status": status, "time": time}
    return json.dumps(values | {"comment": comment}).encode()


def import_runs(engine: Engine, *lines: bytes) -> ImportResult:
    return import_lines(engine, lines, ZONE)


def statuses(engine: Engine) -> Counter[str]:
    """How many runs of each status the CI database has."""
    query = select(ci_data.c.status, func.count()).group_by(ci_data.c.status)
    with engine.connect() as connection:
        return Counter({str(status): count for status, count in connection.execute(query)})


def junit(tests: int, failed: int = 0, filler: str = "") -> str:
    """A result file; the first tests failed."""
    failure = f'<failure message="got 17">{filler}</failure>'
    cases = "".join(
        f'<testcase classname="C" name="t{number}" time="0.25">'
        f"{failure if number < failed else ''}</testcase>"
        for number in range(tests)
    )
    return f'<testsuite name="s">{cases}</testsuite>'


def store_results(
    engine: Engine, number: int, tests: int = 3, wait: Wait = lambda: None, text: str = ""
) -> bool:
    """One run of the job `unit`, one day after the other; its first test failed.

    `wait` is called before the last test is read. `text`: another result file. Returns whether the
    run is new.
    """
    head, last = (text or junit(tests, 1)).rsplit("<testcase", 1)

    def blocks() -> Iterator[bytes]:
        yield head.encode()
        wait()
        yield f"<testcase{last}".encode()

    writer = ResultsWriter(engine, lambda: NOON)
    started = NOON + number * DAY
    run = writer.run_id(RunInfo("unit", number, commit=f"c{number}", started=started))
    return writer.store(run, f"digest {number}", "r.xml", lambda: ResultFile(blocks())).is_new


def attempts(engine: Engine) -> dict[int | None, int]:
    """How many attempts each run has, by its number."""
    reader = ResultsReader(engine)
    runs = reader.runs(limit=10_000)
    return {run.info.number: sum(1 for _ in reader.attempts(run.id)) for run in runs}


def ledger(state: Engine) -> Deliveries:
    """The ledger of this process."""
    return Deliveries(state, "ci", this_process(), lambda: NOON, is_alive)


def key(number: int) -> DeliveryKey:
    end = NOON + timedelta(hours=number)
    begin = end - timedelta(hours=1)
    return DeliveryKey("hourly", begin.isoformat(), end.isoformat(), "chat oc_1")


def deliver(state: Engine, number: int) -> bool:
    """Send one report, unless it was sent. Whether it was sent now."""
    deliveries = ledger(state)
    if not deliveries.claim(key(number)).granted:
        return False
    deliveries.sending(key(number), "card")
    sent = Sent(DeliveryState.SENT, message_id=f"om_{number}")
    return deliveries.finish(key(number), sent, "card")
