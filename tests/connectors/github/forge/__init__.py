"""A stand-in with code, and a `GitHubForge` of it whose waits pass in the stand-in's time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from ci_stat.connectors.github.forge import GitHubForge
from tests.support.github import CONTRACT, GitHub, actions_server
from tests.support.github.code import Code, with_code

REPO = "pingcap/ticdc"


@contextmanager
def code_server(folder: Path, **options: Any) -> Iterator[Code]:
    """Every request and answer is held against GitHub's description, where that is there.

    The logs of Actions are served too.
    """
    contract = CONTRACT if CONTRACT.exists() else None
    with actions_server(contract, repo=REPO, login="ci-bot", **options) as github:
        yield with_code(github, folder)


def forge_of(
    github: GitHub, fork: str = "", sleep: Callable[[float], None] | None = None
) -> GitHubForge:
    def wait(seconds: float) -> None:
        github.waits.append(seconds)
        github.advance(timedelta(seconds=seconds))

    def present() -> float:
        return github.now.timestamp()

    return GitHubForge(
        github.url,
        REPO,
        github.token,
        fork=fork,
        timeout=5,
        clock=present,
        wall=present,
        sleep=sleep or wait,
        jitter=lambda: 0.0,
    )
