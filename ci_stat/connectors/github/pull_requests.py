"""What is published at a pull request and its commit: comments, commit statuses, check runs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ci_stat.connectors.github.publish_schema import (
    CheckRun,
    CommitStatus,
    Written,
    check_of,
    link_in,
    status_of,
)
from ci_stat.connectors.github.responses import (
    PUBLISH_REFUSALS,
    CallResult,
    CallState,
    Interpreter,
)
from ci_stat.connectors.github.schema import Fields, SchemaError, comment_of, valid_schema
from ci_stat.connectors.github.session import RepositorySession
from ci_stat.connectors.github.write_outcome import checked
from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.outcome import LOOK_FIRST
from ci_stat.records import DeliveryState, IssueComment

MAX_DESCRIPTION = 140  # characters of a status
MAX_ANNOTATIONS = 50  # of one request
MAX_OUTPUT = 65_535  # characters of a check run's summary


class PullRequests(RepositorySession):
    """Comments, statuses and check runs of one repository.

    Reads raise SourceError without a valid answer. Writes return their outcome.
    """

    def _interpreter(self, mask: Mask, wall: Callable[[], float]) -> Interpreter:
        return Interpreter(mask, wall, PUBLISH_REFUSALS)

    def wait_to_write(self) -> None:
        """Wait for the pause after the last write: what is read next is fresh at the next one."""
        self._calls.wait_to_write()

    # Comments

    def comments(self, pull: int) -> tuple[IssueComment, ...]:
        """All comments of a pull request, the oldest first."""
        values = self._pages.whole(f"{self._path}/issues/{pull:d}/comments", {})
        with valid_schema():
            comments = [comment_of(value, self.repo, pull) for value in values]
        return tuple({comment.id: comment for comment in comments}.values())

    def create_comment(self, pull: int, body: str) -> Written:
        """Comment. If the comment may have been created, it is not sent again."""
        path = f"{self._path}/issues/{pull:d}/comments"
        result = self._calls.post(path, {"body": checked(body)})
        return self._written(result, 201, lambda value: comment_of(value, self.repo, pull).id)

    def edit_comment(self, pull: int, comment: int, body: str) -> Written:
        path = f"{self._path}/issues/comments/{comment:d}"
        result = self._calls.patch(path, {"body": checked(body)})
        return self._written(result, 200, lambda value: comment_of(value, self.repo, pull).id)

    def delete_comment(self, comment: int) -> Written:
        """Delete a comment, or find that it is gone."""
        result = self._calls.delete(f"{self._path}/issues/comments/{comment:d}")
        if result.state is not CallState.DONE:
            return _not_done(result)
        return Written(DeliveryState.SENT, id=comment, code=result.code)

    # Commit statuses

    def statuses(self, commit: str) -> tuple[CommitStatus, ...]:
        """The newest status of each context of a commit."""
        path = f"{self._path}/commits/{commit}/status"
        statuses: list[CommitStatus] = []
        for page in self._pages.pages(path, {}, "statuses"):
            with valid_schema():
                statuses += [status_of(value) for value in page.items]
        return tuple(statuses)

    def create_status(self, commit: str, status: CommitStatus) -> Written:
        value = {
            "state": status.state,
            "context": status.context,
            "description": status.description[:MAX_DESCRIPTION],
            **({"target_url": status.url} if status.url else {}),
        }
        result = self._calls.post(f"{self._path}/statuses/{commit}", value)
        return self._written(result, 201, _id)

    # Check runs

    def check_runs(self, commit: str, name: str) -> tuple[CheckRun, ...]:
        """The check runs of a commit with this name, the newest first."""
        path = f"{self._path}/commits/{commit}/check-runs"
        checks: list[CheckRun] = []
        for page in self._pages.pages(path, {"check_name": name, "filter": "all"}, "check_runs"):
            with valid_schema():
                checks += [check_of(value) for value in page.items]
        return tuple(sorted(checks, key=lambda check: -check.id))

    def create_check(self, commit: str, name: str, fields: Mapping[str, Any]) -> Written:
        value = {"name": name, "head_sha": commit, **fields}
        return self._written(self._calls.post(f"{self._path}/check-runs", value), 201, _id)

    def add_annotations(
        self, check: int, output: Mapping[str, str], annotations: Sequence[Mapping[str, Any]]
    ) -> Written:
        """Append annotations, at most 50. Not repeated without an answer: GitHub appends again."""
        value = {"output": {**output, "annotations": list(annotations)}}
        result = self._calls.patch_once(f"{self._path}/check-runs/{check:d}", value)
        return self._written(result, 200, _id)

    def _written(self, result: CallResult, code: int, id_of: Callable[[Any], int]) -> Written:
        if result.state is not CallState.DONE:
            return _not_done(result)
        try:
            id = id_of(result.value)
        except SchemaError as error:
            return _uncertain(result, f"GitHub: {error} (HTTP status {result.code})")
        if result.code != code:
            return _uncertain(result, "GitHub: the response does not confirm the write")
        return Written(DeliveryState.SENT, id, link_in(result.value), code=result.code)


def _id(value: Any) -> int:
    return Fields(value).number("id")


def _not_done(result: CallResult) -> Written:
    if result.state is CallState.UNKNOWN:
        return _uncertain(result, result.reason)
    return Written(DeliveryState.FAILED, reason=result.reason, hint=result.hint, code=result.code)


def _uncertain(result: CallResult, reason: str) -> Written:
    hint = f"{LOOK_FIRST} {result.hint}".strip()
    return Written(DeliveryState.UNCERTAIN, reason=reason, hint=hint, code=result.code)
