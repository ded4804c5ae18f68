"""Tables that lack columns."""

from sqlalchemy import Connection, inspect, text

_ON_EXPRESSIONS = ("ix_ci_data_pull", "ix_ci_data_job_time")


def drop_columns(connection: Connection, *columns: str) -> None:
    """Drop columns of `ci_data`, after the indexes that need them."""
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        for index in (*_ON_EXPRESSIONS, "ix_ci_data_repo"):
            connection.execute(text(f"drop index if exists {index}"))
    elif "repo" in columns:
        connection.execute(text("drop index ix_ci_data_repo on ci_data"))
    for column in columns:
        connection.execute(text(f"alter table ci_data drop column {column}"))
    assert not {*columns} & {
        column["name"] for column in inspect(connection).get_columns("ci_data")
    }
