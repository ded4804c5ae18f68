"""`ci-stat issues`: what would be filed for failed cases, and with --post filed; its history, mutes and a replay."""

import json
import shlex
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ci_stat.cli import options
from ci_stat.cli.issue_notes import accept, mute
from ci_stat.errors import DataTrouble, NotDelivered, Refused, UsageError

if TYPE_CHECKING:
    from ci_stat.context import Context
    from ci_stat.issues.apply import Applied
    from ci_stat.issues.model import IssuePlan
    from ci_stat.issues.service import Filer
    from ci_stat.records import Window
    from ci_stat.runs.database import Source

_EPILOG = """\b
Examples:
  ci-stat issues plan                            what yesterday's nightly failures would have us do, and why
  ci-stat issues plan --plan-out plan.json       the same, to be read and applied later
  ci-stat issues show plan.json --drafts         read it
  ci-stat issues apply plan.json                 do it, unless the tracker has moved on since
  ci-stat issues plan --post                     plan and do it in one go: for cron
  ci-stat issues explain testSuite.TestName      why a case has an issue, or has none
  ci-stat issues mute testSuite.TestName --until 2021-07-01 --why "known, #123"
  ci-stat issues accept plan.json --why "the backlog of the first day"
  ci-stat issues replay --since 30d              what the rules would have done, and what of it was wrong

\b
Exit codes, beside those of ci-stat: 7 GitHub gave no usable answer; 8 something was not done;
10 nothing was done: the plan is not plausible, the list of issues is not whole, the tracker moved on,
or another filer is at work.
"""


@click.group(epilog=_EPILOG)
def issues() -> None:
    """Issues for the failed cases of a nightly job: planned, explained, and with --post filed.

    Dry by default. Every failing case gets an answer: file, comment, update, reopen, close, or why not.
    """


def _plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed((
        click.option("--begin", metavar="TIME", help="Start of the window. [of yesterday]"),
        click.option("--end", metavar="TIME", help="End of the window, not included. [a day after --begin]"),
        click.option("--now", metavar="TIME", help="Take this for the present, e.g. 2021-06-16T08:17. [now]"),
        click.option("--job", "jobs", multiple=True, metavar="NAME",
                     help="Look at this job (may be repeated). [tidb-unit-test-nightly]"),
    )):  # fmt: skip
        command = option(command)
    return command


_post_option = click.option("--post", is_flag=True, help="Do what the plan says.")
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@issues.command(epilog=_EPILOG)
@_plan_options
@_post_option
@click.option("--plan-out", metavar="FILE", help="Save the plan, for `ci-stat issues apply`.")
@click.option(
    "--drafts", is_flag=True, help="Print the texts too, as they would stand at the tracker."
)
@_json_option
@options.color_option
def plan(post: bool, plan_out: str | None, drafts: bool, as_json: bool, color: str, jobs: Sequence[str],
         now: str | None, **window: Any) -> None:  # fmt: skip
    """What is to be done, and why not for the others.

    For the failures of a window: yesterday, unless --begin says another day.
    """
    from ci_stat.issues.plan_files import write_plan
    from ci_stat.issues.service import jobs_of

    if post and plan_out:
        raise UsageError(
            "--plan-out saves a plan for later, and --post does it now.", "Give one of them."
        )
    context, moment = options.opened_at(now)
    source = context.source
    names = jobs_of(jobs)
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


@issues.command()
@click.argument("file", metavar="PLAN", type=click.Path(path_type=Path))
@click.option("--drafts", is_flag=True, help="The texts too, as they would stand at the tracker.")
@options.color_option
def show(file: Path, drafts: bool, color: str) -> None:
    """A saved plan, to be read by a person. Nothing is asked and nothing done."""
    from ci_stat.issues.plan_files import read_plan
    from ci_stat.issues.views.plan import drafts_text, plan_screen

    saved = read_plan(file)
    _print({}, plan_screen(saved), False, color, True)
    if drafts:
        click.echo(drafts_text(saved))


