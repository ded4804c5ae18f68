"""`ci-stat sync`: copy the builds of a Jenkins into the CI database."""

import json
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from ci_stat.cli.work import opening, windows
from ci_stat.errors import SourceError, UsageError
from ci_stat.escape import json_safe, visible, visible_lines
from ci_stat.logs.workers import scan_options
from ci_stat.rendering.format import plural
from ci_stat.runs.progress_bar import counting
from ci_stat.runs.stale_counts import forget_counts
from ci_stat.runs.sync_jenkins import sync as copy_builds
from ci_stat.runs.sync_plan import SyncPlan, SyncResult

_SHOWN = 20  # failures that are printed one by one


def jenkins(
    jobs: tuple[str, ...],
    since: str | None,
    limit: int | None,
    dry_run: bool,
    no_logs: bool,
    as_json: bool,
) -> None:
    context = opening.opened()
    source = context.source
    zone = source.origin.zone
    now = datetime.now(zone)
    begin = None if since is None else begin_of(since, now, zone)
    scan = scan_options(context.settings.logs.rules)
    plan = SyncPlan(now, jobs, begin, limit, not no_logs, dry_run, scan, context.logs.rename)
    synced = SyncResult()
    try:
        client = context.logs.jenkins
        with counting("Syncing", unit="builds") as progress:
            engine = source.engine if dry_run else source.engine_for_writing()
            copy_builds(engine, client, zone, plan, progress, synced)
            name = client.name
    finally:
        forget_counts(context.existing_counts, synced.times)

    if as_json:
        click.echo(_json(synced, name, dry_run))
    else:
        click.echo("\n".join(_sentences(synced, name, dry_run)))
    raise_failures(synced.failed)


def begin_of(since: str, now: datetime, zone: ZoneInfo) -> datetime:
    """Parse a length before `now`, or a time. Raises UsageError if it is neither."""
    try:
        windows.parse_length(since)
    except UsageError:
        return windows.parse_time(since, "--since", zone, now)
    return windows.before(now, since)


def _sentences(synced: SyncResult, name: str, dry_run: bool) -> list[str]:
    verb = "would be stored" if dry_run else "stored"
    builds, jobs = plural(synced.stored, "build"), plural(synced.jobs, "job")
    sentences = [f"{builds} of {jobs} {verb}, from {visible(name)}."]
    for kept in synced.recreated:
        runs, verb = plural(kept.runs, "earlier run"), "would be kept" if dry_run else "are kept"
        sentences.append(
            f"{visible(kept.job, 200)} was deleted and created again: "
            f"its {runs} {verb} as {visible(kept.name, 250)}."
        )
    if synced.running:
        sentences.append(f"{synced.running:,} still running; copied once they have ended.")
    for reason, count in sorted(synced.left_out.items()):
        sentences.append(f"{plural(count, 'build')} skipped, {visible(reason)}.")
    if synced.logs:
        states = ", ".join(f"{count:,} {state}" for state, count in sorted(synced.logs.items()))
        sentences.append(f"Logs of unsuccessful builds: {states}.")
    return sentences


def _json(synced: SyncResult, name: str, dry_run: bool) -> str:
    value = {
        "jenkins": name,
        "dry_run": dry_run,
        "jobs": synced.jobs,
        "stored": synced.stored,
        "recreated": [
            {"job": kept.job, "kept_as": kept.name, "runs": kept.runs} for kept in synced.recreated
        ],
        "running": synced.running,
        "left_out": dict(sorted(synced.left_out.items())),
        "logs": dict(sorted(synced.logs.items())),
        "failed": [{"job": job, "reason": error.message} for job, error in synced.failed],
    }
    return json_safe(json.dumps(value, ensure_ascii=False))


def raise_failures(failed: Sequence[tuple[str, SourceError]]) -> None:
    """Print what failed to stderr. Raises SourceError if there is anything."""
    if not failed:
        return
    for place, error in failed[:_SHOWN]:
        click.echo(f"ci-stat: {visible(place, 200)}: {visible_lines(error)}", err=True)
    if len(failed) > _SHOWN:
        click.echo(f"ci-stat: … and {len(failed) - _SHOWN:,} more", err=True)
    raise SourceError(
        f"The sync is incomplete: {plural(len(failed), 'problem')}.",
        "The copied builds are stored; the next sync continues from there.",
    )
