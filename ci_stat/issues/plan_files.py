"""Saves plans as JSON files that a person reviews and applies later, and reads them back."""

import json
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec.structs import replace

from ci_stat.config import zone_of
from ci_stat.errors import SettingsError, WriteError
from ci_stat.formats.files import open_output
from ci_stat.issues.model import PLAN_FORMAT, IssuePlan
from ci_stat.records import IssueAction

_READABLE = (1, PLAN_FORMAT)
# A note of format 1, which is read back: it must never change.
_NOT_READ_1 = "gh_token is not set: planned as if the tracker held nothing"


def read_plan(file: Path) -> IssuePlan:
    """Read a saved plan. Raises WriteError for a file that is not a readable plan."""
    try:
        plan = _parsed(json.loads(file.read_bytes()))
        _check(plan)
    except OSError as error:
        raise WriteError(f"Cannot read {file}: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise WriteError(
            f"{file} is not a plan: {str(error)[:200]}.",
            "Create one with: ci-stat issues plan --plan-out FILE.",
        ) from None
    return plan


def _parsed(data: object) -> IssuePlan:
    """The plan of a file of any readable format. Raises ValueError."""
    version = data.get("format") if isinstance(data, dict) else None
    if version not in _READABLE:
        raise ValueError(f"its format is {version}, written by another version of ci_stat")

    plan = msgspec.convert(data, IssuePlan)
    return _from_format_1(plan) if version == 1 else plan


def _from_format_1(plan: IssuePlan) -> IssuePlan:
    """Format 1 has no field `tracker_read`, but a note."""
    return replace(plan, tracker_read=_NOT_READ_1 not in plan.notes, format=PLAN_FORMAT)


def _check(plan: IssuePlan) -> None:
    """Check values that decoding accepts. Raises ValueError."""
    last_runs = [entry.last for entry in plan.entries if entry.last]
    moments = (*plan.window, plan.made_at, plan.looked_at, *last_runs)
    if not all(map(_is_plausible, moments)):
        raise ValueError("a time in it has no time zone or is out of range")

    try:
        zone_of(plan.zone, "zone")
    except SettingsError as error:
        raise ValueError(str(error)) from None

    for entry in plan.entries:
        IssueAction(entry.action)


def _is_plausible(moment: datetime) -> bool:
    return moment.tzinfo is not None and 1970 <= moment.year < 9999


def write_plan(plan: IssuePlan, file: Path) -> None:
    """Write the plan atomically: a truncated file could pass for a smaller plan.

    Raises WriteError.
    """
    with open_output(str(file)) as out:
        # msgspec's own encoder rejects lone surrogates, which names can contain.
        json.dump(msgspec.to_builtins(plan), out, indent=2)
        out.write("\n")
