"""All settings, grouped by the feature that uses them. The order is that of `ci-stat config`."""

from dataclasses import dataclass, fields
from pathlib import Path
from zoneinfo import ZoneInfo

from ci_stat.config.clients import Feishu, GitHub, Jenkins, Mail, Slack
from ci_stat.config.keys import (
    MAX_PORT,
    Key,
    Secret,
    database_url,
    names,
    path,
    secret,
    setting,
    text,
    whole,
    whole_or_zero,
    zone,
)
from ci_stat.records import DEFAULT_RUN_URL, DEFAULT_ZONE

MAX_DAYS = 366


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


@dataclass(frozen=True, slots=True)
class Reports:
    """Hourly and daily reports."""

    channels: tuple[str, ...] = setting(
        "channels",
        "where reports go, e.g. feishu,mail,slack (default: everything that is set up)",
        names,
    )
    stale_hours: int = setting(
        "stale_hours",
        "hours without any new row after which a report says that its data is old",
        whole(8_760),
        "2",
    )
    history_days: int = setting(
        "history_days",
        "days before a window that decide what is new, and what is usual",
        whole(MAX_DAYS),
        "14",
    )
    delay: int = setting(
        "report_delay",
        "minutes that a report waits for builds that are still going",
        whole_or_zero(10_080),
        "0",
    )
    known_issues: Path | None = setting(
        "known_issues", "file (JSON) of cases that somebody already knows: {case: link}", path
    )


@dataclass(frozen=True, slots=True)
class Issues:
    """When a failure becomes an issue, and what the issue says."""

    labels: tuple[str, ...] = setting(
        "issue_labels",
        "labels of new issues, if the repository has them",
        names,
        "type/bug,component/test",
    )
    owners: Path | None = setting(
        "issue_owners", "file (JSON) of owners: {case, suite, prefix* or repository: @login}", path
    )
    failures: int = setting(
        "issue_failures", "failed runs of a case in the window that make an issue", whole(), "2"
    )
    windows: int = setting(
        "issue_windows",
        "windows of the last 7 days, with a failure in each, that make an issue too",
        whole(7),
        "2",
    )
    together: int = setting(
        "issue_together", "more failing cases than that in one run are one incident", whole(), "10"
    )
    new: int = setting("issue_new", "new issues at most in one run", whole(100), "3")
    changes: int = setting(
        "issue_changes", "changes at the tracker at most in one run", whole(500), "10"
    )
    implausible: int = setting(
        "issue_implausible",
        "new issues planned at once, above which nothing is done",
        whole(),
        "20",
    )
    history_days: int = setting(
        "issue_history", "days before the window that are evidence too", whole(MAX_DAYS), "30"
    )
    mute_label: str = setting(
        "issue_mute_label", "label that switches us off for an issue", text, "ci_stat/mute"
    )
    refile_label: str = setting(
        "issue_refile_label",
        "label that allows to file again what was closed as not planned",
        text,
        "ci_stat/refile",
    )
    reproduce: str = setting(
        "issue_reproduce",
        "how to reproduce a case, e.g. make ut X={case} (default: by the case's language)",
        text,
    )
    private_hosts: tuple[str, ...] = setting(
        "private_hosts",
        "hosts that no issue may name: host, *.domain or network, with commas between",
        names,
    )


GROUPS = (
    CiData, Timeouts, State, Logs, Jenkins, Reports, Feishu, Mail, Slack, GitHub, Issues,
)  # fmt: skip


def keys_of(group: type) -> dict[str, Key]:
    """The keys of a group, by the field's name."""
    return {field.name: field.metadata["key"] for field in fields(group)}


KEYS: dict[str, Key] = {key.name: key for group in GROUPS for key in keys_of(group).values()}
