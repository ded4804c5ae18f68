"""Runs of a test as texts, and the list of the newest of them."""

from collections.abc import Iterator
from datetime import UTC

from ci_stat.records import Run
from ci_stat.rendering.document import Item, Section, Span, Text, Tone, cut, linked, text
from ci_stat.test_results.cases.joined import Totals
from ci_stat.test_results.cases.model import CaseHistory, CaseRun
from ci_stat.test_results.views.seconds import seconds_words

NEWEST = 5  # failed runs that are listed


def minute(run: CaseRun) -> str:
    """The start of the run."""
    return f"{run.run.started:%Y-%m-%d %H:%M} UTC"


def run_text(run: CaseRun) -> Text:
    """The run with its link, commit and pull request."""
    info = run.run.info
    number = f" #{info.number}" if info.number is not None else ""
    attempt = f".{info.attempt}" if info.attempt > 1 else ""
    commit = f" on {cut(info.commit[:12], 12)}" if info.commit else ""
    pull = f" of {cut(info.repo, 80)}#{info.pull}" if info.pull is not None else ""
    return text(linked(f"{cut(info.job, 80)}{number}{attempt}", info.url), f"{commit}{pull}")


def newest_runs(history: CaseHistory, totals: Totals, limit: int) -> Section:
    """The newest failed runs of all sources; the newest runs, if none failed."""
    shown = min(limit, NEWEST)
    if history.failed or totals.only_in_runs:
        items = [*_failed_items(history, totals)]
        title, what = "Failed runs, newest first", "more failed run"
    else:
        items = [(run.run.started.timestamp(), _run_item(run)) for run in history.runs]
        title, what = "Runs, newest first", "more run"
    items.sort(key=lambda item: item[0], reverse=True)
    more = max(0, len(items) - shown)
    return Section(title, tuple(item for _, item in items[:shown]), 40, more, what)


def _failed_items(history: CaseHistory, totals: Totals) -> Iterator[tuple[float, Item]]:
    for run in history.failed:
        yield run.run.started.timestamp(), _run_item(run)
    for stored in totals.only_in_runs:
        started = stored.started
        yield started.timestamp() if started else 0.0, _log_item(stored)


def _run_item(run: CaseRun) -> Item:
    attempts = f"  {len(run.attempts)} attempts" if len(run.attempts) > 1 else ""
    seconds = f"  {seconds_words(run.seconds)}" if run.seconds is not None else ""
    outcome = Span(str(run.outcome), Tone.BAD if run.is_failed else Tone.PLAIN)
    line = text(f"{minute(run)}  ", *run_text(run), "  ", outcome, f"{seconds}{attempts}")
    url = run.run.info.url
    return Item(line, (text(Span(cut(url, 500), Tone.FAINT)),) if url else ())


def _log_item(run: Run) -> Item:
    return Item((*log_run_text(run), Span("  in its log", Tone.FAINT)))


def log_run_text(run: Run) -> Text:
    """A run of the CI database: its time, link and commit."""
    started = run.started
    time = f"{started.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if started else "(no time)"
    name = linked(f"{run.job_name} #{run.build}", run.link)
    commit = f" on {run.commit[:12]}" if run.commit else ""
    return text(f"{time}  ", name, commit)
