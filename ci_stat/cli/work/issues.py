"""`ci-stat issues plan`, `show`, `apply`, `history`, `replay` and `explain`.

`issue_notes` has the subcommands that store what people decide.
"""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from msgspec import to_builtins

from ci_stat.campaigns.evidence import CampaignRuns
from ci_stat.cli.work import opening, output, windows
from ci_stat.cli.work.issue_campaigns import EVIDENCE, campaign_jobs, with_campaigns
from ci_stat.cli.work.tests.labels import labels_of
from ci_stat.context import Clock, Context, real_time
from ci_stat.errors import NotDelivered, Refused, UsageError
from ci_stat.issues.apply import ApplyResult
from ci_stat.issues.evidence import key_of_case
from ci_stat.issues.job_names import issue_jobs
from ci_stat.issues.model import IssuePlan
from ci_stat.issues.no_runs import require_runs
from ci_stat.issues.plan_files import read_plan, write_plan
from ci_stat.issues.service import Filer
from ci_stat.issues.views.explanation import explained_data, explained_screen
from ci_stat.issues.views.history import (
    history_table,
    notes_table,
    scorecard_data,
    scorecard_screen,
)
from ci_stat.issues.views.plan import drafts_text, plan_data, plan_screen
from ci_stat.records import IssueAction, Window
from ci_stat.reports.windows import DAILY, chosen_window
from ci_stat.runs.database import Source
from ci_stat.runs.progress_bar import show_progress


def plan(
    post: bool,
    plan_out: str | None,
    drafts: bool,
    as_json: bool,
    color: str,
    jobs: Sequence[str],
    now: str | None,
    evidence: str | None,
    per: str | None,
    labels: Sequence[str],
    **window_options: Any,
) -> None:
    if post and plan_out:
        raise UsageError(
            "--plan-out saves the plan for later, and --post applies it now.", "Use one of them."
        )
    context, clock = opening.opened_at(now)
    source = context.source
    named = _named_jobs(context, jobs, evidence)
    applied = None
    with _watched_filer(context, clock, evidence, per, labels) as filer:
        window = _window(source, clock(), **window_options)
        job_names = _jobs(filer, named, window)
        if post:
            made, applied = filer.post(window, job_names)
        else:
            made = filer.plan(window, job_names)
    if plan_out:
        write_plan(made.plan, Path(plan_out))

    _print_plan(made.plan, applied, source, as_json, color)
    if drafts and not as_json:
        click.echo(drafts_text(made.plan))
    if not post and not as_json:
        _print_next_step(made.plan, plan_out)
    _raise_failures(made.plan, applied)
    if not filer.has_runs(window, job_names):
        require_runs(source, window, job_names)


def show(file: Path, drafts: bool, color: str) -> None:
    saved = read_plan(file)
    output.print_table(plan_screen(saved), color)
    if drafts:
        click.echo(drafts_text(saved))


def apply(file: Path, now: str | None, as_json: bool, color: str) -> None:
    saved = read_plan(file)
    context, clock = opening.opened_at(now)
    with _watched_filer(context, clock) as filer:
        applied = filer.apply(saved)
    _print_plan(saved, applied, context.source, as_json, color)
    _raise_failures(saved, applied)


def history(
    case: str | None, since: str | None, notes: str | None, limit: int, as_json: bool, color: str
) -> None:
    context, clock = opening.opened_at(None)
    zone = context.source.origin.zone
    key = key_of_case(case) if case else None
    if notes:
        if since:
            raise UsageError(f"--since cannot be used with --{notes}.", "Omit one of them.")
        active = getattr(context.notes(clock), notes).all(clock())
        chosen = [note for note_key, note in active.items() if key in (None, note_key)]
        listed = sorted(chosen, key=lambda note: note.name)[:limit]
        _print_list(notes, listed, notes_table(listed, zone), as_json, color)
    else:
        after = windows.before(clock(), since) if since else None
        calls = context.issues(clock).list(limit, key, after)
        _print_list("calls", calls, history_table(calls, zone), as_json, color)


