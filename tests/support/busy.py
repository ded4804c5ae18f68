"""Two weeks of a CI whose last hour has a known failure and two new ones, for tests of reports."""

from datetime import datetime, timedelta
from typing import Any

from ci_stat.records import RunRow
from tests.support.rows import pull, row

NOW = "2021-06-19T15:07"
HOUR = datetime(2021, 6, 19, 14)


def run(
    at: datetime, number: int, status: str = "SUCCESS", pr: int | None = 1, **more: Any
) -> RunRow:
    author = {"description": pull(pr, ghprbPullAuthorLogin=f"author{pr}")} if pr else {}
    return row("unit", number, status, pr=pr, time=at, **(author | more))


def busy() -> list[RunRow]:
    """Two weeks of three runs each afternoon.

    The last hour has a known failure and two new ones.
    """
    rows = []
    for day in range(1, 15):
        at = HOUR - timedelta(days=day)
        rows += [run(at + timedelta(minutes=n), 100 * day + n, pr=n) for n in range(1, 4)]
        rows.append(run(at, 100 * day, "FAILURE", analysis_res={"case": ["s.TestKnown"]}))
    rows.append(run(HOUR - timedelta(minutes=30), 3000, "ABORTED"))
    for n in range(1, 6):
        rows.append(run(HOUR + timedelta(minutes=n), 5000 + n, pr=n))
    rows.append(
        run(HOUR + timedelta(minutes=10), 6001, "FAILURE", analysis_res={"case": ["s.TestKnown"]})
    )
    rows.append(
        run(
            HOUR + timedelta(minutes=11),
            6002,
            "FAILURE",
            pr=2,
            analysis_res={"case": ["s.TestNew"]},
        )
    )
    rows.append(
        run(
            HOUR + timedelta(minutes=12),
            6003,
            "FAILURE",
            pr=None,
            analysis_res={"case": ["s.TestNight"]},
        )
    )
    return rows
