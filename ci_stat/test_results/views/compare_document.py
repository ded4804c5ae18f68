"""A comparison of tests as a document: the summary first, then what broke, then the rest."""

from collections.abc import Iterator, Sequence

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
    linked,
    text,
)
from ci_stat.rendering.format import plural
from ci_stat.test_results.comparing.durations import CHANCE, LEAST_RUNS
from ci_stat.test_results.comparing.model import (
    Change,
    Comparison,
    DurationChange,
    Numbers,
    Side,
    TestChange,
)
from ci_stat.test_results.views.compare_data import counts
from ci_stat.test_results.views.seconds import seconds_words

_MESSAGE = 160  # characters of a message
_PLACES = 3  # places that a line names
_SHIFT = 0.2  # smallest slowdown of all tests that is shown
_TITLES = {
    Change.BROKEN: "Broken: passed before, fails now",
    Change.STILL_BROKEN: "Still broken",
    Change.FIXED: "Fixed: failed before, passes now",
    Change.FLAKY: "Flaky: passed and failed on one commit",
    Change.NEW: "New",
    Change.GONE: "Gone",
    Change.NOW_SKIPPED: "Now skipped",
}
_WEIGHTS = dict(zip(Change, (95, 90, 70, 60, 50, 45, 55), strict=True))
_WITH_MESSAGE = (Change.BROKEN, Change.STILL_BROKEN, Change.FIXED, Change.FLAKY)
_TONES = {"failed": Tone.BAD, "error": Tone.BAD, "passed": Tone.GOOD}


def compare_document(comparison: Comparison, limit: int = 20) -> Document:
    """The document. `limit`: the most entries of each list."""
    summary = summary_words(comparison)
    return Document(
        title=summary,
        subtitle=f"{_side(comparison.now)}, compared with {_side(comparison.before)}",
        tone=_tone(comparison),
        summary=summary,
        blocks=tuple(_blocks(comparison, limit)),
        foot=tuple(_foot(comparison)),
    )


def summary_words(comparison: Comparison) -> str:
    """One line, e.g. `3 broken, 1 fixed, 2 new (1 fails), 1 slower`."""
    numbers = counts(comparison)
    parts = [_part(name, numbers) for name in (*map(_key, Change), "slower", "faster")]
    changed = [part for part in parts if part]
    if not changed:
        return f"No change: {plural(comparison.passed, 'test')} passed on both sides"
    return ", ".join(changed)


def _key(change: Change) -> str:
    return change.value.replace(" ", "_")


def _part(name: str, numbers: dict[str, int]) -> str:
    number = numbers[name]
    if not number:
        return ""
    failing = numbers["new_failing"] if name == "new" else 0
    verb = "fails" if failing == 1 else "fail"
    return f"{number:,} {name.replace('_', ' ')}{f' ({failing:,} {verb})' if failing else ''}"


def _tone(comparison: Comparison) -> Tone:
    numbers = counts(comparison)
    if numbers["broken"] or numbers["new_failing"]:
        return Tone.BAD
    is_doubtful = numbers["still_broken"] or numbers["flaky"] or numbers["slower"]
    return Tone.WARN if is_doubtful or not comparison.tests_now else Tone.GOOD


def _side(side: Side) -> str:
    runs = f" ({plural(len(side.runs), 'run')})" if len(side.runs) > 1 else ""
    return f"{cut(side.words, 150)}{runs}"


def _blocks(comparison: Comparison, limit: int) -> Iterator[Block]:
    yield Paragraph(tuple(_about(comparison)))
    for change in Change:
        tests = comparison.of(change)
        if tests:
            items = tuple(_item(test) for test in tests[:limit])
            what = "more test"
            yield Section(
                _TITLES[change], items, _WEIGHTS[change], max(0, len(tests) - limit), what
            )
    for title, durations in (("Slower", comparison.slower), ("Faster", comparison.faster)):
        if durations:
            yield _durations(title, durations, limit)


def _about(comparison: Comparison) -> Iterator[Text]:
    for name, side in (("now:    ", comparison.now), ("before: ", comparison.before)):
        yield text(name, *_newest(side))
    tests = f"{plural(comparison.tests_before, 'test')} before, {comparison.tests_now:,} now"
    yield text(f"{tests}; {comparison.passed:,} passed on both sides.")
    for words, places in (("before", comparison.only_before), ("now", comparison.only_now)):
        if places:
            yield text(Span(f"Only {words}, not compared: {_named(places)}", Tone.WARN))
    yield from (text(Span(note, Tone.WARN)) for note in comparison.notes)


