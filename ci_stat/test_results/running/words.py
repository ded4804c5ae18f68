"""A run of tests in words: progress, and the summary at its end."""

from collections.abc import Iterator

from ci_stat.rendering.document import (
    Block,
    Document,
    Item,
    Paragraph,
    Section,
    Span,
    Text,
    Tone,
    cut,
    cut_name,
    text,
)
from ci_stat.rendering.format import plural
from ci_stat.test_results.labels_text import label_pairs
from ci_stat.test_results.running.collected import TestRecord
from ci_stat.test_results.running.model import Execution, Shard, TestRun
from ci_stat.test_results.views.words import counts_words

_MESSAGE = 160  # characters of a message


def seconds_words(seconds: float) -> str:
    """A length of time for progress: `0.8s`, `12s`, `3m 05s`.

    >>> seconds_words(0.84), seconds_words(12.4), seconds_words(185)
    ('0.8s', '12s', '3m 05s')
    """
    if seconds < 10:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m {rest:02d}s" if minutes else f"{rest}s"


def shard_words(shard: Shard, attempt: int = 1) -> str:
    """What a shard runs: `shard 2 (14 files, about 12s)`."""
    name = f"shard {shard.number}" if attempt == 1 else f"retry {attempt - 1}.{shard.number}"
    units = plural(len(shard.units), shard.unit_word) if shard.units else ""
    expected = f"about {seconds_words(shard.seconds)}" if shard.seconds else ""
    parts = ", ".join(filter(None, (units, expected)))
    return f"{name} ({parts})" if parts else name


def ended_words(execution: Execution, failed: int) -> str:
    """How a shard ended."""
    results = f"{plural(execution.tests, 'result')}, {failed:,} failed"
    problems = "".join(f"; {problem}" for problem in execution.problems)
    return f"{results} in {seconds_words(execution.seconds)}{problems}"


def run_summary(run: TestRun, limit: int) -> Document:
    """The summary. `limit`: entries of each list."""
    return Document(
        title=_title(run),
        subtitle=_subtitle(run),
        tone=_tone(run),
        summary=_title(run),
        blocks=tuple(_blocks(run, limit)),
    )


def _title(run: TestRun) -> str:
    bad = len(run.tests.failed)
    if run.is_interrupted:
        return "The run was interrupted"
    if bad:
        name = "test" if bad == 1 else "tests"
        return f"{bad:,} {name} failed"
    if not run.is_whole:
        return "It is unknown whether all tests passed"
    return "All tests passed"


def _subtitle(run: TestRun) -> str:
    labels = label_pairs(run.labels)
    where = f" ({labels})" if labels else ""
    time = seconds_words(run.seconds)
    missing = f"; {len(run.missing):,} missing" if run.missing else ""
    return f"{run.runner}{where}: {counts_words(run.counts)}{missing}; in {time}"


def _tone(run: TestRun) -> Tone:
    if run.tests.failed:
        return Tone.BAD
    return Tone.GOOD if run.is_whole else Tone.WARN


def _blocks(run: TestRun, limit: int) -> Iterator[Block]:
    if run.notes:
        yield Paragraph(tuple(text(Span(cut(note, 300), Tone.WARN)) for note in run.notes))
    yield from _section("Failed", [_failed(one) for one in run.tests.failed], limit, "failed test")
    flaky = [_flaky(record) for record in run.tests.flaky]
    yield from _section("Flaky: passed after a failure", flaky, limit, "flaky test")
    missing = [Item(text(cut_name(name, 300))) for name in run.missing]
    yield from _section("Missing: not reported by the runner", missing, limit, "missing entry")
    problems = [Item(text(Span(cut(problem, 400), Tone.WARN))) for problem in run.problems]
    yield from _section("Errors of the run", problems, limit, "error")
    outputs = [_output(execution) for execution in run.executions if execution.output]
    yield from _section("Last lines of the runner", outputs, limit, "runner")


def _output(execution: Execution) -> Item:
    what = "shard" if execution.attempt == 1 else "retry"
    lines = tuple(text(Span(cut(line, 200), Tone.FAINT)) for line in execution.output)
    return Item(text(f"{what} {execution.shard}"), lines)


def _section(title: str, items: list[Item], limit: int, what: str) -> Iterator[Section]:
    if items:
        more = max(0, len(items) - limit)
        yield Section(title, tuple(items[:limit]), 90, more, f"more {what}")


def _failed(record: TestRecord) -> Item:
    attempts = len(record.attempts)
    tried = f"  (tried {attempts} times)" if attempts > 1 else ""
    head = text(Span(cut_name(record.full_name, 300), bold=True), tried)
    return Item(head, _message(record))


def _flaky(record: TestRecord) -> Item:
    outcomes = ", ".join(attempt.outcome for attempt in record.attempts)
    return Item(text(cut_name(record.full_name, 300), f"  ({outcomes})"), _message(record))


def _message(record: TestRecord) -> tuple[Text, ...]:
    message = cut(" ".join(record.failure.message.split()), _MESSAGE)
    return (text(Span(message, Tone.FAINT)),) if message else ()
