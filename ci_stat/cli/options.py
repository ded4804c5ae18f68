"""Options that several commands share, and what they mean."""

import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import click

from ci_stat.errors import UsageError

if TYPE_CHECKING:
    from ci_stat.config import Settings
    from ci_stat.context import Context
    from ci_stat.records import Provenance, RunFilter
    from ci_stat.runs.database import Source

F = TypeVar("F", bound=Callable[..., Any])

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LATEST = "latest"
DEFAULT_SINCE = "24h"


def _stack(*options: Callable[[F], F]) -> Callable[[F], F]:
    return lambda command: reduce(lambda inner, option: option(inner), reversed(options), command)


def window_options(command: F) -> F:
    """--begin, --end, --since and the names to keep."""
    return _stack(
        click.option(
            "--begin",
            metavar="TIME",
            help="Start of the window, e.g. 2021-06-19 or 2021-06-19T08:30+08:00.",
        ),
        click.option(
            "--end",
            metavar="TIME",
            help="End of the window, not included; 'latest' is the newest row. [now]",
        ),
        click.option(
            "--since",
            metavar="LENGTH",
            help="Length of the window up to its end: 90m, 24h, 7d, 2w. [24h]",
        ),
        click.option(
            "--job", "jobs", multiple=True, metavar="NAME", help="Keep this job; may be repeated."
        ),
        click.option(
            "--repo",
            "repos",
            multiple=True,
            metavar="OWNER/NAME",
            help="Keep this repository; may be repeated.",
        ),
        click.option(
            "--branch",
            "branches",
            multiple=True,
            metavar="NAME",
            help="Keep this branch; may be repeated.",
        ),
    )(command)


def color_option(command: F) -> F:
    return click.option(
        "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
        help="ANSI colours; auto is a terminal without NO_COLOR.",
    )(command)  # fmt: skip


def format_options(command: F) -> F:
    """--json, --csv and --color."""
    return _stack(
        click.option("--json", "form", flag_value="json", help="Print JSON."),
        click.option("--csv", "form", flag_value="csv", help="Print CSV."),
        color_option,
    )(command)


def limit_option(command: F) -> F:
    return click.option(
        "--limit",
        type=click.IntRange(1, 1_000_000_000),
        default=20,
        show_default=True,
        help="Lines at most (JSON and CSV too).",
    )(command)


def parse_length(text: str) -> timedelta:
    """`90m`, `24h`, `7d` or `2w`."""
    found = re.fullmatch(r"(\d{1,6})([mhdw])", text.strip())
    if not found or int(found[1]) == 0:
        raise UsageError(
            f"--since {text!r} is no length of time.",
            "Write a number and m, h, d or w: 90m, 24h, 7d, 2w.",
        )
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def parse_time(text: str, option: str, zone: ZoneInfo) -> datetime:
    """ISO 8601, or `today`/`now`; without an offset it is in the database's zone."""
    now = datetime.now(zone)
    if text == "now":
        return now
    if text in ("today", "yesterday"):
        return now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
            days=text == "yesterday"
        )
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{option} {text!r} is no time.",
            "Write 2021-06-19, 2021-06-19T08:30, with +08:00 behind it, now or today.",
        ) from None


def _before(last: datetime, since: str | None, zone: ZoneInfo) -> datetime:
    """That long before `last` by the sun, not by the clock: on the day when clocks change these differ."""
    aware = last.replace(tzinfo=zone) if last.tzinfo is None else last
    return aware.astimezone(UTC) - parse_length(DEFAULT_SINCE if since is None else since)


def wanted(
    source: "Source",
    begin: str | None,
    end: str | None,
    since: str | None,
    jobs: Any,
    repos: Any,
    branches: Any,
) -> "RunFilter":
    """What the shared options mean together. Raises UsageError."""
    from ci_stat.records import RunFilter

    zone = source.origin.zone
    if begin is not None and since is not None:
        raise UsageError(
            "--begin and --since both say where the window starts.", "Give one of them."
        )
    try:
        last = (
            source.latest_end()
            if end == LATEST
            else parse_time("now" if end is None else end, "--end", zone)
        )
        first = (
            parse_time(begin, "--begin", zone) if begin is not None else _before(last, since, zone)
        )
        window = source.window(first, last)
    except OverflowError:
        raise UsageError(
            "The window would reach beyond the years 1 to 9999.", "Name a shorter one."
        ) from None
    return RunFilter(window, tuple(jobs), tuple(repos), tuple(branches))


def colored(choice: str) -> bool:
    """Whether to colour standard output; a choice made on the command line is stronger than NO_COLOR."""
    import os

    if choice == "auto":
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return choice == "always"


def opened() -> "Context":
    """What this command works with, closed at its end; the settings' warnings on stderr."""
    from ci_stat.context import Context

    context = click.get_current_context().with_resource(Context())
    warn(context.settings)
    return context


def opened_at(now: str | None) -> "tuple[Context, Callable[[], datetime]]":
    """The same, and what is taken for the present: the real one, or always what --now says."""
    from ci_stat.context import real_time

    context = opened()
    if now is None:
        return context, real_time
    zone = context.source.origin.zone
    moment = parse_time(now, "--now", zone)
    fixed = (moment.replace(tzinfo=zone) if moment.tzinfo is None else moment).astimezone(UTC)
    return context, lambda: fixed


def hint(source: "Source", wanted: "RunFilter", found: "Provenance") -> None:
    """On stderr, why a window may be empty: a name that no run has, or a table that ends before the window."""
    if found.rows:
        return
    from ci_stat.escape import visible

    for problem in source.unknown_names(wanted):
        click.echo(f"ci-stat: {visible(problem)}", err=True)
    if found.behind is not None and found.behind >= wanted.window.length:
        click.echo(
            "ci-stat: the table ends before this window; --end latest looks at its newest rows",
            err=True,
        )


def warn(settings: "Settings") -> None:
    from ci_stat.escape import visible

    for warning in settings.warnings:
        click.echo(f"ci-stat: warning: {visible(warning)}", err=True)
