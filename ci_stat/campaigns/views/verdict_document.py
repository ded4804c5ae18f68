"""A verdict as a document: every channel renders it."""

import re
from collections.abc import Iterator, Mapping
from datetime import tzinfo

from ci_stat.campaigns.model import JobState
from ci_stat.campaigns.verdict_model import JobVerdict, TestVerdict, Verdict
from ci_stat.campaigns.views.times import period
from ci_stat.campaigns.views.words import (
    comparison_words,
    flake_words,
    interval_words,
    rate_words,
    share_words,
    target_words,
    trend_words,
    uncounted,
    uncounted_words,
)
from ci_stat.escape import web_link
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
from ci_stat.rendering.format import plural
from ci_stat.statistics.sequential import Answer

PROBE = "pull request"
_NAME = 200  # characters of a name
_MESSAGE = 200  # characters of a message
_TESTS = 30  # entries
_ISSUE = re.compile(r"/issues/(\d{1,10})$")
_KNOWN = {
    "issue": ("open issue", Tone.WARN),
    "flaky": ("known flaky", Tone.WARN),
    "new": ("new", Tone.BAD),
}


def verdict_document(verdict: Verdict, zone: tzinfo) -> Document:
    """The document of a verdict, with times in `zone`."""
    title = _title(verdict)
    return Document(
        title=title,
        subtitle=_subtitle(verdict, zone),
        tone=_tone(verdict),
        summary=f"{title}; {rate_words(verdict.overall.proof, PROBE)}",
        blocks=tuple(_blocks(verdict)),
        foot=tuple(text(Span(line, Tone.FAINT)) for line in _foot(verdict)),
    )


def place(verdict: Verdict) -> str:
    """`owner/name master`."""
    return f"{cut_name(verdict.repo, 100)} {cut_name(verdict.branch, 100)}"


def _title(verdict: Verdict) -> str:
    tally = verdict.overall.tally
    if not tally.runs:
        result = "no result" if verdict.is_final else "no result yet"
        return f"Stability of {place(verdict)}: {result}"
    so_far = "" if verdict.is_final else " so far"
    passed = share_words(tally.passed, tally.runs)
    requests = PROBE if tally.runs == 1 else f"{PROBE}s"
    return f"Stability of {place(verdict)}: {passed} {requests} passed{so_far}"


def _subtitle(verdict: Verdict, zone: tzinfo) -> str:
    when = period(verdict.begin, verdict.until, zone)
    return f"{when} · campaign {cut(verdict.campaign, 40)}"


def _tone(verdict: Verdict) -> Tone:
    overall = verdict.overall
    decision = overall.proof.decision
    is_bad = overall.comparison is not None and overall.comparison.is_worse
    if is_bad or (decision and decision.answer is Answer.ABOVE):
        return Tone.BAD
    if overall.tally.failed:
        return Tone.WARN
    return Tone.GOOD if overall.tally.passed else Tone.PLAIN


def _blocks(verdict: Verdict) -> Iterator[Block]:
    yield Paragraph(tuple(_sentences(verdict)))
    if verdict.jobs:
        yield _jobs(verdict)
    yield from _details(verdict)
    yield from _tests(verdict)
    yield from _unread(verdict.unread)


def _sentences(verdict: Verdict) -> Iterator[Text]:
    overall = verdict.overall
    yield text(Span(rate_words(overall.proof, PROBE), bold=True))
    if overall.proof.runs == 1:
        yield text("One pull request proves little: run more.")
    yield from map(text, filter(None, _proof_lines(overall, verdict.target)))
    if words := uncounted_words(overall.tally):
        yield text(Span(words, Tone.WARN))
    if verdict.reason:
        yield text(Span(f"Ended early: {cut(verdict.reason, _MESSAGE)}", Tone.WARN))


def _proof_lines(judged: JobVerdict, target: float) -> Iterator[str]:
    proof = judged.proof
    if proof.runs:
        yield flake_words(proof.flake, proof.flake_chance, proof.runs, PROBE)
    yield target_words(proof, target, PROBE)
    yield from _history_lines(judged)


def _history_lines(judged: JobVerdict) -> Iterator[str]:
    if judged.comparison:
        yield comparison_words(judged.comparison, judged.tally.passed, judged.tally.runs)
    if judged.trend:
        yield trend_words(judged.trend)


