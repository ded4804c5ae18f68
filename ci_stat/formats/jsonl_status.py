"""How a run ended, by the fields `status`, `conclusion` and `status_is_raw` of its line. Pure."""

from typing import Any

from ci_stat.errors import BadRecord
from ci_stat.formats.failure_details import shown
from ci_stat.formats.statuses import UNFINISHED, mapped_status, not_counted
from ci_stat.records import HALF_PAIR


class NotCounted(Exception):
    """A line is about a run that does not count.

    `reason`: `statuses.UNFINISHED` or `SKIPPED`; `word`: the word of the CI, in lower case.
    """

    def __init__(self, reason: str, word: str) -> None:
        super().__init__(f"{reason} ({word})")
        self.reason, self.word = reason, word.lower()


def text_field(record: dict[str, Any], name: str) -> str | None:
    """A text of a line. Raises BadRecord."""
    value = record.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRecord(f"{name} is {shown(value)}, not a string")
    if value is not None and HALF_PAIR.search(value):
        raise BadRecord(f"{name} contains a lone surrogate")
    return value


def _word(record: dict[str, Any]) -> str:
    """The word for how the run ended: `conclusion` if it has one, else `status`."""
    status, conclusion = text_field(record, "status"), text_field(record, "conclusion")
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


def check_counted(record: dict[str, Any]) -> None:
    """Raises NotCounted for a run that has not finished or was skipped."""
    word = _word(record)
    reason = "" if record.get("status_is_raw") else not_counted(word)
    if reason:
        raise NotCounted(reason, word)


def status_of(record: dict[str, Any]) -> str:
    """The status that is stored. Raises BadRecord."""
    word = _word(record)
    return word if record.get("status_is_raw") else mapped_status(word)
