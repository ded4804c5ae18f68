"""The error tree. Each class has its exit code, and each message says what to do next.

This room imports nothing and touches nothing.
"""


class CiStatError(Exception):
    """Something a user can act on. `str()` is the whole message; `hint` is the next step."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class UsageError(CiStatError, ValueError):
    """An argument that cannot be meant: a swapped window, a function passed for a time."""

    exit_code = 2


class DatabaseError(CiStatError):
    """The CI database (or our own) did not give an answer that can be trusted."""

    exit_code = 3


class ServerUnreachable(DatabaseError):
    """Nobody answers at the address, or not in time."""


class AccessDenied(DatabaseError):
    """The server knows us and says no."""


class SchemaMismatch(DatabaseError):
    """A table or a column is not there, or is not what we need."""


class ConnectionLost(DatabaseError):
    """The connection broke while an answer was on its way. Reads are tried once more."""


class SettingsError(CiStatError):
    """`env.json` or an environment variable cannot be used as it stands."""

    exit_code = 4


class BadRecord(CiStatError):
    """One record of an import that cannot be stored; the message names its line."""

    exit_code = 5


class WriteError(CiStatError):
    """A file of the user's could not be read or written."""

    exit_code = 6


class SourceError(CiStatError):
    """A foreign place facts come from did not give an answer that can be used."""

    exit_code = 7


class NotDelivered(CiStatError):
    """A report is not known to have arrived everywhere it should."""

    exit_code = 8


class DataTrouble(CiStatError):
    """There is no data for a report, or none that is new."""

    exit_code = 9


class Refused(CiStatError):
    """Nothing was done, because what would have been done cannot be trusted."""

    exit_code = 10


class MissingExtra(CiStatError):
    """An optional part of the package is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        """`what` needs the extra `extra`."""
        super().__init__(
            f"{what} needs the extra `{extra}`, which is not installed.",
            f"Install it: pip install 'ci-stat[{extra}]'",
        )
