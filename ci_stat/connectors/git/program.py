"""Runs git: arguments as lists, no shell, no prompts, no hooks, and errors without secrets."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from ci_stat.errors import SourceError
from ci_stat.escape import visible

_TIMEOUT = 600  # seconds; a fetch of years of results takes minutes
_LOGIN_IN_URL = re.compile(r"://[^\s'\"]*@")  # a password may contain any of / : @
_TOKEN_IN_URL = re.compile(r"([?&][\w.-]+=)[^&\s'\"]+")
_SECRET = re.compile(r"https?://(?:[^:/@]*:)?(.+)@")  # of an address, up to the last @
_SHORT = 3  # characters of what is no secret
_MAX_WORDS = 400  # characters of git's message in an error

# What settings could otherwise execute, or refuse.
_SAFE = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"),
    *("-c", "gc.auto=0", "-c", "init.defaultBranch=main"),
)

_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",  # messages are compared
}
# A hook that calls us names its own repository in these. Ours is always another one.
_OF_A_REPOSITORY = frozenset(
    f"GIT_{name}"
    for name in (
        *("DIR", "COMMON_DIR", "WORK_TREE", "INDEX_FILE", "PREFIX", "NAMESPACE"),
        *("OBJECT_DIRECTORY", "ALTERNATE_OBJECT_DIRECTORIES", "QUARANTINE_PATH"),
        *("SHALLOW_FILE", "GRAFT_FILE", "REPLACE_REF_BASE", "IMPLICIT_WORK_TREE", "CONFIG"),
    )
)


class GitError(SourceError):
    """git ended with an error. `words`: what it printed, in English."""

    def __init__(self, action: str, words: str) -> None:
        self.words = words
        super().__init__(f"git cannot {action}: {visible(' '.join(words.split()), _MAX_WORDS)}")


class Git:
    """git in one folder. `settings`: of git, beside those of the folder, such as credentials.

    `is_bare`: the folder is a bare repository; git need not look for one.
    """

    def __init__(
        self, folder: Path, settings: Sequence[tuple[str, str]] = (), is_bare: bool = False
    ) -> None:
        program = shutil.which("git")
        if program is None:
            raise SourceError("git is not installed.", "Install git, e.g. apt-get install git.")
        self.folder = folder
        self._program = program
        self._settings = settings
        self._place = {"GIT_DIR": str(folder)} if is_bare else {}

    def run(
        self,
        action: str,
        *arguments: str,
        data: bytes = b"",
        environment: Mapping[str, str] | None = None,
    ) -> bytes:
        """Return what git prints. `action`: for errors, such as "fetch the branch".

        Raises GitError.
        """
        command = [self._program, *_SAFE, "-C", str(self.folder), *arguments]
        try:
            done = subprocess.run(  # noqa: S603  # a list of arguments, no shell
                command,
                input=data,
                capture_output=True,
                env={**self._environment(), **(environment or {})},
                timeout=_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise GitError(action, f"no end after {_TIMEOUT} s") from None
        except OSError as error:
            raise GitError(action, error.strerror or "the system refused") from None
        if done.returncode:
            raise GitError(action, self._masked(done.stderr.decode(errors="replace").strip()))
        return done.stdout

    def _masked(self, words: str) -> str:
        for _, value in self._settings:
            words = words.replace(value, "***") if value else words
            words = _without(_secrets(value), words)
        return _TOKEN_IN_URL.sub(r"\1***", _LOGIN_IN_URL.sub("://***@", words))

    def _environment(self) -> dict[str, str]:
        """The variables of git. Settings are variables: other users can read arguments."""
        inherited = {key: text for key, text in os.environ.items() if key not in _OF_A_REPOSITORY}
        first = _count(inherited)
        variables = {"GIT_CONFIG_COUNT": str(first + len(self._settings))}
        for place, (key, value) in enumerate(self._settings, first):
            variables[f"GIT_CONFIG_KEY_{place}"] = key
            variables[f"GIT_CONFIG_VALUE_{place}"] = value
        # Jenkins gives credentials with GIT_ASKPASS. Without it nobody is asked.
        return {"GIT_ASKPASS": "true", **inherited, **_ENVIRONMENT, **self._place, **variables}


def _secrets(address: str) -> list[str]:
    """Return the pieces of a password in an address, of which git may print only one."""
    match = _SECRET.match(address)
    pieces = re.split(r"[:@/?#]", match[1]) if match else []
    return [piece for piece in pieces if len(piece) > _SHORT]


def _without(secrets: Sequence[str], words: str) -> str:
    for secret in secrets:
        words = words.replace(secret, "***")
    return words


def _count(variables: Mapping[str, str]) -> int:
    """How many settings the caller's environment has."""
    text = variables.get("GIT_CONFIG_COUNT", "")
    return int(text) if text.isascii() and text.isdigit() else 0
