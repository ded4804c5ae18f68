"""A results database with two months of runs, and planted changes."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, event

from ci_stat.records.run_info import RunInfo
from ci_stat.store.engine import open_engine
from ci_stat.store.results.setup import prepare_results
from tests.store.results.test_results import store

END = datetime(2026, 11, 30, tzinfo=UTC)
RUNS_A_DAY = 3
DAYS = 63


def fill(path: Path) -> str:
    """Write the database. Return its URL.

    Planted in the job `unit` on `main`: `broken` fails in the last 4 days, `recovered` failed from
    6 to 4 days ago, `flaky` always failed in a tenth of the runs, `fresh` is new and fails half of
    the time, `slow` takes 30 % longer since 5 days. An accident broke all tests in one run.
    """
    url = f"sqlite:///{path}"
    engine = open_engine(url)
    event.listen(engine, "connect", lambda raw, _: raw.execute("pragma synchronous = off"))
    prepare_results(engine)
    for run, content in _runs(random.Random(5)):
        store(engine, content, run, "r.xml")
    _other_lanes(engine)
    engine.dispose()
    return url


def _runs(drawn: random.Random) -> Iterator[tuple[RunInfo, str]]:
    for number in range(DAYS * RUNS_A_DAY):
        days = DAYS - number / RUNS_A_DAY  # ago
        rates = {
            "broken": float(days <= 4),
            "recovered": float(4 < days <= 6),
            "flaky": 0.1,
            "slow": 0.0,
            "fine": 0.0,
            **({"fresh": 0.5} if days <= 5 else {}),
        }
        if number == 150:
            rates = dict.fromkeys(rates, 1.0)
        cases = "".join(_case(name, rate, days, drawn) for name, rate in rates.items())
        yield _info(number, END - timedelta(days=days)), f'<testsuite name="s">{cases}</testsuite>'


def _case(name: str, rate: float, days: float, drawn: random.Random) -> str:
    level = 1.3 if name == "slow" and days <= 5 else 1.0
    seconds = level * drawn.lognormvariate(0, 0.05)
    failure = '<failure message="m"/>' if drawn.random() < rate else ""
    # Half of the failures of `flaky` pass at the second attempt.
    head = f'<testcase classname="pkg.Suite" name="{name}" time="'
    retry = f'{head}0.1"/>' if failure and name == "flaky" and drawn.random() < 0.5 else ""
    return f'{head}{seconds:.3f}">{failure}</testcase>{retry}'


def _info(number: int, started: datetime, **more: object) -> RunInfo:
    values = {
        "job": "unit",
        "branch": "main",
        "repo": "acme/app",
        "url": f"https://ci.example/{number}",
        **more,
    }
    commit = f"{number + 1:04x}" * 10
    return RunInfo(number=number + 1, commit=commit, started=started, **values)  # type: ignore[arg-type]


def _other_lanes(engine: Engine) -> None:
    """Runs that must not be mixed with those of `unit` on `main`; names are hostile."""
    hostile = '<testcase classname="C" name="a&#27;[31m,=1+1"><failure message="m"/></testcase>'
    content = f'<testsuite name="s">{hostile}</testsuite>'
    for number in range(8):
        started = END - timedelta(days=2, hours=number)
        info = _info(1_000 + number, started, job="=e2e\x1b[31m", labels={"db": "tidb"})
        store(engine, content, info, "r.xml")
    broken = content.replace("a&#27;[31m,=1+1", "broken").replace('"C"', '"pkg.Suite"')
    for number in range(5):
        started = END - timedelta(days=20, hours=number)
        store(engine, broken, _info(2_000 + number, started, branch="fix", pull=7), "r.xml")
        store(engine, broken, _info(3_000 + number, started, branch="topic"), "r.xml")
