"""Of an issue's text: how to see the failure, and what was expected instead (parts 1 and 2)."""

from collections.abc import Iterator

from ci_stat.issues.text.markdown import command
from ci_stat.issues.text.subject import Subject
from ci_stat.records import FailureKind
from ci_stat.statistics.intervals import lower_bound

RARE, NEARLY_ALWAYS = 0.5, 0.8  # rates, at the lower end of what they may be


def steps(subject: Subject) -> Iterator[str]:
    """A command that runs the test by itself, where one is known; or the job to run again."""
    pen, said = subject.pen, subject.hits[-1].said
    line, where, name = "", "", subject.decision.name
    if subject.decision.kind == FailureKind.CASE and subject.is_plain(
        f"{name}\n{said.file}\n{said.suite}"
    ):
        line, where = command(name, said, subject.about.repo, subject.about.reproduce)
    shown = pen.fence(line, "sh")
    if line and f"\n{line}\n" in shown:  # what was broken to be harmless is no command any more
        yield shown
        yield from filter(None, [" ".join(_hints(subject, where))])
    else:
        last = subject.hits[-1]
        commit = f" on commit {pen.code(last.run.commit)}" if last.run.commit else ""
        yield f"Run the job {pen.code(last.run.job)} again{commit}: {subject.last_run()}."


def _hints(subject: Subject, where: str) -> Iterator[str]:
    failed, runs, _ = subject.counted()
    least = lower_bound(failed, runs)
    if where:
        yield f"In the folder of {subject.pen.code(where)}."
    if least < RARE:
        yield "It fails now and then: run it many times."
    elif least >= NEARLY_ALWAYS:
        yield "It fails in nearly every run."


def expected(subject: Subject) -> str:
    if subject.is_incident:
        return "All tests pass."
    if subject.decision.kind == FailureKind.CASE:
        return f"{subject.name} passes in every run."
    return f"No run ends with {subject.name}."
