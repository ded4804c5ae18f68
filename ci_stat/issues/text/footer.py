"""The end of an issue's block: version, reason for filing, ways to silence it, owner, author."""

from collections.abc import Iterator
from shlex import quote

from ci_stat.escape import visible
from ci_stat.issues.evidence import INCIDENT
from ci_stat.issues.text.markdown import share
from ci_stat.issues.text.subject import Subject
from ci_stat.records import FailureKind, IssueAction
from ci_stat.rendering.format import plural

_LONGEST_NAME = 300  # characters of a name in a command


def version(subject: Subject) -> str:
    pen, run = subject.pen, subject.occurrences[-1].run
    branch = f"Branch {pen.code(run.branch)}" if run.branch else "Unknown branch"
    commit = f"commit {pen.code(run.commit)}" if run.commit else "unknown commit"
    return f"{branch}, {commit}, from {subject.last_run()}."


def why(subject: Subject) -> str:
    """The planner's reason, and the rules behind it."""
    rules = subject.about.rules
    runs, windows = plural(rules.failures, "run"), plural(rules.windows, "window")
    sentences = [
        _filed_because(subject),
        f"A test gets an issue when it fails in {runs} of one window, "
        f"or in {windows} of the last {plural(rules.memory.days, 'day')}.",
        "Runs that the infrastructure broke do not count.",
        f"When more than {rules.together} tests fail in one run, "
        f"or {share(rules.share)} of a job's tests, they share one issue.",
    ]
    return " ".join(filter(None, sentences))


def _filed_because(subject: Subject) -> str:
    """The reason at the time of filing; of a test, its subject is left out in the marker."""
    marker = subject.decision.marker
    reason = subject.pen.said(marker.why) if marker else ""
    if not reason:
        return ""
    it = "" if subject.decision.kind == INCIDENT else "it "
    return f"Filed because {it}{reason}."


def silence(subject: Subject) -> Iterator[str]:
    pen, rules = subject.pen, subject.about.rules
    if rules.mute_label:
        yield f"- Add the label {pen.code(rules.mute_label)} to this issue: all updates stop."
    command = f"ci-stat issues mute {_muted_name(subject)} --until DATE --why TEXT"
    yield f"- Or run {pen.code(command, 500)}."

    label = rules.refile_label
    unless = f" unless you add the label {pen.code(label)}" if label else ""
    yield f"- Or close it as not planned: the failure gets no new issue{unless}."
    yield "- If you close it as completed, it is reopened when a later run fails in the same way."


def _muted_name(subject: Subject) -> str:
    """The name for the mute command, or CASE if the name is not safe to copy."""
    decision = subject.decision
    name = decision.name if decision.kind == FailureKind.CASE else decision.key
    is_safe = subject.is_plain(name) and visible(name) == name
    return quote(name) if is_safe and len(name) < _LONGEST_NAME else "CASE"


def people(subject: Subject) -> Iterator[str]:
    """The owner, who is mentioned in a new issue only, and the earlier issue."""
    owner = _owner(subject)
    if owner and subject.decision.action is IssueAction.FILE:
        yield f"cc {owner}"
    elif owner:
        yield f"Owner: {subject.pen.code(owner)}"

    earlier = subject.marker.earlier
    if earlier:
        yield f"Earlier: #{earlier.number} (closed {earlier.closed})."


def _owner(subject: Subject) -> str | None:
    about = subject.about
    if about.owners is None:
        return None
    suite = subject.occurrences[-1].failure.suite
    return about.owners.of(subject.decision.name, suite, about.repo)


def foot(subject: Subject) -> str:
    author = subject.pen.code(f"ci_stat {subject.about.version}")
    when = subject.pen.moment(subject.about.now, zone=True)
    return f"{author}, {when}. Text that you write above or below this block is kept."
