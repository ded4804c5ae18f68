"""From a response of Slack, or of a proxy in between, to the outcome of an attempt."""

import re

from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.http.response import NoResponse, Response
from ci_stat.connectors.outcome import AttemptOutcome, Reaction, without_response
from ci_stat.connectors.slack.codes import ERRORS, SlackError, of_status
from ci_stat.escape import visible


def of_webhook(response: Response | NoResponse, mask: Mask) -> AttemptOutcome:
    """The body of a webhook's response is one word: `ok`, or the name of an error."""
    if isinstance(response, NoResponse):
        return without_response(response)
    word = response.text()[:100]
    if response.ok and word == "ok":
        return AttemptOutcome(Reaction.DONE, code=response.status)
    return _refused(response, word, mask)


def of_api(response: Response | NoResponse, mask: Mask) -> AttemptOutcome:
    """The body of an API's response is a JSON object with `ok`, and `error` or `ts`."""
    if isinstance(response, NoResponse):
        return without_response(response)
    value = response.json() or {}
    if response.ok and value.get("ok") is True:
        stamp = value.get("ts")
        message_id = visible(stamp, 100) if stamp else ""
        return AttemptOutcome(Reaction.DONE, code=response.status, message_id=message_id)
    return _refused(response, str(value.get("error") or ""), mask)


def _refused(response: Response, error: str, mask: Mask) -> AttemptOutcome:
    known = ERRORS.get(error) or _unknown_error(response, error)
    is_name = re.fullmatch(r"[\w.-]+", error) is not None
    quoted = f": {mask.shown(error)}" if is_name else ""
    reason = f"Slack: {known.reason} (HTTP status {response.status}{quoted})"
    return AttemptOutcome(
        known.reaction, reason, known.hint, response.status, response.retry_after()
    )


def _unknown_error(response: Response, error: str) -> SlackError:
    """For an error that is not in the table, or a response that is not Slack's."""
    if not response.ok:
        return of_status(response.status)
    if response.is_page:
        hint = "A proxy or login page responded: check the address."
        return SlackError(Reaction.GIVE_UP, "received a web page instead of a response", hint)
    if (response.json() or {}).get("ok") is False and error:
        return SlackError(Reaction.GIVE_UP, "the message is refused")
    return SlackError(Reaction.UNKNOWN, "the response is truncated, or not Slack's")
