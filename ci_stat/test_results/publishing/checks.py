"""A check run: what it says, its annotations, and creating it once."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ci_stat.connectors.github.publish_schema import CheckRun, Written
from ci_stat.connectors.github.pull_requests import MAX_ANNOTATIONS, MAX_OUTPUT, PullRequests
from ci_stat.escape import visible_lines
from ci_stat.records import DeliveryState
from ci_stat.redaction.redact import redacted_beginning
from ci_stat.rendering.document import cut
from ci_stat.rendering.format import plural
from ci_stat.test_results.publishing.model import Failure, Publication
from ci_stat.test_results.publishing.recorded import BUSY, SENT, RecordedCalls, request_of
from ci_stat.test_results.publishing.text.markdown import Writer
from ci_stat.test_results.publishing.text.section import section_text
from ci_stat.test_results.publishing.text.words import fresh, headline

MOST = 200  # annotations; the rest is in the summary
_MAX_MESSAGE, _MAX_TITLE, _MAX_PATH = 2_000, 200, 400  # characters
_CHECK = "check"
_SHORTER = (50, 20, 10, 5, 0)  # entries of each list

Annotation = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CheckContent:
    """What a check run says. `id`: a hash of all of it. `left_out`: annotations beyond MOST."""

    id: str
    conclusion: str
    output: Mapping[str, str]
    annotations: tuple[Annotation, ...]
    url: str
    left_out: int = 0


def check_content(publication: Publication, writer: Writer) -> CheckContent:
    """The content of the check run of a run. Only failures whose file is known are annotated."""
    located = [failure for failure in publication.failures if _path(failure)]
    annotations = tuple(_annotation(failure, publication, writer) for failure in located[:MOST])
    left_out = len(located) - len(annotations)
    said = headline(publication)
    output = {
        "title": cut(f"{said[:1].upper()}{said[1:]}", 255),
        "summary": _summary(publication, writer, left_out),
    }
    run, conclusion = publication.run, _conclusion(publication)
    url = writer.address(run.url)
    parts = [1, run.key, conclusion, output, annotations, url]
    id = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:20]
    return CheckContent(f"ci_stat:{id}", conclusion, output, annotations, url, left_out)


def _conclusion(publication: Publication) -> str:
    """Neutral for failures that do not count. Missing results are a failure."""
    if publication.is_red:
        return "failure"
    if publication.is_open:
        return "neutral" if publication.may_fail else "failure"
    return "neutral" if publication.failures else "success"


def _summary(publication: Publication, writer: Writer, left_out: int) -> str:
    note = f"\n{plural(left_out, 'more failure')} could be annotated.\n" if left_out else ""
    for limit in _SHORTER:
        text = section_text(publication, writer, limit) + note
        if len(text.encode()) <= MAX_OUTPUT:
            break
    return text


def _path(failure: Failure) -> str:
    """The file of a failure in the repository; "" if it is not known."""
    path = failure.case.file.replace("\\", "/").removeprefix("./")
    parts = path.split("/")
    is_inside = path and not path.startswith("/") and ".." not in parts and ":" not in parts[0]
    return path if is_inside and len(path) <= _MAX_PATH and path.isprintable() else ""


def _annotation(failure: Failure, publication: Publication, writer: Writer) -> Annotation:
    counts = failure in fresh(publication)
    line = max(failure.case.line or 1, 1)
    message = redacted_beginning(failure.case.message, _MAX_MESSAGE, writer.hosts)
    title = redacted_beginning(failure.case.name, _MAX_TITLE, writer.hosts)
    return {
        "path": _path(failure),
        "start_line": line,
        "end_line": line,
        "annotation_level": "failure" if counts else "warning",
        "title": cut(title, _MAX_TITLE),
        "message": visible_lines(message[:_MAX_MESSAGE]) or "no message",
    }


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`is_new`: False if the commit had this check run. `annotations`: how many it has now."""

    content: CheckContent
    is_new: bool
    annotations: int = 0
    written: Written = SENT


@dataclass(frozen=True, slots=True)
class CheckPublisher:
    """Creates check runs at the commits of one repository."""

    github: PullRequests
    calls: RecordedCalls

    def publish(self, commit: str, name: str, content: CheckContent) -> CheckResult:
        """Create the check run, unless the commit has it.

        A run that lacks annotations, because a process was killed, gets the rest. Raises
        SourceError and DatabaseError.
        """
        self.github.wait_to_write()
        known = self._known(commit, name, content)
        if known is None:
            written = self._create(commit, name, content) or BUSY
            if written.state is not DeliveryState.SENT:
                return CheckResult(content, True, 0, written)
            known = self._known(commit, name, content)
            if known is None:
                sent = len(content.annotations[:MAX_ANNOTATIONS])
                known = CheckRun(written.id, name, "completed", content.id, sent, written.url)
            return self._annotate(known, content, is_new=True)
        return self._annotate(known, content, is_new=False)

    def _known(self, commit: str, name: str, content: CheckContent) -> CheckRun | None:
        checks = self.github.check_runs(commit, name)
        return next((check for check in checks if check.external_id == content.id), None)

    def _create(self, commit: str, name: str, content: CheckContent) -> Written | None:
        first = list(content.annotations[:MAX_ANNOTATIONS])
        fields = {
            "status": "completed",
            "conclusion": content.conclusion,
            "external_id": content.id,
            "output": {**content.output, "annotations": first},
            **({"details_url": content.url} if content.url else {}),
        }

        def look() -> Written | None:
            check = self._known(commit, name, content)
            return Written(DeliveryState.SENT, check.id, check.url) if check else None

        request = request_of(_CHECK, commit, name, content.id)
        return self.calls.make(
            request, lambda: self.github.create_check(commit, name, fields), look
        )

    def _annotate(self, check: CheckRun, content: CheckContent, is_new: bool) -> CheckResult:
        """Append the annotations that the check run lacks."""
        written = Written(DeliveryState.SENT, check.id, check.url)
        sent = check.annotations
        for rest in _batches(content.annotations[sent:]):
            written = self.github.add_annotations(check.id, content.output, rest)
            if written.state is not DeliveryState.SENT:
                break
            sent += len(rest)
        return CheckResult(content, is_new, sent, written)


def _batches(annotations: Sequence[Annotation]) -> list[Sequence[Annotation]]:
    return [
        annotations[begin : begin + MAX_ANNOTATIONS]
        for begin in range(0, len(annotations), MAX_ANNOTATIONS)
    ]
