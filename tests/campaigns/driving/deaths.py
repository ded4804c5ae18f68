"""Ends a driver before or after any of its writes, as SIGKILL does: nothing runs after it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Engine

from ci_stat.demo.forge import DemoForge

WRITES = (
    "create_commit",
    "create_branch",
    "create_pull",
    "add_labels",
    "create_comment",
    "close_pull",
    "delete_branch",
)


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Death:
    """Kills at the n-th point, counted from 1; 0: never. `points`: how many there were."""

    at: int = 0
    points: int = 0
    is_dead: bool = False
    names: list[str] = field(default_factory=list)

    def reach(self, name: str) -> None:
        """A point at which the process may be killed. A dead process writes no more."""
        if self.is_dead:
            raise Killed
        self.points += 1
        self.names.append(name)
        if self.points == self.at:
            self.is_dead = True
            raise Killed

    def around(self, name: str, call: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        self.reach(f"before {name}")
        result = call(*arguments, **more)
        self.reach(f"after {name}")
        return result


def watch(death: Death, engine: Engine, forge: DemoForge) -> Callable[[], None]:
    """Let a death happen around each commit of the state and each write at the forge.

    Returns a function that undoes this.
    """
    commit = engine.dialect.do_commit
    engine.dialect.do_commit = partial(death.around, "commit", commit)  # type: ignore[method-assign]
    for name in WRITES:
        write = getattr(DemoForge, name).__get__(forge)
        setattr(forge, name, partial(death.around, name, write))

    def undo() -> None:
        del engine.dialect.__dict__["do_commit"]
        for name in WRITES:
            delattr(forge, name)

    return undo