def _jobs(verdict: Verdict) -> Table:
    columns = ("job", "passed", "failure rate (95%)", "infra", "other")
    return Table("Jobs", columns, tuple(map(_job_row, verdict.jobs)), essential=True)


def _job_row(judged: JobVerdict) -> tuple[Text, ...]:
    tally = judged.tally
    infra = tally.of(JobState.INFRA)
    other = tally.total - tally.runs - infra
    passed_tone = Tone.BAD if tally.failed else Tone.GOOD if tally.passed else Tone.PLAIN
    return (
        text(cut_name(judged.job, _NAME)),
        text(Span(share_words(tally.passed, tally.runs), passed_tone)),
        text(interval_words(judged.proof)),
        text(Span(f"{infra:,}", Tone.WARN if infra else Tone.FAINT)),
        text(Span(f"{other:,}", Tone.WARN if other else Tone.FAINT)),
    )


def _details(verdict: Verdict) -> Iterator[Section]:
    """What a table has no room for: history, trend, target and uncounted runs of each job."""
    items = []
    for judged in verdict.jobs:
        lines = [*_history_lines(judged), *_job_target(judged, verdict.target), *_states(judged)]
        if lines:
            head = text(Span(cut_name(judged.job, _NAME), bold=True))
            items.append(Item(head, tuple(map(text, lines)), what="more line"))
    if items:
        yield Section("Each job", tuple(items), 40, what="more job", folded=True)


def _job_target(judged: JobVerdict, target: float) -> Iterator[str]:
    """Without failures, jobs need as many runs as the whole campaign, which says so already."""
    proof = judged.proof
    is_repeated = not proof.failed and not proof.is_sequential and proof.upper > target
    words = target_words(proof, target)
    if words and not is_repeated:
        yield words


def _states(judged: JobVerdict) -> Iterator[str]:
    listed = list(uncounted(judged.tally))
    if listed:
        counts = ", ".join(f"{words} {count:,}" for words, count in listed)
        yield f"Not counted: {counts}."


def _tests(verdict: Verdict) -> Iterator[Section]:
    if not verdict.tests:
        return
    items = tuple(map(_test, verdict.tests[:_TESTS]))
    more = max(0, len(verdict.tests) - _TESTS)
    yield Section("Failing tests", items, 90, more, "more failing test")


def _test(test: TestVerdict) -> Item:
    name = Span(cut_name(test.name, _NAME), bold=True)
    head = text(name, f"  in {share_words(test.probes, test.of)}", *_known(test))
    jobs = text(Span(", ".join(cut_name(job, _NAME) for job in test.jobs), Tone.FAINT))
    message = text(cut(test.message, _MESSAGE))
    lines = (message, jobs) if test.message else (jobs,)
    return Item(head, lines, what="more line")


def _known(test: TestVerdict) -> Iterator[Span | str]:
    if test.known not in _KNOWN:
        return
    words, tone = _KNOWN[test.known]
    yield ", "
    yield Span(f"{words}{issue_number(test.url)}", tone, link=web_link(test.url))


def issue_number(url: str) -> str:
    """` #77` for the address of an issue, else ""."""
    match = _ISSUE.search(url)
    return f" #{match[1]}" if match else ""


def _unread(unread: Mapping[str, int]) -> Iterator[Section]:
    if unread:
        items = tuple(
            Item(text(f"{plural(count, 'run')}: {cut(reason, _MESSAGE)}"))
            for reason, count in unread.items()
        )
        yield Section("Failed runs without a known failure", items, 60)


def _foot(verdict: Verdict) -> Iterator[str]:
    if verdict.overall.proof.is_sequential:
        yield "Bounds hold after all runs at once, because the campaign may end early (95%)."
    else:
        yield "Exact bounds (Clopper-Pearson, 95%)."
    yield (
        "A pull request passes if all expected jobs pass. Failures of the infrastructure count"
        " for neither side."
    )
    if verdict.left_out:
        campaigns = plural(verdict.left_out, "earlier campaign")
        yield f"{campaigns} with other jobs: compared by job only."
    yield from (cut(note, _MESSAGE) for note in verdict.notes)
