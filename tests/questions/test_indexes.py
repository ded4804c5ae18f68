"""The indexes that answers use: no scan of an embedded table, and no change of a server's table."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from ci_stat.questions.gather import Gatherer
from ci_stat.questions.pull_runs import pull_runs
from ci_stat.records import Origin, RunFilter
from ci_stat.runs.database import Source
from ci_stat.store.ci_data import lookups
from ci_stat.store.ci_data.runs import run_statement
from ci_stat.store.ci_data.streaming import _compiled
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from tests.conftest import SHANGHAI, Fill, day
from tests.questions import scenes
from tests.support.rows import BEGIN


def plan(engine: Engine, statement: Any) -> str:
    with engine.connect() as connection:
        sql, values = _compiled(connection, statement)
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", tuple(values))
        return " ".join(str(row[-1]) for row in rows)


def names_of_indexes(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'index'"))
        return {name for (name,) in rows}


def test_an_embedded_table_finds_a_pull_request_by_an_index(source: Source, fill: Fill) -> None:
    fill(scenes.passing())
    if source.engine.dialect.name != "sqlite":
        with source.engine.connect() as connection:
            rows = connection.execute(text("SHOW INDEX FROM ci_data")).all()
        # The table of a server is not altered, and has the columns that the writer knows.
        assert "ix_ci_data_pull" not in {row[2] for row in rows}
        return
    statement = lookups.pull_statement(RunFilter(day().window), 1001)
    assert "USING INDEX ix_ci_data_pull" in plan(source.engine, statement)


def test_failed_runs_of_an_embedded_table_are_found_by_their_time(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'ci.sqlite'}")
    prepare(engine)
    with engine.begin() as connection:  # as an older ci_stat created it
        connection.execute(text("CREATE INDEX ix_ci_data_status ON ci_data (status)"))
    prepare(engine)
    statement = run_statement(RunFilter(day().window)).where(*lookups.is_failed())
    assert "USING INDEX ix_ci_data_failed (time>? AND time<?)" in plan(engine, statement)


def test_an_older_embedded_table_gets_the_index(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'ci.sqlite'}")
    prepare(engine)
    with engine.begin() as connection:
        connection.execute(text("DROP INDEX ix_ci_data_pull"))
    write_rows(engine, scenes.passing())
    source = Source(engine, Origin(SHANGHAI))
    window = source.window(BEGIN, BEGIN + timedelta(days=1))
    assert len(pull_runs(Gatherer(source, lambda: None), window, 1001, None)) == 1
    prepare(engine)
    assert "ix_ci_data_pull" in names_of_indexes(engine)
