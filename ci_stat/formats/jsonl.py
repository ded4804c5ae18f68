"""JSON Lines of runs: the format of `ci-stat import` and `ci-stat export` (docs/formats.md).

One JSON object per line. Pure: converts between text and values; the caller handles files.
"""

import json
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from ci_stat.errors import BadRecord
from ci_stat.escape import web_link
from ci_stat.formats.failure_details import failure_details, is_names, shown, with_details
from ci_stat.formats.jsonl_status import check_counted, status_of, text_field
from ci_stat.records import (
    ATTEMPT_KEY,
    ATTEMPT_UNIT,
    MAX_ATTEMPT,
    NUMBER_KEY,
    URL_KEY,
    RunRow,
    finite,
    no_number,
    pull_number,
    stored_number,
)

# Short fields, and the build parameter that stores each of them.
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
    "conclusion",
    "attempt",
    "duration",
    *_TEXTS,
    "url",
    *PULL_FIELDS,
    "case",
    "failures",
    "description",
    "analysis_res",
    "status_is_raw",
)
MAX_DEPTH = 90  # levels of JSON; MySQL allows 100
_MAX_INT = 2**63 - 1
_MIN_YEAR = 1000  # of DATETIME in MySQL and MariaDB


def decode_line(text: str | bytes, zone: ZoneInfo) -> RunRow:
    """Decode one line. Times with an offset and epoch seconds are converted to `zone`.

    Raises BadRecord that names the invalid field and the reason, and NotCounted.
    """
    try:
        record = json.loads(text, parse_constant=no_number, parse_float=finite)
    except (ValueError, RecursionError) as error:
        raise BadRecord(f"not valid JSON ({str(error)[:120]})") from None
    if not isinstance(record, dict):
        raise BadRecord(f"a {type(record).__name__}, not a JSON object")
    if nested_too_deep(record):
        raise BadRecord(f"nested more than {MAX_DEPTH} levels deep")
    _check_unknown(record)
    check_counted(record)
    _check_missing(record)
    row = RunRow(
        job=text_field(record, "job_name") or "",
        job_id=_job_id(record),
        status=status_of(record),
        time=_time(record["time"], zone),
        duration=_integer(record, "duration"),
        description=_description(record),
        analysis_res=_analysis(record),
    )
    row.repo, row.branch, row.commit, row.comment = (text_field(record, name) for name in _TEXTS)
    if record.get("pr_number") and not row.repo:
        raise BadRecord("pr_number without repo: a pull request is identified by both")
    return row


def nested_too_deep(value: object, left: int = MAX_DEPTH) -> bool:
    """Whether `value` has more than `MAX_DEPTH` levels, which databases and `json` cannot write."""
    if not isinstance(value, (dict, list)):
        return False
    children = value.values() if isinstance(value, dict) else value
    return left == 0 or any(nested_too_deep(child, left - 1) for child in children)


# What others call a field, where the nearest spelling is another field.
_OTHER_NAMES = {
    "job": "job_name",
    "name": "job_name",
    "build": "job_id",
    "build_number": "job_id",
    "id": "job_id",
    "number": "job_id",
    "run_number": "job_id",
    "result": "status",
    "start": "time",
    "started_at": "time",
    "timestamp": "time",
    "ref": "branch",
    "sha": "commit",
    "pr": "pr_number",
    "pull_request": "pr_number",
    "link": "url",
}


def _check_unknown(record: dict[str, Any]) -> None:
    unknown = next((name for name in record if name not in FIELDS), None)
    if unknown is not None:
        same = _OTHER_NAMES.get(unknown.casefold())
        similar = [same] if same else get_close_matches(unknown, FIELDS, n=1)
        hint = f", did you mean {similar[0]!r}?" if similar else ""
        raise BadRecord(f"unknown field {unknown[:80]!r}{hint}")


def _check_missing(record: dict[str, Any]) -> None:
    missing = [name for name in _REQUIRED if record.get(name) in (None, "")]
    # `"time": null` is an unknown time: `export` writes it, so `import` must read it.
    if "time" in record and record["time"] is None:
        missing.remove("time")
    if "status" in missing and record.get("conclusion"):
        missing.remove("status")
    if missing:
        raise BadRecord(f"missing {', '.join(missing)}")


