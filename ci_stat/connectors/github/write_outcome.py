"""What became of one write: done, for certain not done, or in doubt. Only what proves itself done is done."""

from collections.abc import Sequence
from typing import Any

from ci_stat.connectors.github.responses import Said, What
from ci_stat.connectors.github.schema import Misshapen, comment_of, issue_of
from ci_stat.connectors.outcome import LOOK_FIRST
from ci_stat.records import Written
from ci_stat.records.delivery import DeliveryState

MAX_TITLE, MAX_BODY = 256, 65_536  # characters
# No other creation does better after these: token, rights, name, issues switched off, the law.
_STOPS_CREATION = (301, 307, 308, 401, 403, 404, 410, 451)


def new_issue(title: str, body: str, labels: Sequence[str]) -> dict[str, Any]:
    """The body of a creation. Raises ValueError for what is too long: it must be cut where it is known what matters."""
    if not title.strip() or len(title) > MAX_TITLE:
        raise ValueError(f"a title of {len(title)} characters; 1 to {MAX_TITLE} are allowed")
    return {"title": title, "body": checked(body), "labels": list(labels)}


def checked(body: str) -> str:
    """`body`, if it is not too long. Raises ValueError."""
    if len(body) > MAX_BODY:
        raise ValueError(f"a text of {len(body)} characters; {MAX_BODY} are allowed")
    return body


def created(said: Said, repo: str, title: str) -> Written:
    """What became of a new issue."""
    if said.what is not What.GOOD:
        return _not_done(said, 0, said.code in _STOPS_CREATION)
    try:
        issue = issue_of(said.value, repo)
    except Misshapen as error:
        return _unproved(said, 0, str(error))
    if said.code != 201 or issue.title.split() != title.split():
        return _unproved(said, 0, "the answer is not that of a creation")
    return Written(DeliveryState.SENT, issue.number, labels=issue.labels, code=said.code)


def commented(said: Said, repo: str, number: int) -> Written:
    """What became of a new comment on issue `number`."""
    if said.what is not What.GOOD:
        return _not_done(said, number)
    try:
        comment = comment_of(said.value, repo, number)
    except Misshapen as error:
        return _unproved(said, number, str(error))
    if said.code != 201:
        return _unproved(said, number, "the answer is not that of a creation")
    return Written(DeliveryState.SENT, number, comment.id, code=said.code)


def edited(said: Said, repo: str, number: int, state: str | None) -> Written:
    """What became of a change of issue `number`; `state`: what it was set to."""
    if said.what is not What.GOOD:
        return _not_done(said, number)
    try:
        issue = issue_of(said.value, repo)
    except Misshapen as error:
        return _unproved(said, number, str(error))
    if issue.number != number or (state is not None and issue.open != (state == "open")):
        return _unproved(said, number, "the answer is not that of this change")
    return Written(DeliveryState.SENT, number, labels=issue.labels, code=said.code)


def _not_done(said: Said, number: int, stop: bool = False) -> Written:
    if said.what is What.DOUBT:
        return _in_doubt(said, number, said.reason)
    # Issues that are switched off, a limit that does not pass, a certificate that is refused: the next one fares alike.
    stop = stop or said.code == 401 or "disabled" in said.message or said.what is What.LIMITED
    stop = stop or (said.what is What.AWAY and not said.passing)
    return Written(
        DeliveryState.FAILED, number, reason=said.reason, hint=said.hint, code=said.code, stop=stop
    )


def _unproved(said: Said, number: int, why: str) -> Written:
    return _in_doubt(said, number, f"GitHub: {why} (HTTP status {said.code})")


def _in_doubt(said: Said, number: int, reason: str) -> Written:
    hint = f"{LOOK_FIRST} {said.hint}".strip()
    return Written(DeliveryState.UNCERTAIN, number, reason=reason, hint=hint, code=said.code)
