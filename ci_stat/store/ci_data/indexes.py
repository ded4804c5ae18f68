"""Further indexes of a `ci_data` in an embedded database, for questions about single runs.

A server's table is never altered: docs/databases.md says how the questions read it.
"""

from sqlalchemy import Engine, Index
from sqlalchemy.schema import CreateIndex

from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.sql import pull_text
from ci_stat.store.embedded import is_embedded

PULLS = Index("ix_ci_data_pull", pull_text(ci_data.c.description)).ddl_if(dialect="sqlite")


def add_indexes(engine: Engine) -> None:
    """Create the indexes that the table of an embedded database lacks."""
    if is_embedded(engine):
        with engine.begin() as connection:
            connection.execute(CreateIndex(PULLS, if_not_exists=True))