def _integer(record: dict[str, Any], name: str) -> int | None:
    value = record.get(name)
    if value is None:
        return None
    whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1
    if not whole or not 0 <= value <= _MAX_INT:
        raise BadRecord(f"{name} is {shown(value)}, not a whole number from 0 to 2^63-1")
    return int(value)


def _attempt(record: dict[str, Any]) -> int:
    attempt = _integer(record, "attempt")
    if attempt is None:
        return 1
    if not 1 <= attempt <= MAX_ATTEMPT:
        raise BadRecord(f"attempt is {shown(attempt)}, not a number from 1 to {MAX_ATTEMPT:,}")
    return attempt


def _job_id(record: dict[str, Any]) -> int:
    """The number under which the run is stored: that of its attempt."""
    number, attempt = _integer(record, "job_id") or 0, _attempt(record)
    if attempt > 1 and number >= ATTEMPT_UNIT:
        raise BadRecord(f"job_id is {number}: with an attempt it must be below 10^15")
    return stored_number(number, attempt)


def _time(value: object, zone: ZoneInfo) -> datetime | None:
    """Decode ISO 8601 text with or without offset, or seconds since 1970; to whole seconds."""
    if value is None:
        return None
    try:
        moment = _moment(value)
        if moment.tzinfo is not None:
            moment = moment.astimezone(zone).replace(tzinfo=None, fold=0)
        if moment.year < _MIN_YEAR:
            raise ValueError
    except (ValueError, OverflowError, OSError):
        raise BadRecord(
            f"time is {shown(value)}, not ISO 8601 (2021-06-19T08:30:00) or epoch seconds"
        ) from None
    return moment.replace(microsecond=0)


def _moment(value: object) -> datetime:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)

    if not isinstance(value, str):
        raise ValueError
    # Epoch milliseconds in quotes would be read as the year 1624.
    if value.isdigit() and len(value) > len("20210619"):
        raise ValueError
    return datetime.fromisoformat(value)


def _object(record: dict[str, Any], name: str) -> dict[str, Any] | str | None:
    value = record.get(name)
    if isinstance(value, dict):
        return value
    if value is not None and not isinstance(value, str):
        raise BadRecord(f"{name} is {shown(value)}, not an object")
    return text_field(record, name)


def _description(record: dict[str, Any]) -> dict[str, Any] | str | None:
    """Decode the build parameters and add the short fields under their parameter names."""
    parameters = _object(record, "description")
    short: dict[str, Any] = {
        PULL_FIELDS[name]: text for name in PULL_FIELDS if (text := _pull_text(record, name))
    }
    short |= _own_keys(record)
    if not short:
        return parameters
    if isinstance(parameters, str):
        raise BadRecord("description is a string, so fields such as pr_number do not fit in it")
    return {**(parameters or {}), **short}


def _own_keys(record: dict[str, Any]) -> dict[str, Any]:
    """`attempt` after the first, and `url`, as keys of `description`."""
    keys: dict[str, Any] = {}
    attempt, url = _attempt(record), text_field(record, "url")
    if attempt > 1:
        keys |= {NUMBER_KEY: _integer(record, "job_id"), ATTEMPT_KEY: attempt}
    if url:
        if web_link(url) is None:
            raise BadRecord(f"url is {shown(url)}, not an absolute http(s) address")
        keys[URL_KEY] = url
    return keys


def _pull_text(record: dict[str, Any], name: str) -> str | None:
    """Decode a short field as the text of its build parameter; None if it is missing.

    `"pr_number": 0` counts as missing.
    """
    if name != "pr_number":
        value = record.get(name)
        # A lone surrogate is allowed here, as in description: JSON can escape it.
        return value if isinstance(value, str) else text_field(record, name)

    number = _integer(record, name)
    if number and not pull_number(str(number)):
        raise BadRecord(f"pr_number is {number}, which has too many digits")
    return str(number) if number else None


def _analysis(record: dict[str, Any]) -> dict[str, Any] | str | None:
    """Decode the failures by kind, and add those of `case` and `failures`."""
    analysis, cases = _object(record, "analysis_res"), record.get("case")
    details = failure_details(record.get("failures"))
    if cases is None and not details:
        return analysis
    if cases is not None and not is_names(cases):
        raise BadRecord(f"case is {shown(cases)}, not a list of names")
    if isinstance(analysis, str):
        raise BadRecord("analysis_res is a string, so case and failures cannot be stored in it")
    added: dict[str, Any] = {} if cases is None else {"case": cases}
    return {**(analysis or {}), **with_details(added, details)}
