"""`ci-stat summary`, `jobs`, `prs`, `failures`: counted in the database, shown as tables, JSON or CSV."""

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from ci_stat.cli import options
from ci_stat.rendering.values import source_data

if TYPE_CHECKING:
    from rich.console import RenderableType


def _show(report: "RenderableType", color: str) -> None:
    from ci_stat.rendering.terminal import screen

    screen.show(report, sys.stdout, options.colored(color))


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
    from ci_stat.runs.views import data

    click.echo(data.to_csv(rows), nl=False)
    if note:
        click.echo(f"ci-stat: {note}", err=True)


@click.command()
@options.window_options
@options.format_options
def summary(form: str | None, color: str, **window: Any) -> None:
    """Counts and rates of a window: pull request runs and nightly ones, over time.

    Counted in the database: no row is loaded, however large the window.

    \b
    Examples:
      ci-stat summary                               the last 24 hours
      ci-stat summary --since 2w --end latest       two weeks up to the newest row
      ci-stat summary --begin 2021-06-19 --end 2021-06-21 --repo pingcap/tidb
    """
    source = options.opened().source
    wanted = options.wanted(source, **window)
    count, provenance = source.count_window(wanted)
    options.hint(source, wanted, provenance)
    from ci_stat.rendering import format as words
    from ci_stat.runs.views import data

    if form == "json":
        _print_json(data.summary_data(count, provenance))
    elif form == "csv":
        _print_csv(data.summary_data(count, provenance)["over_time"], words.staleness(provenance))
    else:
        from ci_stat.runs.views import tables

        _show(tables.summary(count, provenance, words.filters(wanted.names)), color)


@click.command()
@options.window_options
@options.limit_option
@options.format_options
def jobs(limit: int, form: str | None, color: str, **window: Any) -> None:
    """Jobs, most failures first.

    \b
    Examples:
      ci-stat jobs --since 7d
      ci-stat jobs --since 24h --branch master --csv > jobs.csv
    """
    source = options.opened().source
    wanted = options.wanted(source, **window)
    counts, provenance = source.count_jobs(wanted)
    options.hint(source, wanted, provenance)
    from ci_stat.runs.views import data

    if form:
        rows = data.job_rows(counts[:limit], provenance)
        _print_rows("jobs", rows, len(counts), source_data(provenance), form)
        return
    from ci_stat.rendering import format as words
    from ci_stat.runs.views import tables

    _show(tables.jobs(counts, provenance, limit, words.filters(wanted.names)), color)


@click.command()
@options.window_options
@options.limit_option
@options.format_options
def prs(limit: int, form: str | None, color: str, **window: Any) -> None:
    """Pull requests, most failures first.

    \b
    Examples:
      ci-stat prs --since 24h
      ci-stat prs --since 7d --job tidb_ghpr_unit_test --limit 5 --json
    """
    source = options.opened().source
    wanted = options.wanted(source, **window)
    counts, total, provenance = source.count_prs(wanted, limit)
    options.hint(source, wanted, provenance)
    from ci_stat.runs.views import data

    if form:
        _print_rows("prs", data.pr_rows(counts, provenance), total, source_data(provenance), form)
        return
    from ci_stat.rendering import format as words
    from ci_stat.runs.views import tables

    _show(tables.prs(counts, total, provenance, words.filters(wanted.names)), color)


@click.command()
@options.window_options
@options.limit_option
@options.format_options
@click.option(
    "--no-logs", is_flag=True, help="Leave the build logs alone: only what the table says."
)
def failures(limit: int, form: str | None, color: str, no_logs: bool, **window: Any) -> None:
    """What failed: cases and other failures, most runs first, with the runs and pull requests they hit.

    Reads the failed runs, and their build logs where a place is set (log_dir, jenkins_url); each log is read once.
    The table's own list is a lower bound: it keeps one case a run since 2021.

    \b
    Examples:
      ci-stat failures --since 7d
      ci-stat failures --since 24h --job tidb-unit-test-nightly
    """
    from dataclasses import replace

    from ci_stat.records import Status
    from ci_stat.runs.progress_bar import loading

    source = options.opened().source
    wanted = options.wanted(source, **window)
    failed = replace(wanted, statuses=(Status.FAILURE.value,))
    with loading("Reading failed runs") as (progress, log_progress):
        result = source.load(failed, progress, logs=not no_logs, log_progress=log_progress)
    options.hint(source, wanted, result.provenance)
    infos = list(result.fail_info_map.values())
    from ci_stat.runs.views import data

    if form:
        rows = data.failure_rows(infos[:limit], result.provenance)
        _print_rows("failures", rows, len(infos), source_data(result.provenance), form)
        return
    from ci_stat.rendering import format as words
    from ci_stat.runs.views import tables

    report = tables.failures(result, limit, words.filters(wanted.names))
    _show(report, color)


COMMANDS = {"summary": summary, "jobs": jobs, "prs": prs, "failures": failures}
