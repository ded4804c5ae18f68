"""The file config.json: which server, which repository, which commits, which command."""

from pathlib import Path

import msgspec

from ci_stat.commit_tests.protocol.events import SessionRequest
from ci_stat.errors import UsageError
from ci_stat.escape import visible

_HINT = "examples/commit-tests/config.example.json has all fields."


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The known form. `commits`: names, or one text that separates them by commas or spaces."""

    repo_url: str
    test_command: str | tuple[str, ...]
    ws_url: str = ""
    user_id: str | int = ""
    chat_id: str | int = ""
    project_type: str = "generic"
    commits: tuple[str, ...] | str = ("HEAD",)

    def request(self) -> SessionRequest:
        """Return the session that the file describes. Raises UsageError."""
        names = self.commits
        return SessionRequest(
            repository=self.repo_url,
            commits=tuple(names.replace(",", " ").split()) if isinstance(names, str) else names,
            command=self.test_command,
            project_type=self.project_type or "generic",
            user=str(self.user_id),
            chat=str(self.chat_id),
        )


def read_config(path: Path) -> Config:
    """Read a config.json. Raises UsageError that names the wrong field."""
    shown = visible(path, 200)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Config)
    except OSError as error:
        raise UsageError(f"{shown} cannot be read: {error.strerror}.", _HINT) from None
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise UsageError(f"{shown} is invalid: {visible(error, 300)}.", _HINT) from None
