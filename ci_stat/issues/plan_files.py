"""The shell: plans for issues that are saved, to be read by a person and applied later."""

import json
from pathlib import Path

import msgspec
from msgspec.structs import replace

from ci_stat.config import zone_of
from ci_stat.errors import SettingsError, WriteError
from ci_stat.formats.files import written
from ci_stat.issues.model import PLAN_FORMAT, IssuePlan
from ci_stat.records import IssueAction

_READABLE = (1, PLAN_FORMAT)
# The note of format 1, as that version wrote it: it must never change.
_NOT_READ_1 = "gh_token is not set: planned as if the tracker held nothing"


def read_plan(file: Path) -> IssuePlan:
    """A plan that was saved. Raises CiStatError for a file that is none."""
    try:
        plan = _plan(json.loads(file.read_bytes()))
        _require_sound(plan)
    except OSError as error:
        raise WriteError(f"{file} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise WriteError(
            f"{file} is no plan of ours: {str(error)[:200]}.",
            "Make one: ci-stat issues plan --plan-out FILE.",
        ) from None
    return plan


def _plan(data: object) -> IssuePlan:
    """The plan of a file, whichever readable format it has. Raises ValueError."""
    version = data.get("format") if isinstance(data, dict) else None
    if version not in _READABLE:
        raise ValueError(f"it has the format {version}, of another version of ci_stat")
    plan = msgspec.convert(data, IssuePlan)
    return _of_format_1(plan) if version == 1 else plan


def _of_format_1(plan: IssuePlan) -> IssuePlan:
    """Format 1 has no `tracker_read`: one sentence among the notes says it."""
    return replace(plan, tracker_read=_NOT_READ_1 not in plan.notes, format=PLAN_FORMAT)


def _require_sound(plan: IssuePlan) -> None:
    """Raises ValueError for what decoding lets pass."""
    last = (each.last for each in plan.entries if each.last)
    for moment in (*plan.window, plan.made_at, plan.looked_at, *last):
        if moment.tzinfo is None or not 1970 <= moment.year < 9999:
            raise ValueError("a time in it has no zone, or is far away")
    try:
        zone_of(plan.zone, "zone")
    except SettingsError as error:
        raise ValueError(str(error)) from None
    for each in plan.entries:
        IssueAction(each.action)


def write_plan(plan: IssuePlan, file: Path) -> None:
    """Whole or not at all: a plan that is cut could be taken for a smaller one. Raises WriteError."""
    with written(str(file)) as out:
        # Not msgspec's own writer: names may hold half surrogate pairs.
        json.dump(msgspec.to_builtins(plan), out, indent=2)
        out.write("\n")
