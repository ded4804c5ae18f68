"""The window and the filter of questions about test results."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from ci_stat.cli.work import windows
from ci_stat.cli.work.tests.labels import labels_of
from ci_stat.context import Context
from ci_stat.errors import UsageError
from ci_stat.store.results.read import RunFilter
from ci_stat.store.results.window_facts import newest_run


@dataclass(frozen=True, slots=True)
class Asked:
    """A half-open window of aware times in UTC, and which of its runs."""

    begin: datetime
    end: datetime
    filter: RunFilter


def asked_window(
    context: Context,
    usual: str,
    begin: str | None,
    end: str | None,
    since: str | None,
    jobs: Sequence[str],
    repos: Sequence[str],
    branches: Sequence[str],
    labels: Sequence[str],
) -> Asked:
    """Return what the options ask for. `usual`: the length without `--since`.

    Raises UsageError; with `--end latest` also what `Context.results` raises.
    """
    if begin is not None and since is not None:
        raise UsageError(
            "--begin and --since both set the start of the window.", "Use one of them."
        )
    zone = context.settings.ci_data.zone
    filter = RunFilter(tuple(jobs), tuple(repos), tuple(branches), labels_of(labels))
    now = datetime.now(UTC)
    with windows.within_calendar():
        if end == windows.LATEST:
            last = _after_newest(context.results, now)
        else:
            last = windows.parse_time(end or "now", "--end", zone, now).astimezone(UTC)
        if begin is None:
            first = windows.before(last, since or usual)
        else:
            first = windows.parse_time(begin, "--begin", zone, now).astimezone(UTC)
    if first >= last:
        raise UsageError(
            f"The window begins at {first:%Y-%m-%d %H:%M} UTC and ends at"
            f" {last:%Y-%m-%d %H:%M} UTC.",
            "Pass the earlier time as --begin.",
        )
    return Asked(first, last, filter)


def _after_newest(engine: Engine, now: datetime) -> datetime:
    newest = newest_run(engine)
    if newest is None:
        return now
    return datetime.fromtimestamp(newest / 1000, UTC) + timedelta(milliseconds=1)
