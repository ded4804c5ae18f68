"""Why a request got no response, in words without addresses and secrets."""

import ssl
from collections.abc import Iterator

from urllib3 import exceptions

from ci_stat.connectors.http.deadline import FACTOR, DeadlineExceeded
from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.http.response import NoResponse

CA_HINT = "For a certificate authority of your own, set REQUESTS_CA_BUNDLE to its file."
# ValueError: a header that cannot be sent. OSError: what urllib3 passes through.
ERRORS = (exceptions.HTTPError, OSError, ValueError)


def no_response(
    error: BaseException, root: str, timeout: float, mask: Mask, sent: bool
) -> NoResponse:
    """`root`: the server, without a path.

    `sent`: whether the server may have received the request.
    """
    chain = list(_chain(error))
    detail = mask.shown(_innermost_text(chain))
    if _has(chain, ssl.SSLCertVerificationError):
        reason = f"{root}: its certificate is refused: {detail}"
        return NoResponse(reason, CA_HINT, sent, temporary=False)
    if _has(chain, exceptions.ProxyError):
        reason = f"{root}: the proxy refuses the connection: {detail}"
        return NoResponse(reason, "Check HTTPS_PROXY.", sent)
    if _has(chain, DeadlineExceeded):
        return NoResponse(
            f"{root} did not finish its response within {FACTOR * timeout:g} s", sent=sent
        )
    if isinstance(error, exceptions.NewConnectionError):  # a TimeoutError, too
        return NoResponse(f"{root} cannot be reached: {detail}", sent=sent)
    if _has(chain, exceptions.TimeoutError):
        return NoResponse(f"{root} did not respond within {timeout:g} s", sent=sent)
    if _has(chain, ssl.SSLError) or _has(chain, exceptions.SSLError):
        return NoResponse(f"{root}: the encrypted connection fails: {detail}", CA_HINT, sent)
    if isinstance(error, exceptions.ProtocolError | OSError):
        problem = "closed the connection without a response" if sent else "cannot be reached"
        return NoResponse(f"{root} {problem}: {detail}", sent=sent)
    reason = f"{root}: the request is invalid ({type(error).__name__})"
    return NoResponse(reason, sent=sent, temporary=False)


def unreadable_certificates(root: str) -> NoResponse:
    """The file of certificate authorities cannot be read."""
    reason = f"{root}: the file in REQUESTS_CA_BUNDLE cannot be read."
    return NoResponse(reason, CA_HINT, temporary=False)


def _has(chain: list[BaseException], kind: type[BaseException]) -> bool:
    return any(isinstance(error, kind) for error in chain)


def _innermost_text(chain: list[BaseException]) -> str:
    """The operating system's words, without addresses and object names."""
    texts = [_os_text(error) for error in chain if isinstance(error, OSError)]
    known = [text for text in texts if text]
    return known[-1] if known else "the connection was closed"


def _os_text(error: OSError) -> str:
    # An OSError with a text alone comes from http.client and quotes a proxy's status line.
    text = error.strerror or (error.args[0] if error.args else "")
    return text if isinstance(text, str) else ""


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and its causes, outermost first."""
    for _ in range(10):
        if error is None:
            return
        yield error
        inner = getattr(error, "reason", None) or (error.args[0] if error.args else None)
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__
