"""GitHub's JSON of commit statuses and check runs as values."""

from dataclasses import dataclass
from typing import Any

from ci_stat.connectors.github.schema import Fields
from ci_stat.escape import web_link
from ci_stat.records import DeliveryState


@dataclass(frozen=True, slots=True)
class CommitStatus:
    """One status of a commit. `state`: success, failure, error or pending."""

    context: str
    state: str
    description: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class CheckRun:
    """One check run. `external_id`: what its creator calls it. `annotations`: how many it has."""

    id: int
    name: str
    status: str
    external_id: str
    annotations: int
    url: str


@dataclass(frozen=True, slots=True)
class Written:
    """The outcome of one write: SENT, FAILED (certainly not done) or UNCERTAIN.

    - `id`, `url`: what was written. `code`: HTTP status.
    - `reason`, `hint`: what failed, and what to do.
    """

    state: DeliveryState
    id: int = 0
    url: str = ""
    reason: str = ""
    hint: str = ""
    code: int | None = None


def status_of(value: Any) -> CommitStatus:
    """Raises SchemaError."""
    fields = Fields(value)
    return CommitStatus(
        fields.text("context"),
        fields.text("state"),
        fields.optional("description"),
        fields.optional("target_url"),
    )


def check_of(value: Any) -> CheckRun:
    """Raises SchemaError."""
    fields = Fields(value)
    output = Fields(fields.get("output"))
    return CheckRun(
        fields.number("id"),
        fields.text("name"),
        fields.text("status"),
        fields.optional("external_id"),
        output.number("annotations_count", 0),
        link_in(value),
    )


def link_in(value: Any) -> str:
    """The address of the page of an object, or ""."""
    url = value.get("html_url") if isinstance(value, dict) else None
    return web_link(url if isinstance(url, str) else None) or ""
