"""E-mail over SMTP, step by step, so that each step knows whether the message can have been
delivered.
"""

import random
import re
import smtplib
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from email.message import EmailMessage
from typing import Literal

from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.http.retry import RetryPolicy
from ci_stat.connectors.mail.login import check_login, encoded, log_in, tls_context
from ci_stat.connectors.mail.message import smtp_data
from ci_stat.connectors.mail.replies import Stop, of_error, of_reply
from ci_stat.connectors.outcome import AttemptOutcome, Reaction, nothing, once, send_with_retries
from ci_stat.errors import SettingsError
from ci_stat.escape import visible
from ci_stat.records import DeliveryState, Outcome

Tls = Literal["starttls", "ssl", "none"]

TIMEOUT = 30.0  # seconds to connect, and for each response
FAREWELL = 2.0  # seconds to wait for the reply to QUIT, which is not used
PORTS: dict[str, int] = {"starttls": 587, "ssl": 465, "none": 25}
_ADDRESS = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")  # ASCII without spaces and angle brackets


class MailServer:
    """One SMTP server and a login; none if `user` is empty.

    - `tls`: `starttls`, `ssl` (from the first byte on) or `none`.
    - `port`: by default 587, 465 for ssl, 25 without encryption.
    - `ca_file`: a certificate authority to trust instead of the system's.
    - `clock`, `sleep`, `jitter` (0 to 1): for the waits between attempts.

    Nothing is connected before `send`. Raises SettingsError for invalid settings, and for a
    password that would be sent unencrypted to another machine.
    """

    def __init__(
        self,
        host: str,
        port: int | None = None,
        tls: Tls = "starttls",
        user: str = "",
        password: str = "",
        ca_file: str | None = None,
        timeout: float = TIMEOUT,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._host, self._tls, self._timeout = host.strip(), tls, timeout
        if not self._host or not re.fullmatch(r"[\w.:%-]+", self._host):
            raise SettingsError(
                "mail_host is not the name of a server.",
                "Write the name alone, as smtp.example.com",
            )
        if tls not in PORTS:
            raise SettingsError("mail_tls must be starttls, ssl or none.")
        self._port = port or PORTS[tls]
        self._where = f"{self._host}:{self._port}"
        check_login(self._host, tls, user, password)
        self._user, self._password = user, password
        self._context = None if tls == "none" else tls_context(ca_file)
        self._mask = Mask(password, *map(encoded, (password, f"\0{user}\0{password}")))
        self._policy = RetryPolicy(clock=clock, sleep=sleep, jitter=jitter)

    def __repr__(self) -> str:
        return f"<MailServer {self._where} {self._tls}>"

    def send(
        self,
        message: EmailMessage,
        sender: str,
        recipient: str,
        about_to_send: Callable[[], None] = nothing,
    ) -> Outcome:
        """Send to one `recipient`, and retry as long as nothing can have been delivered.

        `about_to_send` is called once, immediately before the first DATA: earlier commands deliver
        nothing. The Message-ID of a delivered message becomes its message_id.
        """
        for setting, address in (("mail_from", sender), ("mail_to", recipient)):
            if not _ADDRESS.fullmatch(address):
                reason = f"{visible(address, 100)!r} is not a valid mail address."
                return Outcome(
                    DeliveryState.FAILED, reason, f"Check {setting}: it takes name@host, in ASCII."
                )
        data = smtp_data(message)
        announce = once(about_to_send)
        outcome = send_with_retries(
            lambda: self._attempt(data, sender, recipient, announce), self._policy.begin()
        )
        name = visible(str(message.get("Message-ID", "")).strip(), 300)
        return replace(outcome, message_id=name) if outcome.state is DeliveryState.SENT else outcome

    def _attempt(
        self, data: bytes, sender: str, recipient: str, announce: Callable[[], None]
    ) -> AttemptOutcome:
        smtp = self._ready(len(data), sender, recipient)
        if isinstance(smtp, AttemptOutcome):
            return smtp
        try:
            announce()
            return self._transmitted(smtp, data)
        finally:
            _goodbye(smtp)

    def _ready(self, size: int, sender: str, recipient: str) -> smtplib.SMTP | AttemptOutcome:
        """A connection that is ready for DATA; or the outcome, and then nothing was delivered."""
        smtp: smtplib.SMTP | None = None
        try:
            smtp = self._connected()
            self._secured(smtp)
            self._envelope(smtp, size, sender, recipient)
            return smtp
        except Stop as stop:
            outcome = stop.outcome
        except (
            smtplib.SMTPException,
            OSError,
            ValueError,
        ) as error:  # ValueError: what smtplib cannot send
            outcome = of_error(error, self._where, self._mask)
        if smtp is not None:
            _goodbye(smtp)
        return outcome

    def _connected(self) -> smtplib.SMTP:
        if self._tls == "ssl":
            return smtplib.SMTP_SSL(
                self._host, self._port, timeout=self._timeout, context=self._context
            )
        return smtplib.SMTP(self._host, self._port, timeout=self._timeout)

    def _secured(self, smtp: smtplib.SMTP) -> None:
        """Start TLS and log in, as configured. Raises Stop if the server offers neither."""
        smtp.ehlo_or_helo_if_needed()
        if self._tls == "starttls":
            if not smtp.has_extn("starttls"):
                hint = (
                    "Set mail_port and mail_tls for an encrypted port; nothing is sent unencrypted."
                )
                raise Stop(
                    AttemptOutcome(Reaction.GIVE_UP, f"{self._host} does not offer STARTTLS.", hint)
                )
            smtp.starttls(context=self._context)
            smtp.ehlo_or_helo_if_needed()
        if self._user:
            self._log_in(smtp)

    def _log_in(self, smtp: smtplib.SMTP) -> None:
        if not smtp.has_extn("auth"):
            reason = f"{self._host} offers no login" + (
                " without encryption." if self._tls == "none" else "."
            )
            raise Stop(
                AttemptOutcome(
                    Reaction.GIVE_UP,
                    reason,
                    "Leave mail_user empty, or set mail_tls and mail_port.",
                )
            )
        code = 0
        try:
            log_in(smtp, self._user, self._password)
        except smtplib.SMTPResponseException as error:
            code = error.smtp_code
        if code:  # without the server's text, which may repeat the password in Base64
            reaction = Reaction.RETRY if 400 <= code < 500 else Reaction.GIVE_UP
            reason = f"{self._host} does not accept mail_user and mail_password (SMTP {code})"
            raise Stop(
                AttemptOutcome(
                    reaction, reason, "Check both; some providers require an app password.", code
                )
            )

    def _envelope(self, smtp: smtplib.SMTP, size: int, sender: str, recipient: str) -> None:
        options = [f"size={size}"] if smtp.has_extn("size") else []
        self._require(
            smtp.mail(sender, options),
            "refuses the sender",
            "Check mail_from, and who may use it.",
        )
        self._require(
            smtp.rcpt(recipient),
            f"refuses the recipient {visible(recipient, 100)}",
            "Check mail_to.",
        )

    def _require(self, reply: tuple[int, bytes], what: str, hint: str) -> None:
        outcome = of_reply(reply, f"{self._host} {what}", hint, self._mask)
        if outcome.reaction is not Reaction.DONE:
            raise Stop(outcome)

    def _transmitted(self, smtp: smtplib.SMTP, data: bytes) -> AttemptOutcome:
        try:
            code, words = smtp.docmd("DATA")
        except (smtplib.SMTPException, OSError) as error:
            return of_error(error, self._where, self._mask)
        if code != 354:
            # Any other success code is a refusal, too: the message must not follow.
            refused = (code, words) if code >= 400 else (554, words)
            return of_reply(refused, f"{self._host} does not accept messages", "", self._mask)
        try:
            smtp.send(data)
            reply = smtp.getreply()
        except (smtplib.SMTPException, OSError):
            return AttemptOutcome(
                Reaction.UNKNOWN,
                f"{self._host}: the connection was lost while the message was transmitted.",
            )
        return self._received(reply)

    def _received(self, reply: tuple[int, bytes]) -> AttemptOutcome:
        """The outcome of the reply after the message: a permanent failure is about its content."""
        if not 200 <= reply[0] < 600:
            return AttemptOutcome(
                Reaction.UNKNOWN, f"{self._host}: the reply to the message is invalid."
            )
        outcome = of_reply(reply, f"{self._host} rejected the message", "", self._mask)
        return (
            replace(outcome, reaction=Reaction.REJECT)
            if outcome.reaction is Reaction.GIVE_UP
            else outcome
        )


def _goodbye(smtp: smtplib.SMTP) -> None:
    with suppress(smtplib.SMTPException, OSError, ValueError):
        if smtp.sock is not None:
            smtp.sock.settimeout(FAREWELL)
            smtp.quit()
    smtp.close()
