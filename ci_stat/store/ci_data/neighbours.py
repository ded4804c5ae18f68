"""The runs before and after a run of a job."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select
from sqlalchemy.types import String

from ci_stat.records import ATTEMPT_UNIT, Origin, Run
from ci_stat.store.ci_data.decode import wall_time
from ci_stat.store.ci_data.lookups import is_job, one_run
from ci_stat.store.ci_data.runs import wall_text
from ci_stat.store.ci_data.schema import ci_data

_SECOND = timedelta(seconds=1)


def beside(connection: Connection, run: Run, later: bool, origin: Origin) -> Run | None:
    """The next or the previous run of the same job; None without one.

    By time; runs of one second by number and attempt. By number if the time is unknown.
    """
    if run.time is None:
        return with_number_near(connection, run.job_name, run.job_id, later, origin)
    at_once = _numbers_at(connection, run.job_name, run.time)
    own = _order(run.job_id)
    beyond = [
        number for number in at_once if number != run.job_id and (_order(number) > own) is later
    ]
    if not beyond:
        moment = _nearest_time(connection, run.job_name, run.time, later)
        beyond = _numbers_at(connection, run.job_name, moment) if moment else []
    if not beyond:
        return None
    return one_run(connection, run.job_name, beyond[0 if later else -1], origin)


def with_number_near(
    connection: Connection, job: str, number: int, later: bool, origin: Origin
) -> Run | None:
    """The run of a job with the next higher or lower stored number; None without one."""
    c = ci_data.c
    best, is_beyond = (func.min, c.job_id > number) if later else (func.max, c.job_id < number)
    statement = select(best(c.job_id)).where(*is_job(job), is_beyond)
    nearest = connection.execute(statement).scalar()
    return None if nearest is None else one_run(connection, job, int(nearest), origin)


def _order(job_id: int) -> tuple[int, int]:
    """A stored number as number and attempt."""
    attempt, number = divmod(job_id, ATTEMPT_UNIT)
    return number, attempt


def _numbers_at(connection: Connection, job: str, moment: datetime) -> list[int]:
    """The stored numbers of the runs of one second, in order."""
    time = ci_data.c.time
    within = (time >= wall_text(moment), time < wall_text(moment + _SECOND))
    numbers = connection.execute(select(ci_data.c.job_id).where(*is_job(job), *within))
    return sorted((int(number) for number in numbers.scalars()), key=_order)


def _nearest_time(
    connection: Connection, job: str, moment: datetime, later: bool
) -> datetime | None:
    """The time of the next or the previous run that is not of the same second."""
    time = ci_data.c.time
    is_beyond = time >= wall_text(moment + _SECOND) if later else time < wall_text(moment)
    order = time if later else time.desc()
    statement = select(time.cast(String(32))).where(*is_job(job), is_beyond)
    value = connection.execute(statement.order_by(order).limit(1)).scalar()
    try:
        return wall_time(value)
    except ValueError:  # MySQL has 2021-06-00
        return None
