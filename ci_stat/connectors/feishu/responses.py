"""What an answer of Feishu, or of whoever answered in its place, means for a message."""

from typing import Any

from ci_stat.connectors.feishu.codes import (
    SIGNATURE,
    card_trouble,
    of_code,
    of_status,
    signature_hint,
)
from ci_stat.connectors.http.client import Answer, NoAnswer
from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.outcome import Reaction, Verdict

RESET = "x-ogw-ratelimit-reset"  # the gateway's header: seconds to wait


def judge(answer: Answer | NoAnswer, mask: Mask, now: float) -> Verdict:
    """The verdict. `now`: Unix seconds of this machine's clock, to compare with the server's."""
    if isinstance(answer, NoAnswer):
        return answer.verdict()
    value = answer.json() or {}
    code = _code(value)
    if code == 0 and answer.ok:
        return Verdict(Reaction.DONE, code=0, value=value)
    if code:
        return _refused(answer, value, code, mask, now)
    return _without_code(answer, mask)


def _code(value: dict[str, Any]) -> int | None:
    """Feishu's code: of old bots, `StatusCode`. None where there is none."""
    code = value.get("code", value.get("StatusCode"))
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def _refused(answer: Answer, value: dict[str, Any], code: int, mask: Mask, now: float) -> Verdict:
    known = of_code(code, answer.status)
    msg = str(value.get("msg") or value.get("StatusMessage") or "")
    trouble = card_trouble(msg)
    hint = known.hint
    if code == SIGNATURE:
        theirs = answer.time()
        hint = signature_hint(None if theirs is None else now - theirs)
    said = mask.shown(trouble.reason if trouble else msg)
    reason = (
        f"Feishu: {known.reason} (code {code}"
        + (f": {said}" if said else "")
        + f"{_log_id(answer, value, mask)})"
    )
    return Verdict(known.reaction, reason, hint, code, answer.wait(RESET))


def _log_id(answer: Answer, value: dict[str, Any], mask: Mask) -> str:
    """What Feishu's support wants to know."""
    error = value.get("error")
    found = (error.get("log_id") if isinstance(error, dict) else None) or answer.headers.get(
        "x-tt-logid"
    )
    return f"; log_id {mask.shown(found, 100)}" if found else ""


def _without_code(answer: Answer, mask: Mask) -> Verdict:
    log_id = _log_id(answer, {}, mask)
    if not answer.ok:
        known = of_status(answer.status)
        reason = f"Feishu: {known.reason} (HTTP status {answer.status}{log_id})"
        return Verdict(known.reaction, reason, known.hint, answer.status, answer.wait(RESET))
    if answer.is_page:
        reason = "A web page came in place of Feishu's answer."
        return Verdict(
            Reaction.GIVE_UP,
            reason,
            "A proxy or login page answers: check the address.",
            answer.status,
        )
    if answer.json() is not None:
        what = "that says neither that it was delivered nor why not"
    else:
        what = "that is cut, or no JSON" if answer.body else "without a body"
    return Verdict(
        Reaction.UNKNOWN,
        f"Feishu: an answer {what} (HTTP status {answer.status}{log_id})",
        code=answer.status,
    )
