"""Reports in words: what the hourly, the daily and the trouble report say, for every channel alike."""

from collections.abc import Iterable, Iterator, Sequence

from ci_stat.analysis.report import (
    Compared,
    DailyReport,
    DurationRow,
    FailureRow,
    JobRow,
    NightlyRow,
    OutageRow,
    PRRow,
    PRTimes,
    Report,
    RerunRow,
    RunRow,
    TroubleReport,
    WindowReport,
)
from ci_stat.records import Provenance, Tally, Window
from ci_stat.reports.document import (
    Block,
    Button,
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
    linked,
    text,
)
from ci_stat.reports.words import clock, duration, percent, plural

NAME = 110  # characters of a case or a job that are shown
MESSAGE = 160
TITLE = 80


def report_document(report: Report, notes: Sequence[str] = ()) -> Document:
    """`notes`: what else the reader of this channel must know, e.g. that the report before did not arrive."""
    if isinstance(report, TroubleReport):
        return _trouble(report, notes)
    return _window(report, notes)


def _window(report: WindowReport, notes: Sequence[str]) -> Document:
    failed = report.tally.failure
    tone = Tone.BAD if report.outages else Tone.WARN if failed else Tone.GOOD if report.tally.total else Tone.PLAIN
    rate = f" ({percent(report.tally.fail_rate)})" if failed else ""
    said = f"{plural(report.tally.total, 'run')}, {plural(failed, 'failure')}{rate}"
    new = len(report.new_failures) + report.more_new_failures + sum(row.new for row in report.outages)
    if new:
        said += f", {new:,} new"
    title = f"CI {report.kind}: {said}"
    blocks = [block for block in _blocks(report, notes) if block is not None]
    return Document(
        title, _subtitle(report), tone, f"{title}, {window_words(report.window)}", tuple(blocks), _foot(report)
    )


def _blocks(report: WindowReport, notes: Sequence[str]) -> Iterator[Block | None]:
    yield _notes(notes)
    yield _outages(report)
    yield _numbers(report)
    yield _late(report)
    yield _days(report)
    yield _new_failures(report)
    yield _prs(report)
    yield _seen_failures(report)
    yield _jobs(report)
    if isinstance(report, DailyReport):
        yield _nightly(report)
        yield _reruns(report)
        yield _slowest(report)
    yield _button(report)


def window_words(window: Window) -> str:
    """`2021-06-16 14:00 to 15:00 Asia/Shanghai`."""
    begin, end = window.begin, window.end
    seconds = "" if begin.second == end.second == 0 else ":%S"
    last = end.strftime(f"%H:%M{seconds}" if end.date() == begin.date() else f"%Y-%m-%d %H:%M{seconds}")
    return f"{begin.strftime(f'%Y-%m-%d %H:%M{seconds}')} to {last} {window.zone.key}"


def _subtitle(report: WindowReport | TroubleReport) -> str:
    about = f" · {cut(report.about, 200)}" if report.about else ""
    return f"{window_words(report.window)}{about}"


def _notes(notes: Sequence[str]) -> Paragraph | None:
    lines = tuple(text(Span(cut(note, 400), Tone.WARN, bold=True)) for note in notes)
    return Paragraph(lines) if lines else None


def _outages(report: WindowReport) -> Paragraph | None:
    return Paragraph(tuple(map(_outage, report.outages))) if report.outages else None


def _outage(row: OutageRow) -> Text:
    machines = row.kind in ("env", "setup")
    what = "Looks like an outage" if machines else "One cause in many pull requests"
    others = " and other trouble of the machines" if row.mixed else ""
    hit = f"{plural(row.runs, 'failed run')} of {plural(row.prs, 'pull request')} by {plural(row.authors, 'author')}"
    seen = f", first seen {clock(row.first_seen)}" if row.first_seen else ""
    issue = linked("known issue", row.issue) if row.issue else None
    return text(
        Span("New: ", Tone.BAD, bold=True) if row.new else None,
        Span(f"{what}: {cut(row.what, NAME)}", Tone.BAD, bold=True),
        f" ({cut(row.kind, 20)}){others}: {hit} in {plural(row.jobs, 'job')}, ",
        f"{clock(row.begin)} to {clock(row.end)}{seen}",
        ", " if issue else None, issue, ", newest ", _run(row.newest), _message(row.message),
        ". These runs are not listed below.",
    )  # fmt: skip


def _numbers(report: WindowReport) -> Table:
    return Table("", ("", "now", *report.beside), tuple(map(_compared, report.numbers)))


def _compared(row: Compared) -> tuple[Text, ...]:
    tone = Tone.BAD if row.name == "failures" and row.now else Tone.PLAIN
    return (text(row.name), text(Span(f"{row.now:,}", tone, bold=True)), *(text(number(other)) for other in row.others))


def number(value: float | None) -> str:
    """A count, or a median that may end in .5; a dash for nothing to compare with."""
    if value is None:
        return "–"
    return f"{int(value):,}" if value == int(value) else f"{value:,.1f}"


