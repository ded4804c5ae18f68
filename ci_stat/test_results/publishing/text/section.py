"""A run of tests as Markdown: counts, what is new, what failed before, what is flaky."""

from collections.abc import Iterator, Sequence

from ci_stat.rendering.format import plural
from ci_stat.test_results.publishing.model import MAX_TIMED, Case, Failure, Publication, Standing
from ci_stat.test_results.publishing.text.markdown import MAX_MESSAGE, Writer, table
from ci_stat.test_results.publishing.text.words import (
    attempts_words,
    gate_words,
    headline,
    mark,
    run_name,
    standing_words,
)
from ci_stat.test_results.views.seconds import seconds_words

LIMIT = 10  # entries of each list
_FILES = 5


def section_text(publication: Publication, writer: Writer, limit: int = LIMIT) -> str:
    """The whole section. `limit`: entries of each list; the rest is counted."""
    name = writer.code(run_name(publication.run))
    parts = [
        f"### {mark(publication)} {name}: {headline(publication)}",
        _counts(publication),
        *_gate(publication, writer, limit),
        *_problems(publication, writer),
        *_failures(publication, writer, limit),
        *_slower(publication, writer, limit),
        *_flaky(publication.collected.flaky, writer, limit),
        _foot(publication, writer),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _counts(publication: Publication) -> str:
    counts, baseline = publication.counts, publication.baseline
    usual = baseline.seconds if baseline else None
    compared = f" (usually {seconds_words(usual)})" if usual is not None else ""
    named = (
        ("tests", counts.tests),
        ("passed", counts.passed),
        ("failed", counts.failed),
        ("errors", counts.errors),
        ("skipped", counts.skipped),
        ("passed after a retry", counts.flaky),
    )
    columns = [name for name, _ in named]
    cells = [f"{number:,}" for _, number in named]
    if counts.runs != counts.tests:
        columns.append("attempts")
        cells.append(f"{counts.runs:,}")
    return table([*columns, "time"], [*cells, seconds_words(counts.seconds) + compared])


def _gate(publication: Publication, writer: Writer, limit: int) -> Iterator[str]:
    verdict = publication.verdict
    if verdict is None:
        return
    excused = f" It excuses {plural(len(verdict.excused), 'failure')}." if verdict.excused else ""
    yield f"**{gate_words(publication)}.**{excused}"
    lines = [f"- {writer.code(reason.text, MAX_MESSAGE)}" for reason in verdict.reasons[:limit]]
    if verdict.reasons:
        yield _listed(lines, len(verdict.reasons) - limit, "more reason")


def _problems(publication: Publication, writer: Writer) -> Iterator[str]:
    problems = publication.collected.problems
    if not problems and publication.counts.tests:
        return
    if not problems:
        yield "**No test ran.** No result file has a test."
        return
    verb = "is" if len(problems) == 1 else "are"
    yield f"**{plural(len(problems), 'file')} {verb} not whole**, so results are missing:"
    lines = [
        f"- {writer.code(file.name)}: {writer.code(f'{file.state}: {file.detail}')}"
        for file in problems[:_FILES]
    ]
    yield _listed(lines, len(problems) - _FILES, "more file")


def _failures(publication: Publication, writer: Writer, limit: int) -> Iterator[str]:
    branch = publication.baseline.branch if publication.baseline else ""
    base = writer.code(branch, 80)
    broken = "Broken by this pull request" if publication.run.pull is not None else "New failures"
    titles = {
        Standing.BROKEN: f"{broken}: %s. On {base}, %s.",
        Standing.UNKNOWN: "Failed: %s. There is no history to compare with.",
        Standing.BEFORE: f"Failed on {base} before: %s.",
        Standing.FLAKY: "Known to be flaky: %s.",
    }
    for standing, title in titles.items():
        failures = publication.of(standing)
        if failures:
            yield _title(title, failures)
            yield _list(failures, branch, writer, limit)


def _title(title: str, failures: Sequence[Failure]) -> str:
    passes = "it does not fail" if len(failures) == 1 else "they do not fail"
    words = title % ((f"{len(failures):,}", passes) if title.count("%s") == 2 else len(failures))
    head, _, rest = words.partition(".")
    return f"**{head}.**{rest}"


def _list(failures: Sequence[Failure], branch: str, writer: Writer, limit: int) -> str:
    lines = [_entry(failure, branch, writer) for failure in failures[:limit]]
    return _listed(lines, len(failures) - limit, "more test")


def _entry(failure: Failure, branch: str, writer: Writer) -> str:
    words = (standing_words(failure, branch, writer), attempts_words(failure))
    clauses = "; ".join(filter(None, words))
    head = f"- {writer.code(failure.case.name)}{f': {clauses}' if clauses else ''}"
    message = " ".join(failure.case.message.split())
    return f"{head}\n  > {writer.code(message, MAX_MESSAGE)}" if message else head


def _slower(publication: Publication, writer: Writer, limit: int) -> Iterator[str]:
    slower = publication.slower
    if not slower:
        return
    branch = publication.baseline.branch if publication.baseline else ""
    yield f"**Slower than on {writer.code(branch, 80)}: {len(slower):,}.**"
    lines = [
        f"- {writer.code(one.name)}: {seconds_words(one.now)}, before {seconds_words(one.before)}"
        f" (median of {plural(one.runs, 'run')})"
        for one in slower[:limit]
    ]
    yield _listed(lines, len(slower) - limit, "more test")


def _flaky(cases: Sequence[Case], writer: Writer, limit: int) -> Iterator[str]:
    if not cases:
        return
    yield f"<details><summary>Passed after a retry: {len(cases):,}</summary>"
    lines = [f"- {writer.code(case.name)}" for case in cases[:limit]]
    yield _listed(lines, len(cases) - limit, "more test")
    yield "</details>"


def _listed(lines: Sequence[str], more: int, what: str) -> str:
    rest = [f"- … and {plural(more, what)}"] if more > 0 else []
    return "\n".join([*lines, *rest])


def _foot(publication: Publication, writer: Writer) -> str:
    run, links = publication.run, publication.links
    named = (("Run", run.url), ("Report", links.report), ("Artifacts", links.artifacts))
    parts = [writer.link(words, url) for words, url in named if writer.address(url)]
    if run.commit:
        parts.append(f"commit {writer.code(run.commit[:12])}")
    if run.attempt > 1:
        parts.append(f"attempt {run.attempt}")
    baseline = publication.baseline
    if baseline and baseline.branch:
        parts.append(
            f"compared with {plural(baseline.runs, 'run')} of {writer.code(baseline.branch, 80)}"
        )
        if len(publication.collected.seconds) > MAX_TIMED:
            parts.append(f"durations of the {MAX_TIMED:,} longest tests compared")
    elif baseline:
        parts.append(f"history: {plural(baseline.others, 'run')}, none of a base branch")
    return " · ".join(parts)
