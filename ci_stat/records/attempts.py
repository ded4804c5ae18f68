"""Attempts: how repetitions of one build are stored, and how a build is written.

A CI that repeats a build under its number (GitHub, Buildkite, GitLab) has several runs of one
number. `ci_data` identifies a run by job and number, so an imported attempt after the first has the
stored number `attempt * 10**15 + number`, and its `description` has `NUMBER_KEY` and `ATTEMPT_KEY`.
"""

import re

ATTEMPT_UNIT = 10**15
MAX_ATTEMPT = (2**63 - 1) // ATTEMPT_UNIT - 1

# Keys of `description` that ci_stat itself writes.
OWN_KEYS = "ci_stat_"
NUMBER_KEY = "ci_stat_number"
ATTEMPT_KEY = "ci_stat_attempt"
URL_KEY = "ci_stat_url"

_BUILD = re.compile(r"(\d{1,19})(?:\.(\d{1,4}))?", re.ASCII)


def stored_number(number: int, attempt: int) -> int:
    """The `job_id` of an attempt: `number` itself for the first one."""
    return number if attempt == 1 else attempt * ATTEMPT_UNIT + number


def shown_number(number: int, attempt: int) -> str:
    """A build for people: `7`, or `7.2` for its second attempt."""
    return str(number) if attempt == 1 else f"{number}.{attempt}"


def shown_id(job_id: int) -> str:
    """A stored number for people, where its row is not at hand."""
    attempt, number = divmod(job_id, ATTEMPT_UNIT)
    return shown_number(number, attempt) if attempt > 1 else str(job_id)


def build_id(text: str) -> int | None:
    """The stored number of a build as people write it: `7`, `7.2`, `#7`. None for other text."""
    match = _BUILD.fullmatch(text.removeprefix("#"))
    if match is None:
        return None
    number, attempt = int(match[1]), int(match[2] or 1)
    is_storable = attempt == 1 or (number < ATTEMPT_UNIT and 1 < attempt <= MAX_ATTEMPT)
    return stored_number(number, attempt) if is_storable and number < 2**63 else None
