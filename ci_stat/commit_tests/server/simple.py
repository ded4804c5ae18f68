"""The simple shape: in, one frame with a commit; out, one frame with what came of it."""

import asyncio
import secrets
from typing import Any

from ci_stat.commit_tests.model import Outcome
from ci_stat.commit_tests.protocol.coding import InvalidFrame, decode_client
from ci_stat.commit_tests.protocol.events import SessionRequest
from ci_stat.commit_tests.protocol.frames import SimpleAnswer, SimpleRequest
from ci_stat.commit_tests.server.channel import Channel, Closed
from ci_stat.commit_tests.server.hub import Hub
from ci_stat.commit_tests.server.stored_runs import StoredRuns
from ci_stat.errors import CiStatError, UsageError


async def serve_simple(channel: Channel, hub: Hub, user: str, first: SimpleRequest) -> None:
    """Answer one request after another. A client that goes ends its run. Raises Closed."""
    request: SimpleRequest | None = first
    incoming = asyncio.ensure_future(channel.receive_text())
    try:
        while True:
            await channel.send(await _answer(hub, user, request, incoming))
            request = _next_request(await incoming)
            incoming = asyncio.ensure_future(channel.receive_text())
    finally:
        incoming.cancel()


def _next_request(text: str) -> SimpleRequest | None:
    """Return a request; None for a frame of another shape."""
    try:
        frame = decode_client(text)
    except InvalidFrame:
        return None
    return frame if isinstance(frame, SimpleRequest) else None


async def _answer(
    hub: Hub,
    user: str,
    request: SimpleRequest | None,
    incoming: "asyncio.Future[str]",
) -> SimpleAnswer:
    if request is None:
        raise Closed(1008, "no frame of the simple shape")
    try:
        session = await hub.submit(user, secrets.token_hex(8), _session_request(request))
    except CiStatError as error:
        return _without_run(request, str(error))
    ended = asyncio.create_task(hub.ended(session))
    try:
        waited: set[asyncio.Future[Any]] = {ended, incoming}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done() and incoming.exception() is not None:
            await hub.cancel(user, session)  # nobody waits for the answer
        return _answer_of(request, await ended)
    finally:
        ended.cancel()


def _session_request(request: SimpleRequest) -> SessionRequest:
    """Raises UsageError."""
    if ".." in request.commit:
        raise UsageError("A frame of the simple shape names one commit, not a range.")
    return SessionRequest(
        repository=request.repo_url,
        commits=(request.commit,),
        command=request.test_command,
        project_type=request.project_type or "generic",
        user=str(request.user_id),
        chat=str(request.chat_id),
    )


def _answer_of(request: SimpleRequest, runs: StoredRuns) -> SimpleAnswer:
    result = runs.results.get(0)
    if result is None:
        problem = f"{runs.ended.problem} {runs.ended.hint}".strip() if runs.ended else ""
        return _without_run(request, problem or "The session could not be stored.")
    is_passed = result.outcome is Outcome.PASSED
    problem = result.detail or str(result.outcome).replace("_", " ")
    return SimpleAnswer(
        commit=request.commit,
        status=result.outcome,
        exit_code=result.exit_code,
        output=result.output.tail,
        error="" if is_passed else problem,
    )


def _without_run(request: SimpleRequest, problem: str) -> SimpleAnswer:
    return SimpleAnswer(commit=request.commit, status=Outcome.INFRASTRUCTURE, error=problem)
