"""`ci-stat summary`, `jobs`, `prs`, `failures`: counted in the database, shown as tables, JSON or CSV."""

import json
import sys
from dataclasses import replace
from typing import Any

import click
from rich.console import RenderableType

from ci_stat.cli.work import opening, output, windows
from ci_stat.records import Status
from ci_stat.rendering import format as words
from ci_stat.rendering.terminal import screen
from ci_stat.rendering.values import source_data
from ci_stat.runs.progress_bar import loading
from ci_stat.runs.views import data, tables


def _show(report: RenderableType, color: str) -> None:
    screen.show(report, sys.stdout, output.colored(color))


def _print_json(data: dict[str, Any]) -> None:
    # ASCII: what a terminal would act on stays an escape.
    click.echo(json.dumps(data, indent=2))


def _print_rows(
    name: str, rows: list[dict[str, Any]], total: int, source: dict[str, Any], form: str
) -> None:
    if form == "csv":
        _print_csv(rows, source["note"])
    else:
        _print_json({"source": source, "total": total, name: rows})


def _print_csv(rows: list[dict[str, Any]], note: str | None) -> None:
    """CSV has no place for it, and an empty table must not look like a quiet day: the note goes to stderr."""
    click.echo(data.to_csv(rows), nl=False)
    if note:
        click.echo(f"ci-stat: {note}", err=True)


def summary(form: str | None, color: str, **window: Any) -> None:
    """`ci-stat summary`: counts and rates of a window: pull request runs and nightly ones, over time."""
    source = opening.opened().source
    wanted = windows.wanted(source, **window)
    count, provenance = source.count_window(wanted)
    opening.hint(source, wanted, provenance)

    if form == "json":
        _print_json(data.summary_data(count, provenance))
    elif form == "csv":
        _print_csv(data.summary_data(count, provenance)["over_time"], words.staleness(provenance))
    else:
        _show(tables.summary(count, provenance, words.filters(wanted.names)), color)


def jobs(limit: int, form: str | None, color: str, **window: Any) -> None:
    """`ci-stat jobs`: jobs, most failures first."""
    source = opening.opened().source
    wanted = windows.wanted(source, **window)
    counts, provenance = source.count_jobs(wanted)
    opening.hint(source, wanted, provenance)

    if form:
        rows = data.job_rows(counts[:limit], provenance)
        _print_rows("jobs", rows, len(counts), source_data(provenance), form)
        return

    _show(tables.jobs(counts, provenance, limit, words.filters(wanted.names)), color)


def prs(limit: int, form: str | None, color: str, **window: Any) -> None:
    """`ci-stat prs`: pull requests, most failures first."""
    source = opening.opened().source
    wanted = windows.wanted(source, **window)
    counts, total, provenance = source.count_prs(wanted, limit)
    opening.hint(source, wanted, provenance)

    if form:
        _print_rows("prs", data.pr_rows(counts, provenance), total, source_data(provenance), form)
        return

    _show(tables.prs(counts, total, provenance, words.filters(wanted.names)), color)


def failures(limit: int, form: str | None, color: str, no_logs: bool, **window: Any) -> None:
    """`ci-stat failures`: what failed: cases and other failures, most runs first, with the runs and pull requests they hit."""
    source = opening.opened().source
    wanted = windows.wanted(source, **window)
    failed = replace(wanted, statuses=(Status.FAILURE.value,))
    with loading("Reading failed runs") as (progress, log_progress):
        result = source.load(failed, progress, logs=not no_logs, log_progress=log_progress)
    opening.hint(source, wanted, result.provenance)
    infos = list(result.fail_info_map.values())

    if form:
        rows = data.failure_rows(infos[:limit], result.provenance)
        _print_rows("failures", rows, len(infos), source_data(result.provenance), form)
        return

    report = tables.failures(result, limit, words.filters(wanted.names))
    _show(report, color)
