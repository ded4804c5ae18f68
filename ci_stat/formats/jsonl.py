"""JSON Lines of runs: the format of `ci-stat import` and `ci-stat export` (docs/formats.md).

One JSON object per line. Pure: converts between text and values; the caller handles files.
"""

import json
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from ci_stat.errors import BadRecord
from ci_stat.escape import json_safe, web_link
from ci_stat.formats.failure_details import failure_details, is_names, shown, with_details
from ci_stat.formats.statuses import UNFINISHED, changes, mapped_status, not_counted
from ci_stat.records import (
    ATTEMPT_KEY,
    ATTEMPT_UNIT,
    HALF_PAIR,
    JOB_KEY,
    MAX_ATTEMPT,
    NUMBER_KEY,
    URL_KEY,
    RunRow,
    finite,
    full_name,
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


class NotCounted(Exception):
    """A line is about a run that does not count.

    `reason`: `statuses.UNFINISHED` or `SKIPPED`; `word`: the word of the CI, in lower case.
    """

    def __init__(self, reason: str, word: str) -> None:
        super().__init__(f"{reason} ({word})")
        self.reason, self.word = reason, word.lower()


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
    _check_counted(record)
    _check_missing(record)
    row = RunRow(
        job=_text(record, "job_name") or "",
        job_id=_job_id(record),
        status=_status(record),
        time=_time(record["time"], zone),
        duration=_integer(record, "duration"),
        description=_description(record),
        analysis_res=_analysis(record),
    )
    row.repo, row.branch, row.commit, row.comment = (_text(record, name) for name in _TEXTS)
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


def _text(record: dict[str, Any], name: str) -> str | None:
    value = record.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRecord(f"{name} is {shown(value)}, not a string")
    if value is not None and HALF_PAIR.search(value):
        raise BadRecord(f"{name} contains a lone surrogate")
    return value


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


def _word(record: dict[str, Any]) -> str:
    """The word for how the run ended: `conclusion` if it has one, else `status`."""
    status, conclusion = _text(record, "status"), _text(record, "conclusion")
    if conclusion:
        _check_conclusion(record, status, conclusion)
    else:
        _check_raw(record)
        _check_ended(record, status or "")
    return conclusion or status or ""


def _check_raw(record: dict[str, Any]) -> bool:
    """Whether the status is raw. Raises BadRecord."""
    raw = record.get("status_is_raw")
    if raw not in (None, True, False):
        raise BadRecord(f"status_is_raw is {shown(raw)}, not true or false")
    return bool(raw)


def _check_conclusion(record: dict[str, Any], status: str | None, conclusion: str) -> None:
    if _check_raw(record):
        raise BadRecord("conclusion with status_is_raw: write the word as status")
    if status and _disagree(status, conclusion):
        raise BadRecord(f"status {shown(status)} and conclusion {shown(conclusion)} differ")


def _check_ended(record: dict[str, Any], status: str) -> None:
    has_ended = status.lower() == "completed"
    if has_ended and "conclusion" in record:
        raise BadRecord("status is completed, but conclusion is missing: the outcome is unknown")


def _disagree(status: str, conclusion: str) -> bool:
    """Whether both name an outcome, and different ones. `completed` only says that it ended."""
    ended = status.lower() == "completed" or not_counted(status) == UNFINISHED
    return not ended and mapped_status(status) != mapped_status(conclusion)


def _check_counted(record: dict[str, Any]) -> None:
    """Raises NotCounted for a run that has not finished or was skipped."""
    word = _word(record)
    reason = "" if record.get("status_is_raw") else not_counted(word)
    if reason:
        raise NotCounted(reason, word)


def _status(record: dict[str, Any]) -> str:
    word = _word(record)
    return word if record.get("status_is_raw") else mapped_status(word)


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
    return _text(record, name)


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
    attempt, url = _attempt(record), _text(record, "url")
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
        return value if isinstance(value, str) else _text(record, name)

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


def encode_row(row: RunRow) -> str:
    """Encode a row as one line without newline: only stored values, so that it decodes equal."""
    short, description = _short_of(row)
    record = {
        "job_name": row.job,
        "job_id": row.job_id,
        "status": row.status,
        "time": row.time.isoformat() if row.time else None,
        **short,
        "duration": row.duration,
        "repo": row.repo,
        "branch": row.branch,
        "commit": row.commit,
        "comment": row.comment,
        "description": description,
        "analysis_res": row.analysis_res,
        # The table may contain FAILED itself; an import must not turn it into FAILURE.
        "status_is_raw": changes(row.status) or None,
    }
    fields = {name: value for name, value in record.items() if value is not None or name == "time"}
    # Control characters must not reach a terminal, and some readers split lines at U+2028.
    return json_safe(json.dumps(fields, ensure_ascii=False))


def _short_of(row: RunRow) -> tuple[dict[str, Any], dict[str, Any] | str | None]:
    """Name, number, attempt and page as an import takes them, and the rest of the description."""
    if not isinstance(row.description, dict):
        return {}, row.description
    left, short = dict(row.description), {}
    number, attempt = left.get(NUMBER_KEY), left.get(ATTEMPT_KEY)
    if _is_attempt(row.job_id, number, attempt):
        short = {"job_id": number, "attempt": attempt}
        del left[NUMBER_KEY], left[ATTEMPT_KEY]
    job = left.get(JOB_KEY)
    if isinstance(job, str) and full_name(row.job, job) == job != row.job:
        short["job_name"] = left.pop(JOB_KEY)
    url = left.get(URL_KEY)
    if isinstance(url, str) and web_link(url) and not HALF_PAIR.search(url):
        short["url"] = left.pop(URL_KEY)
    return short, left if left or not short else None


def _is_attempt(job_id: int, number: object, attempt: object) -> bool:
    """Whether the keys of a description say what the stored number says."""
    if type(number) is not int or type(attempt) is not int:
        return False
    is_storable = 0 <= number < ATTEMPT_UNIT and 1 < attempt <= MAX_ATTEMPT
    return is_storable and stored_number(number, attempt) == job_id
