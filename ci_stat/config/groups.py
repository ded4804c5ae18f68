"""All settings, grouped by the feature that uses them. The order is that of `ci-stat config`."""

from dataclasses import dataclass, fields
from pathlib import Path
from zoneinfo import ZoneInfo

from ci_stat.config.clients import Feishu, GitHub, Jenkins, Mail, Slack
from ci_stat.config.features import Issues, Reports
from ci_stat.config.keys import (
    MAX_PORT,
    Key,
    Secret,
    database_url,
    level,
    path,
    secret,
    setting,
    text,
    whole,
    zone,
)
from ci_stat.records import DEFAULT_RUN_URL, DEFAULT_ZONE


@dataclass(frozen=True, slots=True)
class CiData:
    """The CI database. `url` is always set: it is built from the others where it is not given."""

    host: str = setting("host", "server of the CI database (MySQL, MariaDB or TiDB)", text)
    port: int = setting("port", "its port", whole(MAX_PORT), "3306")
    user: str = setting("user", "its user; SELECT is enough", text)
    password: Secret = setting("password", "the user's password", secret)
    database: str = setting("database", "name of the CI database, usually sync_ci_data", text)
    url: Secret = setting(
        "url",
        "the CI database as a SQLAlchemy URL, instead of host, port, user, password and database",
        database_url,
    )
    zone: ZoneInfo = setting(
        "time_zone", "zone of the times in the CI database", zone, DEFAULT_ZONE
    )
    run_url: str = setting(
        "run_url", "link to a run; {job} and {number} are filled in", text, DEFAULT_RUN_URL
    )


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds, for the CI database and for our state."""

    connect: int = setting(
        "connect_timeout", "seconds to wait for the database to answer", whole(), "10"
    )
    read: int = setting("read_timeout", "seconds to wait for a query", whole(), "600")


@dataclass(frozen=True, slots=True)
class State:
    """Our own state. `url` is always set."""

    url: Secret = setting(
        "state_url",
        "our own state as a SQLAlchemy URL (default: a SQLite file in the data folder)",
        database_url,
    )


@dataclass(frozen=True, slots=True)
class Logging:
    """The log of commands and jobs themselves."""

    level: int = setting(
        "log_level",
        "what is logged: debug, info, warning or error; to log_file, or without it to stderr",
        level,
        "warning",
    )
    file: Path | None = setting(
        "log_file", "file that commands and jobs log to: rotated at 10 MB, five old ones kept", path
    )


@dataclass(frozen=True, slots=True)
class Logs:
    """Build logs in a folder, and how logs are read."""

    folder: Path | None = setting(
        "log_dir", "folder of the build logs: a Jenkins home, or any with log_template", path
    )
    template: str = setting(
        "log_template",
        "where a log is below log_dir, e.g. {job}/{number}.log (default: as in a Jenkins home)",
        text,
    )
    megabytes: int = setting(
        "log_limit", "megabytes of text that are read of one log", whole(), "65536"
    )
    rules: Path | None = setting(
        "rules", "file of your own extraction rules (TOML), tried before ours", path
    )

    @property
    def limit(self) -> int:
        """Bytes that are read of one log."""
        return self.megabytes * 2**20


GROUPS = (
    CiData, Timeouts, State, Logging, Logs, Jenkins, Reports, Feishu, Mail, Slack, GitHub, Issues,
)  # fmt: skip


def keys_of(group: type) -> dict[str, Key]:
    """The keys of a group, by the field's name."""
    return {field.name: field.metadata["key"] for field in fields(group)}


KEYS: dict[str, Key] = {key.name: key for group in GROUPS for key in keys_of(group).values()}
