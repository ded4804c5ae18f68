"""Reports in words: what the hourly, the daily and the trouble report say, for every channel alike."""

from collections.abc import Iterator, Sequence

from ci_stat.records import Provenance, Window
from ci_stat.rendering.document import (
    Block,
    Button,
    Chart,
    Document,
    Paragraph,
    Span,
    Table,
    Text,
    Tone,
    cut,
    text,
)
from ci_stat.rendering.format import clock, filters, percent, plural
from ci_stat.reports.failures import new_failures, outages, seen_failures
from ci_stat.reports.model import (
    Compared,
    DailyReport,
    FailureRow,
    JobRow,
    OutageRow,
    Report,
    TroubleReport,
    WindowReport,
)  # fmt: skip
from ci_stat.reports.parts import NAME, run_link
from ci_stat.reports.sections import jobs, nightly, pull_requests, reruns, slowest


def report_document(report: Report, notes: Sequence[str] = ()) -> Document:
    """`notes`: what else the reader of this channel must know, e.g. that the report before did not arrive."""
    if isinstance(report, TroubleReport):
        return _trouble(report, notes)
    return _window(report, notes)


def _window(report: WindowReport, notes: Sequence[str]) -> Document:
    failed = report.tally.failure
    tone = (
        Tone.BAD
        if report.outages
        else Tone.WARN
        if failed
        else Tone.GOOD
        if report.tally.total
        else Tone.PLAIN
    )
    rate = f" ({percent(report.tally.fail_rate)})" if failed else ""
    said = f"{plural(report.tally.total, 'run')}, {plural(failed, 'failure')}{rate}"
    new = (
        len(report.new_failures) + report.more_new_failures + sum(row.new for row in report.outages)
    )
    if new:
        said += f", {new:,} new"
    title = f"CI {report.kind}: {said}"
    blocks = [block for block in _blocks(report, notes) if block is not None]
    return Document(
        title,
        _subtitle(report),
        tone,
        f"{title}, {window_words(report.window)}",
        tuple(blocks),
        _foot(report),
    )


def _blocks(report: WindowReport, notes: Sequence[str]) -> Iterator[Block | None]:
    yield _notes(notes)
    yield outages(report)
    yield _numbers(report)
    yield _late(report)
    yield _days(report)
    yield new_failures(report)
    yield pull_requests(report)
    yield seen_failures(report)
    yield jobs(report)
    if isinstance(report, DailyReport):
        yield nightly(report)
        yield reruns(report)
        yield slowest(report)
    yield _button(report)


def window_words(window: Window) -> str:
    """`2021-06-16 14:00 to 15:00 Asia/Shanghai`."""
    begin, end = window.begin, window.end
    seconds = "" if begin.second == end.second == 0 else ":%S"
    last = end.strftime(
        f"%H:%M{seconds}" if end.date() == begin.date() else f"%Y-%m-%d %H:%M{seconds}"
    )
    return f"{begin.strftime(f'%Y-%m-%d %H:%M{seconds}')} to {last} {window.zone.key}"


def _subtitle(report: WindowReport | TroubleReport) -> str:
    about = f" · {cut(filters(report.about), 200)}" if report.about else ""
    return f"{window_words(report.window)}{about}"


def _notes(notes: Sequence[str]) -> Paragraph | None:
    lines = tuple(text(Span(cut(note, 400), Tone.WARN, bold=True)) for note in notes)
    return Paragraph(lines) if lines else None


def _numbers(report: WindowReport) -> Table:
    return Table("", ("", "now", *report.beside), tuple(map(_compared, report.numbers)))


def _compared(row: Compared) -> tuple[Text, ...]:
    tone = Tone.BAD if row.name == "failures" and row.now else Tone.PLAIN
    return (
        text(row.name),
        text(Span(f"{row.now:,}", tone, bold=True)),
        *(text(number(other)) for other in row.others),
    )


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


def _button(report: WindowReport) -> Button | None:
    """Opens the run to look at first; not there where no run has a link."""
    rows: tuple[OutageRow | FailureRow | JobRow, ...] = (
        *report.outages,
        *report.new_failures,
        *report.seen_failures,
        *report.jobs,
    )
    run = rows[0].newest if rows else None
    span = run_link(run) if run else None
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
    what = {
        "database": "no answer from the database",
        "no data": "no data",
        "old data": "old data",
    }[report.trouble]
    title = f"CI {report.kind}: {what}"
    lines = [text(Span(cut(report.message, 400), Tone.BAD, bold=True)), text(cut(report.hint, 400))]
    blocks = [
        each
        for each in (_notes(notes), Paragraph(tuple(line for line in lines if line[0].text)))
        if each
    ]
    newest = f", newest row {clock(report.newest)}" if report.newest else ""
    foot = (
        text(Span(f"{report.window} of {cut(report.database, 120)}{newest}", Tone.FAINT)),
        text(Span(f"made {clock(report.made_at)} by ci_stat {report.version}", Tone.FAINT)),
    )
    return Document(
        title,
        _subtitle(report),
        Tone.BAD,
        f"{title}, {window_words(report.window)}",
        tuple(blocks),
        foot,
    )
