"""The tables of our state, and their column types."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.types import TypeDecorator

from ci_stat.store.ci_data.schema import NamedType

BYTES = Text().with_variant(NamedType("MEDIUMTEXT"), "mysql", "mariadb")


class Exact(TypeDecorator[str]):
    """Text compared byte by byte.

    The collations that MySQL, MariaDB and TiDB share take `unit` and `unit ` for equal.
    """

    impl = NamedType("VARBINARY(1020)")
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Any) -> Any:
        return None if value is None else value.encode()

    def process_result_value(self, value: Any, _dialect: Any) -> str | None:
        return value.decode() if isinstance(value, bytes) else value


NAME = String(255).with_variant(Exact(), "mysql", "mariadb")

metadata = MetaData()

version_table = Table(
    "ci_stat_state", metadata, Column("version", Integer, primary_key=True, autoincrement=False)
)
extractions = Table(
    "log_extractions",
    metadata,
    Column("source", String(16), primary_key=True, comment="a hash of the name of the CI database"),
    Column("job", NAME, primary_key=True, comment="job name"),
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="build number"),
    Column("rule_set", String(64), nullable=False, comment="version of the extraction rules"),
    Column("state", String(32), nullable=False, comment="state of the log"),
    Column("detail", BYTES, nullable=False, comment="reason of the state"),
    Column("log_lines", BigInteger, nullable=False, comment="lines read"),
    Column("log_bytes", BigInteger, nullable=False, comment="bytes read"),
    Column("failures", BYTES, nullable=False, comment="failures in causal order, as JSON"),
    comment="failures extracted from build logs",
)
outward_calls = Table(
    "outward_calls",
    metadata,
    Column("feature", String(16), primary_key=True, comment="report, issues, ..."),
    Column("target", String(16), primary_key=True, comment="a hash of the name of the target"),
    Column("id", String(32), primary_key=True, comment="a hash of the identity"),
    Column("identity", BYTES, nullable=False, comment="JSON list: format version, values"),
    Column("kind", String(32), nullable=False, comment="message, issue, comment, branch, ..."),
    Column("series", String(32), nullable=False, comment="a hash that related calls share"),
    Column("position", String(32), comment="the place in the series, in sort order"),
    Column(
        "state",
        String(16),
        nullable=False,
        comment="intended, claimed, done, refused or unknown",
    ),
    Column(
        "owner",
        String(255),
        nullable=False,
        comment="host:pid:start of the last process",
    ),
    Column("token", String(32), nullable=False, comment="changes with each write"),
    Column("attempt", Integer, nullable=False, comment="how often the call was claimed"),
    Column("started", String(32), nullable=False, comment="UTC; begin of this attempt"),
    Column("called", String(32), comment="UTC; when this attempt was first sent"),
    Column("changed", String(32), nullable=False, comment="UTC; begin of the lease"),
    Column("earlier", String(16), comment="the state before this attempt"),
    Column("earlier_changed", String(32), comment="UTC; since when"),
    Column("number", BigInteger, nullable=False, comment="of the issue or pull request, or 0"),
    Column("reference", String(255), nullable=False, comment="the target's name of the result"),
    Column("url", BYTES, nullable=False, comment="address of the result"),
    Column("code", BigInteger, comment="code of the target's answer"),
    Column("reason", BYTES, nullable=False, comment="reason of the state, for people"),
    Column("payload", BYTES, nullable=False, comment="JSON object: other data of the feature"),
    # An index within CREATE TABLE: MySQL lacks CREATE INDEX IF NOT EXISTS.
    Unique("feature", "target", "series", "position", "id", name="uq_outward_calls_series"),
    comment="outward calls, stored before each call and after it",
)
sightings = Table(
    "failure_sightings",
    metadata,
    Column("source", String(16), primary_key=True, comment="a hash of the name of the CI database"),
    Column("key_hash", String(32), primary_key=True, comment="a hash of kind and whole name"),
    Column("kind", String(32), nullable=False, comment="kind of failure"),
    Column("name", String(255), nullable=False, comment="case or fingerprint, cut"),
    Column("first_seen", String(19), nullable=False, comment="wall clock of the CI database"),
    Column("last_seen", String(19), nullable=False, comment="wall clock of the CI database"),
    Column("first_job", NAME, nullable=False, comment="run of the first occurrence"),
    Column("first_number", BigInteger, nullable=False, comment="run of the first occurrence"),
    comment="when each failure was first and last seen",
)
spans = Table(
    "sighting_spans",
    metadata,
    Column("source", String(16), primary_key=True, comment="a hash of the name of the CI database"),
    Column("begin", String(19), nullable=False, comment="wall clock of the CI database"),
    Column("end", String(19), nullable=False, comment="end of the window, exclusive"),
    Column("rule_set", String(64), nullable=False, comment="version of the extraction rules"),
    comment="time covered by failure_sightings",
)

window_counts = Table(
    "window_facts",
    metadata,
    Column("source", String(16), primary_key=True, comment="a hash of the name of the CI database"),
    Column(
        "key_hash",
        String(32),
        primary_key=True,
        comment="a hash of subject, window and names",
    ),
    Column("begin", String(19), nullable=False, comment="window, wall clock of the CI database"),
    Column("end", String(19), nullable=False, comment="end of the window, exclusive"),
    Column("value", BYTES, nullable=False, comment="the counts, as JSON"),
    comment="counts of past windows",
)

actions_syncs = Table(
    "actions_syncs",
    metadata,
    Column("source", String(16), primary_key=True, comment="a hash of the name of the CI database"),
    Column("scope", String(32), primary_key=True, comment="a hash of repository and workflows"),
    Column("repo", String(255), nullable=False, comment="owner/name"),
    Column("goal", BigInteger, nullable=False, comment="Unix time; older runs are not wanted"),
    Column("reached", BigInteger, nullable=False, comment="from here to `listed` all are read"),
    Column("listed", BigInteger, nullable=False, comment="Unix time"),
    comment="how far the workflow runs of repositories were read",
)
actions_stored = Table(
    "actions_stored",
    metadata,
    Column("source", String(16), primary_key=True, comment="a hash of the name of the CI database"),
    Column("repo", String(32), primary_key=True, comment="a hash of the repository"),
    Column("job", BYTES, nullable=False, comment="job name"),
    Column("number", BigInteger, nullable=False, comment="GitHub's job id"),
    comment="the job that was stored last: without it, ci_data is not what was written",
)
actions_pages = Table(
    "actions_pages",
    metadata,
    Column("source", String(16), primary_key=True, comment="a hash of the name of the CI database"),
    Column("scope", String(32), primary_key=True, comment="a hash of repository and workflows"),
    Column("page", String(32), primary_key=True, comment="a hash of the address"),
    Column("etag", String(255), nullable=False, comment="of the page whose runs are read"),
    Column("following", BYTES, nullable=False, comment="address of the next page, or empty"),
    Column("total", BigInteger, nullable=False, comment="runs of all pages"),
    Column("until", BigInteger, nullable=False, comment="Unix time; end of the page's range"),
    comment="pages of workflow runs that need not be read again while they are unchanged",
)
actions_runs = Table(
    "actions_runs",
    metadata,
    Column("source", String(16), primary_key=True, comment="a hash of the name of the CI database"),
    Column("repo", String(32), primary_key=True, comment="a hash of the repository"),
    Column("run", BigInteger, primary_key=True, autoincrement=False, comment="GitHub's run id"),
    Column("created", BigInteger, nullable=False, comment="Unix time"),
    Column("attempt", Integer, nullable=False, comment="the attempts up to it are read"),
    Column("state", Integer, nullable=False, comment="0 ended, 1 running, 2 jobs have not ended"),
    comment="workflow runs of the last weeks that were read",
)


# Rows about issues belong to the tracker's repository: CI databases that share it share the rows.
def _case_notes(name: str, comment: str) -> Table:
    """A table of notes by people about failures."""
    return Table(
        name,
        metadata,
        Column(
            "tracker",
            String(16),
            primary_key=True,
            comment="a hash of tracker and repository",
        ),
        Column("key_hash", String(32), primary_key=True, comment="a hash of the key"),
        Column("key", BYTES, nullable=False, comment="the failure, or sha: and a hash"),
        Column("name", BYTES, nullable=False, comment="the failure's name, cut"),
        Column("until", String(32), nullable=False, comment="UTC"),
        Column("why", BYTES, nullable=False, comment="reason, by a person"),
        Column("made", String(32), nullable=False, comment="UTC"),
        comment=comment,
    )


mutes = _case_notes("issue_mutes", "failures without issue updates")
accepted = _case_notes("issue_accepted", "failures that may be filed despite the limit")
locks = Table(
    "issue_locks",
    metadata,
    Column(
        "tracker",
        String(16),
        primary_key=True,
        comment="a hash of tracker and repository",
    ),
    Column("owner", String(255), nullable=False, comment="host:pid:start of the owner"),
    Column("token", String(32), nullable=False, comment="changes with each write"),
    Column("since", String(32), nullable=False, comment="UTC; when the lock was taken"),
    Column(
        "renewed",
        String(32),
        nullable=False,
        comment="UTC; last renewal by the owner",
    ),
    comment="the process that writes issues now",
)
campaigns = Table(
    "campaigns",
    metadata,
    Column("tracker", String(16), primary_key=True, comment="a hash of forge and repository"),
    Column("id", String(12), primary_key=True, comment="hex digits"),
    Column("branch", String(255), nullable=False, comment="base branch, cut"),
    Column("state", String(16), nullable=False, comment="running, cancelling, cancelled or done"),
    Column("started", String(32), nullable=False, comment="UTC"),
    Column("token", String(32), nullable=False, comment="changes with each write"),
    Column("value", BYTES, nullable=False, comment="the campaign without its probes, as JSON"),
    comment="stability campaigns",
)
campaign_probes = Table(
    "campaign_probes",
    metadata,
    Column("tracker", String(16), primary_key=True, comment="a hash of forge and repository"),
    Column("campaign", String(12), primary_key=True, comment="id of the campaign"),
    Column("position", Integer, primary_key=True, autoincrement=False, comment="from 1"),
    Column("token", String(32), nullable=False, comment="changes with each write"),
    Column("value", BYTES, nullable=False, comment="the probe, as JSON"),
    comment="pull requests of stability campaigns",
)
