"""Further indexes of a `ci_data` in an embedded database, for questions about single runs.

A server's table is never altered: docs/databases.md says how the questions read it.
"""

from sqlalchemy import Engine, Index, text
from sqlalchemy.schema import CreateIndex

from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.sql import pull_text
from ci_stat.store.embedded import is_embedded

_c = ci_data.c

INDEXES = (
    Index("ix_ci_data_pull", pull_text(_c.description)),
    # It has all columns that counting the runs of a job needs.
    Index("ix_ci_data_job_time", _c.job, _c.time, _c.status, _c.branch, _c.repo, _c.duration),
    # Failures are searched by name without reading the rows.
    Index(
        "ix_ci_data_failed",
        _c.time,
        _c.analysis_res,
        sqlite_where=text("status = 'FAILURE'"),
    ),
)
for index in INDEXES:
    index.ddl_if(dialect="sqlite")
# SQLite prefers it to a short window, and a fifth of all rows share a status.
_UNWANTED = "ix_ci_data_status"


def add_indexes(engine: Engine) -> None:
    """Create the indexes that the table of an embedded database lacks, and drop a harmful one."""
    if not is_embedded(engine):
        return
    with engine.begin() as connection:
        connection.execute(text(f"DROP INDEX IF EXISTS {_UNWANTED}"))
        # All of them: a process may have been killed after it had created the table.
        for index in sorted(ci_data.indexes, key=lambda index: str(index.name)):
            connection.execute(CreateIndex(index, if_not_exists=True))
