"""The answer about a pull request as a document: the verdict first, then evidence, then runs."""

from collections.abc import Iterable, Iterator, Sequence

from ci_stat.records import CaseFailure, Run, Status
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
    linked,
    text,
)
from ci_stat.rendering.format import plural, staleness
from ci_stat.result.answers.marks import LEGEND, marks
from ci_stat.result.answers.model import PRAnswer, PRFailure, Verdict
from ci_stat.result.answers.sentences import minute, reasons, short

EXCERPT = 8  # lines of an excerpt
WIDEST = 160  # characters of a line of an excerpt
COMMITS = 10
_TONES = {
    Verdict.YOURS: Tone.BAD,
    Verdict.NOT_YOURS: Tone.GOOD,
    Verdict.UNKNOWN: Tone.WARN,
    Verdict.PASSES: Tone.GOOD,
}
_TITLES = {
    Verdict.YOURS: "Yours: {} fails where others pass",
    Verdict.NOT_YOURS: "Not yours: what fails in {} fails elsewhere too",
    Verdict.UNKNOWN: "Cannot tell whether the failures of {} are its own",
    Verdict.PASSES: "Nothing fails on the newest commit of {}",
}


def pull_document(answer: PRAnswer, limit: int = 20) -> Document:
    """The document. `limit`: the most failures, and the most commits, that it shows."""
    name = f"{answer.repo}#{answer.number}"
    failed = sum(run.status == Status.FAILURE for run in answer.runs)
    commits = len({run.commit for run in answer.runs if run.commit})
    counts = f"{plural(len(answer.runs), 'run')} on {plural(commits, 'commit')}, {failed:,} failed"
    title = _TITLES[answer.verdict].format(name)
    return Document(
        title=title,
        subtitle=" · ".join(filter(None, (cut(answer.title, 120), *_about(answer), counts))),
        tone=_TONES[answer.verdict],
        summary=title,
        blocks=tuple(_blocks(answer, limit)),
        foot=tuple(_foot(answer)),
    )


def _about(answer: PRAnswer) -> Iterator[str]:
    yield f"by {answer.author}" if answer.author else ""
    yield f"to {answer.branch}" if answer.branch else ""


def _blocks(answer: PRAnswer, limit: int) -> Iterator[Block]:
    branch = answer.branch or "the same branch"
    now, earlier = answer.failures[: answer.focus], answer.failures[answer.focus :]
    if answer.notes:
        yield Paragraph(tuple(text(Span(note, Tone.WARN)) for note in answer.notes))
    if now:
        yield _section("Failures", now, branch, limit, 90)
    if earlier:
        yield _section("Failures of earlier commits", earlier, branch, limit, 50)
    yield _runs_section(answer, limit)


def _section(
    title: str, failures: Sequence[PRFailure], branch: str, limit: int, weight: int
) -> Section:
    items = tuple(_item(failure, branch) for failure in failures[:limit])
    left_out = len(failures) - len(items)
    return Section(title, items, weight, left_out, "more failure")


def _item(failure: PRFailure, branch: str) -> Item:
    verdict = failure.judgement.verdict
    name = failure.name or f"{failure.jobs[0]} failed"
    head = text(
        Span(verdict.value, _TONES[verdict], bold=True),
        "  ",
        Span(cut_name(name, 200), bold=True),
        Span(f"  {failure.kind}, {', '.join(failure.jobs)}", Tone.FAINT),
    )
    return Item(head, tuple(_lines(failure, branch)))


def _lines(failure: PRFailure, branch: str) -> Iterator[Text]:
    """Evidence; the excerpt and the command only for what may be the pull request's own."""
    may_be_own = failure.judgement.verdict != Verdict.NOT_YOURS
    for sentence in reasons(failure, branch):
        yield text(sentence)
    if failure.issue:
        yield text("issue: ", linked(failure.issue, failure.issue))
    if failure.muted:
        yield text(Span(f"muted: {cut(failure.muted, 200)}", Tone.WARN))
    yield from _message(failure)
    if may_be_own:
        yield from excerpt_lines(failure.newest)
    yield from _newest(failure.own.failed[-1])
    command, where = failure.reproduce
    if command and may_be_own:
        in_folder = f"   (in the directory of {where})" if where else ""
        yield text("reproduce: ", Span(command, bold=True), in_folder)


def _message(failure: PRFailure) -> Iterator[Text]:
    message = failure.newest.message if failure.newest else ""
    if failure.newest and message and message != failure.newest.name:
        yield text(Span(cut(message, 300), Tone.BAD))


def excerpt_lines(failure: CaseFailure | None) -> Iterator[Text]:
    """Yield the first lines of the excerpt of a log, and how many more there are."""
    lines = failure.excerpt.splitlines() if failure else []
    for line in lines[:EXCERPT]:
        yield text(Span(f"| {line[:WIDEST]}", Tone.FAINT))
    if len(lines) > EXCERPT:
        yield text(Span(f"| … and {plural(len(lines) - EXCERPT, 'more line')}", Tone.FAINT))


def _newest(run: Run) -> Iterator[Text]:
    name = linked(f"{run.job_name} #{run.build}", run.link)
    yield text("newest: ", name, Span(f"  {minute(run)}", Tone.FAINT))
    if run.link:
        yield text(Span(run.link, Tone.FAINT))


def _runs_section(answer: PRAnswer, limit: int) -> Section:
    groups = list(_by_commit(answer.runs).items())[::-1]
    shown = groups[: min(limit, COMMITS)]
    items = tuple(_commit(commit, runs) for commit, runs in shown)
    left_out = len(groups) - len(shown)
    return Section("Runs by commit, newest commit first", items, 40, left_out, "more commit")


def _by_commit(runs: Iterable[Run]) -> dict[str, list[Run]]:
    """The runs by commit, in order of the newest run of each commit."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        own = groups.pop(run.commit or "", [])
        groups[run.commit or ""] = [*own, run]
    return groups


def _commit(commit: str, runs: Sequence[Run]) -> Item:
    jobs: dict[str, list[Run]] = {}
    for run in runs:
        jobs.setdefault(run.job_name, []).append(run)
    width = max(map(len, jobs))
    name = Span(short(commit) or "unknown commit", bold=True)
    head = text(name, Span(f"  {minute(runs[0])}", Tone.FAINT))
    lines = (_job_line(job, own, width, commit) for job, own in sorted(jobs.items()))
    return Item(head, tuple(lines))


def _job_line(job: str, runs: Sequence[Run], width: int, commit: str) -> Text:
    """One job on one commit. Without a commit, nobody knows which runs are reruns."""
    is_repeated = len(runs) > 1 and commit
    reruns = f"  {plural(len(runs) - 1, 'rerun')}" if is_repeated else ""
    return (Span(f"{job:<{width}}  "), *marks(runs), Span(reruns, Tone.FAINT))


def _foot(answer: PRAnswer) -> Iterator[Text]:
    yield text(Span(LEGEND, Tone.FAINT))
    source = answer.source
    begin, end = source.window.wall()
    days = plural(round((end - begin).days), "day")
    faint = [
        f"Its runs from {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} ({days}; --since)",
        f"newest row {source.newest:%Y-%m-%d %H:%M}" if source.newest else "",
        source.database,
    ]
    if answer.begin < answer.end:
        faint.insert(1, f"other runs from {answer.begin:%Y-%m-%d} to {answer.end:%Y-%m-%d}")
    yield text(Span(" · ".join(filter(None, faint)), Tone.FAINT))
    note = staleness(source)
    if note:
        yield text(Span(note, Tone.WARN))
