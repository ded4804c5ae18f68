"""All settings, grouped by the feature that uses them, in the order of `ci-stat config`.

A field names the published key, its purpose and its default. The function that returns the field
gives the type. To add a setting, add a field here, then follow CONTRIBUTING.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from zoneinfo import ZoneInfo

from ci_stat.config.keys import (
    Key,
    Secret,
    choice,
    database_url,
    level,
    names,
    number,
    optional_number,
    path,
    reports_of_teams,
    repos_of_jobs,
    secret,
    text,
    zone,
)
from ci_stat.config.presets import PRESETS
from ci_stat.config.teams import TeamReport

MAX_PORT = 65_535
MAX_DAYS = 366


@dataclass(frozen=True, slots=True)
class Project:
    """Whose CI it is. `Settings.preset` is the preset in force."""

    preset: str = choice(
        "preset", "values of a known project for what is not set: tidb or none", tuple(PRESETS)
    )


@dataclass(frozen=True, slots=True)
class CiData:
    """The CI database. In `Settings.ci_data`, `url` is always set."""

    host: str = text("host", "server of the CI database (MySQL, MariaDB or TiDB)")
    port: int = number("port", "port of that server", 3306, most=MAX_PORT)
    user: str = text("user", "user on that server; SELECT is enough")
    password: Secret = secret("password", "password of that user")
    database: str = text("database", "name of the CI database, usually sync_ci_data")
    url: Secret = database_url(
        "url",
        "SQLAlchemy URL of the CI database, instead of host, port, user, password and database",
    )
    zone: ZoneInfo = zone("time_zone", "time zone of the times in the CI database", "UTC")
    run_url: str = text(
        "run_url",
        "link to a run; {job}, {job_path} (job/a/job/b) and {number} are replaced"
        " (default: no links)",
    )


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Timeouts in seconds, for the CI database and for our state."""

    connect: int = number("connect_timeout", "seconds to wait for a database connection", 10)
    read: int = number("read_timeout", "seconds to wait for the answer to a query", 600)


@dataclass(frozen=True, slots=True)
class State:
    """Our own state. In `Settings.state`, `url` is always set."""

    url: Secret = database_url(
        "state_url", "SQLAlchemy URL of our own state (default: SQLite in the data folder)"
    )


@dataclass(frozen=True, slots=True)
class Results:
    """Results of test cases. In `Settings.results`, `url` is always set."""

    url: Secret = database_url(
        "results_url",
        "SQLAlchemy URL of the results of tests, or git+branch:NAME to keep them on a branch of the"
        " repository (default: SQLite in the data folder)",
    )
    days: int = number(
        "results_days", "days of history that are read from a branch of the repository", 30
    )
    default_branch: str = text(
        "default_branch",
        "branch for failure rates of tests (default: that of most runs outside of pull requests)",
    )


@dataclass(frozen=True, slots=True)
class Logging:
    """The log that commands and jobs write."""

    level: int = level("log_level", "lowest level to log: debug, info, warning or error", "warning")
    file: Path | None = path(
        "log_file", "log file of commands and jobs, rotated at 10 MB, 5 old files (default: stderr)"
    )


@dataclass(frozen=True, slots=True)
class Logs:
    """Build logs in a folder, and how logs are read."""

    folder: Path | None = path(
        "log_dir", "folder of the build logs: a Jenkins home, or any folder with log_template"
    )
    template: str = text(
        "log_template",
        "path of a log in log_dir, e.g. {job}/{number}.log (default: as in a Jenkins home)",
    )
    megabytes: int = number("log_limit", "maximum megabytes of text to read from one log", 65_536)
    rules: Path | None = path("rules", "TOML file of your own rules; they come before ours")

    @property
    def limit(self) -> int:
        """Maximum number of bytes to read from one log."""
        return self.megabytes * 2**20


@dataclass(frozen=True, slots=True)
class Jenkins:
    """The Jenkins server, for `ci-stat sync jenkins` and for build logs."""

    url: str = text("jenkins_url", "root URL of Jenkins, for `ci-stat sync jenkins` and build logs")
    user: str = text("jenkins_user", "Jenkins user that the token belongs to")
    token: Secret = secret("jenkins_token", "API token of that user")


@dataclass(frozen=True, slots=True)
class Reports:
    """Hourly and daily reports."""

    channels: tuple[str, ...] = names(
        "channels", "where reports go, e.g. feishu,mail,slack (default: every configured channel)"
    )
    stale_hours: int = number(
        "stale_hours",
        "hours without a new row after which reports treat the data as stale",
        2,
        most=8_760,
    )
    history_days: int = number(
        "history_days",
        "days of history before a window, for new failures and baselines",
        14,
        most=MAX_DAYS,
    )
    delay: int = number(
        "report_delay", "minutes that a report waits for running builds", 0, least=0, most=10_080
    )
    known_issues: Path | None = path("known_issues", "JSON file of known cases: {case: link}")
    teams: Mapping[str, TeamReport] = reports_of_teams(
        "reports",
        "reports of teams for `report --name`: {name: {jobs, repos, branches, chat_id, ...}}",
    )
    nightly_repos: Mapping[str, str] = repos_of_jobs(
        "nightly_repos",
        "repositories of nightly jobs, whose runs name none: {job: owner/name}",
    )


