"""What Python programs and notebooks use: `connect` and `run`."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ci_stat.commit_tests.client.client import Client
from ci_stat.commit_tests.client.link import DEFAULT_RETRY
from ci_stat.commit_tests.client.opening import socket_opener
from ci_stat.commit_tests.model import Outcome, RunResult
from ci_stat.commit_tests.protocol.events import (
    CommitsResolved,
    RunFinished,
    SessionEnded,
    SessionEvent,
    SessionRequest,
)
from ci_stat.errors import CannotTell

T = TypeVar("T")
OnEvent = Callable[[SessionEvent], None]


def connect(url: str, *, token: str = "", ca: str | Path | None = None) -> Client:
    """Return a client of the server at `url`, such as wss://ci.example.org/ws.

        async with ci_stat.commit_tests.connect(url, token=token) as client:
            async for event in client.run(repository=..., commits=("HEAD~2..HEAD",), command=...):
                print(event)

    `ca`: PEM file of an authority of your own. Raises UsageError, SettingsError.
    """
    opener = socket_opener(url, token, Path(ca) if ca else None)
    return Client(opener, DEFAULT_RETRY)


@dataclass(frozen=True, slots=True)
class SessionResult:
    """What came of a session. `results`: by full SHA, in the order of the commits."""

    session: str
    results: dict[str, RunResult] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether all commits passed."""
        outcomes = {result.outcome for result in self.results.values()}
        return outcomes == {Outcome.PASSED}

    @property
    def failed(self) -> list[str]:
        """The commits that did not pass."""
        return [
            commit
            for commit, result in self.results.items()
            if result.outcome is not Outcome.PASSED
        ]


def run(
    url: str,
    *,
    repository: str,
    commits: str | Iterable[str],
    command: str | Iterable[str],
    token: str = "",
    ca: str | Path | None = None,
    on_event: OnEvent | None = None,
    **fields: Any,
) -> SessionResult:
    """Run a command on commits at a server, and wait for the results. Works in notebooks too.

    - `commits`: one name or several: SHAs, branches, tags, `HEAD~2`, ranges `A..B`.
    - `command`: a string for a shell inside the isolation, or the words of a command.
    - `on_event`: is called with each event, in another thread if a loop runs in this one.
    - `fields`: more fields of `SessionRequest`.

    Raises CannotTell if no commit could run, and other CiStatErrors.
    """
    request = SessionRequest(
        repository=repository,
        commits=(commits,) if isinstance(commits, str) else tuple(commits),
        command=command if isinstance(command, str) else tuple(command),
        **fields,
    )
    return waited(_run(connect(url, token=token, ca=ca), request, on_event))


async def _run(client: Client, request: SessionRequest, on_event: OnEvent | None) -> SessionResult:
    async with client:
        session = await client.submit(request)
        commits: tuple[str, ...] = ()
        results: dict[int, RunResult] = {}
        async for event in session:
            match event.body:
                case CommitsResolved():
                    commits = event.body.commits
                case RunFinished(index=index, result=result):
                    results[index] = result
                case SessionEnded(problem=problem, hint=hint) if problem:
                    raise CannotTell(problem, hint)
            if on_event is not None:
                on_event(event.body)
    ordered = {commits[index]: results[index] for index in sorted(results)}
    return SessionResult(session.id, ordered)


def waited(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, also where a loop runs already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    return _waited_in_thread(work)


def _waited_in_thread(work: Coroutine[Any, Any, T]) -> T:
    """An interrupt ends the work too."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(work)
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(_run_loop, loop, task)
        try:
            return done.result()
        except KeyboardInterrupt:
            loop.call_soon_threadsafe(task.cancel)
            raise


def _run_loop(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[T]") -> T:
    try:
        return loop.run_until_complete(task)
    finally:
        loop.close()