@issues.command()
@click.argument("file", metavar="PLAN", type=click.Path(path_type=Path))
@click.option("--now", metavar="TIME", help="Take this for the present. [now]")
@_json_option
@options.color_option
def apply(file: Path, now: str | None, as_json: bool, color: str) -> None:
    """Do what a saved plan says. Refused if it is older than a day, or the tracker has moved on since it was made."""
    from ci_stat.issues.plan_files import read_plan

    saved = read_plan(file)
    context, moment = options.opened_at(now)
    source = context.source
    with _watched_filer(context, moment) as filer:
        applied = filer.apply(saved)
    _show(saved, applied, as_json, color, source, drafts=False)
    _complain(saved, applied)


@issues.command()
@click.argument("case", required=False)
@click.option("--since", metavar="LENGTH", help="Calls of this long: 24h, 7d. [all]")
@click.option("--mutes", "notes", flag_value="mutes", help="The mutes in force instead.")
@click.option(
    "--accepted",
    "notes",
    flag_value="accepted",
    help="The new issues that somebody accepted instead.",
)
@options.limit_option
@_json_option
@options.color_option
def history(
    case: str | None, since: str | None, notes: str | None, limit: int, as_json: bool, color: str
) -> None:  # fmt: skip
    """All calls to the tracker, with their answers.

    Newest first. --mutes and --accepted show what people said of cases instead.
    """
    from msgspec import to_builtins

    from ci_stat.issues.evidence import key_of_case
    from ci_stat.issues.views.history import history_table, notes_table

    context, moment = options.opened_at(None)
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
    after = moment() - options.parse_length(since) if since else None
    found = context.issues(moment).list(limit, key_of_case(case) if case else None, after)
    _print(
        {"calls": to_builtins(found)},
        history_table(found, source.origin.zone),
        as_json,
        color,
        bool(found),
    )


@issues.command()
@click.option(
    "--since", metavar="LENGTH", default="30d", show_default=True, help="How far back: 30d, 8w."
)
@click.option(
    "--end", metavar="TIME", help="Where it ends; 'latest' is the newest row. [the last midnight]"
)
@click.option(
    "--job", "jobs", multiple=True, metavar="NAME", help="Look at this job (may be repeated)."
)
@_json_option
@options.color_option
def replay(since: str, end: str | None, jobs: Sequence[str], as_json: bool, color: str) -> None:
    """What the rules would have done in the past.

    Day after day, at an empty tracker in memory: nothing is touched.
    """
    from ci_stat.issues.service import jobs_of
    from ci_stat.issues.views.history import scorecard_data, scorecard_screen

    context, moment = options.opened_at(None)
    source = context.source
    last = (
        source.latest_end()
        if end == options.LATEST
        else options.parse_time(end or "today", "--end", source.origin.zone)
    )
    with _watched_filer(context, moment) as filer:
        window, names = source.window(_before(last, since, source), last), jobs_of(jobs)
        card = filer.replay(window, names)
    _print(scorecard_data(card), scorecard_screen(card, source.origin.zone), as_json, color, True)
    if empty := _empty(source, window, names):
        raise empty


@issues.command()
@click.argument("case")
@_plan_options
@_json_option
@options.color_option
def explain(
    case: str, as_json: bool, color: str, jobs: Sequence[str], now: str | None, **window: Any
) -> None:
    """Why a case has an issue, or has none.

    Its failures, the rule that spoke, and what was done before.
    """
    from ci_stat.issues.service import jobs_of
    from ci_stat.issues.views.explanation import explained_data, explained_screen

    context, moment = options.opened_at(now)
    source = context.source
    with _watched_filer(context, moment) as filer:
        found = filer.explain(case, _window(source, moment(), **window), jobs_of(jobs))
    _print(explained_data(found), explained_screen(found), as_json, color, True)


