"""What the errors of git mean, by its words in English."""

from ci_stat.connectors.git.program import GitError
from ci_stat.errors import SourceError

# What git says when somebody else was faster.
_RACES = (
    "non-fast-forward",
    "fetch first",
    "cannot lock ref",
    "failed to update ref",
    "failed to lock",
    "lock failure",
    "stale info",
    "incorrect old value",
    "reference already exists",
)
# A lock that nobody will release: the branch a/b exists, so there cannot be one named a.
_LASTING = "exists; cannot create"
_DENIED = (
    "denied",
    "declined",
    "rule violation",
    "not authorized",
    "authentication",
    "permission",
    "protected branch",
    "read-only",
)
# What git says of a cache that a crash, a full disk or a killed git left behind.
_DAMAGED = (
    "not a git repository",
    "not in a git directory",
    "bad config",
    "corrupt",
    "bad object",
    "bad tree",
    "object file",
    "unable to read",
    "invalid sha1 pointer",
    "inflate",
    ".lock': file exists",
    "could not lock config file",
)


def is_damaged(error: GitError) -> bool:
    """Whether the cache is damaged, such as by a crash."""
    words = error.words.lower()
    return any(phrase in words for phrase in _DAMAGED)


def is_race(error: GitError) -> bool:
    """Whether somebody else pushed first."""
    words = error.words.lower()
    is_lasting = _LASTING in words or _is_denied(error)
    return any(phrase in words for phrase in _RACES) and not is_lasting


def _is_denied(error: GitError) -> bool:
    words = error.words.lower()
    return any(phrase in words for phrase in _DENIED)


def explained(error: GitError, name: str) -> SourceError:
    """Return the error of a push, with the right that is missing if one is."""
    if not _is_denied(error):
        return error
    hint = (
        f"Allow this job to push to the branch {name}. GitHub Actions: permissions: contents:"
        " write. GitLab: a project access token with write_repository in the remote's address."
    )
    return SourceError(error.message, hint)
