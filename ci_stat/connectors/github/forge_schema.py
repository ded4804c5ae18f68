"""GitHub's JSON of repositories, pull requests, statuses and check runs as values for campaigns."""

import base64
import binascii
from datetime import datetime
from typing import Any

from ci_stat.connectors.github.schema import GHOST, Fields, SchemaError
from ci_stat.escape import web_link
from ci_stat.records.forge import CommitSignal, PullState, RepositoryInfo

PENDING = "pending"


def repository_of(value: Any) -> RepositoryInfo:
    """Raises SchemaError."""
    fields = Fields(value)
    permissions = fields.get("permissions")
    rights = permissions if isinstance(permissions, dict) else {}
    parent = fields.get("parent")
    return RepositoryInfo(
        fields.text("full_name"),
        fields.text("default_branch"),
        is_private=fields.get("private") is True,
        is_archived=fields.get("archived") is True,
        can_pull=rights.get("pull") is True,
        can_push=rights.get("push") is True,
        parent=Fields(parent).text("full_name") if isinstance(parent, dict) else "",
    )


def pull_of(value: Any) -> PullState:
    """Raises SchemaError. A list of pull requests lacks `mergeable`: then it is None."""
    fields = Fields(value)
    head, base = Fields(fields.get("head")), Fields(fields.get("base"))
    head_repo = head.get("repo")  # null if the fork was deleted
    mergeable = fields.get("mergeable")
    user = fields.get("user")
    closed = fields.get("closed_at")
    return PullState(
        fields.number("number"),
        web_link(fields.text("html_url")) or "",
        is_open=fields.text("state") == "open",
        is_merged=fields.get("merged_at") is not None,
        title=fields.optional("title"),
        body=fields.optional("body"),
        author=Fields(user).text("login") if isinstance(user, dict) else GHOST,
        head_repo=Fields(head_repo).text("full_name") if isinstance(head_repo, dict) else "",
        head_branch=head.text("ref"),
        head_sha=head.text("sha"),
        base_branch=base.text("ref"),
        mergeable=mergeable if isinstance(mergeable, bool) else None,
        created=fields.time("created_at"),
        closed=fields.time("closed_at") if closed is not None else None,
    )


def status_signal(value: Any) -> CommitSignal:
    """Raises SchemaError."""
    fields = Fields(value)
    creator = fields.get("creator")
    return CommitSignal(
        "status",
        fields.number("id"),
        fields.text("context"),
        fields.text("state"),
        fields.optional("description"),
        web_link(fields.optional("target_url")) or "",
        Fields(creator).text("login") if isinstance(creator, dict) else "",
        fields.time("created_at"),
        fields.time("updated_at"),
    )


def check_signal(value: Any) -> CommitSignal:
    """Raises SchemaError. Before it is completed, its state is `pending`."""
    fields = Fields(value)
    is_completed = fields.text("status") == "completed"
    started = _time_or(fields, "started_at", None)
    ended = _time_or(fields, "completed_at", started) if is_completed else started
    app, output = fields.get("app"), fields.get("output")
    return CommitSignal(
        "check",
        fields.number("id"),
        fields.text("name"),
        fields.text("conclusion") if is_completed else PENDING,
        Fields(output).optional("title") if isinstance(output, dict) else "",
        web_link(fields.optional("details_url")) or "",
        Fields(app).optional("slug") if isinstance(app, dict) else "",
        started,
        ended,
    )


def content_of(value: Any) -> str:
    """The text of a file. Raises SchemaError for a folder, and for one that is no text."""
    fields = Fields(value)
    if fields.get("encoding") != "base64":
        raise SchemaError("a folder, a link or a file over 1 MB instead of a text file")
    try:
        return base64.b64decode(fields.optional("content")).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise SchemaError("a file that is not UTF-8") from None


def ref_sha(value: Any) -> str:
    """The commit of a branch. Raises SchemaError."""
    return Fields(Fields(value).get("object")).text("sha")


def ref_name(value: Any) -> str:
    """The name of a branch. Raises SchemaError."""
    return Fields(value).text("ref").removeprefix("refs/heads/")


def branches_of(value: Any) -> dict[str, str]:
    """Branches with their commits, from a list of references. Raises SchemaError."""
    if not isinstance(value, list):
        raise SchemaError("an answer that is no list of references")
    return {ref_name(ref): ref_sha(ref) for ref in value}


def _time_or(fields: Fields, name: str, default: datetime | None) -> datetime:
    """A queued check run has no time of its start yet: then it is as old as can be."""
    if fields.get(name) is not None:
        return fields.time(name)
    return default or datetime.fromisoformat("1970-01-01T00:00:00+00:00")
