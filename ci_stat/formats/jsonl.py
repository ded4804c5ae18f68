"""Run records as JSON Lines, the format of `ci-stat import` and `ci-stat export` (docs/formats.md).

One JSON object a line. Pure text to value and back; files are the caller's.
"""

import json
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from ci_stat.errors import BadRecord
from ci_stat.escape import json_safe
from ci_stat.records import HALF_PAIR, RunRow, Status, no_number, pull_number

# What other CI systems call the three outcomes; anything else is kept as it is.
STATUS_NAMES = {
    "COMPLETED": Status.SUCCESS, "SUCCESS": Status.SUCCESS, "PASSED": Status.SUCCESS, "SUCCEEDED": Status.SUCCESS,
    "FAILURE": Status.FAILURE, "FAILED": Status.FAILURE,
    "ABORTED": Status.ABORTED, "CANCELLED": Status.ABORTED, "CANCELED": Status.ABORTED,
}  # fmt: skip

# Short fields and the build parameter that each one is stored as.
PULL_FIELDS = {
    "pr_number": "ghprbPullId",
    "author": "ghprbPullAuthorLogin",
    "pr_title": "ghprbPullTitle",
    "pr_link": "ghprbPullLink",
}
_TEXTS = ("repo", "branch", "commit", "comment")
_REQUIRED = ("job_name", "job_id", "status", "time")
FIELDS = (
    *_REQUIRED,
    "duration",
    *_TEXTS,
    *PULL_FIELDS,
    "case",
    "description",
    "analysis_res",
    "status_is_raw",
)
MAX_DEPTH = 90  # MySQL takes 100 levels of JSON
_MAX_INT = 2**63 - 1
_FIRST_YEAR = 1000  # where DATETIME of MySQL and MariaDB begins


def decode_line(text: str | bytes, zone: ZoneInfo) -> RunRow:
    """One line to one row; times with an offset and epoch seconds are converted to `zone`.

    Raises BadRecord that says which field is wrong and how.
    """
    try:
        record = json.loads(text, parse_constant=no_number)
    except (ValueError, RecursionError) as error:
        raise BadRecord(f"not valid JSON ({str(error)[:120]})") from None
    if not isinstance(record, dict):
        raise BadRecord(f"a {type(record).__name__}, not a JSON object")
    if nested_too_deep(record):
        raise BadRecord(f"nested more than {MAX_DEPTH} levels deep")
    _check_names(record)
    row = RunRow(
        job=_text(record, "job_name") or "",
        job_id=_integer(record, "job_id") or 0,
        status=_status(record),
        time=_time(record["time"], zone),
        duration=_integer(record, "duration"),
        description=_description(record),
        analysis_res=_analysis(record),
    )
    row.repo, row.branch, row.commit, row.comment = (_text(record, name) for name in _TEXTS)
    if record.get("pr_number") and not row.repo:
        raise BadRecord("pr_number without repo: a pull request is known by both")
    return row


def nested_too_deep(value: object, left: int = MAX_DEPTH) -> bool:
    """Whether `value` is nested more than `MAX_DEPTH` levels deep, where databases and Python's own writer give up."""
    if not isinstance(value, (dict, list)):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return left == 0 or any(nested_too_deep(each, left - 1) for each in inner)


def _check_names(record: dict[str, Any]) -> None:
    # `"time": null` says that the time is not known: `export` writes so, and what it writes comes back.
    missing = [name for name in _REQUIRED if record.get(name) in (None, "")]
    if "time" in record and record["time"] is None:
        missing.remove("time")
    if missing:
        raise BadRecord(f"no {' and no '.join(missing)}")
    for name in record:
        if name not in FIELDS:
            near = get_close_matches(name, FIELDS, n=1)
            raise BadRecord(
                f"unknown field {name[:80]!r}" + (f", did you mean {near[0]!r}?" if near else "")
            )


def _text(record: dict[str, Any], name: str) -> str | None:
    value = record.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRecord(f"{name} is {_shown(value)}, not a text")
    if value is not None and HALF_PAIR.search(value):
        raise BadRecord(f"{name} holds half of a surrogate pair, which is no text")
    return value


