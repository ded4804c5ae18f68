"""A verdict as a document: the decision, all reasons, then what the policy excused."""

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
from ci_stat.rendering.format import duration, percent, plural
from ci_stat.test_results.gates.model import (
    Decision,
    EntryUse,
    GateCase,
    RampState,
    Reason,
    Verdict,
)

_NAME = 200  # characters of a name
_MESSAGE = 160
_TITLES = {
    Decision.PASS: "The gate passes",
    Decision.FAIL: "The gate fails",
    Decision.CANNOT_TELL: "The gate cannot tell",
}
_TONES = {Decision.PASS: Tone.GOOD, Decision.FAIL: Tone.BAD, Decision.CANNOT_TELL: Tone.WARN}


def verdict_document(verdict: Verdict, limit: int, policy: str = "") -> Document:
    """The document. `limit`: names in each list. `policy`: its file, "" without one."""
    title = f"{_TITLES[verdict.decision]}: {cut(verdict.name, _NAME)}"
    return Document(
        title=title,
        subtitle=_subtitle(verdict),
        tone=_TONES[verdict.decision],
        summary=title,
        blocks=tuple(_blocks(verdict, limit)),
        foot=tuple(_foot(verdict, policy)),
    )


def _foot(verdict: Verdict, policy: str) -> Iterator[Text]:
    yield text(f"Policy: {cut(policy, _NAME) or 'none, so every test must pass'}.")
    if verdict.left_out:
        names = cut(", ".join(verdict.left_out[:5]), _NAME)
        more = " …" if len(verdict.left_out) > 5 else ""
        count = plural(len(verdict.left_out), "other file")
        yield text(f"Left out, {count} without test results: {names}{more}")


def _subtitle(verdict: Verdict) -> str:
    seconds = duration(round(verdict.seconds * 1000))
    files = plural(len(verdict.files), "file")
    return f"{plural(verdict.tests, 'test')} in {files}, {seconds} of testing"


def _blocks(verdict: Verdict, limit: int) -> Iterator[Block]:
    if verdict.reasons:
        messages = {case.shown: case.message for case in verdict.failed}
        items = tuple(_reason(reason, messages, limit) for reason in verdict.reasons)
        yield Section("Reasons", items, 95)
    if verdict.counts:
        yield _levels(verdict)
    if verdict.ramp is not None:
        yield Paragraph(tuple(_ramp(verdict.ramp)))
    if verdict.excused:
        yield _names("Excused failures", verdict.excused, limit, "more excused failure")
    if verdict.unexpected:
        title = "Passed, although the policy lets them fail"
        yield _names(title, verdict.unexpected, limit, "more test")
    if proposed := [use for use in verdict.entries if use.proposes_removal]:
        items = tuple(_proposal(use) for use in proposed)
        yield Section("Entries to remove from the policy", items, 80)
    if verdict.notes:
        yield Section("Notes", tuple(Item(text(note)) for note in verdict.notes), 40)


def _reason(reason: Reason, messages: dict[str, str], limit: int) -> Item:
    tone = _TONES[reason.decision]
    lines = tuple(_line(name, messages.get(name, "")) for name in reason.names[:limit])
    more = max(0, len(reason.names) - limit)
    return Item(text(Span(cut(reason.text, 400), tone, bold=True)), lines, more, "more name")


def _line(name: str, message: str) -> Text:
    shown = cut(" ".join(message.split()), _MESSAGE)
    return text(cut_name(name, _NAME), Span(f": {shown}", Tone.FAINT) if shown else None)


def _levels(verdict: Verdict) -> Table:
    columns = ("level", "tests", "passed", "failed", "skipped", "flaky")
    rows = tuple(
        (
            text(str(counts.level)),
            text(f"{counts.tests:,}"),
            text(f"{counts.passed:,}"),
            text(f"{counts.failed:,}"),
            text(f"{counts.skipped:,}"),
            text(f"{counts.flaky:,}"),
        )
        for counts in verdict.counts
    )
    return Table("Tests by level", columns, rows, essential=True)


def _ramp(state: RampState) -> Iterator[Text]:
    if not state.judged:
        yield text("The ramp has not started.")
        return
    because = "the calendar" if state.judged == state.by_calendar else "what was proven before"
    waived = " A waiver lowers it." if state.waived else ""
    yield text(f"Ramp: step {state.judged} by {because}, pass rate {percent(state.rate)}.{waived}")
    if state.finished:
        rate = state.passed / state.finished
        yield text(
            f"Measured: {percent(rate)}, {state.passed:,} of {plural(state.finished, 'result')} in"
            f" {plural(state.runs, 'run')}; 95 % interval {percent(state.low)} to"
            f" {percent(state.high)}."
        )
    if state.newly_proven:
        yield text(
            f"These results prove step {state.newly_proven}: set `proven` in [ramp] to its rate."
        )


def _names(title: str, cases: tuple[GateCase, ...], limit: int, what: str) -> Section:
    items = tuple(Item(_line(case.shown, case.message)) for case in cases[:limit])
    return Section(title, items, 60, max(0, len(cases) - limit), what)


def _proposal(use: EntryUse) -> Item:
    head = text(Span(cut(f"{use.key}: {use.selects}", _NAME), bold=True))
    passed = f"passed cleanly in {plural(use.clean_runs, 'run')} in a row"
    issue = f"; issue {cut(use.issue, 100)}" if use.issue else ""
    return Item(head, (text(f"{passed}; owner {cut(use.owner, 60)}{issue}"),))
