"""GitHub's refusals: its texts and its JSON."""

from typing import Any

from tests.support.github.records import DOCUMENTATION, Answer, Refused

LIMITS = f"{DOCUMENTATION}/using-the-rest-api/rate-limits-for-the-rest-api"
SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "If you reach out to GitHub Support for help, please include the request ID."
)
NO_AGENT = (
    "Request forbidden by administrative rules. "
    "Please make sure your request has a User-Agent header "
    "(https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required)."
)
PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Unicorn! &middot; GitHub</title></head>"
    b"<body>SECRET-PAGE</body></html>\n"
)
MANY_PAGES = (
    "Pagination with the page parameter is not supported for large datasets, "
    "please use cursor based pagination (after/before)"
)
SEARCHED = (
    "The listed users and repositories cannot be searched "
    "either because the resources do not exist or you do not have permission to view them."
)
NO_RIGHT = "Must have admin rights to Repository."
LOCKED = "Unable to create comment because issue is locked."
DISABLED = "Issues are disabled for this repo"


def says(status: int, message: str, about: str = "", **more: Any) -> Answer:
    """An error as JSON. `about`: the linked part of the documentation."""
    where = about if about.startswith("https:") else f"{DOCUMENTATION}{about}"
    return Answer(
        status, {"message": message, "documentation_url": where, "status": str(status), **more}
    )


def refused(status: int, message: str, about: str = "", **more: Any) -> Refused:
    return Refused(says(status, message, about, **more))


def not_found() -> Refused:
    return refused(404, "Not Found")


def invalid(*errors: dict[str, Any], about: str = "/issues/issues") -> Refused:
    """422 with GitHub's list of invalid fields."""
    return refused(422, "Validation Failed", about, errors=list(errors))


def malformed(problem: str, about: str = "/issues/issues") -> Refused:
    """422 for a missing or unknown field, or one of another type."""
    return refused(422, f"Invalid request.\n\n{problem}", about)


def too_long(resource: str, field: str, limit: int, code: str = "custom") -> dict[str, Any]:
    message = f"{field} is too long (maximum is {limit} characters)"
    return {"resource": resource, "code": code, "field": field, "message": message}


def exhausted() -> Answer:
    """The primary limit."""
    return says(403, "API rate limit exceeded for user ID 41898282.", LIMITS)


def secondary(seconds: float | None) -> Answer:
    """The secondary limit; `seconds`: None to leave out Retry-After."""
    answer = says(403, SECONDARY, f"{LIMITS}#about-secondary-rate-limits")
    answer.headers |= {} if seconds is None else {"Retry-After": str(int(seconds))}
    return answer


def page(status: int) -> Answer:
    """An HTML answer of GitHub's proxy."""
    return Answer(status, raw=PAGE, kind="text/html; charset=utf-8")
