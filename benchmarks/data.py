"""Tables of any size in a private MariaDB, from the generator of the demo.

Rows have 1-3 KB of JSON, like real ones.
"""

import os
import tempfile
from collections.abc import Iterable
from datetime import datetime, timedelta

import pymysql
from sqlalchemy import create_engine

from ci_stat.demo import DEMO_BEGIN, generate_encoded
from ci_stat.store.ci_data.schema import metadata
from tests.support.mariadb import Server

ROWS_PER_DAY = 10_000
SIZES = {"b10k": 10_000, "b100k": 100_000, "b1m": 1_000_000}
_COLUMNS = (
    "job, job_id, status, time, duration, `commit`, branch, comment, repo, "
    "description, analysis_res"
)
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})


def window(size: int) -> tuple[datetime, datetime]:
    """Return the window that contains all rows of a table of `size` rows."""
    return DEMO_BEGIN, DEMO_BEGIN + timedelta(days=max(1, size // ROWS_PER_DAY))


def _field(value: object) -> str:
    return "\\N" if value is None else str(value).translate(_ESCAPES)


def _write(path: str, rows: Iterable[tuple[object, ...]]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.writelines("\t".join(map(_field, row)) + "\n" for row in rows)


def fill(server: Server, database: str, size: int) -> None:
    """Create a database with `size` rows in `ci_data`."""
    server.sql(f"create database {database}; set global local_infile = 1")
    engine = create_engine(server.url(database))
    metadata.create_all(engine)
    engine.dispose()
    handle, path = tempfile.mkstemp(suffix=".tsv")
    os.close(handle)
    try:
        _write(
            path,
            generate_encoded(ROWS_PER_DAY, max(1, size // ROWS_PER_DAY), description_bytes=2_000),
        )
        connection = pymysql.connect(
            host="127.0.0.1", port=server.port, user="root", database=database, local_infile=True
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(
                "load data local infile %s into table ci_data character set utf8mb4 ("
                + _COLUMNS
                + ")",
                (path,),
            )
            connection.commit()
            cursor.execute("analyze table ci_data")
    finally:
        os.unlink(path)
