"""The tables of the results database.

The attempts of a file are packed: one row of `test_attempts` for each block of 256 case ids, so
that a whole run and the history of one case are both read from few rows. What only few attempts
have, such as a message or output, is in `test_texts`. `test_file_ends` has the same facts added up
by test, for questions about all tests of many runs.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)
from sqlalchemy import UniqueConstraint as Unique

from ci_stat.store.ci_data.schema import NamedType
from ci_stat.store.state.tables import BYTES, NAME

ID = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts only INTEGER up by itself

PACKED = LargeBinary().with_variant(NamedType("MEDIUMBLOB"), "mysql", "mariadb")

metadata = MetaData()

version_table = Table(
    "ci_stat_results", metadata, Column("version", Integer, primary_key=True, autoincrement=False)
)
runs = Table(
    "test_runs",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=True),
    Column("run_key", String(32), nullable=False, comment="a hash of the run's identity"),
    Column("job", NAME, nullable=False, comment="job name, cut to 255 characters"),
    Column("number", BigInteger, comment="number in the CI; NULL outside of one"),
    Column("attempt", Integer, nullable=False, comment="from 1"),
    Column("repo", BYTES, nullable=False, comment="owner/name"),
    Column("commit_hash", String(64), nullable=False, comment="tested commit"),
    Column("branch", BYTES, nullable=False, comment="branch"),
    Column("pull", BigInteger, comment="number of the pull request"),
    Column("cause", BYTES, nullable=False, comment="what triggered the run, in the CI's word"),
    Column("url", BYTES, nullable=False, comment="link to the run"),
    Column("labels", BYTES, nullable=False, comment="JSON object: the entry of a matrix"),
    Column("started", BigInteger, nullable=False, comment="UTC, milliseconds since 1970"),
    Column("imported", BigInteger, nullable=False, comment="UTC, milliseconds since 1970"),
    Unique("run_key", name="uq_test_runs_key"),
    # Unique, with the id: an index within CREATE TABLE. MySQL lacks CREATE INDEX IF NOT EXISTS.
    Unique("job", "started", "id", name="uq_test_runs_job"),
    comment="runs with test results",
)
files = Table(
    "test_files",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=True),
    Column("run_id", BigInteger, nullable=False, comment="test_runs.id"),
    Column("digest", String(64), nullable=False, comment="SHA-256 of the unpacked content"),
    Column("name", BYTES, nullable=False, comment="name of the file"),
    Column("format", String(32), nullable=False, comment="format of the file"),
    Column("state", String(32), nullable=False, comment="how much of it was read"),
    Column("detail", BYTES, nullable=False, comment="why not more"),
    Column("attempts", BigInteger, nullable=False, comment="attempts read from it"),
    Unique("run_id", "digest", name="uq_test_files_digest"),
    comment="result files of runs",
)
cases = Table(
    "test_cases",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=True),
    Column("case_key", String(35), nullable=False, comment="a hash of the identity"),
    Column("name_key", String(35), nullable=False, comment="a hash of class, name, parameters"),
    Column("suite", BYTES, nullable=False, comment="suite, as first seen"),
    Column("class_name", BYTES, nullable=False, comment="class"),
    Column("name", BYTES, nullable=False, comment="name without parameters"),
    Column("parameters", BYTES, nullable=False, comment="parameters, as in the name"),
    Column("file", BYTES, nullable=False, comment="source file, as first seen"),
    Unique("case_key", name="uq_test_cases_key"),
    Unique("name_key", "id", name="uq_test_cases_name"),
    comment="test cases",
)
messages = Table(
    "test_messages",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=True),
    Column("fingerprint", String(35), nullable=False, comment="equal for the same failure"),
    Column("message", BYTES, nullable=False, comment="the first message with this fingerprint"),
    Unique("fingerprint", name="uq_test_messages_fingerprint"),
    comment="messages of failures by fingerprint",
)
attempts = Table(
    "test_attempts",
    metadata,
    Column("run_id", BigInteger, primary_key=True, autoincrement=False, comment="test_runs.id"),
    Column("file_id", BigInteger, primary_key=True, autoincrement=False, comment="test_files.id"),
    Column("block", BigInteger, primary_key=True, autoincrement=False, comment="case id / 256"),
    Column("first_position", Integer, primary_key=True, autoincrement=False, comment="in the file"),
    Column("words", BYTES, nullable=False, comment="JSON list: the file's words for outcomes"),
    Column("packed", PACKED, nullable=False, comment="attempts (packed.attempts)"),
    Unique("block", "run_id", "file_id", "first_position", name="uq_test_attempts_block"),
    comment="attempts of up to 256 neighbouring cases in a file",
)
texts = Table(
    "test_texts",
    metadata,
    Column("run_id", BigInteger, primary_key=True, autoincrement=False, comment="test_runs.id"),
    Column("file_id", BigInteger, primary_key=True, autoincrement=False, comment="test_files.id"),
    Column("position", Integer, primary_key=True, autoincrement=False, comment="in the file"),
    Column("message", BYTES, nullable=False, comment="message"),
    Column("text", BYTES, nullable=False, comment="text, such as a stack trace"),
    Column("stdout", BYTES, nullable=False, comment="standard output"),
    Column("stderr", BYTES, nullable=False, comment="standard error"),
    Column("properties", BYTES, nullable=False, comment="JSON list of pairs"),
    Column("line", Integer, comment="line in the source file"),
    Column("left_out", BigInteger, nullable=False, comment="characters beyond the limits"),
    comment="texts of those attempts that have any",
)
file_ends = Table(
    "test_file_ends",
    metadata,
    Column("run_id", BigInteger, primary_key=True, autoincrement=False, comment="test_runs.id"),
    Column("file_id", BigInteger, primary_key=True, autoincrement=False, comment="test_files.id"),
    Column("packed", PACKED, nullable=False, comment="the end of each test (file_ends.py)"),
    comment="how tests ended in a file: the attempts added up",
)
pruned_files = Table(
    "test_pruned_files",
    metadata,
    Column("run_id", BigInteger, primary_key=True, autoincrement=False, comment="test_runs.id"),
    Column("file_id", BigInteger, primary_key=True, autoincrement=False, comment="test_files.id"),
    comment="files whose attempts were pruned: they are in test_days",
)
days = Table(
    "test_days",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False, comment="days since 1970, UTC"),
    Column(
        "group_key", String(32), primary_key=True, comment="a hash of job, repo, branch, labels"
    ),
    Column("part", BigInteger, primary_key=True, autoincrement=False, comment="first file in it"),
    Column("job", NAME, nullable=False, comment="job name, as in test_runs"),
    Column("repo", BYTES, nullable=False, comment="owner/name"),
    Column("branch", BYTES, nullable=False, comment="branch"),
    Column("labels", BYTES, nullable=False, comment="JSON object: the entry of a matrix"),
    Column("runs", Integer, nullable=False, comment="runs that were added up"),
    Column("packed", PACKED, nullable=False, comment="counts of each test (packed.day_columns)"),
    comment="pruned runs added up by day",
)
known_cases = Table(
    "test_known_cases",
    metadata,
    Column("known_key", String(32), primary_key=True, comment="a hash of job and name of the file"),
    Column("packed", PACKED, nullable=False, comment="names and ids of cases (known_cases.py)"),
    comment="cases of large files, as their job last spelled them",
)