class _watched_filer:
    """A filer, with progress lines while it works where somebody watches."""

    def __init__(self, context: "Context", moment: Callable[[], datetime]) -> None:
        from ci_stat.runs.progress_bar import watching

        self._watching, self._context, self._moment = watching(), context, moment

    def __enter__(self) -> "Filer":
        from ci_stat.context import real_time

        return self._context.filer(self._moment, self._watching.__enter__(), real_time)

    def __exit__(self, *error: Any) -> None:
        self._watching.__exit__(*error)


def _window(source: "Source", now: datetime, begin: str | None, end: str | None) -> "Window":
    from ci_stat.reports.windows import DAILY, report_window

    zone = source.origin.zone
    if begin is None and end is None:
        return report_window(DAILY, now, zone)
    last = (
        source.latest_end()
        if end == options.LATEST
        else None
        if end is None
        else options.parse_time(end, "--end", zone)
    )
    day = timedelta(days=1)
    first = (last or now) - day if begin is None else options.parse_time(begin, "--begin", zone)
    try:
        return source.window(first, last or first + day)
    except OverflowError:
        raise UsageError(
            "The window would reach beyond the years 1 to 9999.", "Name another one."
        ) from None


def _before(last: datetime, since: str, source: "Source") -> datetime:
    aware = last.replace(tzinfo=source.origin.zone) if last.tzinfo is None else last
    try:
        return aware.astimezone(UTC) - options.parse_length(since)
    except OverflowError:
        raise UsageError(
            f"--since {since!r} reaches beyond the year 1.", "Name a shorter length."
        ) from None


def _show(
    made: "IssuePlan",
    applied: "Applied | None",
    as_json: bool,
    color: str,
    source: "Source",
    drafts: bool,
) -> None:
    from ci_stat.issues.views.plan import drafts_text, plan_data, plan_screen

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
    from ci_stat.rendering.terminal import screen

    if as_json:
        click.echo(json.dumps(data, indent=2))
    elif not found:
        click.echo("Nothing is known.")
    else:
        screen.show(screen_of, sys.stdout, options.colored(color))


def _empty(source: "Source", window: "Window", jobs: Sequence[str]) -> DataTrouble | None:
    """A window without runs is no quiet window: which name nobody knows, or that the data is old."""
    from ci_stat.escape import visible
    from ci_stat.records import RunFilter

    wanted = RunFilter(window, jobs=tuple(jobs))
    if source.count_rows([wanted]) != [0]:
        return None
    problems = [visible(problem) for problem in source.unknown_names(wanted)]
    return DataTrouble(
        f"No run of {visible(', '.join(jobs))} is in this window: that is not the same as no failure.",
        "\n  ".join(problems)
        or "Look at the writer of ci_data: `ci-stat config --check` shows the newest row.",
    )


def _say_next(made: "IssuePlan", saved: str | None) -> None:
    from ci_stat.records import IssueAction

    if saved:
        applicable = not made.stopped and made.tracker_read
        command = (
            "do it with: ci-stat issues apply"
            if applicable
            else "look at it with: ci-stat issues show"
        )
        click.echo(f"ci-stat: the plan is in {saved}; {command} {shlex.quote(saved)}", err=True)
    elif any(each.action != IssueAction.NOT for each in made.entries) and not made.stopped:
        click.echo("ci-stat: nothing was done (--post does it, --drafts shows the texts)", err=True)


def _complain(made: "IssuePlan", applied: "Applied | None") -> None:
    if made.stopped:
        raise Refused(f"Nothing is done: {made.stopped}", made.hint)
    if applied is None or applied.fine:
        return
    failed = [each for each in applied.done if not each.fine]
    message = f"{len(failed)} of {len(applied.done)} could not be done."
    raise NotDelivered(
        f"{applied.stopped or message}",
        "The next run takes up what was not done. `ci-stat issues history` shows it.",
    )


for _note in (mute, accept):
    issues.add_command(_note)
COMMANDS = {"issues": issues}
