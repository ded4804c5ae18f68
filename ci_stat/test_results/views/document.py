"""A run of tests as a document: counts, what failed and since when, then what was flaky."""

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
from ci_stat.rendering.format import plural, span
from ci_stat.test_results.model import FailedTest, RunReport
from ci_stat.test_results.packages import Package, folded
from ci_stat.test_results.views.words import (
    age_words,
    case_name,
    counts_words,
    flaky_words,
    run_words,
    state_words,
)

_MESSAGE = 160  # characters of a message
_SELF_EVIDENT = ("", "local")  # triggers that are not shown
_FILES = 10  # broken files that are named


def run_document(report: RunReport, limit: int) -> Document:
    """The document. `limit`: failed tests, and flaky ones, that it names."""
    return Document(
        title=_title(report),
        subtitle=counts_words(report.counts),
        tone=_tone(report),
        summary=_title(report),
        blocks=tuple(_blocks(report, limit)),
        foot=tuple(_foot(report, limit)),
    )


def _title(report: RunReport) -> str:
    bad = report.counts.failed + report.counts.errors
    name = cut(run_words(report.run.info), 200)
    verb = "fails" if bad == 1 else "fail"
    if bad:
        return f"{plural(bad, 'test')} {verb} in {name}"
    if report.problems or not report.counts.tests:
        return f"Cannot tell whether {name} passed"
    return f"All tests passed in {name}"


def _tone(report: RunReport) -> Tone:
    if report.failed:
        return Tone.BAD
    return Tone.WARN if report.problems or not report.counts.tests else Tone.GOOD


def _blocks(report: RunReport, limit: int) -> Iterator[Block]:
    yield Paragraph((_about(report),))
    if report.problems:
        yield _problems(report)
    packages = folded(report.failed, report.package) if len(report.failed) > limit else ()
    if len(packages) > 1:
        yield _packages(packages, limit)
    if report.failed:
        items = tuple(_failed(test, report) for test in report.failed[:limit])
        more = max(0, len(report.failed) - limit)
        title = f"Failed in {cut(report.package, 200)}" if report.package else "Failed"
        yield Section(title, items, 90, more, "more failed test")
    if report.flaky:
        names = [Item(text(cut(case_name(case), 300))) for case in report.flaky[:limit]]
        more = max(0, len(report.flaky) - limit)
        title = "Flaky: passed after a failure"
        yield Section(title, tuple(names), 50, more, "more flaky test")


def _packages(packages: Sequence[Package], limit: int) -> Table:
    rows = tuple(
        (
            text(package.name or "(no package)"),
            text(Span(f"{package.failed:,}", Tone.BAD)),
            text(f"{package.new:,}"),
            text(f"{package.flaky:,}"),
        )
        for package in packages[:limit]
    )
    columns = ("failed tests by package", "failed", "new", "known flaky")
    return Table("", columns, rows, 92, max(0, len(packages) - limit), "more package")


def _about(report: RunReport) -> Text:
    info = report.run.info
    age = span(max(report.now - report.run.started, report.now - report.now))
    parts = [f"{report.run.started:%Y-%m-%d %H:%M} UTC, {age} ago"]
    parts += [f"commit {cut(info.commit[:12], 12)}"] if info.commit else []
    parts += [f"branch {cut(info.branch, 80)}"] if info.branch else []
    parts += [f"pull request {info.pull}"] if info.pull is not None else []
    parts += [f"started by {cut(info.trigger, 40)}"] if info.trigger not in _SELF_EVIDENT else []
    about = text(" · ".join(parts))
    return (*about, *text(" · ", linked("link", info.url))) if info.url else about


def _problems(report: RunReport) -> Section:
    items = tuple(
        Item(text(Span(cut(file.name, 200), Tone.WARN)), (text(cut(state_words(file), 300)),))
        for file in report.problems[:_FILES]
    )
    more = max(0, len(report.problems) - _FILES)
    return Section("Files that are not whole", items, 95, more, "more file")


def _failed(test: FailedTest, report: RunReport) -> Item:
    word = "" if test.outcome == "failed" else f"  ({test.outcome})"
    head = text(Span(cut(case_name(test.case), 300), bold=True), word)
    message = cut(" ".join(test.message.split()), _MESSAGE)
    lines = [text(Span(message, Tone.FAINT))] if message else []
    if report.looked_at:
        lines.append(text(age_words(test, report.now)))
    if flaky := flaky_words(test):
        lines.append(text(Span(flaky, Tone.WARN)))
    if test.attempts > 1:
        lines.append(text(f"tried {test.attempts} times in this run"))
    return Item(head, tuple(lines))


def _history_words(report: RunReport) -> str:
    same = " with the same labels" if report.run.info.labels else ""
    if not report.looked_at:
        return f"This is the first stored run of the job{same}, so ages are not known."
    earlier = plural(report.looked_at, "earlier run")
    return f"Ages and flakiness: from this and {earlier} of the job{same}."


def _foot(report: RunReport, limit: int) -> Iterator[Text]:
    if len(report.failed) > limit:
        yield text("One package: --package NAME. More tests: --limit.")
    yield text(_history_words(report))
    others = [job for job in report.jobs if job != report.run.info.job]
    if others:
        names = cut(", ".join(others[:5]), 200)
        yield text(f"Other jobs with results (--job): {names}{' …' if len(others) > 5 else ''}")
