"""What the answers of an SMTP server, and the errors on the way to it, mean for a message."""

import smtplib
import socket
import ssl

from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.outcome import Reaction, Verdict

CA_HINT = "For a certificate authority of your own, set mail_ca to its file; mail_host must be the name in the certificate."
PORT_HINT = "Check that mail_tls and mail_port fit: starttls with 587, ssl with 465."
TOO_BIG = (523, 552)  # a message that is too long; 552 is a full mailbox too


class Stop(Exception):
    """The end of one try, with what is to be made of it."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict


def of_answer(answer: tuple[int, bytes], what: str, hint: str, mask: Mask) -> Verdict:
    """The verdict on a code and its words: 2xx is good, 4xx passes, 5xx stays."""
    code, words = answer
    if 200 <= code < 300:
        return Verdict(Reaction.DONE, code=code)
    said = mask.shown(words.decode("utf-8", "replace"))
    reason = f"{what} (SMTP {code}" + (f": {said})" if said else ")")
    if code in TOO_BIG:
        return Verdict(Reaction.REJECT, reason, "Narrow the report down.", code)
    return Verdict(Reaction.RETRY if code < 500 else Reaction.GIVE_UP, reason, hint, code)


def of_error(error: Exception, where: str, mask: Mask) -> Verdict:
    """The verdict on an error that came before the message was handed over."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Verdict(
            Reaction.GIVE_UP,
            f"{where}: its certificate is refused: {error.verify_message}",
            CA_HINT,
        )
    if isinstance(error, ssl.SSLError):
        said = mask.shown(error.reason) or "the connection broke off"
        return Verdict(
            Reaction.RETRY, f"{where}: the encrypted connection fails: {said}", PORT_HINT
        )
    if isinstance(error, smtplib.SMTPResponseException):
        words = (
            error.smtp_error
            if isinstance(error.smtp_error, bytes)
            else str(error.smtp_error).encode()
        )
        return of_answer((error.smtp_code, words), f"{where} refuses us", "", mask)
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return Verdict(Reaction.RETRY, f"{where} broke off, or did not answer in time.", PORT_HINT)
    if isinstance(error, TimeoutError):
        return Verdict(Reaction.RETRY, f"{where} did not answer in time.", PORT_HINT)
    if isinstance(error, socket.gaierror):
        return Verdict(
            Reaction.RETRY, f"{where}: no machine of this name is known.", "Check mail_host."
        )
    if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
        reason = (
            f"{where} cannot be reached: {mask.shown(error.strerror) or 'the connection broke off'}"
        )
        return Verdict(Reaction.RETRY, reason, "Check mail_host and mail_port.")
    # smtplib's other errors may quote what was sent.
    return Verdict(Reaction.GIVE_UP, f"{where} cannot be spoken to: {type(error).__name__}")
