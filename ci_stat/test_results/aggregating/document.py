"""A summary as a document: the entries, what is missing, then what failed."""

from collections.abc import Iterable, Iterator, Sequence

from ci_stat.rendering.document import (
    Block,
    Document,
    Item,
    Section,
    Span,
    Table,
    Text,
    Tone,
    cut,
    cut_name,
    text,
)
from ci_stat.rendering.format import plural
from ci_stat.test_results.aggregating.model import Entry, Summary
from ci_stat.test_results.model import Counts
from ci_stat.test_results.running.collected import TestRecord
from ci_stat.test_results.running.words import seconds_words
from ci_stat.test_results.views.words import counts_words

_MESSAGE = 160  # characters of a message
_LINE = 200  # characters of a line of a text
_COLUMNS = ("tests", "passed", "failed", "errors", "skipped", "flaky", "time")


def summary_document(summary: Summary, limit: int, lines: int = 0) -> Document:
    """The document. `limit`: entries of each list; `lines`: of the text of a failure."""
    title = _title(summary)
    return Document(
        title=title,
        subtitle=_subtitle(summary),
        tone=_tone(summary),
        summary=title,
        blocks=tuple(_blocks(summary, limit, lines)),
        foot=tuple(_foot(summary)),
    )


def _title(summary: Summary) -> str:
    counts = summary.counts
    bad = counts.failed + counts.errors
    if bad:
        name = "test" if bad == 1 else "tests"
        return f"{bad:,} {name} failed in {_entries_words(_failed_entries(summary))}"
    if not summary.is_whole:
        return "It is unknown whether all tests passed"
    return f"All tests passed in {_entries_words(len(summary.entries))}"


def _entries_words(count: int) -> str:
    return plural(count, "matrix entry", "matrix entries")


def _failed_entries(summary: Summary) -> int:
    return sum(bool(entry.tests.failed) for entry in summary.entries)


def _subtitle(summary: Summary) -> str:
    missing = len(summary.missing)
    expected = f"{missing:,} of {_entries_words(summary.expected or 0)} missing" if missing else ""
    return "; ".join(filter(None, (counts_words(summary.counts), expected)))


def _tone(summary: Summary) -> Tone:
    if summary.counts.failed or summary.counts.errors:
        return Tone.BAD
    return Tone.GOOD if summary.is_whole else Tone.WARN


def _blocks(summary: Summary, limit: int, lines: int) -> Iterator[Block]:
    missing = [_missing(one.name, one.reason) for one in summary.missing]
    yield from _section("Missing matrix entries", missing, limit, "missing entry")
    problems = [Item(text(Span(cut(problem, 400), Tone.WARN))) for problem in summary.problems]
    yield from _section("Results that are not whole", problems, limit, "problem")
    yield from _table("Matrix entries", _entry_rows(summary.entries), limit, "more matrix entry")
    categories = [(name, counts, True) for name, counts in summary.categories.items()]
    if len(categories) > 1:
        yield from _table("Categories", categories, limit, "more category")

    failed = [(entry, record) for entry, record in summary.records() if record.is_failed]
    items = [_failed(entry, record, lines) for entry, record in failed[:limit]]
    yield from _section("Failed", items, limit, "failed test", len(failed))
    flaky = [(entry, record) for entry, record in summary.records() if record.is_flaky]
    items = [_flaky(entry, record) for entry, record in flaky[:limit]]
    yield from _section("Flaky: passed after a failure", items, limit, "flaky test", len(flaky))
    unexpected = [Item(text(cut_name(name, 300))) for name in summary.unexpected]
    yield from _section("Matrix entries that were not expected", unexpected, limit, "entry")


def _missing(name: str, reason: str) -> Item:
    lines = (text(cut(reason, 300)),) if reason else ()
    return Item(text(Span(cut_name(name, 300), Tone.WARN, bold=True)), lines)


def _section(
    title: str, items: Sequence[Item], limit: int, what: str, total: int | None = None
) -> Iterator[Section]:
    count = len(items) if total is None else total
    if items:
        yield Section(title, tuple(items[:limit]), 90, max(0, count - limit), f"more {what}")


CountedRow = tuple[str, Counts, bool]


def _entry_rows(entries: Iterable[Entry]) -> list[CountedRow]:
    """The entries, those with failures first."""
    rows = [(entry.name, entry.counts, entry.is_whole) for entry in entries]
    return sorted(rows, key=lambda row: -(row[1].failed + row[1].errors))


def _table(title: str, rows: Sequence[CountedRow], limit: int, what: str) -> Iterator[Table]:
    if rows:
        shown = tuple(_row(*row) for row in rows[:limit])
        yield Table(title, ("", *_COLUMNS), shown, more=max(0, len(rows) - limit), what=what)


def _row(name: str, counts: Counts, is_whole: bool) -> tuple[Text, ...]:
    tone = Tone.PLAIN if is_whole else Tone.WARN
    note = "" if is_whole else " (not whole)"
    bad = Tone.BAD
    return (
        text(Span(f"{cut_name(name, 200)}{note}", tone)),
        text(f"{counts.tests:,}"),
        text(f"{counts.passed:,}"),
        text(Span(f"{counts.failed:,}", bad if counts.failed else Tone.PLAIN)),
        text(Span(f"{counts.errors:,}", bad if counts.errors else Tone.PLAIN)),
        text(f"{counts.skipped:,}"),
        text(f"{counts.flaky:,}"),
        text(seconds_words(counts.seconds)),
    )


def _failed(entry: Entry, record: TestRecord, lines: int) -> Item:
    attempts = len(record.attempts)
    tried = f", {plural(attempts, 'attempt')}" if attempts > 1 else ""
    head = text(Span(cut_name(record.full_name, 300), bold=True), f"  ({entry.name}{tried})")
    message = cut(" ".join(record.failure.message.split()), _MESSAGE)
    shown = [text(Span(message, Tone.FAINT))] if message else []
    rows = [line for line in record.failure.text.splitlines() if line.strip()]
    shown += [text(cut(line, _LINE)) for line in rows[:lines]]
    more = len(rows) - lines if lines else 0
    return Item(head, tuple(shown), max(0, more), "more line" if more > 0 else "")


def _flaky(entry: Entry, record: TestRecord) -> Item:
    outcomes = ", ".join(attempt.outcome for attempt in record.attempts)
    return Item(text(cut_name(record.full_name, 300), f"  ({entry.name}: {outcomes})"))


def _foot(summary: Summary) -> Iterator[Text]:
    files = sum(len(entry.files) for entry in summary.entries)
    left_out = len(summary.left_out)
    others = f"; {plural(left_out, 'other file')} left out" if left_out else ""
    yield text(f"From {plural(files, 'result file')}{others}.")
    repeated = sum(entry.repeated for entry in summary.entries)
    if repeated:
        tests = plural(repeated, "test is", "tests are")
        yield text(f"{tests} in several files of an entry: a failure in one of them counts.")
