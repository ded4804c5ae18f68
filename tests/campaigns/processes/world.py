"""A campaign's place: the stand-in for GitHub with real git, Prow, a folder, and our state."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from tests.campaigns.processes.commands import (
    ControlServer,
    Ended,
    Interpreter,
    Kills,
    Running,
    control_server,
)
from tests.connectors.github.forge import code_server
from tests.support.github.code import Code

C = TypeVar("C", bound="CI")


class CI(Protocol):
    """What runs the jobs of pull requests."""

    def advance(self, seconds: float) -> None: ...


@dataclass
class ForgeClock:
    """The stand-in's time, in which jobs end."""

    code: Code
    ci: CI

    def time(self) -> float:
        return self.code.github.now.timestamp()

    def sleep(self, seconds: float) -> None:
        self.ci.advance(seconds)


@dataclass
class Place(Generic[C]):
    """Runs the command in `folder`, where campaign.toml is."""

    interpreter: Interpreter
    control: ControlServer
    folder: Path
    code: Code
    ci: C
    state_url: str

    def start(self, *arguments: str, host: str = "") -> Running:
        environment = {
            "CI_STAT_GITHUB_URL": self.code.github.url,
            "CI_STAT_GH_TOKEN": self.code.github.token,
            "CI_STAT_STATE_URL": self.state_url,
            "XDG_DATA_HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder),
            "NO_PROXY": "127.0.0.1",
        }
        return self.interpreter.start(
            self.control, self.folder, environment, "campaign", *arguments, host=host
        )

    def run(self, *arguments: str, kills: Kills | None = None) -> Ended:
        """Run a command to its end. `kills`: around each of its writes and commits."""
        self.control.kills = kills or Kills()
        self.code.github.before = self._reaching("before")
        self.code.github.after = self._reaching("after")
        return self.start(*arguments).wait()

    def _reaching(self, when: str) -> Callable[[str, str], None]:
        def reach(method: str, path: str) -> None:
            if method != "GET":
                self.control.kills.reach(f"{when} {method} {path.rpartition('/')[2]}")

        return reach


@contextmanager
def place_of(
    interpreter: Interpreter,
    folder: Path,
    file: str,
    ci_of: Callable[[Code], C],
    state_url: str = "",
) -> Iterator[Place[C]]:
    """A new place in which nothing may violate GitHub's rules. `file`: campaign.toml."""
    folder.mkdir(parents=True)
    (folder / "campaign.toml").write_text(file)
    state_url = state_url or f"sqlite:///{folder / 'state.sqlite'}"
    with code_server(folder / "forge") as code:
        ci = ci_of(code)
        with control_server(ForgeClock(code, ci)) as control:
            yield Place(interpreter, control, folder, code, ci, state_url)
        assert code.github.findings == []
