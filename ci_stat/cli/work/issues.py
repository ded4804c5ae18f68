"""`ci-stat issues`: what would be filed for failed cases, and with --post filed; its history, mutes and a replay."""

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from msgspec import to_builtins

from ci_stat.cli.work import opening, output, windows
from ci_stat.context import Clock, Context, real_time
from ci_stat.errors import NoNewData, NotDelivered, Refused, UsageError
from ci_stat.escape import visible
from ci_stat.issues.apply import ApplyResult
from ci_stat.issues.evidence import key_of_case
from ci_stat.issues.model import IssuePlan
from ci_stat.issues.plan_files import read_plan, write_plan
from ci_stat.issues.service import Filer
from ci_stat.issues.setup import issue_jobs
from ci_stat.issues.views.explanation import explained_data, explained_screen
from ci_stat.issues.views.history import (
    history_table,
    notes_table,
    scorecard_data,
    scorecard_screen,
)
from ci_stat.issues.views.plan import drafts_text, plan_data, plan_screen
from ci_stat.records import IssueAction, RunFilter, Window
from ci_stat.rendering.terminal import screen
from ci_stat.reports.windows import DAILY, report_window
from ci_stat.runs.database import Source
from ci_stat.runs.progress_bar import show_progress


def plan(post: bool, plan_out: str | None, drafts: bool, as_json: bool, color: str, jobs: Sequence[str],
         now: str | None, **window: Any) -> None:  # fmt: skip
    """`ci-stat issues plan`: what is to be done, and why not for the others."""
    if post and plan_out:
        raise UsageError(
            "--plan-out saves a plan for later, and --post does it now.", "Give one of them."
        )
    context, moment = opening.opened_at(now)
    source = context.source
    names = issue_jobs(jobs)
    with _watched_filer(context, moment) as filer:
        wanted = _window(source, moment(), **window)
        made, applied = filer.post(wanted, names) if post else (filer.plan(wanted, names), None)
    if plan_out:
        write_plan(made.plan, Path(plan_out))
    _show(made.plan, applied, as_json, color, source, drafts)
    empty = _empty(source, wanted, names)
    if not post and not as_json:
        _say_next(made.plan, plan_out)
    _complain(made.plan, applied)
    if empty:
        raise empty


def show(file: Path, drafts: bool, color: str) -> None:
    """`ci-stat issues show`: a saved plan, to be read by a person. Nothing is asked and nothing done."""
    saved = read_plan(file)
    _print({}, plan_screen(saved), False, color, True)
    if drafts:
        click.echo(drafts_text(saved))


def apply(file: Path, now: str | None, as_json: bool, color: str) -> None:
    """`ci-stat issues apply`: do what a saved plan says."""
    saved = read_plan(file)
    context, moment = opening.opened_at(now)
    source = context.source
    with _watched_filer(context, moment) as filer:
        applied = filer.apply(saved)
    _show(saved, applied, as_json, color, source, drafts=False)
    _complain(saved, applied)


def history(
    case: str | None, since: str | None, notes: str | None, limit: int, as_json: bool, color: str
) -> None:  # fmt: skip
    """`ci-stat issues history`: all calls to the tracker, with their answers."""
    context, moment = opening.opened_at(None)
    source = context.source
    if notes:
        if since:
            raise UsageError("--since is about calls.", f"Leave it out with --{notes}.")
        known = getattr(context.notes(moment), notes).all(moment())
        wanted = (
            known.values()
            if case is None
            else [known[key] for key in [key_of_case(case)] if key in known]
        )
        said = sorted(wanted, key=lambda note: note.name)[:limit]
        _print(
            {notes: to_builtins(said)},
            notes_table(said, source.origin.zone),
            as_json,
            color,
            bool(said),
        )
        return
    after = moment() - windows.parse_length(since) if since else None
    found = context.issues(moment).list(limit, key_of_case(case) if case else None, after)
    _print(
        {"calls": to_builtins(found)},
        history_table(found, source.origin.zone),
        as_json,
        color,
        bool(found),
    )


def replay(since: str, end: str | None, jobs: Sequence[str], as_json: bool, color: str) -> None:
    """`ci-stat issues replay`: what the rules would have done in the past."""
    context, moment = opening.opened_at(None)
    source = context.source
    last = (
        source.latest_end()
        if end == windows.LATEST
        else windows.parse_time(end or "today", "--end", source.origin.zone)
    )
    with _watched_filer(context, moment) as filer:
        window, names = source.window(_before(last, since, source), last), issue_jobs(jobs)
        card = filer.replay(window, names)
    _print(scorecard_data(card), scorecard_screen(card, source.origin.zone), as_json, color, True)
    if empty := _empty(source, window, names):
        raise empty


