"""From the replies of an SMTP server, and errors before them, to the outcome of an attempt."""

import smtplib
import socket
import ssl

from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.outcome import AttemptOutcome, Reaction

CA_HINT = (
    "For a certificate authority of your own, set mail_ca to its file;"
    " mail_host must be the name in the certificate."
)
PORT_HINT = "Check that mail_tls and mail_port match: starttls with 587, ssl with 465."
TOO_BIG = (523, 552)  # a message that is too long; 552 is a full mailbox too


class Stop(Exception):
    """The end of one attempt, with its outcome."""

    def __init__(self, outcome: AttemptOutcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


def of_reply(reply: tuple[int, bytes], what: str, hint: str, mask: Mask) -> AttemptOutcome:
    """The outcome for a code and its text: 2xx is success, 4xx a temporary and 5xx a permanent
    failure.
    """
    code, words = reply
    if 200 <= code < 300:
        return AttemptOutcome(Reaction.DONE, code=code)
    quoted = mask.shown(words.decode("utf-8", "replace"))
    reason = f"{what} (SMTP {code}" + (f": {quoted})" if quoted else ")")
    if code in TOO_BIG:
        return AttemptOutcome(Reaction.REJECT, reason, "Narrow the report.", code)
    return AttemptOutcome(Reaction.RETRY if code < 500 else Reaction.GIVE_UP, reason, hint, code)


def of_error(error: Exception, where: str, mask: Mask) -> AttemptOutcome:
    """The outcome for an error before the message was transmitted."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return AttemptOutcome(
            Reaction.GIVE_UP,
            f"{where}: its certificate is refused: {error.verify_message}",
            CA_HINT,
        )
    if isinstance(error, ssl.SSLError):
        detail = mask.shown(error.reason) or "the connection was closed"
        return AttemptOutcome(
            Reaction.RETRY, f"{where}: the encrypted connection fails: {detail}", PORT_HINT
        )
    if isinstance(error, smtplib.SMTPResponseException):
        words = (
            error.smtp_error
            if isinstance(error.smtp_error, bytes)
            else str(error.smtp_error).encode()
        )
        return of_reply((error.smtp_code, words), f"{where} refuses the connection", "", mask)
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return AttemptOutcome(
            Reaction.RETRY, f"{where} closed the connection, or did not respond in time.", PORT_HINT
        )
    if isinstance(error, TimeoutError):
        return AttemptOutcome(Reaction.RETRY, f"{where} did not respond in time.", PORT_HINT)
    if isinstance(error, socket.gaierror):
        return AttemptOutcome(Reaction.RETRY, f"{where}: host name not found.", "Check mail_host.")
    if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
        detail = mask.shown(error.strerror) or "the connection was closed"
        reason = f"{where} cannot be reached: {detail}"
        return AttemptOutcome(Reaction.RETRY, reason, "Check mail_host and mail_port.")
    # smtplib's other errors may quote what was sent.
    return AttemptOutcome(
        Reaction.GIVE_UP, f"{where}: the SMTP dialogue failed: {type(error).__name__}"
    )
