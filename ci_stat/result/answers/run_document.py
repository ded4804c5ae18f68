"""One run as a document: its facts, its failures, and the runs around it."""

from collections.abc import Iterator

from ci_stat.escape import web_link
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
from ci_stat.rendering.format import duration, plural
from ci_stat.result.answers.history_model import RunAnswer
from ci_stat.result.answers.marks import MARKS_LEGEND, marks
from ci_stat.result.answers.pull_document import excerpt_lines
from ci_stat.result.answers.sentences import minute, shown_name

_TONES = {Status.SUCCESS: Tone.GOOD, Status.FAILURE: Tone.BAD}


def run_document(answer: RunAnswer, limit: int = 20) -> Document:
    """The document. `limit`: the most failures, and the most other runs, that it shows."""
    run = answer.run
    known = run.status in Status.__members__
    name = f"{run.job_name} #{run.build}"
    return Document(
        title=f"{name}: {run.status}",
        subtitle=" · ".join(filter(None, _facts(run))),
        tone=_TONES.get(Status(run.status), Tone.WARN) if known else Tone.WARN,
        summary=name,
        blocks=tuple(_blocks(answer, limit)),
        foot=(text(Span(f"{MARKS_LEGEND}, newest first · {answer.source.database}", Tone.FAINT)),),
    )


def _facts(run: Run) -> Iterator[str]:
    yield minute(run)
    yield f"took {duration(run.duration)}" if run.duration is not None else ""
    yield f"attempt {run.attempt}" if run.attempt > 1 else ""
    yield f"{run.repo}#{run.pr_number}" if run.is_pr else "nightly"
    yield f"by {run.author}" if run.author else ""
    yield f"to {run.branch}" if run.branch else ""
    yield f"commit {run.commit}" if run.commit else ""


def _blocks(answer: RunAnswer, limit: int) -> Iterator[Block]:
    lead = list(_lead(answer.run))
    if lead:
        yield Paragraph(tuple(lead))
    if answer.run.failures:
        yield _failures(answer.run, limit)
    yield Paragraph(tuple(_around(answer)))
    if answer.same_commit:
        yield _same_commit(answer, limit)


def _lead(run: Run) -> Iterator[Text]:
    if run.pr_title:
        yield text(cut(run.pr_title, 200))
    if run.comment and run.comment != "null":
        yield text("started by: ", cut(run.comment, 200))
    if run.link:
        yield text("page: ", linked(run.link, run.link))
    if run.log:
        yield text(f"log: {run.log}")
    if run.status == Status.FAILURE and not run.failures:
        yield text(Span("No failure is known: neither the table nor a log names one.", Tone.WARN))


def _place(failure: CaseFailure) -> str:
    """File and line, as far as they are known, and the page that an import gave."""
    code = f"{failure.file}:{failure.line}" if failure.line else failure.file
    return f"{cut(code, 100)}  {web_link(failure.link) or ''}".strip()


def _failures(run: Run, limit: int) -> Section:
    items = []
    for failure in run.failures[:limit]:
        name = cut_name(shown_name(failure), 200)
        head = text(
            Span(name, Tone.BAD, bold=True, link=web_link(failure.link)),
            Span(f"  {failure.kind}", Tone.FAINT),
            Span(f"  {_place(failure)}", Tone.FAINT) if failure.link else None,
        )
        message = failure.message if failure.message != failure.name else ""
        lines = [text(cut(message, 300))] if message else []
        items.append(Item(head, (*lines, *excerpt_lines(failure))))
    left_out = len(run.failures) - len(items)
    return Section("Failures", tuple(items), 90, left_out, "more failure")


def _around(answer: RunAnswer) -> Iterator[Text]:
    for label, run in (("previous: ", answer.previous), ("next:     ", answer.next)):
        if run is None:
            yield text(Span(f"{label}none", Tone.FAINT))
            continue
        name = linked(f"{run.job_name} #{run.build}", run.link)
        yield text(label, *marks([run]), " ", name, Span(f"  {minute(run)}", Tone.FAINT))


def _same_commit(answer: RunAnswer, limit: int) -> Section:
    runs = answer.same_commit[::-1][:limit]
    items = tuple(
        Item(
            text(
                *marks([run]),
                " ",
                linked(f"{run.job_name} #{run.build}", run.link),
                Span(f"  {minute(run)}  {_first(run)}".rstrip(), Tone.FAINT),
            )
        )
        for run in runs
    )
    left_out = len(answer.same_commit) - len(runs)
    return Section("Other runs on the same commit", items, 50, left_out, "more run")


def _first(run: Run) -> str:
    more = len(run.failures) - 1
    name = cut_name(shown_name(run.failures[0]), 100) if run.failures else ""
    return f"{name} and {plural(more, 'more failure')}" if more > 0 else name
