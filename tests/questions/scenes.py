"""A small CI in which each kind of verdict occurs."""

import re
from datetime import timedelta
from typing import Any

from ci_stat.records import RunRow
from tests.support.rows import BEGIN, pull, row

X = {"case": ["FAIL: x_test.go:7: Suite.TestX"]}
X_AGAIN = {"case": ["x_test.go:Suite.TestX"]}
Y = {"case": ["y_test.go:Suite.TestY"]}
DISK = {"env": ["no space left"]}


def run(
    hour: float, pr: int | None = None, status: str = "SUCCESS", job: str = "unit", **more: Any
) -> RunRow:
    """A run of o/r#pr so many hours into the data; without `pr`, a nightly run."""
    described = {} if pr is None else {"description": pull(pr, ghprbPullAuthorLogin=f"author{pr}")}
    values = {"time": BEGIN + timedelta(hours=hour), **described, **more}
    number = round(hour * 10) * 10_000 + (pr or 0)
    return row(job, number, status, pr=pr, **values)


def passing(count: int = 40, job: str = "unit") -> list[RunRow]:
    """Runs of other pull requests that pass, one an hour."""
    return [run(hour, 1000 + hour, job=job) for hour in range(count)]


def own_failure() -> list[RunRow]:
    """o/r#7 passes on c1, and fails with X twice on c2."""
    failed: dict[str, Any] = {"status": "FAILURE", "commit": "c2", "analysis_res": X}
    return [run(1, 7, commit="c1"), run(20, 7, **failed), run(21, 7, **failed)]


def failure_of_others() -> list[RunRow]:
    """o/r#8 has Y, and so do o/r#9 and a nightly run, in other spellings and jobs."""
    return [
        run(5, 9, "FAILURE", analysis_res={"case": ["FAIL: y_test.go:7: Suite.TestY"]}),
        run(10, 8, "FAILURE", analysis_res=Y),
        run(12, None, "FAILURE", job="nightly", analysis_res=Y),
    ]


def outage() -> list[RunRow]:
    """Six pull requests and o/r#10 fail in one hour because of a machine."""
    hours = (30 + minute / 10 for minute in range(7))
    return [
        run(hour, 10 + at, "FAILURE", job="build", analysis_res=DISK)
        for at, hour in enumerate(hours)
    ]


def without_database(text: str) -> str:
    """A screen without the address of the database, which differs between tests."""
    return re.sub(r" · \w+\S*://.*", "", text)
