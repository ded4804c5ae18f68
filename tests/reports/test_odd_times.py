"""Rows with odd times: those that do not exist, or lie in the future, break no report."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from ci_stat.records import Status
from ci_stat.store.ci_data.write import write_rows
from tests.support.busy import HOUR, NOW, run
from tests.support.command import Call


@pytest.mark.parametrize("status", [Status.SUCCESS, Status.FAILURE])
@pytest.mark.parametrize(
    ("zero", "options"),
    [
        ("2021-06-00 00:00:00", ("--begin", "2021-05-31", "--end", "2021-06-02")),
        ("2021-06-00 00:00:00", ("--begin", "2021-06-07")),  # the oldest row of its history
        ("2021-06-19 25:00:00", ("--begin", "2021-06-19")),
        ("2021-06-31 00:00:00", ()),  # the newest row
    ],
)
def test_a_time_that_does_not_exist(
    database: Engine, call: Call, zero: str, options: tuple[str, ...], status: Status
) -> None:
    write_rows(database, [run(HOUR, 1, status.value)])
    with database.begin() as connection:
        changed = text("UPDATE ci_data SET time = :zero WHERE job_id = 1")
        connection.execute(changed, {"zero": zero})
    for form in ("terminal", "json"):
        answer = call("report", "daily", "--now", NOW, "--as", form, *options)
        assert answer.code in (0, 9), answer.err
        assert "Traceback" not in answer.err


def test_a_row_of_the_future_does_not_hide_that_the_data_is_old(
    database: Engine, call: Call
) -> None:
    write_rows(database, [run(HOUR + timedelta(days=400), 1)])
    answer = call("report", "hourly", "--now", "2021-06-20T20:07")
    assert (answer.code, "No row newer than 2021-06-19 14:12:00" in answer.err) == (9, True)
