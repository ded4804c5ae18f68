"""The result of a search as a document: text and Markdown say the same."""

from collections.abc import Iterator

from ci_stat.commit_tests.culprit.model import (
    Commit,
    Conclusion,
    Kind,
    Observation,
    Source,
    Suspicion,
)
from ci_stat.commit_tests.culprit.report import SearchReport
from ci_stat.commit_tests.culprit.views.bars import bar
from ci_stat.commit_tests.culprit.views.words import (
    chance,
    headline,
    named,
    runs_words,
    sentences,
    short,
)
from ci_stat.rendering.document import (
    Block,
    Document,
    Paragraph,
    Span,
    Table,
    Text,
    Tone,
    cut,
    cut_name,
    more_words,
    text,
)
from ci_stat.rendering.format import duration, plural
from ci_stat.statistics.change_belief import Counted

_BAR = 12  # cells
_SUSPECTS = 6
_NAMED = 8
_TESTED = 24
_NAME = 160
_SOURCES = {
    Source.RUN: "run",
    Source.CACHE: "from the cache",
    Source.CI_DATA: "from the CI database",
    Source.RESULTS: "from test results",
    Source.HAND: "by hand",
}
_TONES = {Kind.CULPRIT: Tone.BAD, Kind.NO_CULPRIT: Tone.GOOD, Kind.UNSURE: Tone.WARN}


def result_document(report: SearchReport) -> Document:
    """The document of a result."""
    conclusion = report.conclusion
    title = headline(conclusion)
    return Document(
        title=title,
        subtitle=_subtitle(report),
        tone=_TONES[conclusion.kind],
        summary=title,
        blocks=tuple(_blocks(report)),
        foot=tuple(text(Span(line, Tone.FAINT)) for line in _foot(report)),
    )


def _subtitle(report: SearchReport) -> str:
    question = report.question
    what = cut_name(question.case or command_words(question.command), _NAME)
    suspects = plural(len(report.conclusion.suspicions), "commit")
    return f"{what} · {suspects} from {short(question.good)} to {short(question.bad)}"


def command_words(command: tuple[str, ...] | str) -> str:
    """The command on one line."""
    return command if isinstance(command, str) else " ".join(command)


def _blocks(report: SearchReport) -> Iterator[Block]:
    conclusion: Conclusion | None = report.conclusion
    title = ""
    while conclusion is not None:
        lines = [text(Span(line)) for line in sentences(conclusion)]
        if conclusion.kind is Kind.CULPRIT:
            lines[:0] = _culprits(conclusion)
        yield Paragraph(tuple(lines))
        yield _suspects(conclusion, title)
        if conclusion.inside:
            title = f"Inside of the merge {short(conclusion.named[0].sha)}"
        conclusion = conclusion.inside
    yield _tested(report)


def _culprits(conclusion: Conclusion) -> list[Text]:
    lines = [_who(commit) for commit in conclusion.named[-_NAMED:]]
    left = len(conclusion.named) - len(lines)
    return [*lines, text(more_words(left, "older commit"))] if left else lines


def _who(commit: Commit) -> Text:
    by = f"by {cut(commit.author, 60)}, {commit.date[:10]}" if commit.author else ""
    what = "A merge: " if commit.is_merge else ""
    return text(what, Span(named(commit), bold=True), Span(f" {by}", Tone.FAINT))


def _suspects(conclusion: Conclusion, title: str) -> Table:
    by_belief = sorted(conclusion.suspicions, key=lambda entry: -entry.probability)
    rows = [_suspect_row(entry) for entry in by_belief[:_SUSPECTS]]
    none = conclusion.no_culprit
    no_culprit = text("no culprit"), text(chance(none)), text(Span(bar(none, _BAR), Tone.WARN))
    rows.append((*no_culprit, (), ()))
    left = len(by_belief) - _SUSPECTS
    return Table(
        title or "Suspects",
        ("commit", "belief", "", "failed", "clues"),
        tuple(rows),
        more=max(0, left),
        what="more suspect",
    )


def _suspect_row(entry: Suspicion) -> tuple[Text, ...]:
    return (
        text(named(entry.commit)),
        text(chance(entry.probability)),
        text(Span(bar(entry.probability, _BAR), Tone.BAD)),
        text(runs_words(Counted(entry.failed, entry.passed), entry.unusable)),
        text(Span(clue_words(entry), Tone.FAINT)),
    )


def clue_words(entry: Suspicion) -> str:
    """Why a suspect was more suspicious from the begin: `24x: stack a.py, test t.py`."""
    if not entry.touched:
        return ""
    touched = ", ".join(f"{kind} {cut_name(path, 60)}" for kind, path in entry.touched.items())
    return f"{entry.times:g}x: {touched}"


def _tested(report: SearchReport) -> Table:
    """What each commit that was run said, in the order of the search."""
    by_commit: dict[str, list[Observation]] = {}
    for observation in report.observations:
        by_commit.setdefault(observation.commit, []).append(observation)
    rows = [_tested_row(sha, runs) for sha, runs in by_commit.items()]
    return Table(
        "Runs, in the order of the search",
        ("commit", "failed", "passed", "no answer", "from"),
        tuple(rows[:_TESTED]),
        more=max(0, len(rows) - _TESTED),
        what="more commit",
    )


def _tested_row(sha: str, runs: list[Observation]) -> tuple[Text, ...]:
    answers = [str(observation.answer) for observation in runs]
    failed, passed = answers.count("failed"), answers.count("passed")
    sources = dict.fromkeys(_SOURCES[observation.source] for observation in runs)
    return (
        text(short(sha)),
        text(f"{failed:,}"),
        text(f"{passed:,}"),
        text(f"{len(runs) - failed - passed:,}"),
        text(", ".join(sources)),
    )


def _foot(report: SearchReport) -> Iterator[str]:
    own = [entry for entry in report.observations if entry.source is Source.RUN]
    known = len(report.observations) - len(own)
    spent = duration(round(sum(entry.seconds for entry in own) * 1000))
    rules = report.question.rules
    beside = f" and {plural(known, 'known answer')}" if known else ""
    yield (
        f"{plural(len(own), 'run')}{beside}, {rules.parallel:,} at once, {spent} of runs in all;"
        f" confidence {chance(rules.confidence)}."
    )
    if report.question.history.source:
        yield f"History: {cut(report.question.history.source, 300)}"
    if report.conclusion.kind is Kind.UNSURE:
        yield f"Go on: ci-stat culprit resume {report.name} --budget {rules.budget * 2}"