def replay(since: str, end: str | None, jobs: Sequence[str], as_json: bool, color: str) -> None:
    context, clock = opening.opened_at(None)
    source = context.source
    job_names = issue_jobs(jobs, context.settings.issues)
    last = windows.parse_end(end or "today", source)
    window = source.window(windows.before(last, since), last)
    with _watched_filer(context, clock) as filer:
        card = filer.replay(window, job_names)

    table = scorecard_screen(card, source.origin.zone)
    output.print_either(scorecard_data(card), table, as_json, color)
    require_runs(source, window, job_names)


def explain(
    case: str,
    as_json: bool,
    color: str,
    jobs: Sequence[str],
    now: str | None,
    evidence: str | None,
    per: str | None,
    labels: Sequence[str],
    **window_options: Any,
) -> None:
    context, clock = opening.opened_at(now)
    named = _named_jobs(context, jobs, evidence)
    with _watched_filer(context, clock, evidence, per, labels) as filer:
        window = _window(context.source, clock(), **window_options)
        explanation = filer.explain(case, window, _jobs(filer, named, window))

    table = explained_screen(explanation)
    output.print_either(explained_data(explanation), table, as_json, color)


@contextmanager
def _watched_filer(
    context: Context,
    clock: Clock,
    evidence: str | None = None,
    per: str | None = None,
    labels: Sequence[str] = (),
) -> Iterator[Filer]:
    """A filer that shows its progress if stderr is a terminal. The options precede settings."""
    settings = context.settings.issues
    is_campaign = evidence == EVIDENCE
    chosen = "logs" if is_campaign else evidence or settings.evidence
    settings = replace(settings, evidence=chosen, per=per or settings.per)
    with show_progress() as watched:
        filer = context.filer(clock, watched, real_time, settings, labels_of(labels))
        yield with_campaigns(filer, context, clock, per, labels) if is_campaign else filer


def _named_jobs(context: Context, jobs: Sequence[str], evidence: str | None) -> tuple[str, ...]:
    """The jobs that the command or the settings name. Raises SettingsError without any."""
    if evidence == EVIDENCE:
        return tuple(jobs)
    return issue_jobs(jobs, context.settings.issues)


def _jobs(filer: Filer, named: tuple[str, ...], window: Window) -> tuple[str, ...]:
    """The jobs that may file issues: of campaigns all, unless the command names some."""
    if isinstance(filer.tests, CampaignRuns):
        return campaign_jobs(filer.tests, named, window)
    return named


def _window(source: Source, now: datetime, begin: str | None, end: str | None) -> Window:
    zone = source.origin.zone
    with windows.within_calendar():
        first = windows.parse_time(begin, "--begin", zone, now) if begin is not None else None
        last = windows.parse_end(end, source, now) if end is not None else None
        return chosen_window(DAILY, now, zone, first, last)


def _print_plan(
    plan: IssuePlan, applied: ApplyResult | None, source: Source, as_json: bool, color: str
) -> None:
    table = plan_screen(plan, applied, source.origin.zone)
    output.print_either(plan_data(plan, applied), table, as_json, color)


def _print_list(name: str, rows: Sequence[Any], table: Any, as_json: bool, color: str) -> None:
    if rows or as_json:
        output.print_either({name: to_builtins(rows)}, table, as_json, color)
    else:
        click.echo(f"No {name}.")


def _print_next_step(plan: IssuePlan, saved: str | None) -> None:
    if saved:
        can_apply = not plan.stopped and plan.tracker_read
        advice = (
            "apply it with: ci-stat issues apply"
            if can_apply
            else "read it with: ci-stat issues show"
        )
        click.echo(f"ci-stat: plan saved in {saved}; {advice} {shlex.quote(saved)}", err=True)
        return

    has_actions = any(entry.action != IssueAction.SKIP for entry in plan.entries)
    if has_actions and not plan.stopped:
        click.echo("ci-stat: nothing was changed (--post applies, --drafts shows texts)", err=True)


def _raise_failures(plan: IssuePlan, applied: ApplyResult | None) -> None:
    """Raises Refused for a stopped plan, NotDelivered if an action failed."""
    if plan.stopped:
        raise Refused(f"Nothing was changed: {plan.stopped}", plan.hint)
    if applied is None or applied.succeeded:
        return

    failed = [entry for entry in applied.results if not entry.succeeded]
    raise NotDelivered(
        applied.stopped or f"{len(failed)} of {len(applied.results)} actions failed.",
        "The next run repeats them. `ci-stat issues history` lists all calls.",
    )
