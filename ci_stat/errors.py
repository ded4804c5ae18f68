"""The errors of ci_stat, each with its exit code. A message says what happened and what to do next.

Imports nothing; every other module may import it.
"""

_WAY_BACK = (
    "`ci-stat config --check` names the damaged file. Move it away, with those beside it that end"
    " in -wal, -shm and -journal, and fill a new one: docs/recovery.md."
)


class CiStatError(Exception):
    """An error that a user can act on. `str()` is the message and the `hint`, the next step."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class UsageError(CiStatError, ValueError):
    """Invalid arguments: a window that ends before it begins, a function instead of a time."""

    exit_code = 2


class UnknownName(UsageError):
    """No run has this pull request, case, job or number; the hint lists similar ones."""


class DatabaseError(CiStatError):
    """The CI database or our state failed, or returned data that cannot be right."""

    exit_code = 3


class ServerUnreachable(DatabaseError):
    """No server answers at the address, or not in time."""


class AccessDenied(DatabaseError):
    """The server rejects the user or a permission is missing."""


class SchemaMismatch(DatabaseError):
    """A table or a column is missing or has an unexpected type."""


class ConnectionLost(DatabaseError):
    """The connection broke during a query. Reads are repeated once."""


class DamagedDatabase(DatabaseError):
    """The bytes of a database have changed, or a part of its file is gone."""

    def __init__(self, message: str, hint: str = "") -> None:
        """`hint`: by default the way back."""
        super().__init__(message, hint or _WAY_BACK)


class SettingsError(CiStatError):
    """A setting in `env.json` or in the environment is invalid."""

    exit_code = 4


class BadRecord(CiStatError):
    """One record of an import is invalid; the message names its line."""

    exit_code = 5


class WriteError(CiStatError):
    """A user's file cannot be read or written."""

    exit_code = 6


class SourceError(CiStatError):
    """Jenkins, GitHub or another source failed, or returned an unusable answer."""

    exit_code = 7


class NotFound(SourceError):
    """What was asked for does not exist, or is not visible to the token."""


class NotDelivered(CiStatError):
    """A report did not arrive, or may not have arrived, at one of its recipients."""

    exit_code = 8


class NoNewData(CiStatError):
    """The CI database has no data for a report, or no new data."""

    exit_code = 9


class Refused(CiStatError):
    """Nothing was changed, because the planned changes do not look right."""

    exit_code = 10


class DidNotPass(CiStatError):
    """Tests, a gate or commits failed."""

    exit_code = 11


class CannotTell(CiStatError):
    """The question has no answer: there is no data, or the infrastructure failed."""

    exit_code = 12


class MissingExtra(CiStatError):
    """An optional part of the package is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        """`what` needs the extra `extra`."""
        super().__init__(
            f"{what} needs the extra `{extra}`, which is not installed.",
            f"Install it: pip install 'ci-stat[{extra}]'",
        )
