"""The frames: JSON objects, each with a `type`. One WebSocket text message holds one frame.

A client sends `hello`, and the server answers `welcome`. Requests carry an id that the client
chooses; their answer, or an `error`, carries it too.
"""

from typing import Annotated

import msgspec

from ci_stat.commit_tests.protocol.events import SessionEvent, SessionRequest, SessionSummary

VERSION = 1
"""Of the protocol. A change that an older program would misread raises it."""

MAX_CLIENT_FRAME = 256 * 1024
MAX_SERVER_FRAME = 8 * 1024 * 1024
MAX_LOG_PART = 256 * 1024

_RequestId = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_SessionId = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
_Number = Annotated[int, msgspec.Meta(ge=0)]


class _Frame(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """A frame."""


# From the client


class Hello(_Frame, frozen=True, kw_only=True, tag="hello"):
    """The first frame. `token`: for clients that cannot set the header Authorization."""

    versions: tuple[int, ...]
    token: str = ""
    client: str = ""

    def __repr__(self) -> str:
        return f"Hello(versions={self.versions!r}, client={self.client!r})"


class Submit(_Frame, frozen=True, kw_only=True, tag="submit"):
    """Run a session. The answer is `accepted`, and then its events.

    A repeated `request` id is answered with the session that it began before, from `after` on.
    """

    request: _RequestId
    session: SessionRequest
    after: _Number = 0


class Attach(_Frame, frozen=True, kw_only=True, tag="attach"):
    """Receive the events of a session whose number is above `after`. The answer is `accepted`.

    After a cut connection, `after` is the last number that was seen: this resumes.
    """

    request: _RequestId
    session: _SessionId
    after: _Number = 0


class Ack(_Frame, frozen=True, kw_only=True, tag="ack"):
    """All events up to this number were processed. More follow, up to the window of `welcome`."""

    session: _SessionId
    seq: _Number


class Detach(_Frame, frozen=True, kw_only=True, tag="detach"):
    """Send no more events of this session. It goes on."""

    session: _SessionId


class Cancel(_Frame, frozen=True, kw_only=True, tag="cancel"):
    """End a session. The answer is `accepted`; its events say when it has ended."""

    request: _RequestId
    session: _SessionId


class ListSessions(_Frame, frozen=True, kw_only=True, tag="list"):
    """Ask for the sessions of the user, the newest first."""

    request: _RequestId
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 20


class Logs(_Frame, frozen=True, kw_only=True, tag="logs"):
    """Ask for a part of the kept output of a commit. `offset`, `limit`: bytes."""

    request: _RequestId
    session: _SessionId
    index: _Number
    offset: _Number = 0
    limit: Annotated[int, msgspec.Meta(ge=16, le=MAX_LOG_PART)] = MAX_LOG_PART


# From both


class Ping(_Frame, frozen=True, kw_only=True, tag="ping"):
    """Sent by a side that has heard nothing for a while."""

    number: int = 0


class Pong(_Frame, frozen=True, kw_only=True, tag="pong"):
    """The answer to `ping`."""

    number: int = 0


# From the server


class Welcome(_Frame, frozen=True, kw_only=True, tag="welcome"):
    """The answer to `hello`.

    - `user`: of the token; empty on a server without tokens.
    - `backends`: the first one is used if a session names none.
    - `window`: how many events are sent before one is acknowledged.
    - `ping_seconds`: after so much silence a side sends `ping`; after twice as much it hangs up.
    """

    version: int
    server: str
    user: str
    backends: tuple[str, ...]
    window: int
    ping_seconds: float
    max_frame: int = MAX_CLIENT_FRAME


class Accepted(_Frame, frozen=True, kw_only=True, tag="accepted"):
    """A request about a session is accepted. `session`: its full id."""

    request: str
    session: str


class EventFrame(_Frame, frozen=True, kw_only=True, tag="event"):
    """An event of a session. `at`: when it was stored."""

    session: str
    seq: int
    at: str
    body: SessionEvent


class RawEventFrame(_Frame, frozen=True, kw_only=True, tag="event"):
    """The same with the body as it is stored, so that it is not decoded to be sent."""

    session: str
    seq: int
    at: str
    body: msgspec.Raw


class Sessions(_Frame, frozen=True, kw_only=True, tag="sessions"):
    """The answer to `list`. `left_out`: how many more there are."""

    request: str
    sessions: tuple[SessionSummary, ...]
    left_out: int = 0


class LogPart(_Frame, frozen=True, kw_only=True, tag="log"):
    """The answer to `logs`.

    `next_offset`: of the next part; None at the end. `cut_bytes`: that the server did not keep,
    between the begin and the end.
    """

    request: str
    text: str
    next_offset: int | None = None
    cut_bytes: int = 0


class ErrorFrame(_Frame, frozen=True, kw_only=True, tag="error"):
    """A request was not carried out, or the connection ends.

    `request`: None if the frame could not be read. `code`: see `ErrorCode`. `session`: whose events
    end with this error.
    """

    code: str
    message: str
    hint: str = ""
    request: str | None = None
    session: str | None = None


class ErrorCode:
    """The codes of errors. After the first four, the server hangs up."""

    NOT_HELLO = "not_hello"
    VERSION = "version"
    TOKEN = "token"  # noqa: S105  # a code, not a secret
    BUSY = "busy"
    INVALID = "invalid"
    REFUSED = "refused"
    QUOTA = "quota"
    NOT_FOUND = "not_found"
    STORAGE = "storage"

    FATAL = frozenset({NOT_HELLO, VERSION, TOKEN, BUSY})


ClientFrame = Hello | Submit | Attach | Ack | Detach | Cancel | ListSessions | Logs | Ping | Pong
ServerFrame = Welcome | Accepted | EventFrame | Sessions | LogPart | ErrorFrame | Ping | Pong


# The simple shape


class SimpleRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One commit, with the fields of `config.json`. Fields that are not known are ignored."""

    repo_url: str
    test_command: str
    commit: str
    user_id: str | int = ""
    chat_id: str | int = ""
    project_type: str = ""
    ws_url: str = ""
    commits: tuple[str, ...] = ()


class SimpleAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. `status`: an outcome. `output`: its end. `error`: empty if it passed."""

    commit: str
    status: str
    exit_code: int | None = None
    output: str = ""
    error: str = ""
