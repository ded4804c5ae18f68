"""Single runs and few runs of `ci_data`, found through an index: no window is loaded.

docs/databases.md says which index each statement uses. A plain comparison uses the index; `exact`
decides.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import structs
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.types import String

from ci_stat.records import (
    Origin,
    PlaceDay,
    Run,
    RunFilter,
    Status,
    Tally,
    pull_number,
    stored_names,
)
from ci_stat.store.ci_data.cells import text_of
from ci_stat.store.ci_data.decode import Decoder
from ci_stat.store.ci_data.runs import (
    conditions,
    full_names,
    name_conditions_of_job,
    run_columns,
    run_statement,
)
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.sql import contains, exact, pull_text, wall
from ci_stat.store.ci_data.streaming import stream

Place = tuple[str, str, str]  # job, repository, branch
BATCH = 500
_PLAIN = re.compile(r"[A-Za-z0-9_.:,;=@+* -]+")  # JSON never escapes these characters
_LONGEST = 200  # characters of a name that the database compares


def pull_runs(
    connection: Connection, run_filter: RunFilter, number: int, origin: Origin
) -> list[Run]:
    """The runs of the pull requests with this number, of all repositories, in any order."""
    return _decoded(connection, pull_statement(run_filter, number), origin)


def pull_statement(run_filter: RunFilter, number: int) -> Select[Any]:
    c = ci_data.c
    text = bindparam("pull", str(number), String())
    # Searching a text is four times faster than parsing it.
    mentions = and_(c.repo.is_not(None), contains(c.description, text))
    return run_statement(run_filter).where(mentions, pull_text(c.description) == text)


def failed_naming(
    connection: Connection, run_filter: RunFilter, names: Iterable[str], origin: Origin
) -> list[Run]:
    """Failed runs whose `analysis_res` contains one of these names, and perhaps some others."""
    texts = sorted({plain_part(name) for name in names})
    if not texts:
        return []
    if "" in texts:  # a name without a letter that JSON writes as it is
        return failed_runs(connection, run_filter, origin)
    column = ci_data.c.analysis_res
    mentions = or_(*(contains(column, _text(f"name{at}", text)) for at, text in enumerate(texts)))
    return failed_runs(connection, run_filter, origin, mentions)


def failed_runs(
    connection: Connection, run_filter: RunFilter, origin: Origin, *where: ColumnElement[bool]
) -> list[Run]:
    """The failed runs of a window, in any order."""
    return _read(connection, run_filter, (*is_failed(), *where), origin)


def failed_in_short(
    connection: Connection, run_filter: RunFilter, jobs: Iterable[str], origin: Origin
) -> list[Run]:
    """The failed runs of a window without their `description`, the longest column by far.

    `jobs`: those whose names are to be whole.
    """
    statement = run_columns(has_description=False).where(*conditions(run_filter), *is_failed())
    runs = _decoded(connection, statement, origin)
    # Only the description has the whole name of a job that is too long for the column.
    whole = {stored: job for job in jobs for stored in stored_names(job)[1:]}
    return [
        structs.replace(run, job_name=whole[run.job_name]) if run.job_name in whole else run
        for run in runs
    ]


def is_failed() -> list[ColumnElement[bool]]:
    """WHERE for failed runs: the server chooses between its indexes on time and status.

    A literal, so that SQLite can use its index of failed runs.
    """
    failure: ColumnElement[str] = literal_column(f"'{Status.FAILURE}'")
    return [exact(ci_data.c.status) == failure, ci_data.c.status == failure]


def _text(name: str, value: str) -> ColumnElement[str]:
    return bindparam(name, value, String())


def plain_part(name: str) -> str:
    """The longest part of a name that every JSON encoder writes as it is; "" if there is none."""
    return max(_PLAIN.findall(name), key=len, default="")[:_LONGEST]


def _read(
    connection: Connection,
    run_filter: RunFilter,
    where: Sequence[ColumnElement[bool]],
    origin: Origin,
) -> list[Run]:
    return _decoded(connection, run_statement(run_filter).where(*where), origin)


def _decoded(connection: Connection, statement: Select[Any], origin: Origin) -> list[Run]:
    decode = Decoder(origin, Counter())
    return [decode(row) for rows in stream(connection, statement, BATCH) for row in rows]


def runs_of(
    connection: Connection, keys: Iterable[tuple[str, int]], run_filter: RunFilter, origin: Origin
) -> list[Run]:
    """The runs with these jobs and numbers that are in the window, in any order."""
    numbers: dict[str, list[int]] = {}
    for job, number in keys:
        numbers.setdefault(job, []).append(number)
    runs: list[Run] = []
    for job, of_job in numbers.items():
        for first in range(0, len(of_job), BATCH):
            some = of_job[first : first + BATCH]
            statement = run_columns().where(*is_job(job), ci_data.c.job_id.in_(some))
            runs += _decoded(connection, statement, origin)
    # Not in SQL: SQLite would read the window, in place of these rows.
    begin, end = run_filter.window.wall()
    return [run for run in runs if run.time is not None and begin <= run.time < end]


def is_job(job: str) -> list[ColumnElement[bool]]:
    """WHERE for the rows of one job."""
    return name_conditions_of_job(job)


def count_places(connection: Connection, run_filter: RunFilter) -> dict[Place, Tally]:
    """Runs by outcome for each job, repository and branch of the window."""
    c = ci_data.c
    columns = [exact(c[name]).label(name[:1]) for name in ("job", "repo", "branch", "status")]
    statement = select(*columns, func.count()).where(*conditions(run_filter))
    counts: dict[Place, Counter[str]] = {}
    for rows in stream(connection, statement.group_by("j", "r", "b", "s")):
        for job, repo, branch, status, runs in rows:
            place = (text_of(job), text_of(repo), text_of(branch))
            counts.setdefault(place, Counter())[text_of(status)] += int(runs)
    full = full_names(connection, {job for job, _, _ in counts})
    return {
        (full.get(job, job), repo, branch): Tally.of(by_status)
        for (job, repo, branch), by_status in counts.items()
    }


def newest_pulls(connection: Connection, run_filter: RunFilter, most: int) -> list[tuple[str, int]]:
    """The pull requests of the newest `most` rows of the window, newest first."""
    c = ci_data.c
    statement = select(c.repo, pull_text(c.description)).where(*conditions(run_filter))
    newest = statement.order_by(c.time.desc()).limit(most)
    pulls: dict[tuple[str, int], None] = {}
    for rows in stream(connection, newest, BATCH):
        for repo, number in rows:
            key = (text_of(repo), pull_number(text_of(number)))
            if all(key):
                pulls[key] = None
    return list(pulls)


def count_days(connection: Connection, run_filter: RunFilter) -> list[PlaceDay]:
    """Runs by outcome for each job, repository, branch and day of the window, in any order."""
    c = ci_data.c
    day = func.substr(wall(c.time).cast(String(32)), 1, len("YYYY-MM-DD")).label("d")
    columns = [exact(c[name]).label(name[:1]) for name in ("job", "repo", "branch", "status")]
    statement = select(*columns, day, func.count()).where(*conditions(run_filter))
    counts: dict[tuple[str, str, str, str], Counter[str]] = {}
    for rows in stream(connection, statement.group_by("j", "r", "b", "s", "d")):
        for job, repo, branch, status, date, runs in rows:
            key = (text_of(job), text_of(repo), text_of(branch), text_of(date))
            counts.setdefault(key, Counter())[text_of(status)] += int(runs)
    full = full_names(connection, {job for job, *_ in counts})
    return [
        PlaceDay(full.get(job, job), repo, branch, date, Tally.of(by_status))
        for (job, repo, branch, date), by_status in counts.items()
    ]


def nearest_run(
    connection: Connection,
    run_filter: RunFilter,
    origin: Origin,
    newest: bool,
    commit: str | None = None,
) -> Run | None:
    """The newest or the oldest run of a window, of one commit; None without one."""
    c = ci_data.c
    order = (c.time.desc(), c.job_id.desc()) if newest else (c.time, c.job_id)
    statement = select(c.job, c.job_id).where(*conditions(run_filter))
    if commit is not None:
        statement = statement.where(exact(c.commit) == commit)
    # The key alone: sorting whole rows would read the JSON of all runs of a job.
    row = next(iter(connection.execute(statement.order_by(*order).limit(1))), None)
    if row is None:
        return None
    runs = runs_of(connection, [(text_of(row[0]), int(row[1]))], run_filter, origin)
    return runs[0] if runs else None


def one_run(connection: Connection, job: str, number: int, origin: Origin) -> Run | None:
    """The run of this job and number; None without it."""
    statement = run_columns().where(*is_job(job), ci_data.c.job_id == number)
    runs = _decoded(connection, statement, origin)
    return runs[0] if runs else None


def commit_runs(
    connection: Connection, run_filter: RunFilter, commit: str, origin: Origin
) -> list[Run]:
    """The runs of one commit in a short window, in any order."""
    return _read(connection, run_filter, (exact(ci_data.c.commit) == commit,), origin)


def newest_failed(
    connection: Connection, run_filter: RunFilter, most: int, origin: Origin
) -> list[Run]:
    """The newest `most` failed runs of the window, newest first."""
    c = ci_data.c
    keys = select(c.job, c.job_id).where(*conditions(run_filter), *is_failed())
    newest = connection.execute(keys.order_by(c.time.desc()).limit(most))
    newest_keys = [(text_of(job), int(number)) for job, number in newest]
    return runs_of(connection, newest_keys, run_filter, origin)


def durations(connection: Connection, run_filter: RunFilter) -> list[int]:
    """The known durations of the runs of a window, in milliseconds."""
    c = ci_data.c
    statement = select(c.duration).where(*conditions(run_filter), c.duration.is_not(None))
    return [int(value) for rows in stream(connection, statement) for (value,) in rows]
