"""From a response of Feishu, or of a proxy in between, to the outcome of an attempt."""

from typing import Any

from ci_stat.connectors.feishu.codes import (
    SIGNATURE,
    card_error,
    of_code,
    of_status,
    signature_hint,
)
from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.http.response import NoResponse, Response
from ci_stat.connectors.outcome import AttemptOutcome, Reaction, without_response

RESET = "x-ogw-ratelimit-reset"  # header of Feishu's gateway: seconds to wait


def interpret(response: Response | NoResponse, mask: Mask, now: float) -> AttemptOutcome:
    """The outcome. `now`: this machine's clock in Unix seconds, to compare with the server's."""
    if isinstance(response, NoResponse):
        return without_response(response)
    value = response.json() or {}
    code = _code(value)
    if code == 0 and response.ok:
        return AttemptOutcome(Reaction.DONE, code=0, value=value)
    if code:
        return _refused(response, value, code, mask, now)
    return _without_code(response, mask)


def _code(value: dict[str, Any]) -> int | None:
    """Feishu's code (`StatusCode` from old bots); None without one."""
    code = value.get("code", value.get("StatusCode"))
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def _refused(
    response: Response, value: dict[str, Any], code: int, mask: Mask, now: float
) -> AttemptOutcome:
    known = of_code(code, response.status)
    message = str(value.get("msg") or value.get("StatusMessage") or "")
    error = card_error(message)
    detail = mask.shown(error.reason if error else message)
    quoted = f": {detail}" if detail else ""
    reason = f"Feishu: {known.reason} (code {code}{quoted}{_log_id(response, value, mask)})"
    hint = known.hint
    if code == SIGNATURE:
        server_time = response.server_time()
        hint = signature_hint(None if server_time is None else now - server_time)
    return AttemptOutcome(known.reaction, reason, hint, code, response.retry_after(RESET))


def _log_id(response: Response, value: dict[str, Any], mask: Mask) -> str:
    """The id that Feishu's support asks for."""
    error = value.get("error")
    log_id = error.get("log_id") if isinstance(error, dict) else None
    log_id = log_id or response.headers.get("x-tt-logid")
    return f"; log_id {mask.shown(log_id, 100)}" if log_id else ""


def _without_code(response: Response, mask: Mask) -> AttemptOutcome:
    status, log_id = response.status, _log_id(response, {}, mask)
    if not response.ok:
        known = of_status(status)
        reason = f"Feishu: {known.reason} (HTTP status {status}{log_id})"
        wait = response.retry_after(RESET)
        return AttemptOutcome(known.reaction, reason, known.hint, status, wait)
    if response.is_page:
        reason = "Received a web page instead of a response from Feishu."
        hint = "A proxy or login page responded: check the address."
        return AttemptOutcome(Reaction.GIVE_UP, reason, hint, status)
    reason = f"Feishu: {_defect(response)} (HTTP status {status}{log_id})"
    return AttemptOutcome(Reaction.UNKNOWN, reason, code=status)


def _defect(response: Response) -> str:
    if response.json() is not None:
        return "the response does not say whether the message was delivered"
    if response.body:
        return "the response is truncated, or not JSON"
    return "the response is empty"
