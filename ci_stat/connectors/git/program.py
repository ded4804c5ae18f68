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
_LOGIN_IN_URL = re.compile(r"://[^/\s@]+@")
_MAX_WORDS = 400  # characters of git's message in an error

# What a repository's own settings could otherwise execute.
_SAFE = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "gc.auto=0")

_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "LC_ALL": "C",  # messages are compared
}


class GitError(SourceError):
    """git ended with an error. `words`: what it printed, in English."""

    def __init__(self, action: str, words: str) -> None:
        self.words = words
        super().__init__(f"git cannot {action}: {visible(words, _MAX_WORDS)}")


class Git:
    """git in one folder. `settings`: of git, beside those of the folder, such as credentials."""

    def __init__(self, folder: Path, settings: Sequence[tuple[str, str]] = ()) -> None:
        program = shutil.which("git")
        if program is None:
            raise SourceError("git is not installed.", "Install git, e.g. apt-get install git.")
        self.folder = folder
        self._program = program
        self._settings = settings

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
                env={**os.environ, **_ENVIRONMENT, **self._variables(), **(environment or {})},
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
        return _LOGIN_IN_URL.sub("://***@", words)

    def _variables(self) -> dict[str, str]:
        """Settings as variables: arguments can be read by other users."""
        variables = {"GIT_CONFIG_COUNT": str(len(self._settings))}
        for place, (key, value) in enumerate(self._settings):
            variables[f"GIT_CONFIG_KEY_{place}"] = key
            variables[f"GIT_CONFIG_VALUE_{place}"] = value
        return variables
