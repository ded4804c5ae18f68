"""The words of CI systems for how a run ended: GitHub, GitLab, Buildkite, CircleCI, Jenkins.

Words are compared without case.
"""

from ci_stat.records import Status

# Any word that is in neither table is kept as it is, and counted as "other".
STATUS_NAMES = {
    "COMPLETED": Status.SUCCESS,
    "SUCCESS": Status.SUCCESS,
    "PASSED": Status.SUCCESS,
    "SUCCEEDED": Status.SUCCESS,
    "FAILURE": Status.FAILURE,
    "FAILED": Status.FAILURE,
    "TIMED_OUT": Status.FAILURE,
    "TIMEDOUT": Status.FAILURE,
    "STARTUP_FAILURE": Status.FAILURE,
    "ERROR": Status.FAILURE,
    "INFRASTRUCTURE_FAIL": Status.FAILURE,
    "ABORTED": Status.ABORTED,
    "CANCELLED": Status.ABORTED,
    "CANCELED": Status.ABORTED,
}

# Why a run does not count.
UNFINISHED = "unfinished"
SKIPPED = "skipped"

UNFINISHED_WORDS = frozenset(
    {
        *("QUEUED", "REQUESTED", "WAITING", "PENDING", "IN_PROGRESS", "ACTION_REQUIRED"),
        *("CREATED", "PREPARING", "RUNNING", "MANUAL", "WAITING_FOR_RESOURCE", "CANCELING"),
        *("SCHEDULED", "STARTED", "ASSIGNED", "ACCEPTED", "LIMITED", "LIMITING", "CREATING"),
        *("FAILING", "BLOCKED", "UNBLOCKED", "ON_HOLD"),
    }
)
SKIPPED_WORDS = frozenset(
    {
        *("SKIPPED", "NEUTRAL", "STALE", "NOT_RUN", "UNAUTHORIZED", "EXPIRED", "BROKEN"),
        *("WAITING_FAILED", "BLOCKED_FAILED", "UNBLOCKED_FAILED"),
    }
)


def mapped_status(word: str) -> str:
    """The status of a CI's word; a word that is not known is kept as it is."""
    outcome = STATUS_NAMES.get(word.upper())
    return outcome.value if outcome else word


def not_counted(word: str) -> str:
    """`UNFINISHED` or `SKIPPED` for a run that does not count, else ""."""
    plain = word.upper()
    if plain in UNFINISHED_WORDS:
        return UNFINISHED
    return SKIPPED if plain in SKIPPED_WORDS else ""


def changes(word: str) -> bool:
    """Whether an import stores something else than this word."""
    return mapped_status(word) != word or not_counted(word) != ""