def _late(report: WindowReport) -> Paragraph | None:
    late = report.late
    if late is None:
        return None
    words = (
        f"Some builds of this window may still be going: of the {plural(late.runs, 'run')} of the window before, "
        f"{late.late:,} had not ended so soon after it."
    )
    return Paragraph((text(Span(words, Tone.FAINT)),))


def _days(report: WindowReport) -> Chart | None:
    if not isinstance(report, DailyReport) or not report.days:
        return None
    days = report.days
    return Chart(
        f"The last {plural(len(days), 'day')}",
        tuple(day.label for day in days),
        "runs",
        tuple(day.runs for day in days),
        "failure rate",
        tuple(day.fail_rate for day in days),
    )


def _new_failures(report: WindowReport) -> Section | None:
    since = report.history_since
    title = f"New failures, never seen since {since:%Y-%m-%d %H:%M}" if since else "New failures"
    return _section(title, map(_failure, report.new_failures), 90, report.more_new_failures, "more failure")


def _seen_failures(report: WindowReport) -> Section | None:
    since = report.history_since
    title = f"Failures seen before, since {since:%Y-%m-%d %H:%M}" if since else "Failures"
    more = report.more_seen_failures
    return _section(title, map(_failure, report.seen_failures), 40, more, "more failure", folded=True)


def _section(
    title: str, items: Iterable[Item], weight: int, more: int, what: str, folded: bool = False
) -> Section | None:
    """A section, if there is anything in it."""
    shown = tuple(items)
    return Section(title, shown, weight, more, what, folded) if shown or more else None


def _failure(row: FailureRow) -> Item:
    hit = plural(row.runs, "run") + (f", {plural(row.prs, 'pull request')}" if row.prs else "")
    jobs = ", ".join(cut(job, TITLE) for job in row.jobs)
    if row.more_jobs:
        jobs += f" and {plural(row.more_jobs, 'more job')}"
    seen = f", first seen {clock(row.first_seen)}" if row.first_seen else ""
    issue = linked("known issue", row.issue) if row.issue else None
    head = text(
        Span(cut(row.name, NAME), Tone.BAD if row.new else Tone.PLAIN, bold=True),
        f" ({cut(row.kind, 20)}): {hit}{seen}",
        ", " if issue else None,
        issue,
    )
    lines = [text(f"{jobs}, newest ", _number(row.newest), _message(row.message))]
    return Item(head, tuple(lines))


def _message(message: str) -> Span | None:
    return Span(f": {cut(message, MESSAGE)}", Tone.FAINT) if message else None


def _run(row: RunRow) -> Span:
    return linked(f"{cut(row.job, TITLE)} #{row.number}", row.link)


def _number(row: RunRow) -> Span:
    return linked(f"#{row.number}", row.link)


def _failed_run(row: RunRow) -> Text:
    said = row.failure if not row.message else f"{cut(row.failure, NAME)}: {row.message}"
    why = Span(f" {cut(said, MESSAGE)}", Tone.FAINT) if said else Span(" no failure is known", Tone.FAINT)
    return text(_run(row), why)


def _prs(report: WindowReport) -> Section | None:
    items, more = map(_pr, report.prs), report.more_prs
    folded = isinstance(report, DailyReport)  # whose lists are long
    return _section("Failing pull requests", items, 70, more, "more pull request", folded)


def _pr(row: PRRow) -> Item:
    counts = _counts(row.tally)
    reruns = f", {plural(row.rerun_cnt, 'rerun')}" if row.rerun_cnt else ""
    outage = f", {row.in_outage:,} in an outage" if row.in_outage else ""
    where = f" {cut(row.branch, 60)}" if row.branch else ""
    who = f", {cut(row.author, 40)}" if row.author else ""
    title = Span(f": {cut(row.title, TITLE)}{who}", Tone.FAINT) if row.title else None
    head = text(_pull(row.repo, row.number, row.link), f"{where}: {counts}{reruns}{outage}", title)
    return Item(head, tuple(map(_failed_run, row.failed)), row.more, "more failed run")


def _pull(repo: str, number: int, link: str) -> Span:
    return linked(f"{cut(repo, 60)}#{number}", link, bold=True)


def _counts(tally: Tally) -> str:
    named = (
        ("failed", tally.failure),
        ("succeeded", tally.success),
        ("aborted", tally.aborted),
        ("other", tally.other),
    )
    return ", ".join(f"{n:,} {name}" for name, n in named if n)


def _jobs(report: WindowReport) -> Section | None:
    return _section("Failing jobs", map(_job, report.jobs), 50, report.more_jobs, "more job", folded=True)


def _job(row: JobRow) -> Item:
    outage = f", {row.in_outage:,} in an outage" if row.in_outage else ""
    head = text(
        Span(cut(row.job, NAME), bold=True),
        f": {_counts(row.tally)} ({percent(row.tally.fail_rate)}){outage}, newest failure ",
        _number(row.newest),
    )
    return Item(head, _times(row.prs, row.more_prs))


