"""A report as a document: the words of the hourly report, the daily report and a data problem."""

from collections.abc import Iterator

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
from ci_stat.reports.model import (
    Compared,
    DailyReport,
    DataProblem,
    FailureRow,
    JobRow,
    OutageRow,
    Report,
    WindowReport,
)
from ci_stat.reports.sections import (
    NAME,
    jobs,
    missed_failures,
    new_failures,
    nightly,
    outages,
    pull_requests,
    reruns,
    run_link,
    seen_failures,
    slowest,
)

_LINE = 400  # characters of a message or a hint
_DATABASE = 120  # characters of the name of a database
_CAUSES = {
    "database": "database error",
    "no data": "no data",
    "old data": "old data",
}


def report_document(report: Report) -> Document:
    """The document of a report; every channel renders it."""
    if isinstance(report, DataProblem):
        return _data_problem(report)
    return _window_report(report)


def _window_report(report: WindowReport) -> Document:
    tally = report.tally
    rate = f" ({percent(tally.fail_rate)})" if tally.failure else ""
    failures = f"{plural(tally.failure, 'failure')}{rate}"
    new = _new_count(report)
    new_words = f", {new:,} new" if new else ""
    missed = len(report.missed_failures) + report.more_missed_failures
    missed_words = f", {missed:,} new in missed reports" if missed else ""
    title = f"{_heading(report)}: {plural(tally.total, 'run')}, {failures}{new_words}{missed_words}"
    return Document(
        title=title,
        subtitle=_subtitle(report),
        tone=_tone(report),
        summary=f"{title}, {window_words(report.window)}",
        blocks=tuple(filter(None, _blocks(report))),
        foot=tuple(map(_faint, _foot(report))),
    )


def _heading(report: WindowReport | DataProblem) -> str:
    name = f" of {cut(report.name, 60)}" if report.name else ""
    return f"CI {report.kind}{name}"


def _tone(report: WindowReport) -> Tone:
    if report.outages:
        return Tone.BAD
    if report.tally.failure or report.missed_failures:
        return Tone.WARN
    return Tone.GOOD if report.tally.total else Tone.PLAIN


def _new_count(report: WindowReport) -> int:
    outages = sum(row.new for row in report.outages)
    return len(report.new_failures) + report.more_new_failures + outages


def _faint(line: str) -> Text:
    return text(Span(line, Tone.FAINT))


def _subtitle(report: WindowReport | DataProblem) -> str:
    names = f" · {cut(filters(report.names), 200)}" if report.names else ""
    return f"{window_words(report.window)}{names}"


def window_words(window: Window) -> str:
    """`2021-06-16 14:00 to 15:00 Asia/Shanghai`."""
    begin, end = window.begin, window.end
    has_seconds = begin.second or end.second
    time = "%H:%M:%S" if has_seconds else "%H:%M"
    same_day = begin.date() == end.date()
    last = end.strftime(time if same_day else f"%Y-%m-%d {time}")
    return f"{begin.strftime(f'%Y-%m-%d {time}')} to {last} {window.zone.key}"


def _blocks(report: WindowReport) -> Iterator[Block | None]:
    yield outages(report)
    yield _numbers(report)
    yield _late(report)
    yield _days(report)
    yield new_failures(report)
    yield missed_failures(report)
    yield pull_requests(report)
    yield seen_failures(report)
    yield jobs(report)
    if isinstance(report, DailyReport):
        yield nightly(report)
        yield reruns(report)
        yield slowest(report)
    yield _button(report)


def _numbers(report: WindowReport) -> Table:
    columns = ("", "now", *report.baselines)
    return Table("", columns, tuple(map(_compared, report.numbers)), essential=True)


def _compared(row: Compared) -> tuple[Text, ...]:
    is_bad = row.name == "failures" and row.now
    now = Span(f"{row.now:,}", Tone.BAD if is_bad else Tone.PLAIN, bold=True)
    return (text(row.name), text(now), *map(text, map(number, row.others)))


def number(value: float | None) -> str:
    """A count, or a median that may end in .5; a dash for None."""
    if value is None:
        return "–"
    return f"{int(value):,}" if value == int(value) else f"{value:,.1f}"


def _late(report: WindowReport) -> Paragraph | None:
    late = report.late
    if late is None:
        return None
    words = (
        f"Some builds may still be running: {late.late:,} of the previous window's "
        f"{plural(late.runs, 'run')} finished later than this."
    )
    return Paragraph((_faint(words),))


def _days(report: WindowReport) -> Chart | None:
    if not isinstance(report, DailyReport) or not report.days:
        return None
    days = report.days
    return Chart(
        title=f"The last {plural(len(days), 'day')}",
        labels=tuple(day.label for day in days),
        bar_name="runs",
        bars=tuple(day.runs for day in days),
        line_name="failure rate",
        line=tuple(day.fail_rate for day in days),
    )


def _button(report: WindowReport) -> Button | None:
    """Opens the newest run of the most important entry, if it has a link."""
    rows: tuple[OutageRow | FailureRow | JobRow, ...] = (
        *report.outages,
        *report.new_failures,
        *report.seen_failures,
        *report.jobs,
    )
    link = run_link(rows[0].newest) if rows else Span("")
    return Button(f"Open {link.text}", link.link) if link.link else None


def _foot(report: WindowReport) -> Iterator[str]:
    yield from _source(report.provenance)
    if report.miss_cnt:
        yield f"{plural(report.miss_cnt, 'failed run')} without a known failure"
    for warning, rows in report.provenance.warnings:
        yield f"warning: {plural(rows, 'row')}: {cut(warning, NAME)}"
    generated = f"generated {clock(report.made_at)} " if report.made_at else ""
    yield f"{generated}by ci_stat {report.version}"


def _source(source: Provenance) -> Iterator[str]:
    database = cut(source.database, _DATABASE)
    rows = f"{plural(source.rows, 'run')} of {database}, newest row {clock(source.newest)}"
    yield f"{source.window}, {rows}"
    if source.logs:
        states = ", ".join(f"{count:,} {state}" for state, count in source.logs)
        yield f"logs: {states}, rules {source.rule_set}"
    else:
        yield "logs: none read; failures are from the table, a lower bound"


def _data_problem(report: DataProblem) -> Document:
    title = f"{_heading(report)}: {_CAUSES[report.cause]}"
    message = Span(cut(report.message, _LINE), Tone.BAD, bold=True)
    lines = [text(message), text(cut(report.hint, _LINE))]
    newest = f", newest row {clock(report.newest)}" if report.newest else ""
    foot = (
        f"{report.window} of {cut(report.database, _DATABASE)}{newest}",
        f"generated {clock(report.made_at)} by ci_stat {report.version}",
    )
    return Document(
        title=title,
        subtitle=_subtitle(report),
        tone=Tone.BAD,
        summary=f"{title}, {window_words(report.window)}",
        blocks=(Paragraph(tuple(line for line in lines if line[0].text)),),
        foot=tuple(map(_faint, foot)),
    )