@dataclass(frozen=True, slots=True)
class Feishu:
    """A Feishu or Lark chat: the webhook of a custom bot, an app, or both."""

    webhook: Secret = secret("webhook", "complete webhook URL of a Feishu custom bot")
    webhook_secret: Secret = secret("webhook_secret", "signing secret of the bot, if it has one")
    keyword: str = text("webhook_keyword", "keyword of the bot, if it requires one")
    app_id: str = text("app_id", "ID of a Feishu app; if webhook is set too, it is the fallback")
    app_secret: Secret = secret("app_secret", "secret of the Feishu app")
    chat: str = text("chat_id", "chat that the app posts to: its ID (oc_...) or its unique name")
    url: str = text(
        "feishu_url",
        "URL of Feishu's API; for Lark: https://open.larksuite.com",
        "https://open.feishu.cn",
    )


@dataclass(frozen=True, slots=True)
class Mail:
    """The SMTP server, and the recipients of reports."""

    host: str = text("mail_host", "SMTP server that sends reports")
    port: int | None = optional_number(
        "mail_port", "port of that server (default: 587, or 465 for ssl)", most=MAX_PORT
    )
    tls: str = text("mail_tls", "encryption: starttls, ssl or none", "starttls")
    ca: str = text("mail_ca", "PEM file of your own certificate authority, to verify that server")
    user: str = text("mail_user", "user on that server")
    password: Secret = secret("mail_password", "password of that user")
    sender: str = text("mail_from", "sender address of reports")
    recipients: str = text("mail_to", "recipients of reports: addresses separated by commas")


@dataclass(frozen=True, slots=True)
class Slack:
    """A Slack channel: an incoming webhook, or a bot token."""

    webhook: Secret = secret("slack_webhook", "complete URL of a Slack incoming webhook")
    token: Secret = secret("slack_token", "Slack bot token, instead of a webhook")
    channel: str = text("slack_channel", "channel that the bot token posts to")
    url: str = text("slack_url", "URL of Slack's API", "https://slack.com/api")


@dataclass(frozen=True, slots=True)
class GitHub:
    """GitHub: the repository for issues, and GitHub Actions."""

    token: Secret = secret(
        "gh_token", "GitHub token: for `ci-stat sync github`, build logs, and issues"
    )
    repo: str = text("github_repo", "repository for issues and `ci-stat sync github`: owner/name")
    url: str = text(
        "github_url",
        "URL of GitHub's API; for GitHub Enterprise: https://HOST/api/v3",
        "https://api.github.com",
    )


@dataclass(frozen=True, slots=True)
class Issues:
    """When a failure becomes an issue, and what the issue says."""

    jobs: tuple[str, ...] = names(
        "issue_jobs", "nightly jobs whose failures become issues, comma-separated"
    )
    labels: tuple[str, ...] = names(
        "issue_labels", "labels of new issues; labels that the repository lacks are skipped"
    )
    owners: Path | None = path(
        "issue_owners", "JSON file of owners: {case, suite, prefix* or repository: @login}"
    )
    failures: int = number(
        "issue_failures", "file an issue after this many failed runs of a case in a window", 2
    )
    windows: int = number(
        "issue_windows",
        "or after failures in this many windows of the last 7 days",
        2,
        most=7,
    )
    together: int = number(
        "issue_together", "more failing cases than this in one run are one incident", 10
    )
    new: int = number("issue_new", "maximum number of new issues per run", 3, most=100)
    changes: int = number(
        "issue_changes", "maximum number of tracker changes per run", 10, most=500
    )
    implausible: int = number(
        "issue_implausible", "refuse a plan with more new issues than this", 20
    )
    history_days: int = number(
        "issue_history", "days before the window that also count as evidence", 30, most=MAX_DAYS
    )
    mute_label: str = text(
        "issue_mute_label", "label that stops ci_stat from changing an issue", "ci_stat/mute"
    )
    refile_label: str = text(
        "issue_refile_label",
        "label on an issue closed as not planned: a new issue may be filed",
        "ci_stat/refile",
    )
    evidence: str = choice(
        "issue_evidence",
        "what shows failures: logs, tests (results of tests) or both (default: logs)",
        ("logs", "tests", "both"),
    )
    per: str = choice(
        "issue_per",
        "with test results, one issue for each failing case, or for each job and matrix entry:"
        " case or job (default: case)",
        ("case", "job"),
    )
    reproduce: str = text(
        "issue_reproduce",
        "command that reproduces a case, e.g. make ut X={case} (default: by its language)",
    )
    private_hosts: tuple[str, ...] = names(
        "private_hosts", "hosts, *.domains and networks that issues must not name, comma-separated"
    )


GROUPS: dict[str, type] = {
    "Project": Project,
    "CI database": CiData,
    "Timeouts": Timeouts,
    "Our own state": State,
    "Results of tests": Results,
    "Log": Logging,
    "Build logs": Logs,
    "Jenkins": Jenkins,
    "Reports": Reports,
    "Feishu": Feishu,
    "Mail": Mail,
    "Slack": Slack,
    "GitHub": GitHub,
    "Issues": Issues,
}


def keys_of(group: type) -> dict[str, Key]:
    """Return the keys of a group, by field name."""
    return {field.name: field.metadata["key"] for field in fields(group)}


KEYS: dict[str, Key] = {
    key.name: key for group in GROUPS.values() for key in keys_of(group).values()
}
