"""Frames to text and back. What cannot be read becomes an error that says where it is wrong."""

import msgspec

from ci_stat.commit_tests.protocol.frames import (
    ClientFrame,
    RawEventFrame,
    ServerFrame,
    SimpleAnswer,
    SimpleRequest,
)
from ci_stat.errors import UsageError
from ci_stat.escape import visible

_PAGE = "docs/commit-tests.md describes the frames."

_client_frames: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)
_server_frames: msgspec.json.Decoder[ServerFrame] = msgspec.json.Decoder(ServerFrame)
_simple_requests = msgspec.json.Decoder(SimpleRequest)
_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)
_encoder = msgspec.json.Encoder()

AnyFrame = ClientFrame | ServerFrame | RawEventFrame | SimpleRequest | SimpleAnswer


class _Kind(msgspec.Struct):
    """The fields by which a frame is recognised."""

    type: str | None = None
    request: str | None = None
    repo_url: str | None = None


_kinds = msgspec.json.Decoder(_Kind)


class InvalidFrame(UsageError):
    """A frame cannot be read. `request`: the id in it, if it has one."""

    def __init__(self, problem: object, request: str | None = None) -> None:
        super().__init__(f"Invalid frame: {visible(problem, 300)}.", _PAGE)
        self.request = request


def encode(frame: AnyFrame) -> str:
    """Return a frame as JSON text."""
    return _encoder.encode(frame).decode()


def decode_client(text: str | bytes) -> ClientFrame | SimpleRequest:
    """Read a frame of a client, or one of the simple shape. Raises InvalidFrame."""
    kind = _kind_of(text)
    try:
        if kind.type is None and kind.repo_url is not None:
            return _simple_requests.decode(text)
        return _client_frames.decode(text)
    except _UNREADABLE as error:
        raise InvalidFrame(_first_line(error), kind.request) from None


def decode_server(text: str | bytes) -> ServerFrame:
    """Read a frame of a server. Raises InvalidFrame."""
    try:
        return _server_frames.decode(text)
    except _UNREADABLE as error:
        raise InvalidFrame(_first_line(error)) from None


def _kind_of(text: str | bytes) -> _Kind:
    try:
        return _kinds.decode(text)
    except _UNREADABLE as error:
        raise InvalidFrame(_first_line(error)) from None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")
