"""Settings of reports and of issues."""

from dataclasses import dataclass
from pathlib import Path

from ci_stat.config.keys import MAX_DAYS, names, path, setting, text, whole, whole_or_zero


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
