"""`ci-stat sync`: the builds of a Jenkins into the CI database."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from ci_stat.cli.work import opening, windows
from ci_stat.errors import SourceError, UsageError
from ci_stat.escape import json_safe, visible, visible_lines
from ci_stat.logs.workers import scan_options
from ci_stat.rendering.format import plural
from ci_stat.runs.progress_bar import counting
from ci_stat.runs.stale_counts import forget_counts
from ci_stat.runs.sync_jenkins import sync
from ci_stat.runs.sync_plan import SyncPlan, SyncResult

_SHOWN = 20  # jobs that failed, printed one by one


def jenkins(
    jobs: tuple[str, ...],
    since: str | None,
    limit: int | None,
    dry_run: bool,
    no_logs: bool,
    as_json: bool,
) -> None:
    """`ci-stat sync jenkins`: the builds that are in Jenkins and not in the CI database."""
    context = opening.opened()
    source = context.source
    zone = source.origin.zone
    now = windows.parse_time("now", "now", zone)
    begin = None if since is None else _since(since, now, zone)
    plan = SyncPlan(
        now, jobs, begin, limit, not no_logs, dry_run, scan_options(context.settings.logs.rules)
    )
    result = SyncResult()
    try:
        client = context.jenkins
        with counting("Syncing", unit="builds") as progress:
            engine = source.engine if dry_run else source.engine_for_writing()
            sync(engine, client, zone, plan, progress, result)
            name = client.name
    finally:
        forget_counts(context.existing_counts, result.times)
    click.echo(
        _json(result, name, dry_run) if as_json else "\n".join(_words(result, name, dry_run))
    )
    _complain(result)


def _since(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """Raises UsageError for what is neither a time nor a length of time."""
    try:
        return now - windows.parse_length(text)
    except OverflowError:
        raise UsageError(
            f"--since {text!r} reaches beyond the year 1.", "Name a shorter time."
        ) from None
    except UsageError:
        moment = windows.parse_time(text, "--since", zone)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _words(result: SyncResult, name: str, dry_run: bool) -> list[str]:
    verb = "would be stored" if dry_run else "stored"
    lines = [
        f"{plural(result.stored, 'build')} of {plural(result.jobs, 'job')} {verb}, from {visible(name)}."
    ]
    if result.running:
        lines.append(f"{result.running:,} still running: next time.")
    lines += [
        f"{plural(count, 'build')} left out, {visible(why)}."
        for why, count in sorted(result.left_out.items())
    ]
    if result.logs:
        states = ", ".join(f"{count:,} {state}" for state, count in sorted(result.logs.items()))
        lines.append(f"Logs of builds that did not succeed: {states}.")
    return lines


def _json(result: SyncResult, name: str, dry_run: bool) -> str:
    value: dict[str, Any] = {
        "jenkins": name, "dry_run": dry_run, "jobs": result.jobs, "stored": result.stored, "running": result.running,
        "left_out": dict(sorted(result.left_out.items())), "logs": dict(sorted(result.logs.items())),
        "failed": [{"job": job, "reason": error.message} for job, error in result.failed],
    }  # fmt: skip
    return json_safe(json.dumps(value, ensure_ascii=False))


def _complain(result: SyncResult) -> None:
    """Each job that failed, on stderr. Raises SourceError if there is any."""
    if not result.failed:
        return
    for job, error in result.failed[:_SHOWN]:
        click.echo(f"ci-stat: {visible(job, 200)}: {visible_lines(error)}", err=True)
    if len(result.failed) > _SHOWN:
        click.echo(f"ci-stat: … and {len(result.failed) - _SHOWN:,} more", err=True)
    raise SourceError(
        f"Not everything could be brought: {plural(len(result.failed), 'problem')}.",
        "What was brought is stored; the next sync goes on from there.",
    )