def _integer(record: dict[str, Any], name: str) -> int | None:
    value = record.get(name)
    if value is None:
        return None
    whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1
    if not whole or not 0 <= value <= _MAX_INT:
        raise BadRecord(f"{name} is {_shown(value)}, not a whole number from 0 to 2^63-1")
    return int(value)


def _status(record: dict[str, Any]) -> str:
    status = _text(record, "status") or ""
    raw = record.get("status_is_raw")
    if raw not in (None, True, False):
        raise BadRecord(f"status_is_raw is {_shown(raw)}, not true or false")
    return status if raw else mapped_status(status)


def mapped_status(status: str) -> str:
    """What another CI system's word means here; an unknown one is kept as it is."""
    known = STATUS_NAMES.get(status.upper())
    return known.value if known else status


def _time(value: object, zone: ZoneInfo) -> datetime | None:
    """ISO 8601 text, with or without offset, or seconds since 1970; to the second, as the table keeps it."""
    if value is None:
        return None
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            moment = datetime.fromtimestamp(value, UTC)
        # Epoch milliseconds in quotes would be read as the year 1624.
        elif isinstance(value, str) and not (value.isdigit() and len(value) > len("20210619")):
            moment = datetime.fromisoformat(value)
        else:
            raise ValueError
        if moment.tzinfo is not None:
            moment = moment.astimezone(zone).replace(tzinfo=None, fold=0)
        if moment.year < _FIRST_YEAR:
            raise ValueError
    except (ValueError, OverflowError, OSError):
        raise BadRecord(
            f"time is {_shown(value)}, not ISO 8601 (2021-06-19T08:30:00) or epoch seconds"
        ) from None
    return moment.replace(microsecond=0)


def _object(record: dict[str, Any], name: str) -> dict[str, Any] | str | None:
    value = record.get(name)
    if isinstance(value, dict):
        return value
    if value is not None and not isinstance(value, str):
        raise BadRecord(f"{name} is {_shown(value)}, not an object")
    return _text(record, name)


def _description(record: dict[str, Any]) -> dict[str, Any] | str | None:
    """The build parameters, with the short fields in the places where the writer keeps them."""
    given = _object(record, "description")
    short = {PULL_FIELDS[name]: text for name in PULL_FIELDS if (text := _pull_text(record, name))}
    if not short:
        return given
    if isinstance(given, str):
        raise BadRecord("description is a text, so pr_number and the like have no place to go")
    return {**(given or {}), **short}


def _pull_text(record: dict[str, Any], name: str) -> str | None:
    """A short field as the build parameter's text; None where it is not given. 0 is the number of no pull request."""
    if name != "pr_number":
        value = record.get(name)
        # A half pair may stand here, as in description: JSON has a way to write it.
        return value if isinstance(value, str) else _text(record, name)
    number = _integer(record, name)
    if number and not pull_number(str(number)):
        raise BadRecord(f"pr_number is {number}, of more digits than a pull request's number has")
    return str(number) if number else None


def _analysis(record: dict[str, Any]) -> dict[str, Any] | str | None:
    given, cases = _object(record, "analysis_res"), record.get("case")
    if cases is None:
        return given
    if not isinstance(cases, list) or not all(isinstance(name, str) for name in cases):
        raise BadRecord(f"case is {_shown(cases)}, not a list of names")
    if isinstance(given, str):
        raise BadRecord("analysis_res is a text, so case has no place to go")
    return {**(given or {}), "case": cases}


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= 60 else f"{text[:60]}…"


def encode_row(row: RunRow) -> str:
    """The row as one line without newline. What the table holds and nothing derived from it, so it comes back equal."""
    record = {
        "job_name": row.job, "job_id": row.job_id, "status": row.status,
        "time": row.time.isoformat() if row.time else None, "duration": row.duration, "repo": row.repo,
        "branch": row.branch, "commit": row.commit, "comment": row.comment,
        "description": row.description, "analysis_res": row.analysis_res,
        # The table may hold FAILED itself; an import must not take it for FAILURE.
        "status_is_raw": mapped_status(row.status) != row.status or None,
    }  # fmt: skip
    kept = {name: value for name, value in record.items() if value is not None or name == "time"}
    # An export to a terminal must not act on it, and some readers take U+2028 for the end of a line.
    return json_safe(json.dumps(kept, ensure_ascii=False))
