"""`ci-stat summary`, `jobs`, `prs` and `failures`: count runs, print tables, JSON or CSV."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from ci_stat.cli.work import opening, output, windows
from ci_stat.cli.work.tests_hint import points_to_tests
from ci_stat.records import Status
from ci_stat.rendering import format as words
from ci_stat.rendering.values import source_data
from ci_stat.runs.progress_bar import loading
from ci_stat.runs.views import data, tables
from ci_stat.runs.views import failures as failures_view


@points_to_tests("`ci-stat tests`")
def summary(form: str | None, color: str, **window: Any) -> None:
    source = opening.opened().source
    filter = windows.run_filter(source, **window)
    count, provenance = source.count_window(filter)
    opening.explain_empty(source, filter, provenance)

    if form == "json":
        output.print_json(data.summary_data(count, provenance))
    elif form == "csv":
        _print_csv(data.summary_data(count, provenance)["over_time"], words.staleness(provenance))
    else:
        output.print_table(tables.summary(count, provenance, words.filters(filter.names)), color)


@points_to_tests("`ci-stat tests trends`")
def jobs(limit: int, form: str | None, color: str, **window: Any) -> None:
    source = opening.opened().source
    filter = windows.run_filter(source, **window)
    counts, provenance = source.count_jobs(filter)
    opening.explain_empty(source, filter, provenance)

    if form:
        rows = data.job_rows(counts[:limit], provenance)
        _print_rows("jobs", rows, len(counts), source_data(provenance), form)
    else:
        output.print_table(
            tables.jobs(counts, provenance, limit, words.filters(filter.names)), color
        )


@points_to_tests("`ci-stat tests runs`")
def prs(limit: int, form: str | None, color: str, **window: Any) -> None:
    source = opening.opened().source
    filter = windows.run_filter(source, **window)
    counts, total, provenance = source.count_prs(filter, limit)
    opening.explain_empty(source, filter, provenance)

    if form:
        rows = data.pr_rows(counts, provenance)
        _print_rows("prs", rows, total, source_data(provenance), form)
    else:
        output.print_table(
            tables.prs(counts, total, provenance, words.filters(filter.names)), color
        )


@points_to_tests("`ci-stat tests`")
def failures(limit: int, form: str | None, color: str, no_logs: bool, **window: Any) -> None:
    source = opening.opened().source
    filter = windows.run_filter(source, **window)
    failed_runs = replace(filter, statuses=(Status.FAILURE.value,))
    with loading("Reading failed runs") as (progress, log_progress):
        result = source.load(failed_runs, progress, logs=not no_logs, log_progress=log_progress)
    provenance = result.provenance
    opening.explain_empty(source, filter, provenance)

    if form:
        infos = list(result.fail_info_map.values())
        rows = data.failure_rows(infos[:limit], provenance)
        _print_rows("failures", rows, len(infos), source_data(provenance), form)
    else:
        table = failures_view.failures(result, limit, words.filters(filter.names))
        output.print_table(table, color)


def _print_rows(
    name: str, rows: Sequence[dict[str, Any]], total: int, source: dict[str, Any], form: str
) -> None:
    if form == "csv":
        _print_csv(rows, source["note"])
    else:
        output.print_json({"source": source, "total": total, name: rows})


def _print_csv(rows: Sequence[dict[str, Any]], note: str | None) -> None:
    """Print the note to stderr: CSV has no place for it, and an empty table must not look quiet."""
    click.echo(data.to_csv(rows), nl=False)
    if note:
        click.echo(f"ci-stat: {note}", err=True)
