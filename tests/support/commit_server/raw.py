"""A client that knows no more than WebSockets and JSON."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect


class Raw:
    """Sends and receives frames as they are."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, **frame: Any) -> None:
        await self.socket.send(json.dumps(frame))

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(20):
            frame: dict[str, Any] = json.loads(await self.socket.recv())
            return frame

    async def hello(self, **fields: Any) -> dict[str, Any]:
        await self.send(type="hello", **({"versions": [1]} | fields))
        return await self.next()

    async def until(self, kind: str) -> dict[str, Any]:
        """The next frame of this type. Others are skipped."""
        while (frame := await self.next())["type"] != kind:
            pass
        return frame

    async def closing(self) -> int | None:
        """Wait until the server hangs up; return its code."""
        async with asyncio.timeout(20):
            await self.socket.wait_closed()
        return self.socket.close_code


@asynccontextmanager
async def raw(
    url: str, headers: dict[str, str] | None = None, **options: Any
) -> AsyncIterator[Raw]:
    """Connect. `options`: of `websockets.connect`."""
    async with connect(
        url, additional_headers=headers or {}, ping_interval=None, proxy=None, **options
    ) as socket:
        yield Raw(socket)


def session(*commits: str, **fields: Any) -> dict[str, Any]:
    """The fields of a session of made-up commits."""
    known = {"repository": "https://example.org/r.git", "command": "make test"}
    return {**known, "commits": list(commits or ("a", "b", "c")), **fields}
