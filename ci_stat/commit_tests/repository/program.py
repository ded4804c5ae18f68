"""Runs git so that nothing of a repository runs: no hook, filter, monitor, helper or prompt.

git reads its settings from three places. A repository brings none of them with it, but names
filters and drivers that settings may define. So only a fetch, which needs the logins of the user,
reads the user's settings.
"""

import asyncio
import os
import shlex
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ci_stat.errors import SourceError
from ci_stat.escape import visible

_TIMEOUT = 1800.0  # seconds; the first fetch of a large repository
_MAX_WORDS = 400  # characters of git's message in an error
_MAX_LINE = 1024 * 1024  # bytes; a path has 4,096 at most

_SAFE = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"),
    *("-c", "core.attributesFile=/dev/null", "-c", "core.askPass="),
    *("-c", "core.pager=cat", "-c", "gc.auto=0", "-c", "maintenance.auto=false"),
    *("-c", "protocol.allow=never", "-c", "protocol.https.allow=always"),
    *("-c", "protocol.http.allow=always", "-c", "protocol.ssh.allow=always"),
    *("-c", "protocol.file.allow=always", "-c", "protocol.ext.allow=never"),
    *("-c", "submodule.recurse=false", "-c", "fetch.recurseSubmodules=false"),
    *("-c", "fetch.writeCommitGraph=false", "-c", "transfer.fsckObjects=false"),
    *("-c", "advice.detachedHead=false", "-c", "http.followRedirects=initial"),
)

# The only variables of ours that git sees.
_INHERITED = (
    *("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
)
_FOR_LOGINS = ("HOME", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK", "GIT_ASKPASS", "USER", "LOGNAME")


class GitFailed(SourceError):
    """git ended with an error. `words`: what it printed, in English."""

    def __init__(self, action: str, words: str, hint: str = "") -> None:
        self.words = words
        shown = visible(" ".join(words.split()), _MAX_WORDS)
        super().__init__(f"git cannot {action}: {shown}", hint)


@dataclass(frozen=True, slots=True)
class SafeGit:
    """git in a bare repository of ours. `ssh_key`: a file; by default what the user has set."""

    folder: Path
    ssh_key: Path | None = None

    async def run(
        self,
        action: str,
        *arguments: str,
        is_fetch: bool = False,
        timeout: float = _TIMEOUT,
    ) -> bytes:
        """Return what git prints. `action`: for errors, such as "fetch". Raises GitFailed.

        If the task is cancelled, git and what it started are killed first.
        """
        process = await self._start(arguments, is_fetch)
        try:
            async with asyncio.timeout(timeout):
                output, errors = await process.communicate()
        except TimeoutError:
            raise GitFailed(action, f"no end after {timeout:.0f} s") from None
        finally:
            await _kill_group(process)
        if process.returncode != 0:
            raise GitFailed(action, errors.decode(errors="replace").strip())
        return output

    async def lines(self, action: str, *arguments: str) -> AsyncIterator[bytes]:
        """Yield the lines that git prints. Ends git when the reader stops. Raises GitFailed."""
        process = await self._start(arguments, is_fetch=False)
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            async for line in process.stdout:
                yield line
            errors = await process.stderr.read()
            code = await process.wait()
        finally:
            await _kill_group(process)
        if code != 0:
            raise GitFailed(action, errors.decode(errors="replace").strip())

    async def _start(
        self, arguments: tuple[str, ...], is_fetch: bool
    ) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(_program(), *_SAFE, f"--git-dir={self.folder}", *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_MAX_LINE,
            env=self._environment(is_fetch),
            start_new_session=True,  # no terminal, so nobody is asked for a password
        )

    def _environment(self, is_fetch: bool) -> dict[str, str]:
        names = (*_INHERITED, *_FOR_LOGINS) if is_fetch else _INHERITED
        inherited = {name: os.environ[name] for name in names if name in os.environ}
        ours = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "GIT_ATTR_NOSYSTEM": "1"}
        if is_fetch:
            key = {"GIT_SSH_COMMAND": _ssh_command(self.ssh_key)} if self.ssh_key else {}
            return {"GIT_ASKPASS": "true", **inherited, **ours, **key}
        nobody = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": "/"}
        return {**inherited, **ours, **nobody}


def _program() -> str:
    program = shutil.which("git")
    if program is None:
        raise SourceError("git is not installed.", "Install git, e.g. apt-get install git.")
    return program


def _ssh_command(key: Path) -> str:
    """Never ask, and never forward anything. The key is named by its path."""
    options = "-oBatchMode=yes -oForwardAgent=no -oClearAllForwardings=yes -oIdentitiesOnly=yes"
    return f"ssh {options} -i {shlex.quote(str(key))}"


async def _kill_group(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
