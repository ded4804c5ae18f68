"""The history of a case or a job as a document: since when first, then how often and where."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ci_stat.records import Run
from ci_stat.rendering.document import (
    Block,
    Chart,
    Document,
    Item,
    Paragraph,
    Section,
    Span,
    Table,
    Text,
    Tone,
    cut,
    cut_name,
    linked,
    text,
)
from ci_stat.rendering.format import duration, percent, plural, staleness
from ci_stat.result.answers.history_model import History, Origin, Seen, Share, Since, Subject
from ci_stat.result.answers.marks import DAY_LEGEND, day_lines
from ci_stat.result.answers.pull_document import excerpt_lines
from ci_stat.result.answers.sentences import minute, short, shown_name

NEWEST = 5  # failed runs that are listed


def history_document(history: History, limit: int = 20, chart: bool = False) -> Document:
    """The document. `limit`: the most entries of each list; `chart`: for a page, with a drawing."""
    return Document(
        title=history.name,
        subtitle=_subtitle(history),
        tone=Tone.BAD if history.failed else Tone.GOOD,
        summary=history.name,
        blocks=tuple(_blocks(history, limit, chart)),
        foot=tuple(_foot(history)),
    )


def _subtitle(history: History) -> str:
    total = history.total
    failed = f"failed in {total.failed:,} of"
    if _of_case(history):
        runs = f"{plural(total.runs, 'run')} that passed or failed"
        return f"{history.kind} · {failed} {runs}, {_rate(total)}"
    rate = f"{failed} {plural(total.runs, 'finished run')}, {_rate(total)}"
    others = history.tally.aborted
    parts = [rate, f"{others:,} aborted" if others else "", _median(history)]
    return " · ".join(("job", *filter(None, parts)))


def _median(history: History) -> str:
    return f"median {duration(history.median)}" if history.median is not None else ""


def _rate(share: Share) -> str:
    interval = share.interval
    return f"{percent(share.rate)} (95%: {percent(interval.low)} to {percent(interval.high)})"


def _blocks(history: History, limit: int, chart: bool) -> Iterator[Block]:
    lines = list(_lead(history))
    if lines:
        yield Paragraph(tuple(lines))
    if history.days:
        yield _chart(history) if chart else Paragraph(tuple(day_lines(history.days)))
    if history.seen:
        yield _seen(history, limit)
    if history.jobs:
        yield _table("Jobs", "job", history.jobs, history, limit)
    if history.branches:
        yield _table("Branches", "branch", history.branches, history, limit)
    if history.prs or history.nightly:
        yield _affected(history, limit)
    if history.failed:
        yield _newest(history, limit)


def _lead(history: History) -> Iterator[Text]:
    if history.since is not None:
        word = "Since" if _of_case(history) else "Newest failures since"
        yield from since_lines(history.since, word)
    if history.issue:
        yield text("Issue: ", linked(history.issue, history.issue))
    if history.muted:
        yield text(Span(f"Muted: {cut(history.muted, 200)}", Tone.WARN))
    command, where = history.reproduce
    if command:
        in_folder = f"   (in the directory of {where})" if where else ""
        yield text("Reproduce: ", Span(command, bold=True), in_folder)
    yield from (text(Span(note, Tone.WARN)) for note in history.notes)


def since_lines(since: Since, word: str) -> Iterator[Text]:
    """Yield since when, what was before, the last failure, and whether it passed again."""
    begun = {Origin.BEGAN: f"{word} ", Origin.OLDER: "First seen on "}
    how = begun.get(since.origin, f"{word} at least ")
    yield text(how, Span(minute(since.first), bold=True), ": ", *_named(since.first))
    yield from _before(since)
    last, after = since.last, since.passed_after
    yield text("Last failure: ", minute(last), ", ", *_named(last))
    if after is not None:
        yield text("Passed after it: ", minute(after), ", ", *_named(after))
    else:
        yield text(Span(f"{last.job_name} has not passed since.", Tone.BAD))


def _before(since: Since) -> Iterator[Text]:
    """Yield what runs before the first failure tell."""
    before, origin = since.passed_before, since.origin
    absent = f"{plural(since.runs_before, 'run')} of the days before did not have it"
    if origin is Origin.OLDER and since.runs_before:
        yield text(f"It may be older: {absent}, but that may be chance.")
    elif origin is Origin.OLDER:
        yield text("It may be older: no run of the days before is known.")
    if before is not None:
        yield text("Last pass before: ", minute(before), ", ", *_named(before))
    elif origin is Origin.BEGAN:
        yield text(f"{absent}.")
    elif origin is not Origin.OLDER:
        place = "data" if origin is Origin.DATA else "window"
        on = f" on {since.first.branch}" if since.first.branch else ""
        yield text(f"The {place} has no pass of {since.first.job_name}{on} before it.")


def _named(run: Run) -> Text:
    """The run with its commit, and its pull request."""
    commit = f" on {short(run.commit)}" if run.commit else ""
    pull = f" of {run.repo}#{run.pr_number}" if run.is_pr else ""
    return text(linked(f"{run.job_name} #{run.build}", run.link), f"{commit}{pull}")


def _chart(history: History) -> Chart:
    days = history.days
    return Chart(
        "Runs by day",
        tuple(day.date for day in days),
        "runs",
        tuple(day.runs for day in days),
        "failure rate",
        tuple(day.failed / day.runs if day.runs else None for day in days),
    )


def _seen(history: History, limit: int) -> Section:
    title, what = "Failures", "more failure"
    if _of_case(history):
        title, what = "Messages", "more message"
    items = tuple(_seen_item(seen, _of_case(history)) for seen in history.seen[:limit])
    return Section(title, items, 80, len(history.seen) - len(items), what)


def _seen_item(seen: Seen, of_case: bool) -> Item:
    failure = seen.failure
    message = cut(failure.message, 300) if failure.message != failure.name else ""
    if of_case:
        name = message or "(no message is known)"
    else:
        name = f"{cut_name(shown_name(failure), 200)}  {failure.kind}"
    first, last = minute(seen.first), minute(seen.last)
    when = first if first == last else f"{first} to {last}"
    span = f"  {plural(seen.runs, 'run')}, {when}"
    head = text(Span(name, bold=True), Span(span, Tone.FAINT))
    lines = list(excerpt_lines(failure)) if of_case else []
    if not of_case and message:
        lines = [text(Span(message, Tone.BAD))]
    if of_case and failure.fingerprint:
        lines.append(text(Span(failure.fingerprint, Tone.FAINT)))
    return Item(head, tuple(lines))


def _table(title: str, column: str, shares: Sequence[Share], history: History, limit: int) -> Table:
    rows = tuple(
        (
            text(share.name or "(unknown)"),
            text(Span(f"{share.failed:,}", Tone.BAD if share.failed else Tone.FAINT)),
            text(f"{share.runs:,}"),
            text(percent(share.rate)),
            text(f"{percent(share.interval.low)} to {percent(share.interval.high)}"),
        )
        for share in shares[:limit]
    )
    runs = "passed or failed" if _of_case(history) else "finished runs"
    columns = (column, "failed", runs, "rate", "95% interval")
    return Table(title, columns, rows, 60, len(shares) - len(rows), "more row")


def _affected(history: History, limit: int) -> Section:
    shown = history.prs[:limit]
    names = ", ".join(f"{pr.name} ({pr.failed:,})" if pr.failed > 1 else pr.name for pr in shown)
    more = len(history.prs) - len(shown)
    names += f", and {more:,} more" if more else ""
    count = f"{plural(len(history.prs), 'pull request')}"
    items = [Item(text(Span(count, bold=True), f": {names}"))] if history.prs else []
    if history.nightly:
        items.append(Item(text(Span(plural(history.nightly, "nightly run"), bold=True))))
    return Section("Affected", tuple(items), 50)


def _newest(history: History, limit: int) -> Section:
    runs = history.failed[::-1][: min(limit, NEWEST)]
    items = [Item(_failed_run(run, history)) for run in runs]
    if runs[0].link:
        items[0] = replace(items[0], lines=(text(Span(runs[0].link, Tone.FAINT)),))
    left_out = len(history.failed) - len(runs)
    return Section("Failed runs, newest first", tuple(items), 40, left_out, "more failed run")


def _failed_run(run: Run, history: History) -> Text:
    is_named = not _of_case(history) and run.failures
    why = f"  {cut_name(shown_name(run.failures[0]), 120)}" if is_named else ""
    return text(f"{minute(run)}  ", *_named(run), Span(why, Tone.BAD))


def _of_case(history: History) -> bool:
    return history.subject is Subject.CASE


def _foot(history: History) -> Iterator[Text]:
    if history.days:
        yield text(Span(DAY_LEGEND, Tone.FAINT))
    source = history.source
    begin, end = source.window.wall()
    parts = [
        f"Window {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} (--since)",
        f"newest row {source.newest:%Y-%m-%d %H:%M}" if source.newest else "",
        source.database,
    ]
    yield text(Span(" · ".join(filter(None, parts)), Tone.FAINT))
    note = staleness(source)
    if note:
        yield text(Span(note, Tone.WARN))
