"""Words that comment, summary, status and check run share."""

from ci_stat.records.run_info import RunInfo
from ci_stat.rendering.format import plural, times
from ci_stat.test_results.gates.model import Decision
from ci_stat.test_results.labels_text import label_pairs
from ci_stat.test_results.publishing.model import Failure, Publication, Standing
from ci_stat.test_results.publishing.text.markdown import Writer

_MARKS = {"failed": "❌", "unknown": "⚠️", "passed": "✅"}
_GATE_MARKS = {Decision.FAIL: "❌", Decision.CANNOT_TELL: "⚠️", Decision.PASS: "✅"}


def headline(publication: Publication) -> str:
    """What the run says, in one sentence of our own words."""
    broken = len(publication.of(Standing.BROKEN))
    failed = len(publication.failures)
    if broken:
        return (
            f"{plural(broken, 'test')} {'fails' if broken == 1 else 'fail'} {_where(publication)}"
        )
    if publication.of(Standing.UNKNOWN):
        return f"{plural(failed, 'test')} {'fails' if failed == 1 else 'fail'}"
    if failed:
        return f"no new failure; {plural(failed, 'test')} failed before or {_are(failed)} flaky"
    if not publication.collected.is_known:
        return "cannot tell whether all tests passed"
    count = publication.counts.tests
    return "the only test passed" if count == 1 else f"all {count:,} tests passed"


def _where(publication: Publication) -> str:
    """Against what a failure is new."""
    is_pull = publication.run.pull is not None
    return "because of this pull request" if is_pull else "that did not fail before"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def mark(publication: Publication) -> str:
    """❌ for new failures, ⚠️ for known ones and for an unknown state, ✅ if all passed.

    With a policy, the gate decides.
    """
    if publication.verdict is not None and not publication.may_fail:
        return _GATE_MARKS[publication.verdict.decision]
    if publication.failures and not fresh(publication):
        return _MARKS["unknown"]
    return _MARKS[publication.state]


def fresh(publication: Publication) -> tuple[Failure, ...]:
    """The failures that history does not excuse, of a job that must pass."""
    if publication.may_fail:
        return ()
    return tuple(
        failure
        for failure in publication.failures
        if failure.standing in (Standing.BROKEN, Standing.UNKNOWN)
    )


def gate_words(publication: Publication) -> str:
    """The answer of the gate; "" without a policy."""
    verdict = publication.verdict
    if verdict is None:
        return ""
    return {
        Decision.PASS: "The gate passes",
        Decision.FAIL: "The gate fails",
        Decision.CANNOT_TELL: "The gate cannot tell",
    }[verdict.decision]


def run_name(run: RunInfo) -> str:
    """The job with its labels: `unit (spark=3.5.7)`."""
    labels = label_pairs(run.labels)
    return f"{run.job} ({labels})" if labels else run.job


def standing_words(failure: Failure, branch: str, writer: Writer) -> str:
    """Why a failure has its standing, in one clause."""
    history = failure.history
    if failure.standing is Standing.UNKNOWN:
        return ""
    if failure.standing is Standing.FLAKY:
        return f"passed and failed on {history.mixed} of {plural(history.commits, 'commit')}"
    if failure.standing is Standing.BEFORE:
        since = history.since
        begin = f", since {_run_words(since.info, writer)}" if since else ""
        in_a_row = f"{plural(history.failed_runs, 'run')} in a row" if since else ""
        return f"failed in {in_a_row} of {writer.code(branch, 80)}{begin}"
    if history.last_passed is None:
        return f"new test: no run of {writer.code(branch, 80)} has it"
    return f"passed in {_run_words(history.last_passed.info, writer)}"


def _run_words(run: RunInfo, writer: Writer) -> str:
    number = f"run {run.number}" if run.number is not None else "a run"
    day = f" of {run.started:%Y-%m-%d}" if run.started else ""
    commit = f", commit {writer.code(run.commit[:12])}" if run.commit else ""
    return f"{writer.link(number, run.url)}{day}{commit}"


def attempts_words(failure: Failure) -> str:
    attempts = failure.case.attempts
    return f"failed {times(attempts)} in this run" if attempts > 1 else ""
