"""The last comment at the pull request of a probe.

Each line begins with our own words, and text of others stands in code spans on one line: no part
of it is a command for a bot, a mention, or a reference.
"""

from collections.abc import Iterator, Sequence

from ci_stat.campaigns.model import Ending, Failure, JobResult, JobState, Probe, Spec
from ci_stat.campaigns.views.verdict_chat import known_words
from ci_stat.campaigns.views.words import STATES
from ci_stat.rendering.format import part_of, plural
from ci_stat.test_results.publishing.text.markdown import MAX_MESSAGE, Writer

MAX_BODY = 65_000  # characters; GitHub takes 65,536
_FAILURES = 10  # of each job
_MARKS = {JobState.PASSED: "✅", JobState.FAILED: "❌"}
_OTHER = "⚠️"


def final_comment(
    spec: Spec,
    probe: Probe,
    ending: Ending,
    marker: str = "",
    hosts: tuple[str, ...] = (),
) -> str:
    """What the jobs said, and what becomes of the pull request.

    - `marker`: the hidden line by which we recognise our comment. It comes first.
    - `hosts`: private ones, which it must not name.

    Failures are shortened until it fits GitHub's limit; what is left out is counted.
    """
    writer = Writer(hosts)
    most = _FAILURES
    body = _body(spec, probe, ending, marker, writer, most)
    while len(body) > MAX_BODY and most:
        most //= 2
        body = _body(spec, probe, ending, marker, writer, most)
    return body if len(body) <= MAX_BODY else _without_jobs(probe, ending, marker)


def closing_comment(kept_limit: int, newer: str, marker: str = "") -> str:
    """At a kept pull request that is closed because newer ones were kept.

    `newer`: the address of the newest kept pull request.
    """
    reference = Writer().link("The newest one", newer)
    pulls = plural(kept_limit, "failed pull request")
    words = f"Closed: at most {pulls} of stability campaigns on this branch are kept open."
    return _with_marker(marker, f"{words} {reference} stays open.\n")


def _body(spec: Spec, probe: Probe, ending: Ending, marker: str, writer: Writer, most: int) -> str:
    lines = [line for job in probe.jobs for line in _job(job, writer, most)]
    parts = (_head(probe), "\n".join(lines), _base(spec, probe, writer), _end(ending))
    return _with_marker(marker, "\n\n".join(filter(None, parts)) + "\n")


def _with_marker(marker: str, body: str) -> str:
    return f"{marker}\n{body}" if marker else body


def _head(probe: Probe) -> str:
    """The state of the whole probe."""
    total = len(probe.jobs)
    jobs = plural(total, "expected job")
    failed = _count(probe.jobs, JobState.FAILED)
    passed = _count(probe.jobs, JobState.PASSED)
    if failed:
        return f"### ❌ {failed:,} of {jobs} failed"
    if total and passed == total:
        all_jobs = part_of(total, total, "expected job")
        return f"### ✅ {all_jobs[0].upper()}{all_jobs[1:]} passed"
    return f"### ⚠️ {passed:,} of {jobs} passed, none failed"


def _count(jobs: Sequence[JobResult], state: JobState) -> int:
    return sum(job.state is state for job in jobs)


def _job(job: JobResult, writer: Writer, most: int) -> Iterator[str]:
    mark = _MARKS.get(job.state, _OTHER)
    state = writer.link(STATES[job.state], job.url)
    reason = f" ({writer.code(job.reason)})" if job.reason else ""
    reruns = f", {plural(job.reruns, 'later rerun')} not counted" if job.reruns else ""
    yield f"- {mark} {writer.code(job.context)}: {state}{reason}{reruns}"
    for failure in job.failures[:most]:
        yield f"  - {_failure(failure, writer)}"
    if len(job.failures) > most:
        yield f"  - … and {plural(len(job.failures) - most, 'more failure')}"
    if job.state is JobState.FAILED and not job.failures and job.log_state:
        yield f"  - No failure is known of its log: {writer.code(job.log_state)}"


def _failure(failure: Failure, writer: Writer) -> str:
    message = f": {writer.code(failure.message, MAX_MESSAGE)}" if failure.message else ""
    return f"{writer.code(failure.name)}{known_words(failure.known, failure.url, writer)}{message}"


def _base(spec: Spec, probe: Probe, writer: Writer) -> str:
    if not probe.base_sha:
        return ""
    return f"Base: {writer.code(spec.branch)} at {writer.code(probe.base_sha[:12])}"


def _end(ending: Ending) -> str:
    if ending is Ending.CLOSE:
        return "This pull request is closed and its branch deleted."
    return "This pull request stays open, so that its failures can be examined."


def _without_jobs(probe: Probe, ending: Ending, marker: str) -> str:
    words = "The list of jobs does not fit into a comment."
    return _with_marker(marker, f"{_head(probe)}\n\n{words}\n\n{_end(ending)}\n")
