"""What a checkout knows of its remote: the address, and how to log in."""

from pathlib import Path

from ci_stat.connectors.git.program import Git, GitError
from ci_stat.errors import SettingsError

# Settings that are needed to reach a remote. actions/checkout keeps the job's token in one.
_WANTED = r"^(http|credential|url|ssh)\.|^core\.sshcommand$"


def remote_url(folder: Path, remote: str = "origin") -> str:
    """Return the address to which the checkout pushes. Raises SettingsError."""
    try:
        url = Git(folder).run("read the remote", "remote", "get-url", "--push", "--", remote)
    except GitError as error:
        if "dubious ownership" in error.words:
            raise SettingsError(
                f"git refuses {folder}, because another user owns it.",
                f"git config --global --add safe.directory {folder}",
            ) from None
        raise SettingsError(
            f"{folder} is no git checkout with a remote {remote!r}, so there is no branch for"
            " the history of tests.",
            "Call ci-stat inside the checkout, or set results_url to a database.",
        ) from None
    return url.decode().strip()


def login_settings(folder: Path) -> tuple[tuple[str, str], ...]:
    """Return the settings with which only this checkout reaches its remote.

    Those of the user and of the system are not among them: git reads them everywhere, and a header
    that it sends twice is refused.
    """
    everywhere = _settings(Path("/"))
    return tuple(pair for pair in _settings(folder) if pair not in everywhere)


def _settings(folder: Path) -> list[tuple[str, str]]:
    try:
        text = Git(folder).run("read settings", "config", "--null", "--get-regexp", _WANTED)
    except GitError:  # none is set
        return []
    pairs = (entry.partition("\n") for entry in text.decode(errors="replace").split("\0") if entry)
    return [(key, value) for key, _, value in pairs]