def _times(prs: Sequence[PRTimes], more: int) -> tuple[Text, ...]:
    """One line of pull requests with times, and how many are left out."""
    parts: list[object] = []
    for pr in prs:
        parts += [", " if parts else "", _pull(pr.repo, pr.number, pr.link), f" {pr.times:,}×"]
    if more:
        parts.append(f" and {more:,} more PRs")
    return (text(*parts),) if parts else ()


def _nightly(report: DailyReport) -> Section | None:
    return _section("Nightly jobs", map(_nightly_job, report.nightly), 80, report.more_nightly, "more job")


def _nightly_job(row: NightlyRow) -> Item:
    rate = f" ({percent(row.tally.fail_rate)} failed)" if row.tally.failure else ""
    head = text(Span(cut(row.job, NAME), bold=True), f": {_counts(row.tally)}{rate}, newest ", _number(row.newest))
    return Item(head, tuple(map(_nightly_failure, row.failures)), row.more, "more failure")


def _nightly_failure(row: FailureRow) -> Text:
    new = Span("new ", Tone.BAD, bold=True) if row.new else None
    issue = linked("known issue", row.issue) if row.issue else None
    seen = f", first seen {clock(row.first_seen)}" if row.first_seen else ""
    words = f" ({cut(row.kind, 20)}): {plural(row.runs, 'run')}{seen}, newest "
    return text(
        new, cut(row.name, NAME), words, _number(row.newest), ", " if issue else None, issue, _message(row.message)
    )


def _reruns(report: DailyReport) -> Section | None:
    return _section("Most rerun jobs", map(_rerun, report.reruns), 20, report.more_reruns, "more job", folded=True)


def _rerun(row: RerunRow) -> Item:
    why = ", ".join(f"{n:,} {cut(reason, 40)}" for reason, n in row.why)
    head = text(
        Span(cut(row.job, NAME), bold=True), f": {plural(row.reruns, 'rerun')} of {plural(row.runs, 'run')}: {why}"
    )
    return Item(head, _times(row.prs, row.more_prs))


def _slowest(report: DailyReport) -> Table | None:
    if not report.slowest and not report.more_slowest:
        return None
    columns = ("job", "runs", "middle", "before", "change", "longest")
    rows = tuple(map(_duration, report.slowest))
    return Table("Slowest jobs, those that changed first", columns, rows, 30, report.more_slowest, "more job")


def _duration(row: DurationRow) -> tuple[Text, ...]:
    change = Span("–", Tone.FAINT)
    if row.change is not None:
        change = Span(f"{row.change:+.0%}", Tone.BAD if row.change > 0 else Tone.GOOD, bold=True)
    before = f"{duration(row.before)} of {plural(row.before_runs, 'run')}" if row.before is not None else "–"
    return (
        text(cut(row.job, NAME)), text(f"{row.runs:,}"), text(duration(row.middle)), text(before), text(change),
        text(duration(row.longest)),
    )  # fmt: skip


def _button(report: WindowReport) -> Button | None:
    """Opens the run to look at first; not there where no run has a link."""
    rows: tuple[OutageRow | FailureRow | JobRow, ...] = (
        *report.outages,
        *report.new_failures,
        *report.seen_failures,
        *report.jobs,
    )
    run = rows[0].newest if rows else None
    span = _run(run) if run else None
    return Button(f"Open {span.text}", span.link) if span and span.link else None


def _foot(report: WindowReport) -> tuple[Text, ...]:
    lines = list(_source(report.provenance, report.miss_cnt))
    made = f"made {clock(report.made_at)} " if report.made_at else ""
    lines.append(f"{made}by ci_stat {report.version}")
    return tuple(text(Span(line, Tone.FAINT)) for line in lines)


def _source(source: Provenance, miss_cnt: int) -> Iterator[str]:
    window = source.window
    yield f"{window}, {plural(source.rows, 'run')} of {cut(source.database, 120)}, newest row {clock(source.newest)}"
    if source.logs:
        states = ", ".join(f"{n:,} {state}" for state, n in source.logs)
        yield f"logs: {states}, rules {source.rule_set}"
    else:
        yield "logs: none read; failures are what the table names, a lower bound"
    if miss_cnt:
        yield f"{plural(miss_cnt, 'failed run')} without a known failure"
    for warning, n in source.warnings:
        yield f"warning: {plural(n, 'row')}: {cut(warning, NAME)}"


def _trouble(report: TroubleReport, notes: Sequence[str]) -> Document:
    what = {"database": "no answer from the database", "no data": "no data", "old data": "old data"}[report.trouble]
    title = f"CI {report.kind}: {what}"
    lines = [text(Span(cut(report.message, 400), Tone.BAD, bold=True)), text(cut(report.hint, 400))]
    blocks = [each for each in (_notes(notes), Paragraph(tuple(line for line in lines if line[0].text))) if each]
    newest = f", newest row {clock(report.newest)}" if report.newest else ""
    foot = (
        text(Span(f"{report.window} of {cut(report.database, 120)}{newest}", Tone.FAINT)),
        text(Span(f"made {clock(report.made_at)} by ci_stat {report.version}", Tone.FAINT)),
    )
    return Document(title, _subtitle(report), Tone.BAD, f"{title}, {window_words(report.window)}", tuple(blocks), foot)
