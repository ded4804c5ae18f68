"""Of an issue's text: the version (part 4), why the issue is here, how to silence it, who is told, who wrote it."""

from collections.abc import Iterator
from shlex import quote

from ci_stat.escape import visible
from ci_stat.issues.evidence import INCIDENT
from ci_stat.issues.text.markdown import share
from ci_stat.issues.text.subject import Subject
from ci_stat.records import FailureKind, IssueAction
from ci_stat.rendering.format import plural


def version(subject: Subject) -> str:
    pen, last = subject.pen, subject.hits[-1].run
    branch = f"Branch {pen.code(last.branch)}" if last.branch else "Branch not known"
    commit = f"commit {pen.code(last.commit)}" if last.commit else "commit not known"
    return f"{branch}, {commit}: those of {subject.last_run()}."


def why(subject: Subject) -> str:
    """What the planner said, and the rules it goes by."""
    rules = subject.about.rules
    because = _because(subject)
    filed = f"Filed because {because}. " if because else ""
    return (
        f"{filed}A test gets an issue when it fails in {plural(rules.failures, 'run')} of one window, or in "
        f"{plural(rules.windows, 'window')} of the last {plural(rules.memory.days, 'day')}. Runs that the "
        f"machines broke do not count. When more than {rules.together} tests fail in one run, or "
        f"{share(rules.share)} of a job's tests, they get one issue together."
    )


def _because(subject: Subject) -> str:
    """The planner's sentence of then: of a test it tells what it did, of an incident what happened."""
    marker = subject.decision.marker
    said = subject.pen.said(marker.why) if marker else ""
    return said if not said or subject.decision.kind == INCIDENT else f"it {said}"


def silence(subject: Subject) -> Iterator[str]:
    pen, rules = subject.pen, subject.about.rules
    if rules.mute_label:
        yield f"- Put the label {pen.code(rules.mute_label)} on this issue: nothing more is written here."
    line = f"ci-stat issues mute {_muted_name(subject)} --until DATE --why TEXT"
    yield f"- Or run {pen.code(line, 500)}."
    again = (
        f", unless it gets the label {pen.code(rules.refile_label)}" if rules.refile_label else ""
    )
    yield f"- Or close it as not planned: it is not filed again{again}."
    yield "- Closed as completed, it is opened again when a run that starts later fails in the same way."


def _muted_name(subject: Subject) -> str:
    name = (
        subject.decision.name if subject.decision.kind == FailureKind.CASE else subject.decision.key
    )
    return (
        quote(name)
        if subject.is_plain(name) and visible(name) == name and len(name) < 300
        else "CASE"
    )


def people(subject: Subject) -> Iterator[str]:
    """Who is told, and the issue that there was before."""
    owner = _owner(subject)
    if owner and subject.decision.action is IssueAction.FILE:
        yield f"cc {owner}"
    elif owner:
        yield f"Owner: {subject.pen.code(owner)}"  # who was told once
    earlier = subject.marker.earlier
    if earlier:
        yield f"Earlier: #{earlier.number} (closed {earlier.closed})."


def _owner(subject: Subject) -> str | None:
    suite = subject.hits[-1].said.suite
    return (
        subject.about.owners.of(subject.decision.name, suite, subject.about.repo)
        if subject.about.owners
        else None
    )


def foot(subject: Subject) -> str:
    made = subject.pen.code(f"ci_stat {subject.about.version}")
    return f"{made}, {subject.pen.moment(subject.about.now, zone=True)}. What people write above and below this stays."
