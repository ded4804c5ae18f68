"""A sharded MariaDB on loopback: a head with the Spider engine, and three servers with the rows."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from sqlalchemy.dialects import mysql
from sqlalchemy.schema import CreateTable

from ci_stat.store.ci_data.schema import ci_data
from tests.support import mariadb

DATABASE = "sync_ci_data"
SHARDS = 3


@dataclass
class Cluster:
    """`head` answers like one server; `shards[n]` is partition n + 1."""

    head: mariadb.Server
    shards: list[mariadb.Server]

    def url(self, driver: str = "pymysql") -> str:
        return self.head.url(DATABASE, driver)

    def rows(self) -> list[int]:
        """Rows on each shard."""
        return [int(shard.sql("select count(*) from ci_data", DATABASE)) for shard in self.shards]

    def revive(self, number: int) -> None:
        """Start a dead shard again, on its data and its port."""
        old = self.shards[number]
        again = mariadb.start(old.folder, f"--port={old.port}")
        self.shards[number] = replace(again, port=old.port)


def missing() -> str | None:
    """Why no cluster can be started here, or None."""
    reason = mariadb.missing()
    return reason or (
        None
        if mariadb.has_spider()
        else "the Spider engine is not here: make test-cluster installs it"
    )


def columns() -> str:
    """Our own columns and keys, between the brackets of CREATE TABLE."""
    statement = str(CreateTable(ci_data).compile(dialect=mysql.dialect()))
    return statement.partition("(\n")[2].rpartition("\n)")[0]


@contextmanager
def running() -> Iterator[Cluster]:
    """A fresh cluster with an empty `ci_data`, sharded by its primary key.

    It runs until the block ends.
    """
    with ExitStack() as stack:
        head = stack.enter_context(
            mariadb.running("--plugin-load-add=ha_spider", "--plugin-maturity=gamma")
        )
        shards = [stack.enter_context(mariadb.running()) for _ in range(SHARDS)]
        cluster = Cluster(head, shards)
        try:
            _set_up(cluster)
            yield cluster
        finally:
            # A shard that a test started again is not the one that its own block would stop.
            for shard in cluster.shards:
                if shard.process.poll() is None:
                    shard.stop()


def _set_up(cluster: Cluster) -> None:
    table = columns()
    partitions = []
    for number, shard in enumerate(cluster.shards, 1):
        shard.sql(
            f"create database {DATABASE}; create user sp@'127.0.0.1' identified by 'shard-secret';"
        )
        shard.sql(
            f"grant all on {DATABASE}.* to sp@'127.0.0.1'; "
            f"create table {DATABASE}.ci_data ({table})"
        )
        cluster.head.sql(
            f"create server shard{number} foreign data wrapper mysql "
            f"options (host '127.0.0.1', port {shard.port},"
            f" user 'sp', password 'shard-secret', database '{DATABASE}')"
        )
        partitions.append(f"partition p{number} comment = 'srv \"shard{number}\"'")
    cluster.head.sql(
        f"create database {DATABASE}; create table {DATABASE}.ci_data ({table}) engine = spider"
        ' comment = \'wrapper "mysql", table "ci_data"\''
        f" partition by key (job, job_id) ({', '.join(partitions)})"
    )