def _newest(side: Side) -> Text:
    """The newest run of a side with its link, time and commit."""
    run = side.runs[-1]
    number = f" #{run.info.number}" if run.info.number is not None else ""
    more = f", and {plural(len(side.runs) - 1, 'earlier run')}" if len(side.runs) > 1 else ""
    commit = f" on {cut(run.info.commit[:12], 12)}" if run.info.commit else ""
    name = linked(f"{cut(run.info.job, 80)}{number}", run.info.url)
    return text(name, f"{commit}, {run.started:%Y-%m-%d %H:%M} UTC{more}")


def _named(places: Sequence[str]) -> str:
    more = len(places) - _PLACES
    names = ", ".join(cut(place, 80) for place in places[:_PLACES])
    return f"{names}{f', and {more:,} more' if more > 0 else ''}"


def _item(test: TestChange) -> Item:
    where = f"  in {_named(test.places)}" if test.places else ""
    is_failing_new = test.change is Change.NEW and test.fails
    outcome = Span(f"  {test.now.outcome}", Tone.BAD) if is_failing_new else None
    head = text(Span(cut(test.case.full_name, 300), bold=True), outcome, where)
    lines = []
    numbers = _numbers_words(test)
    if numbers:
        lines.append(text(numbers))
    if test.message and (test.change in _WITH_MESSAGE or is_failing_new):
        message = cut(" ".join(test.message.split()), _MESSAGE)
        lines.append(text(Span(message, Tone.FAINT)))
    if test.is_other_message:
        lines.append(text(Span("it fails with another message than before", Tone.WARN)))
    return Item(head, tuple(lines))


def _numbers_words(test: TestChange) -> str:
    """The failed runs of both sides, if there are several; of a flaky test always."""
    if test.change is Change.FLAKY:
        commits = f"on {plural(test.flaky_commits, 'commit')}"
        now, before = _numbers(test.now), _numbers(test.before)
        return f"both outcomes {commits}; now {now}, before {before}"
    has_several = max(test.now.runs, test.before.runs) > 1
    if not has_several or not (test.now.failed or test.before.failed):
        return ""
    return f"now {_numbers(test.now)}, before {_numbers(test.before)}"


def _numbers(numbers: Numbers) -> str:
    if numbers.runs == 1:
        return numbers.outcome
    return f"failed in {numbers.failed:,} of {plural(numbers.runs, 'run')}"


def _durations(title: str, durations: Sequence[DurationChange], limit: int) -> Table:
    tone = Tone.BAD if title == "Slower" else Tone.GOOD
    rows = tuple(
        (
            text(cut(_with_places(one), 300)),
            text(seconds_words(one.before)),
            text(seconds_words(one.now)),
            text(Span(f"{one.ratio:.1f}x" if one.ratio >= 2 else f"{one.ratio - 1:+.0%}", tone)),
            text(f"{one.runs_before:,} / {one.runs_now:,}"),
        )
        for one in durations[:limit]
    )
    columns = ("test", "before", "now", "change", "runs")
    return Table(title, columns, rows, 65, max(0, len(durations) - limit), "more test")


def _with_places(one: DurationChange) -> str:
    return f"{one.case.full_name}  in {_named(one.places)}" if one.places else one.case.full_name


def _foot(comparison: Comparison) -> Iterator[Text]:
    timing = comparison.timing
    if not timing.compared:
        words = f"Durations are not judged: no test has {LEAST_RUNS} earlier runs."
    else:
        earlier = plural(timing.baseline, "earlier run")
        baseline = f", with {earlier} for comparison" if timing.baseline else ""
        tests = plural(timing.compared, "test")
        words = f"Durations of {tests} judged{baseline}: at most {CHANCE:.0%} of changes by chance"
        few = max(one.runs_now for one in comparison.durations) if comparison.durations else 0
        spikes = "; few runs cannot tell a change from a test that is slow now and then"
        words += f"{spikes if 0 < few < LEAST_RUNS else ''}."
    yield text(Span(words, Tone.FAINT))
    if abs(timing.shift - 1) >= _SHIFT:
        word = "slower" if timing.shift > 1 else "faster"
        words = f"All tests together are {abs(timing.shift - 1):.0%} {word}; that is left out."
        yield text(Span(words, Tone.WARN))
    if max(len(comparison.before.runs), len(comparison.now.runs)) > 1:
        words = "Of several runs, the newest result of each test in each job counts."
        yield text(Span(words, Tone.FAINT))
