"""A commit status: what it says, and setting it once."""

from dataclasses import dataclass

from ci_stat.connectors.github.publish_schema import CommitStatus, Written
from ci_stat.connectors.github.pull_requests import MAX_DESCRIPTION, PullRequests
from ci_stat.rendering.document import cut
from ci_stat.rendering.format import plural
from ci_stat.store.state.calls import CallKind
from ci_stat.test_results.publishing.model import Publication
from ci_stat.test_results.publishing.recorded import BUSY, SENT, RecordedCalls, request_of
from ci_stat.test_results.publishing.text.markdown import Writer
from ci_stat.test_results.publishing.text.words import gate_words, headline

CONTEXT = "ci/tests"


def status_of(publication: Publication, context: str, writer: Writer) -> CommitStatus:
    """The status of a run: failure if a failure counts, error if results are missing."""
    state = "success"
    if publication.is_red:
        state = "failure"
    elif publication.is_open:
        state = "error"
    description = cut(_words(publication), MAX_DESCRIPTION)
    return CommitStatus(context, state, description, writer.address(publication.run.url))


def _words(publication: Publication) -> str:
    counts = publication.counts
    said, gate = headline(publication), gate_words(publication)
    words = f"{gate}; {said}" if gate else f"{said[:1].upper()}{said[1:]}"
    bad = counts.failed + counts.errors
    if publication.failures:
        words += f": {bad:,} failed of {plural(counts.tests, 'test')}"
    if publication.failures and publication.may_fail:
        words += "; this job may fail"
    if publication.failures and publication.collected.problems:
        words += "; results are missing"
    return words


@dataclass(frozen=True, slots=True)
class StatusResult:
    """`is_new`: False if the commit had this status. `written`: the outcome of the call."""

    status: CommitStatus
    is_new: bool
    written: Written = SENT


@dataclass(frozen=True, slots=True)
class StatusPublisher:
    """Sets statuses at the commits of one repository."""

    github: PullRequests
    calls: RecordedCalls

    def publish(self, commit: str, status: CommitStatus) -> StatusResult:
        """Set the status, unless the commit has it. Raises SourceError and DatabaseError."""
        self.github.wait_to_write()
        if self._is_set(commit, status):
            return StatusResult(status, is_new=False)

        def look() -> Written | None:
            return SENT if self._is_set(commit, status) else None

        parts = (commit, status.context, status.state, status.description, status.url)
        written = self.calls.make(
            request_of(CallKind.STATUS, *parts),
            lambda: self.github.create_status(commit, status),
            look,
        )
        return StatusResult(status, True, written or BUSY)

    def _is_set(self, commit: str, status: CommitStatus) -> bool:
        context = status.context.casefold()
        current = [one for one in self.github.statuses(commit) if one.context.casefold() == context]
        return any(
            (one.state, one.description, one.url) == (status.state, status.description, status.url)
            for one in current
        )
