"""The outcome of one write: done, certainly not done, or uncertain.

It is done only if the response proves it.
"""

from collections.abc import Sequence
from typing import Any

from ci_stat.connectors.github.responses import CallResult, CallState
from ci_stat.connectors.github.schema import SchemaError, comment_of, issue_of
from ci_stat.connectors.outcome import LOOK_FIRST
from ci_stat.records import WriteResult
from ci_stat.records.delivery import DeliveryState

MAX_TITLE, MAX_BODY = 256, 65_536  # characters
# After these no other creation succeeds: wrong token, no permission, moved, issues disabled,
# blocked by law.
_STOPS_CREATION = (301, 307, 308, 401, 403, 404, 410, 451)


def new_issue(title: str, body: str, labels: Sequence[str]) -> dict[str, Any]:
    """The body of a creation.

    Raises ValueError if it is too long: the caller knows what can be cut.
    """
    if not title.strip() or len(title) > MAX_TITLE:
        raise ValueError(f"a title of {len(title)} characters; 1 to {MAX_TITLE} are allowed")
    return {"title": title, "body": checked(body), "labels": list(labels)}


def checked(body: str) -> str:
    """`body`. Raises ValueError if it is too long."""
    if len(body) > MAX_BODY:
        raise ValueError(f"a text of {len(body)} characters; {MAX_BODY} are allowed")
    return body


def created(result: CallResult, repo: str, title: str) -> WriteResult:
    """The outcome of creating an issue."""
    if result.state is not CallState.DONE:
        return _not_done(result, 0, result.code in _STOPS_CREATION)
    try:
        issue = issue_of(result.value, repo)
    except SchemaError as error:
        return _unproven(result, 0, str(error))
    if result.code != 201 or issue.title.split() != title.split():
        return _unproven(result, 0, "the response does not confirm a creation")
    return WriteResult(DeliveryState.SENT, issue.number, labels=issue.labels, code=result.code)


def commented(result: CallResult, repo: str, number: int) -> WriteResult:
    """The outcome of commenting on issue `number`."""
    if result.state is not CallState.DONE:
        return _not_done(result, number)
    try:
        comment = comment_of(result.value, repo, number)
    except SchemaError as error:
        return _unproven(result, number, str(error))
    if result.code != 201:
        return _unproven(result, number, "the response does not confirm a creation")
    return WriteResult(DeliveryState.SENT, number, comment.id, code=result.code)


def edited(result: CallResult, repo: str, number: int, state: str | None) -> WriteResult:
    """The outcome of changing issue `number`. `state`: the requested state."""
    if result.state is not CallState.DONE:
        return _not_done(result, number)
    try:
        issue = issue_of(result.value, repo)
    except SchemaError as error:
        return _unproven(result, number, str(error))
    if issue.number != number or (state is not None and issue.open != (state == "open")):
        return _unproven(result, number, "the response does not confirm this change")
    return WriteResult(DeliveryState.SENT, number, labels=issue.labels, code=result.code)


def _not_done(result: CallResult, number: int, stop: bool = False) -> WriteResult:
    if result.state is CallState.UNKNOWN:
        return _uncertain(result, number, result.reason)
    return WriteResult(
        DeliveryState.FAILED,
        number,
        reason=result.reason,
        hint=result.hint,
        code=result.code,
        stop=stop or _stops_all(result),
    )


def _stops_all(result: CallResult) -> bool:
    """Whether no other write would succeed either, e.g. after a refused certificate."""
    disabled = "disabled" in result.message
    limited = result.state is CallState.LIMITED
    unreachable = result.state is CallState.UNREACHABLE and not result.temporary
    return result.code == 401 or disabled or limited or unreachable


def _unproven(result: CallResult, number: int, problem: str) -> WriteResult:
    return _uncertain(result, number, f"GitHub: {problem} (HTTP status {result.code})")


def _uncertain(result: CallResult, number: int, reason: str) -> WriteResult:
    hint = f"{LOOK_FIRST} {result.hint}".strip()
    return WriteResult(DeliveryState.UNCERTAIN, number, reason=reason, hint=hint, code=result.code)
