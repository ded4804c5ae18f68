"""Regressions as a document: what fails more often, then what became slower or faster."""

from collections.abc import Iterator, Sequence

from ci_stat.rendering.document import (
    Block,
    Document,
    Item,
    Paragraph,
    Section,
    Span,
    Text,
    Tone,
    cut_name,
    linked,
    text,
)
from ci_stat.rendering.format import plural, span
from ci_stat.test_results.flakiness.words import basis_words, branch_words
from ci_stat.test_results.regressions.model import DurationChange, Regression, RegressionReport
from ci_stat.test_results.regressions.views.words import (
    change_words,
    duration_words,
    lane_words,
    left_out_words,
    rate_words,
    since_words,
)

_NAME = 300


def regressions_document(report: RegressionReport, limit: int) -> Document:
    """The document. `limit`: entries of each list."""
    return Document(
        title=_title(report),
        subtitle=_subtitle(report),
        tone=Tone.BAD if report.regressions else Tone.GOOD,
        summary=_title(report),
        blocks=tuple(_blocks(report, limit)),
        foot=tuple(_foot(report)),
    )


def _title(report: RegressionReport) -> str:
    count = len(report.regressions)
    if count:
        verb = "fails" if count == 1 else "fail"
        return f"{plural(count, 'test')} {verb} more often than before"
    if not report.compared and not report.as_new:
        return "No test has enough runs to be judged"
    return "No test fails more often than before"


def _subtitle(report: RegressionReport) -> str:
    periods = report.periods
    window = f"{periods.begin:%Y-%m-%d %H:%M} to {periods.end:%Y-%m-%d %H:%M} UTC"
    baseline = f"{span(periods.baseline)} before"
    return (
        f"{window} ({plural(report.runs, 'run')}), compared with the {baseline}"
        f" ({plural(report.baseline_runs, 'run')})"
    )


def _blocks(report: RegressionReport, limit: int) -> Iterator[Block]:
    if not report.baseline_runs:
        line = "No run in the baseline: each test is judged as a new one."
        yield Paragraph((text(Span(line, Tone.WARN)),))
    if report.regressions:
        items = tuple(map(_regression, report.regressions[:limit]))
        more = max(0, len(report.regressions) - limit)
        yield Section("Fails more often", items, 100, more, "more regression")
    yield from _changes("Slower", report.slower, limit, 70)
    yield from _changes("Faster", report.faster, limit, 50)


def _regression(regression: Regression) -> Item:
    name = Span(cut_name(regression.case.full_name, _NAME), bold=True)
    mark = Span("  (more than 15 points)", Tone.BAD) if regression.is_extreme else None
    lines = [text(rate_words(regression)), *map(text, change_words(regression))]
    where = text(lane_words(regression.lane))
    if regression.newest and regression.newest.info.url:
        newest = linked("newest failed run", regression.newest.info.url)
        where = text(*where, " · ", newest)
    return Item(text(name, mark), (*lines, where))


def _changes(
    title: str, changes: Sequence[DurationChange], limit: int, weight: int
) -> Iterator[Section]:
    if not changes:
        return
    items = tuple(
        Item(
            text(Span(cut_name(change.case.full_name, _NAME), bold=True)),
            (
                text(duration_words(change)),
                text(f"since: {since_words(change.since)}"),
                text(lane_words(change.lane)),
            ),
        )
        for change in changes[:limit]
    )
    more = max(0, len(changes) - limit)
    yield Section(title, items, weight, more, f"more {title.lower()} test")


def _foot(report: RegressionReport) -> Iterator[Text]:
    judged = f"{plural(report.compared, 'test')} compared, {report.as_new:,} judged as new"
    too_few = f", {report.too_few:,} with too few runs to be judged" if report.too_few else ""
    yield text(f"{judged}{too_few}; each job, branch and set of labels counts by itself.")
    branch = report.branch
    yield text(f"First attempts on {branch_words(branch)} ({basis_words(branch)}).")
    if left_out := left_out_words(report.left_out):
        yield text(f"Runs left out, with those of the baseline: {left_out}.")
    if report.timed:
        yield text(f"{_durations(report)}.")


def _durations(report: RegressionReport) -> str:
    left_out = {
        "below 0.05 s": report.too_small,
        "that may be chance": report.by_chance,
    }
    parts = ", ".join(
        f"{plural(number, 'change')} {words}" for words, number in left_out.items() if number
    )
    return f"Durations of {plural(report.timed, 'test')}{f'; left out: {parts}' if parts else ''}"
