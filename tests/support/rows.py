"""Rows for tests: short to write, complete where it matters."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from ci_stat.records import RunRow

BEGIN = datetime(2021, 6, 19)
_LETTERS = {"P": "SUCCESS", "F": "FAILURE", "A": "ABORTED", "U": "UNSTABLE"}
_ids = count(1)


def pull(number: int | str, **more: Any) -> dict[str, Any]:
    """Build parameters of a pull request run, in the writer's words."""
    return {
        "ghprbPullId": str(number),
        "ghprbPullTitle": f"title {number}",
        "ghprbPullAuthorLogin": "author",
        "ghprbPullLink": f"https://github.com/o/r/pull/{number}",
        **more,
    }


def row(
    job: str = "unit", job_id: int | None = None, status: str = "SUCCESS", **more: Any
) -> RunRow:
    """A row one minute into the test day; `pr=7` makes it a run of o/r#7."""
    number = more.pop("pr", None)
    values: dict[str, Any] = {
        "time": BEGIN + timedelta(minutes=1),
        "duration": 60_000,
        "branch": "master",
    }
    if number is not None:
        values |= {"repo": "o/r", "commit": f"c{number}", "description": pull(number)}
    return RunRow(job, next(_ids) if job_id is None else job_id, status, **(values | more))


def history(drawn: str, job: str = "unit", pr: int | None = 7, first: int = 1) -> list[RunRow]:
    """Runs as drawn, one a minute: P passed, F failed, A aborted, U another status; | new commit.

    >>> [r.status for r in history("P F | A")]
    ['SUCCESS', 'FAILURE', 'ABORTED']
    """
    rows: list[RunRow] = []
    commit = 0
    for letter in drawn.replace(" ", ""):
        if letter == "|":
            commit += 1
            continue
        number = first + len(rows)
        moment = BEGIN + timedelta(minutes=number)
        rows.append(
            row(
                job,
                number,
                _LETTERS[letter],
                pr=pr,
                time=moment,
                commit=f"sha{commit}" if pr else None,
            )
        )
    return rows
