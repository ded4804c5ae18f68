"""The shell: plans for issues that are saved, to be read by a person and applied later."""

import json
from pathlib import Path

import msgspec

from ci_stat.config import zone_of
from ci_stat.errors import SettingsError, WriteError
from ci_stat.exchange import written
from ci_stat.records import IssueAction, IssuePlan


def read_plan(file: Path) -> IssuePlan:
    """A plan that was saved. Raises CiStatError for a file that is none."""
    try:
        plan = msgspec.convert(json.loads(file.read_bytes()), IssuePlan)
        _require_sound(plan)
    except OSError as error:
        raise WriteError(f"{file} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise WriteError(
            f"{file} is no plan of ours: {str(error)[:200]}.",
            "Make one: ci-stat issues plan --plan-out FILE.",
        ) from None
    return plan


def _require_sound(plan: IssuePlan) -> None:
    """Raises ValueError for what decoding lets pass."""
    if plan.format != IssuePlan.__struct_defaults__[-1]:
        raise ValueError(f"it has the format {plan.format}, of another version of ci_stat")
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
