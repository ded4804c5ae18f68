"""Trends as a document: a line of marks for each quantity of a job."""

from collections.abc import Callable, Iterator, Sequence

from ci_stat.rendering.document import Document, Item, Section, Span, Text, Tone, cut_name, text
from ci_stat.rendering.format import percent, plural
from ci_stat.test_results.flakiness.words import basis_words, branch_words
from ci_stat.test_results.trends.model import Period, Point, Trend, TrendReport
from ci_stat.test_results.trends.views.marks import LEGEND, drawn

_NAME = 200
_MARKS = 60  # in a line; older points are left out, and counted

Value = Callable[[Point], float | None]
Words = Callable[[float | None], str]


def trends_document(report: TrendReport, limit: int) -> Document:
    """The document. `limit`: jobs."""
    window = f"{report.begin:%Y-%m-%d} to {report.end:%Y-%m-%d %H:%M} UTC"
    jobs = plural(len(report.trends), "job")
    more = max(0, len(report.trends) - limit)
    items = tuple(_item(trend, report.period) for trend in report.trends[:limit])
    title = f"Trends of {jobs}"
    return Document(
        title=title,
        subtitle=f"{window}, by {report.period} (UTC)",
        tone=Tone.PLAIN,
        summary=title,
        blocks=(Section("Jobs", items, 100, more, "more job"),),
        foot=tuple(_foot(report)),
    )


def _item(trend: Trend, period: Period) -> Item:
    points = trend.points[-_MARKS:]
    left_out = len(trend.points) - len(points)
    first, last = points[0].begin, points[-1].begin
    span = f"{first:%Y-%m-%d} to {last:%Y-%m-%d}" if len(points) > 1 else f"{first:%Y-%m-%d}"
    older = f", {plural(left_out, f'older {period}')} not drawn" if left_out else ""
    repo = f"{cut_name(trend.repo, _NAME)} " if trend.repo else ""
    head = text(repo, Span(cut_name(trend.job, _NAME), bold=True))
    about = text(Span(f"{plural(trend.runs, 'run')}, {span}{older}", Tone.FAINT))
    lines = [
        _line("pass rate", points, lambda point: point.pass_rate, percent, Tone.GOOD),
        _line("flaky", points, lambda point: point.flaky_rate, _small_percent, Tone.WARN),
        _line("tests", points, lambda point: point.tests or None, _number, Tone.PLAIN),
        _line("duration", points, lambda point: point.seconds_per_run, _seconds, Tone.PLAIN),
    ]
    return Item(head, (about, *lines))


def _line(title: str, points: Sequence[Point], value: Value, words: Words, tone: Tone) -> Text:
    values = [value(point) for point in points]
    known = [one for one in values if one is not None]
    marks = Span(drawn(values), tone)
    if not known:
        return text(f"{title:<10} ", marks, "  no value")
    ends = words(known[-1]) if len(known) == 1 else f"{words(known[0])} → {words(known[-1])}"
    extremes = f"  (lowest {words(min(known))}, highest {words(max(known))})"
    return text(f"{title:<10} ", marks, f"  {ends}", extremes if len(known) > 2 else None)


def _small_percent(value: float | None) -> str:
    return percent(value) if value is None or not 0 < value < 0.001 else "<0.1%"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.2f} s" if value < 60 else f"{value / 60:,.1f} min"


def _foot(report: TrendReport) -> Iterator[Text]:
    yield text(f"{LEGEND}; one mark a {report.period}.")
    yield text("Flaky: passed and failed on one commit on one day. Duration: of a run's tests.")
    branch = report.branch
    yield text(f"Runs on {branch_words(branch)} ({basis_words(branch)}).")
    if report.other_branches:
        yield text(f"{plural(report.other_branches, 'run')} of other branches left out (--branch).")
