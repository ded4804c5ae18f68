"""Parts 1 and 2 of an issue's block: how to reproduce the failure, and what was expected."""

from collections.abc import Iterator

from ci_stat.issues.text.commands import command
from ci_stat.issues.text.subject import Subject
from ci_stat.records import FailureKind
from ci_stat.statistics.intervals import lower_bound

RARE, NEARLY_ALWAYS = 0.5, 0.8  # lower bounds of the failure rate


def steps(subject: Subject) -> Iterator[str]:
    """Yield a command that runs the test by itself, if one is known; else the job to rerun."""
    line, where = _command(subject)
    shown = subject.pen.fence(line, "sh")
    is_unchanged = f"\n{line}\n" in shown  # masking or escaping would break the command
    if line and is_unchanged:
        yield shown
        hints = list(_hints(subject, where))
        if hints:
            yield " ".join(hints)
        return

    pen, run = subject.pen, subject.occurrences[-1].run
    commit = f" on commit {pen.code(run.commit)}" if run.commit else ""
    yield f"Run the job {pen.code(run.job)} again{commit}: {subject.last_run()}."


def _command(subject: Subject) -> tuple[str, str]:
    decision, about = subject.decision, subject.about
    failure = subject.occurrences[-1].failure
    values = f"{decision.name}\n{failure.file}\n{failure.suite}"
    if decision.kind != FailureKind.CASE or not subject.is_plain(values):
        return "", ""
    return command(decision.name, failure, about.repo, about.reproduce)


def _hints(subject: Subject, where: str) -> Iterator[str]:
    failed, runs, _ = subject.counted()
    rate = lower_bound(failed, runs)
    if where:
        yield f"Run it in the directory of {subject.pen.code(where)}."
    if rate < RARE:
        yield "It fails intermittently: run it many times."
    elif rate >= NEARLY_ALWAYS:
        yield "It fails in nearly every run."


def expected(subject: Subject) -> str:
    if subject.is_incident:
        return "All tests pass."
    if subject.decision.kind == FailureKind.CASE:
        return f"{subject.name} passes in every run."
    return f"No run ends with {subject.name}."
