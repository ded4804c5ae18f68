"""Checks of requests: what GitHub refuses, and mistakes that it silently accepts (findings)."""

from typing import Any

from tests.support.github import refusals
from tests.support.github.records import Call, Refused
from tests.support.github.state import GitHub

MAX_TITLE = 256
MAX_BODY = 65_536
REASONS = {"open": ("reopened",), "closed": ("completed", "not_planned", "duplicate")}
Json = dict[str, Any]


def body_of(
    github: GitHub, call: Call, fields: dict[str, str], required: tuple[str, ...] = ()
) -> Json:
    """Return the checked body. `fields`: `string` or `strings`, with `?` if null is allowed."""
    if call.json is None:
        raise refusals.refused(400, "Problems parsing JSON")
    if not isinstance(call.json, dict):
        raise refusals.refused(400, "Body should be a JSON object")
    check_fields(github, call, call.json, fields, required)
    return call.json


def check_fields(
    github: GitHub, call: Call, given: Json, fields: dict[str, str], required: tuple[str, ...] = ()
) -> None:
    for name in given:
        if name not in fields:
            github.findings.append(f"{call.method} {call.path}: unknown field {name} in the body")
            raise refusals.malformed(f'"{name}" is not a permitted key.')
    for name in required:
        if name not in given:
            raise refusals.malformed(f'"{name}" wasn\'t supplied.')
    for name, value in given.items():
        _check_type(name, value, fields[name])


def _check_type(name: str, value: Any, kind: str) -> None:
    if value is None and kind.endswith("?"):
        return
    if kind.startswith("strings"):
        wrong = not isinstance(value, list) or any(not isinstance(item, str) for item in value)
    else:
        wrong = not isinstance(value, str)
    if wrong:
        what = "an array of strings" if kind.startswith("strings") else "a string"
        raise refusals.malformed(f"For 'properties/{name}', {value!r:.40} is not {what}.")


def check_title(github: GitHub, call: Call, title: str) -> None:
    if not title.strip():
        raise refusals.invalid({"resource": "Issue", "code": "missing_field", "field": "title"})
    if len(title) > MAX_TITLE:
        raise refusals.invalid(refusals.too_long("Issue", "title", MAX_TITLE))
    if title != title.strip() or not title.isprintable():
        github.findings.append(
            f"{call.method} {call.path}: a title with line ends or other characters nobody sees"
        )


def check_body(body: str | None) -> None:
    if len(body or "") > MAX_BODY:
        raise refusals.invalid(refusals.too_long("Issue", "body", MAX_BODY))


def check_comment(body: str) -> None:
    if not body.strip():
        raise refusals.invalid(
            {"resource": "IssueComment", "code": "missing_field", "field": "body"},
            about="/issues/comments",
        )
    if len(body) > MAX_BODY:
        wrong = refusals.too_long("IssueComment", "body", MAX_BODY, "unprocessable") | {
            "field": "data"
        }
        raise refusals.invalid(wrong, about="/issues/comments")


def check_state(github: GitHub, call: Call, given: Json) -> None:
    """A reason needs a state: GitHub ignores a reason alone, which is never intended."""
    state, reason = given.get("state"), given.get("state_reason")
    if state is not None and state not in REASONS:
        raise refusals.invalid(
            {"resource": "Issue", "code": "invalid", "field": "state", "value": state}
        )
    if reason is None:
        return
    allowed = REASONS.get(str(state), (*REASONS["open"], *REASONS["closed"]))
    if reason not in allowed:
        raise refusals.invalid(
            {"resource": "Issue", "code": "invalid", "field": "state_reason", "value": reason}
        )
    if state is None:
        github.findings.append(
            f"{call.method} {call.path}: state_reason={reason} without a state is ignored"
        )


def check_choice(call: Call, name: str, choices: tuple[str, ...]) -> str:
    """The value of a query parameter, by default the first of `choices`."""
    value = call.query.get(name, choices[0])
    if value not in choices:
        raise refusals.invalid(
            {"resource": "Issue", "code": "invalid", "field": name, "value": value}
        )
    return value


def take_creation(github: GitHub) -> None:
    """Apply the secondary limit on new issues and comments, per minute of the server's clock."""
    limit = github.now.timestamp() - 60
    github.creations = [moment for moment in github.creations if moment.timestamp() > limit]
    if len(github.creations) >= github.creations_per_minute:
        raise Refused(refusals.secondary(60))
    github.creations.append(github.now)
