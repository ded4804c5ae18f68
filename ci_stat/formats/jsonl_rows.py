"""Writes a row as a line that `jsonl.decode_line` reads as an equal one. Pure."""

import json
from typing import Any

from ci_stat.escape import json_safe, web_link
from ci_stat.formats.statuses import changes
from ci_stat.records import (
    ATTEMPT_KEY,
    ATTEMPT_UNIT,
    HALF_PAIR,
    JOB_KEY,
    MAX_ATTEMPT,
    NUMBER_KEY,
    URL_KEY,
    RunRow,
    full_name,
    stored_number,
)


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