def explain(
    case: str, as_json: bool, color: str, jobs: Sequence[str], now: str | None, **window: Any
) -> None:
    """`ci-stat issues explain`: why a case has an issue, or has none."""
    context, moment = opening.opened_at(now)
    source = context.source
    with _watched_filer(context, moment) as filer:
        found = filer.explain(case, _window(source, moment(), **window), issue_jobs(jobs))
    _print(explained_data(found), explained_screen(found), as_json, color, True)


@contextmanager
def _watched_filer(context: Context, moment: Clock) -> Iterator[Filer]:
    """A filer, with progress lines while it works where somebody watches."""
    with show_progress() as watched:
        yield context.filer(moment, watched, real_time)


def _window(source: Source, now: datetime, begin: str | None, end: str | None) -> Window:
    zone = source.origin.zone
    if begin is None and end is None:
        return report_window(DAILY, now, zone)
    last = (
        source.latest_end()
        if end == windows.LATEST
        else None
        if end is None
        else windows.parse_time(end, "--end", zone)
    )
    day = timedelta(days=1)
    first = (last or now) - day if begin is None else windows.parse_time(begin, "--begin", zone)
    try:
        return source.window(first, last or first + day)
    except OverflowError:
        raise UsageError(
            "The window would reach beyond the years 1 to 9999.", "Name another one."
        ) from None


def _before(last: datetime, since: str, source: Source) -> datetime:
    aware = last.replace(tzinfo=source.origin.zone) if last.tzinfo is None else last
    try:
        return aware.astimezone(UTC) - windows.parse_length(since)
    except OverflowError:
        raise UsageError(
            f"--since {since!r} reaches beyond the year 1.", "Name a shorter length."
        ) from None


def _show(
    made: IssuePlan,
    applied: ApplyResult | None,
    as_json: bool,
    color: str,
    source: Source,
    drafts: bool,
) -> None:
    _print(
        plan_data(made, applied),
        plan_screen(made, applied, source.origin.zone),
        as_json,
        color,
        True,
    )
    if drafts and not as_json:
        click.echo(drafts_text(made))


def _print(data: Any, screen_of: Any, as_json: bool, color: str, found: bool) -> None:
    if as_json:
        click.echo(json.dumps(data, indent=2))
    elif not found:
        click.echo("Nothing is known.")
    else:
        screen.show(screen_of, sys.stdout, output.colored(color))


def _empty(source: Source, window: Window, jobs: Sequence[str]) -> NoNewData | None:
    """A window without runs is no quiet window: which name nobody knows, or that the data is old."""
    wanted = RunFilter(window, jobs=tuple(jobs))
    if source.count_rows([wanted]) != [0]:
        return None
    problems = [visible(problem) for problem in source.unknown_names(wanted)]
    return NoNewData(
        f"No run of {visible(', '.join(jobs))} is in this window: that is not the same as no failure.",
        "\n  ".join(problems)
        or "Look at the writer of ci_data: `ci-stat config --check` shows the newest row.",
    )


def _say_next(made: IssuePlan, saved: str | None) -> None:
    if saved:
        applicable = not made.stopped and made.tracker_read
        command = (
            "do it with: ci-stat issues apply"
            if applicable
            else "look at it with: ci-stat issues show"
        )
        click.echo(f"ci-stat: the plan is in {saved}; {command} {shlex.quote(saved)}", err=True)
    elif any(each.action != IssueAction.SKIP for each in made.entries) and not made.stopped:
        click.echo("ci-stat: nothing was done (--post does it, --drafts shows the texts)", err=True)


def _complain(made: IssuePlan, applied: ApplyResult | None) -> None:
    if made.stopped:
        raise Refused(f"Nothing is done: {made.stopped}", made.hint)
    if applied is None or applied.succeeded:
        return
    failed = [result for result in applied.results if not result.succeeded]
    message = f"{len(failed)} of {len(applied.results)} could not be done."
    raise NotDelivered(
        f"{applied.stopped or message}",
        "The next run takes up what was not done. `ci-stat issues history` shows it.",
    )
