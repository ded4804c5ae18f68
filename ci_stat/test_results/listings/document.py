"""Slow, new and gone tests as documents."""

from collections.abc import Iterator

from ci_stat.rendering.document import (
    Block,
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
    text,
)
from ci_stat.rendering.format import percent, plural
from ci_stat.store.results.read import StoredRun
from ci_stat.test_results.flakiness.words import left_out_runs_words, window_words
from ci_stat.test_results.listings.model import NewTest, NewTests, SlowTest, SlowTests
from ci_stat.test_results.views.words import case_name, run_words

_WORDS = {"p50": "median", "p95": "95th percentile", "total": "total time"}


def slow_document(slow: SlowTests, sort: str) -> Document:
    """The slowest tests as a table."""
    tests = plural(slow.all_tests, "test")
    title = f"The slowest of {tests}, by {_WORDS[sort]}" if slow.tests else "No test has a time"
    columns = ("test", "p50", "p95", "total", "share", "runs")
    rows = tuple(_slow_row(test) for test in slow.tests)
    more = slow.all_tests - len(slow.tests)
    table = Table("", columns, rows, more=more, what="more test")
    return Document(
        title=title,
        subtitle=window_words(slow.window),
        tone=Tone.PLAIN,
        summary=title,
        blocks=(Paragraph(tuple(_slow_basis(slow))), *((table,) if rows else ())),
        foot=(text(Span(left_out_runs_words(slow.left_out), Tone.FAINT)),),
    )


def _slow_basis(slow: SlowTests) -> Iterator[Text]:
    yield text(f"{seconds_words(slow.total)} in {plural(slow.runs, 'run')}, all tests together.")
    if slow.without_time:
        words = f"{plural(slow.without_time, 'result')} without a time left out."
        yield text(Span(words, Tone.WARN))


def _slow_row(test: SlowTest) -> tuple[Text, ...]:
    cells = (
        seconds_words(test.p50),
        seconds_words(test.p95),
        seconds_words(test.total),
        percent(test.share),
        f"{test.runs:,}",
    )
    return (text(cut_name(case_name(test.case), 160)), *map(text, cells))


def seconds_words(seconds: float) -> str:
    """E.g. `0.004 s`, `1.25 s`, `83 s`, `12 min`, `3.5 h`."""
    if seconds < 10:
        return f"{seconds:.3f} s" if seconds < 1 else f"{seconds:.2f} s"
    if seconds < 600:
        return f"{seconds:,.0f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 36_000 else f"{seconds / 3600:,.1f} h"


def new_document(listing: NewTests, limit: int) -> Document:
    """New tests, and gone ones."""
    title = _new_title(listing)
    return Document(
        title=title,
        subtitle=window_words(listing.window),
        tone=Tone.PLAIN,
        summary=title,
        blocks=tuple(_new_blocks(listing, limit)),
        foot=(text(Span(left_out_runs_words(listing.left_out), Tone.FAINT)),)
        if listing.gone
        else (),
    )


def _new_title(listing: NewTests) -> str:
    gone = f", {len(listing.gone):,} gone" if listing.gone is not None else ""
    return f"{plural(len(listing.new), 'new test')} of {listing.all_tests:,}{gone}"


def _new_blocks(listing: NewTests, limit: int) -> Iterator[Block]:
    if listing.baseline:
        tests = plural(listing.baseline, "test")
        words = (
            f"{tests} came with the first stored run of a job and label set:"
            " whether they are new is unknown."
        )
        yield Paragraph((text(Span(words, Tone.WARN)),))
    if listing.new:
        items = tuple(Item(_name(test), tuple(_new_lines(test))) for test in listing.new[:limit])
        yield Section("New", items, 90, max(0, len(listing.new) - limit), "more new test")
    if listing.gone:
        gone = listing.gone[:limit]
        items = tuple(
            Item(
                text(Span(cut(case_name(test.case), 300), bold=True)),
                (text(f"last in {_run(test.last)}"),),
            )
            for test in gone
        )
        yield Section("Gone", items, 80, len(listing.gone) - len(gone), "more gone test")


def _name(test: NewTest) -> Text:
    return text(Span(cut(case_name(test.case), 300), bold=True))


def _new_lines(test: NewTest) -> Iterator[Text]:
    yield text(f"first in {_run(test.first)}")
    counts = ((test.passed, "passed"), (test.failed, "failed"), (test.skipped, "skipped"))
    outcomes = ", ".join(f"{count:,} {word}" for count, word in counts if count)
    retried = f"; {test.flaky_runs:,} only after a retry" if test.flaky_runs else ""
    tone = Tone.BAD if test.failed else Tone.FAINT
    line = f"{plural(test.runs, 'run')}: {outcomes}{retried}; the newest {test.last_outcome}"
    yield text(Span(line, tone))


def _run(run: StoredRun) -> str:
    commit = f", commit {cut(run.info.commit[:12], 12)}" if run.info.commit else ""
    branch = f", branch {cut(run.info.branch, 80)}" if run.info.branch else ""
    when = f"{run.started:%Y-%m-%d %H:%M} UTC"
    return f"{cut(run_words(run.info), 200)}, {when}{commit}{branch}"
