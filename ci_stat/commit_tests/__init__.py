"""Runs any command on any commit, isolated and streamed.

    import ci_stat.commit_tests

    result = ci_stat.commit_tests.run(
        "wss://ci.example.org/ws", token=token,
        repository="https://github.com/owner/name", commits="HEAD~2..HEAD", command="make test",
    )
    result.failed

The import reads no file and opens no connection.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ci_stat.commit_tests.client.published import SessionResult, connect, run
    from ci_stat.commit_tests.protocol.events import SessionRequest

__all__ = ["SessionRequest", "SessionResult", "connect", "run"]

_MODULES = {
    "SessionRequest": "protocol.events",
    "SessionResult": "client.published",
    "connect": "client.published",
    "run": "client.published",
}


def __getattr__(name: str) -> Any:
    """Import a published name when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """The published names."""
    return sorted(__all__)
