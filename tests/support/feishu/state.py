"""The state of the stand-in for Feishu: who may write where, received messages, planned faults."""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

HTML_PAGE = b"<html><body>SECRET-PAGE please log in</body></html>"


@dataclass
class Hook:
    """A custom bot.

    `addresses`: IPv4 addresses and networks that may send, empty for all; `answer`: `old` bots
    answer without `code`, some new ones with `Extra`.
    """

    secret: str = ""
    keywords: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    chat: str = "oc_hook"
    forbids_all: bool = False
    answer: Literal["new", "extra", "old"] = "new"


@dataclass
class Chat:
    """A group. `member`: the app's bot is in it; `forbids_all`: nobody may call everybody."""

    chat_id: str
    name: str = ""
    member: bool = True
    forbids_all: bool = False


@dataclass(frozen=True)
class Message:
    """A message in a group.

    `size`: bytes of the request's body; `content`: an object as it was sent.
    """

    way: Literal["webhook", "app"]
    chat: str
    msg_type: str
    content: dict[str, Any]
    size: int
    message_id: str
    uuid: str = ""
    created: float = 0


@dataclass
class Request:
    """One request and its answer.

    `status` is 0 if there was no answer; `code` is None if the body has none.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    address: str
    body: bytes = b""
    status: int = 0
    code: int | None = None


@dataclass
class Trouble:
    """What one request meets.

    - `path`: only a request whose path begins so; others leave it for later.
    - `status`, `headers`, `body`: the answer in place of the real one.
    - `after_storing`: the request is carried out first, then its answer is lost or replaced.
    - `delay`: seconds before the answer, after a message is stored.
    - `hang_up`: `before` the body is read, or `after` that without an answer.
    - `cut`: hang up after so many bytes of the answer's body.
    """

    path: str = ""
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    after_storing: bool = False
    delay: float = 0
    hang_up: Literal["", "before", "after"] = ""
    cut: int | None = None


@dataclass
class Limits:
    """Requests in a second and in a minute, and bytes of a request's body."""

    hook: tuple[int, int] = (5, 100)
    app: tuple[int, int] = (50, 1000)
    group: tuple[int, int] = (5, 1_000_000)
    hook_bytes: int = 20 * 1024
    rich_bytes: int = 30 * 1024
    text_bytes: int = 150 * 1024
    image_bytes: int = 10 * 1024 * 1024


@dataclass(eq=False)
class Refused(Exception):
    """The answer to a request that Feishu does not carry out."""

    code: int
    msg: str
    status: int = 400
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Feishu:
    """One custom bot and one app, unless a test says more.

    `words`: a message with one of them is refused as sensitive; `private`: patterns that the DLP
    audit refuses.
    """

    hooks: dict[str, Hook] = field(default_factory=lambda: {"hook-token": Hook()})
    app_id: str = "cli_test"
    app_secret: str = "app-secret"
    scopes: set[str] = field(
        default_factory=lambda: {"im:message:send_as_bot", "im:chat:readonly", "im:resource"}
    )
    chats: list[Chat] = field(default_factory=lambda: [Chat("oc_1", "CI Status Report")])
    users: set[str] = field(default_factory=set)
    words: list[str] = field(default_factory=list)
    private: list[str] = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)
    now: Callable[[], float] = time.time
    faults: deque[Trouble] = field(default_factory=deque)
    messages: list[Message] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    images: dict[str, bytes] = field(default_factory=dict)
    tokens: dict[str, float] = field(default_factory=dict)
    port: int = 0

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self.numbers = count(1)
        self._seen: dict[str, list[float]] = defaultdict(list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def hook_url(self, token: str = "hook-token") -> str:
        return f"{self.url}/open-apis/bot/v2/hook/{token}"

    def forget_tokens(self) -> None:
        """No token given out so far is good any more."""
        with self.lock:
            self.tokens.clear()

    def takes_fault(self, path: str) -> Trouble:
        with self.lock:
            for at, trouble in enumerate(self.faults):
                if path.startswith(trouble.path):
                    del self.faults[at]
                    return trouble
        return Trouble()

    def waits(self, who: str, limits: tuple[int, int]) -> float:
        """Seconds until `who` may send again, 0 for at once. Only allowed requests count."""
        now = self.now()
        seen = self._seen[who] = [each for each in self._seen[who] if each > now - 60]
        for span, most in zip((1, 60), limits, strict=True):
            within = [each for each in seen if each > now - span]
            if len(within) >= most:
                return within[-most] + span - now if most else float(span)
        seen.append(now)
        return 0
