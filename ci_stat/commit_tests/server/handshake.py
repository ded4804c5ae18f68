"""The first frame of a connection: who it is, and in which version it speaks."""

from ci_stat import __version__
from ci_stat.commit_tests.protocol.coding import InvalidFrame, decode_client
from ci_stat.commit_tests.protocol.frames import (
    VERSION,
    ClientFrame,
    ErrorCode,
    Hello,
    SimpleRequest,
    Welcome,
)
from ci_stat.commit_tests.server.access import Access
from ci_stat.commit_tests.server.channel import Channel, Closed


async def first_frame(channel: Channel) -> ClientFrame | SimpleRequest:
    """Return the first frame. Raises Closed if there is none, or it cannot be read."""
    try:
        return decode_client(await channel.first())
    except InvalidFrame as error:
        await channel.refuse(ErrorCode.INVALID, error)
        raise Closed(1008, "invalid frame") from None


async def greet(
    channel: Channel, access: Access, token: str, frame: ClientFrame, backends: tuple[str, ...]
) -> str:
    """Answer `hello`, and return the user. `token`: of the header. Raises Closed."""
    if not isinstance(frame, Hello):
        raise await channel.fatal(ErrorCode.NOT_HELLO, "The first frame is not `hello`.")
    if VERSION not in frame.versions:
        raise await channel.fatal(
            ErrorCode.VERSION,
            f"The server speaks version {VERSION} of the protocol, the client"
            f" {', '.join(map(str, frame.versions)) or 'none'}.",
            "Install the same version of ci_stat on both sides.",
        )
    user = await authenticated(channel, access, token or frame.token)
    welcome = Welcome(
        version=VERSION,
        server=f"ci_stat {__version__}",
        user=user,
        backends=backends,
        window=channel.pace.window,
        ping_seconds=channel.pace.ping,
    )
    await channel.send(welcome)
    return user


async def authenticated(channel: Channel, access: Access, token: str) -> str:
    """Return the user of a token. Raises Closed."""
    user = access.user_of(token)
    if user is None:
        raise await channel.fatal(
            ErrorCode.TOKEN,
            "The server does not know the token." if token else "The server needs a token.",
            "Ask its operator for one: ci-stat serve --add-token USER.",
        )
    return user
