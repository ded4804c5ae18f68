"""The mail client against a real SMTP server (aiosmtpd), and against a scripted one.

The certificates are real.
"""

import base64
import contextlib
import hmac
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from ci_stat.connectors.mail.client import MailServer
from ci_stat.connectors.mail.message import smtp_data
from ci_stat.errors import SettingsError
from ci_stat.records import DeliveryState, Outcome
from tests.support.connectors import Certified, FakeTime, certified, everything_logged, texts_of
from tests.support.proxy import closed_port, silent, speaking, through

SENT, FAILED, UNCERTAIN = DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCERTAIN
USER, PASSWORD = "reporter", "mail-password-0123"
NEVER_SHOWN = (
    PASSWORD,
    base64.b64encode(PASSWORD.encode()).decode(),
    base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode(),
)
SENDER, RECIPIENT = "ci@example.com", "dev@example.com"


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def own(tmp_path: Path) -> Certified:
    return certified(tmp_path)


@pytest.fixture(autouse=True)
def _shown() -> Iterator[None]:
    """No log line may show a secret; aiosmtpd hides them in its own."""
    with everything_logged() as lines:
        yield
    for line in lines:
        for secret in NEVER_SHOWN:
            assert secret not in line


def mail(text: str = "3 failures\n.hidden dot\n..\n日报\n") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, RECIPIENT, "日报 CI"
    message["Message-ID"] = "<report-1@example.com>"
    message.set_content(text)
    message.add_alternative("<p>3 failures</p>", "html")
    return message


@dataclass
class Inbox:
    """What a real server received, and what it answers.

    `answers`: the answers in turn to RCPT, MAIL or DATA; "" is the server's own answer.
    """

    port: int = 0
    envelopes: list[Envelope] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    user: str = USER
    password: str = PASSWORD

    def says(self, command: str) -> str:
        answers = self.answers.get(command, [])
        return answers.pop(0) if answers else ""

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.says("MAIL") or "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = self.says("RCPT")
        if said:
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        said = self.says("DATA")
        if said:
            return said
        self.encrypted.append(session.ssl is not None)
        self.envelopes.append(envelope)
        return "250 OK"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        self.logins.append(mechanism)
        good = LoginPassword(self.user.encode(), self.password.encode())
        # With handled=True the server would believe that the refusal was already sent, and
        # would send nothing.
        return AuthResult(success=isinstance(data, LoginPassword) and data == good, handled=False)


@contextmanager
def serving(
    tls: ssl.SSLContext | None = None, implicit: bool = False, **options: Any
) -> Iterator[Inbox]:
    """A real server.

    It offers STARTTLS if there is `tls`, or encrypts from the beginning (`implicit`).
    """
    inbox = Inbox(port=closed_port())
    controller = Controller(
        inbox,
        hostname="127.0.0.1",
        port=inbox.port,
        ssl_context=tls if implicit else None,
        tls_context=None if implicit else tls,
        authenticator=inbox.authenticate,
        **options,
    )
    controller.start()
    try:
        yield inbox
    finally:
        controller.stop()


def client(
    port: int, time: FakeTime, tls: Any = "none", ca: Certified | None = None, **options: Any
) -> MailServer:
    given = {
        "host": "127.0.0.1",
        "timeout": 5.0,
        "ca_file": ca.ca_file if ca else None,
        **time.options,
        **options,
    }
    return MailServer(given.pop("host"), port, tls, **given)


def sent(server: MailServer, message: EmailMessage | None = None, to: str = RECIPIENT) -> Outcome:
    """The outcome of one message, announced at most once; it shows no secret."""
    calls: list[int] = []
    outcome = server.send(message or mail(), SENDER, to, lambda: calls.append(1))
    assert len(calls) <= 1
    assert calls or outcome.state is FAILED
    for secret in NEVER_SHOWN:
        assert secret not in repr(outcome)
    assert outcome.reason or outcome.state is SENT
    return outcome


LOGIN: dict[str, Any] = {"user": USER, "password": PASSWORD}
DELIVERED = Outcome(SENT, code=250, message_id="<report-1@example.com>")


# What is delivered


def test_a_message_arrives_as_it_was_written(time: FakeTime) -> None:
    with serving() as inbox:
        assert sent(client(inbox.port, time)) == DELIVERED
    (envelope,) = inbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, [RECIPIENT])
    assert isinstance(envelope.content, bytes)
    envelope.content.decode("ascii")
    got = message_from_bytes(envelope.content, policy=default)
    body = got.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == "3 failures\n.hidden dot\n..\n日报\n"
    assert got["Subject"] == "日报 CI"


@pytest.mark.parametrize("tls", ["starttls", "ssl"])
def test_encrypted_with_a_login(time: FakeTime, own: Certified, tls: str) -> None:
    # To aiosmtpd itself an encrypted port is none with encryption.
    options = {"auth_require_tls": False} if tls == "ssl" else {"auth_required": True}
    with serving(own.server, implicit=tls == "ssl", **options) as inbox:
        assert sent(client(inbox.port, time, tls, own, **LOGIN)) == DELIVERED
    assert inbox.logins
    assert inbox.encrypted == [tls == "starttls"]  # the other one it does not know of


def test_a_name_in_place_of_an_address(time: FakeTime, own: Certified) -> None:
    with serving(own.server) as inbox:
        assert sent(client(inbox.port, time, "starttls", own, host="localhost")).state is SENT


def test_a_login_without_encryption_stays_on_this_machine(time: FakeTime) -> None:
    with serving(auth_require_tls=False) as inbox:
        assert sent(client(inbox.port, time, **LOGIN)).state is SENT
    assert inbox.logins


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize(("user", "password"), [(USER, "pässwörd-密码-0123"), ("josé", PASSWORD)])
def test_a_password_with_any_letters(
    time: FakeTime, mechanism: str, user: str, password: str
) -> None:
    other = {"PLAIN": "LOGIN", "LOGIN": "PLAIN"}[mechanism]
    with serving(auth_require_tls=False, auth_exclude_mechanism=[other]) as inbox:
        inbox.user, inbox.password = user, password
        assert sent(client(inbox.port, time, user=user, password=password)) == DELIVERED
        wrong = sent(client(inbox.port, time, user=user, password=f"{password}é"))
    assert (wrong.state, wrong.code) == (FAILED, 535)
    assert set(inbox.logins) == {mechanism}


def test_a_password_with_any_letters_by_challenge(time: FakeTime) -> None:
    password, challenge = "pässwörd-密码-0123", b"<1.2@example.com>"
    digest = hmac.new(password.encode(), challenge, "md5").hexdigest()
    answer = base64.b64encode(f"{USER} {digest}".encode()).decode().upper()
    script = {
        "EHLO": [b"250-me\r\n250 AUTH CRAM-MD5\r\n"],
        "AUTH": [b"334 " + base64.b64encode(challenge) + b"\r\n"],
        answer: [b"235 OK\r\n"],
    }
    with scripted(script) as (port, _):
        assert sent(client(port, time, user=USER, password=password)) == DELIVERED


def test_the_size_is_announced(time: FakeTime) -> None:
    with serving() as inbox:
        sent(client(inbox.port, time))
    assert inbox.envelopes[0].mail_options == [f"SIZE={len(smtp_data(mail()))}"]


def test_a_message_that_is_too_big(time: FakeTime) -> None:
    with serving(data_size_limit=1_000) as inbox:
        outcome = sent(client(inbox.port, time), mail("x" * 2_000))
    assert (outcome.state, outcome.code, outcome.rejected, inbox.envelopes) == (
        FAILED,
        552,
        True,
        [],
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n", b"a\r\n.\r\n"),
        ("a\n.b\n..\n.\n", b"a\r\n..b\r\n...\r\n..\r\n.\r\n"),
        ("a\rb\n\n", b"a\r\nb\r\n\r\n.\r\n"),
    ],
)
def test_no_line_of_a_message_ends_it(text: str, expected: bytes) -> None:
    message = EmailMessage()
    message.set_content(text, cte="7bit")
    assert smtp_data(message).partition(b"\r\n\r\n")[2] == expected


def test_long_lines_and_other_scripts_are_seven_bit() -> None:
    data = smtp_data(mail("日" * 3_000 + "\n" + "x" * 5_000 + "\n"))
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 998


# What is refused


def test_a_recipient_that_is_not_there(time: FakeTime) -> None:
    with serving() as inbox:
        inbox.answers["RCPT"] = ["550 5.1.1 no such user\x1b[31m"]
        outcome = sent(client(inbox.port, time))
    assert (outcome.state, outcome.code, outcome.rejected, time.waits) == (FAILED, 550, False, [])
    assert (
        "refuses the recipient dev@example.com (SMTP 550: 5.1.1 no such user\\x1b[31m)"
        in outcome.reason
    )
    assert "mail_to" in outcome.hint


def test_a_sender_that_is_not_allowed(time: FakeTime) -> None:
    with serving() as inbox:
        inbox.answers["MAIL"] = ["553 not yours"]
        outcome = sent(client(inbox.port, time))
    assert (outcome.state, outcome.code) == (FAILED, 553)
    assert "mail_from" in outcome.hint


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_what_passes_is_tried_again(time: FakeTime, command: str) -> None:
    with serving() as inbox:
        inbox.answers[command] = ["451 greylisted", "421 too busy"]
        assert sent(client(inbox.port, time)) == DELIVERED
        assert time.waits == [1, 2]
        inbox.answers[command] = ["450 mailbox busy"] * 9
        outcome = sent(client(inbox.port, time))
    assert (outcome.state, outcome.code) == (FAILED, 450)
    assert outcome.reason.endswith("(SMTP 450: mailbox busy) (tried 5 times)")


def test_a_content_that_is_refused(time: FakeTime) -> None:
    with serving() as inbox:
        inbox.answers["DATA"] = ["554 looks like spam"]
        outcome = sent(client(inbox.port, time))
    assert (outcome.state, outcome.code, outcome.rejected, time.waits) == (FAILED, 554, True, [])


def test_a_wrong_password(time: FakeTime, own: Certified) -> None:
    with serving(own.server) as inbox:
        outcome = sent(
            client(
                inbox.port, time, "starttls", own, user=USER, password="mail-password-0123-wrong"
            )
        )
    assert (outcome.state, outcome.code, time.waits, inbox.envelopes) == (FAILED, 535, [], [])
    assert "mail_user and mail_password" in outcome.reason


def test_no_login_offered(time: FakeTime) -> None:
    with serving() as inbox:  # aiosmtpd offers none without encryption
        outcome = sent(client(inbox.port, time, **LOGIN))
    assert (outcome.state, inbox.logins) == (FAILED, [])
    assert "offers no login without encryption" in outcome.reason


def test_starttls_that_is_not_offered_is_not_done_without(time: FakeTime, own: Certified) -> None:
    with serving(auth_require_tls=False) as inbox:
        outcome = sent(client(inbox.port, time, "starttls", own, **LOGIN))
    assert (outcome.state, inbox.logins, inbox.envelopes, time.waits) == (FAILED, [], [], [])
    assert "does not offer STARTTLS" in outcome.reason


@pytest.mark.parametrize("tls", ["starttls", "ssl"])
def test_a_certificate_that_nobody_vouches_for(time: FakeTime, own: Certified, tls: str) -> None:
    with serving(own.server, implicit=tls == "ssl") as inbox:
        outcome = sent(client(inbox.port, time, tls, **LOGIN))
    assert (outcome.state, inbox.logins, time.waits) == (FAILED, [], [])
    assert "its certificate is refused" in outcome.reason
    assert "mail_ca" in outcome.hint


@pytest.mark.parametrize("tls", ["starttls", "ssl"])
def test_a_certificate_for_another_name(time: FakeTime, tmp_path: Path, tls: str) -> None:
    other = certified(tmp_path, "mail.example.com")
    with serving(other.server, implicit=tls == "ssl") as inbox:
        outcome = sent(client(inbox.port, time, tls, other, **LOGIN))
    assert (outcome.state, inbox.logins) == (FAILED, [])
    assert "its certificate is refused" in outcome.reason


def test_ssl_to_a_port_without(time: FakeTime, own: Certified) -> None:
    with serving() as inbox:
        outcome = sent(client(inbox.port, time, "ssl", own))
    assert outcome.state is FAILED
    assert "mail_tls and mail_port match" in outcome.hint


@pytest.mark.parametrize(
    "address", ["", "dev", "Dev <dev@x>", "a b@x", "dev@x\r\nRCPT TO:<eve@x>", "dév@x", "a@x>"]
)
def test_addresses_that_cannot_be_used(time: FakeTime, address: str) -> None:
    server = client(9, time)
    for sender, to, setting in ((SENDER, address, "mail_to"), (address, RECIPIENT, "mail_from")):
        outcome = server.send(mail(), sender, to, lambda: pytest.fail("announced"))
        assert outcome.state is FAILED
        assert setting in outcome.hint
        assert "\r" not in outcome.reason


# What breaks


def test_a_dead_server(time: FakeTime) -> None:
    port = closed_port()
    outcome = sent(client(port, time))
    assert outcome.state is FAILED
    assert (
        outcome.reason == f"127.0.0.1:{port} cannot be reached: Connection refused (tried 5 times)"
    )


def test_no_machine_of_that_name(time: FakeTime, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    outcome = sent(client(25, time, host="mail.invalid"))
    assert outcome.state is FAILED
    assert "host name not found" in outcome.reason


@pytest.mark.parametrize("tls", ["none", "ssl"])
def test_a_server_that_says_nothing(time: FakeTime, tls: str) -> None:
    with silent() as port:
        outcome = sent(client(port, time, tls, timeout=0.1))
    assert outcome.state is FAILED
    assert "tried 5 times" in outcome.reason


@pytest.mark.parametrize(
    "greeting",
    [
        b"",
        b"220 hello\r\n",
        b"554 go away\r\n",
        b"HTTP/1.1 400 Bad\r\n\r\n",
        b"220 " + b"x" * 9_000 + b"\r\n",
    ],
)
def test_servers_that_are_none(time: FakeTime, greeting: bytes) -> None:
    with speaking(greeting) as port:
        assert sent(client(port, time)).state is FAILED


Script = dict[str, list[bytes]]


@contextmanager
def scripted(script: Script) -> Iterator[tuple[int, list[bytes]]]:
    """Run a server that follows `script`; give its port and the lines that it received.

    The script has the answers to each command, in turn. The answer b"" closes the connection.

    A command that is not in the script gets a good answer. The key `.` has the answers to the end
    of a message, `in` those to its first line.
    """
    got: list[bytes] = []
    good = {"EHLO": b"250 me\r\n", "DATA": b"354 go on\r\n", "QUIT": b"221 bye\r\n"}

    def reply(client: socket.socket, command: str) -> bytes:
        said = script.get(command, [])
        text = said.pop(0) if said else good.get(command, b"250 OK\r\n")
        client.sendall(text)
        return text

    def converse(client: socket.socket) -> None:
        client.sendall(b"220 me\r\n")
        with client.makefile("rb") as lines:
            inside = False
            for line in lines:
                got.append(line.upper())
                if inside and script.get("in"):
                    script["in"].pop()
                    return
                if inside and line != b".\r\n":
                    continue
                command = "." if inside else line.split()[0].decode().upper()
                said = reply(client, command)
                if not said or command == "QUIT":
                    return
                inside = said.startswith(b"354")

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                with client, contextlib.suppress(OSError):
                    converse(client)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1]), got
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=10)


@pytest.mark.parametrize(
    "script",
    [
        {".": [b""]},
        {"in": [b""]},
        {".": [b"2"]},
        {".": [b"hello\r\n"]},
        {".": [b"250-cut\r\n", b""]},
        {".": [b"999 what\r\n"]},
    ],
)
def test_a_connection_lost_after_data_began_leaves_it_open(time: FakeTime, script: Script) -> None:
    with scripted(script) as (port, got):
        outcome = sent(client(port, time, timeout=0.5))
    assert (outcome.state, time.waits) == (UNCERTAIN, [])
    assert "may have arrived" in outcome.hint
    assert got.count(b"DATA\r\n") == 1


def test_an_answer_that_is_late_leaves_it_open(time: FakeTime) -> None:
    with scripted({".": [b"250"]}) as (port, _):  # and never the end of the line
        outcome = sent(client(port, time, timeout=0.3))
    assert outcome.state is UNCERTAIN


@pytest.mark.parametrize("command", ["EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("said", [b"", b"421 closing\r\n", b"nonsense\r\n"])
def test_a_connection_lost_before_is_made_again(time: FakeTime, command: str, said: bytes) -> None:
    with scripted({command: [said]}) as (port, got):
        outcome = sent(client(port, time, timeout=0.5))
    # Without an answer to EHLO, HELO is tried; to anything else of that kind, a new connection is.
    assert outcome == DELIVERED or (command, said) == ("DATA", b"nonsense\r\n")
    assert got.count(b".\r\n") <= 1


@pytest.mark.parametrize("said", [b"250 no go\r\n", b"503 no\r\n", b"220 what\r\n"])
def test_data_that_is_not_asked_for_is_not_sent(time: FakeTime, said: bytes) -> None:
    with scripted({"DATA": [said]}) as (port, got):
        outcome = sent(client(port, time))
    assert (outcome.state, b".\r\n" in got) == (FAILED, False)


def test_a_farewell_that_never_comes_changes_nothing(time: FakeTime) -> None:
    with scripted({"QUIT": [b""]}) as (port, _):
        assert sent(client(port, time)) == DELIVERED


def test_a_server_that_repeats_the_password(time: FakeTime) -> None:
    echo = f"535 no: {' '.join(NEVER_SHOWN)}\r\n".encode()
    with scripted({"EHLO": [b"250-me\r\n250 AUTH PLAIN LOGIN\r\n"], "AUTH": [echo, echo]}) as (
        port,
        _,
    ):
        outcome = sent(client(port, time, **LOGIN))
    assert (outcome.state, outcome.code) == (FAILED, 535)
    echo = f"550 no: {' '.join(NEVER_SHOWN)}\r\n".encode()
    with scripted(
        {"EHLO": [b"250-me\r\n250 AUTH PLAIN\r\n"], "AUTH": [b"235 OK\r\n"], "RCPT": [echo]}
    ) as (port, _):
        outcome = sent(client(port, time, **LOGIN))
    assert outcome.reason.endswith("(SMTP 550: no: *** *** ***)")


@pytest.mark.parametrize(
    "offer", [b"250-me\r\n250 AUTH GSSAPI\r\n", b"250-me\r\n250 AUTH CRAM-MD5\r\n"]
)
def test_logins_that_cannot_be_done(time: FakeTime, offer: bytes) -> None:
    with scripted({"EHLO": [offer] * 5, "AUTH": [b"454 later\r\n"] * 5}) as (port, got):
        outcome = sent(client(port, time, **LOGIN))
    assert outcome.state is FAILED
    assert (outcome.code, time.waits) == ((454, [1, 2, 4, 8]) if b"CRAM" in offer else (None, []))
    assert not [line for line in got if line.startswith(b"MAIL")]


def test_starttls_that_is_offered_and_refused(time: FakeTime, own: Certified) -> None:
    with scripted({"EHLO": [b"250-me\r\n250 STARTTLS\r\n"], "STARTTLS": [b"502 not now\r\n"]}) as (
        port,
        got,
    ):
        outcome = sent(client(port, time, "starttls", own, **LOGIN))
    assert (outcome.state, outcome.code) == (FAILED, 502)
    assert not [line for line in got if line.startswith((b"MAIL", b"AUTH"))]


def test_a_handshake_that_breaks_off(time: FakeTime, own: Certified) -> None:
    with serving(own.server) as inbox, through(inbox.port, *[300] * 5) as proxy:
        outcome = sent(client(proxy.port, time, "starttls", own, **LOGIN))
    assert (outcome.state, inbox.logins) == (FAILED, [])
    assert "tried 5 times" in outcome.reason


# Around sending


def test_sending_is_announced_once_and_before_the_message(time: FakeTime) -> None:
    seen: list[list[bytes]] = []
    with scripted({".": [b"451 later\r\n"], "RCPT": [b"450 later\r\n"]}) as (port, got):
        client(port, time).send(mail(), SENDER, RECIPIENT, lambda: seen.append(list(got)))
    assert len(seen) == 1
    assert [line.split()[0] for line in seen[0][-3:]] == [b"EHLO", b"MAIL", b"RCPT"]
    assert b"DATA\r\n" not in seen[0]
    assert got.count(b"DATA\r\n") == 2


@pytest.mark.parametrize("error", [OSError, ValueError, RuntimeError])
def test_what_the_announcement_raises_comes_through(time: FakeTime, error: type[Exception]) -> None:
    def announce() -> None:
        raise error("the disk is full")

    with serving() as inbox:
        server = client(inbox.port, time)
        with pytest.raises(error, match="the disk is full"):
            server.send(mail(), SENDER, RECIPIENT, announce)
    assert inbox.envelopes == []


def test_ports_and_what_is_shown(time: FakeTime, own: Certified) -> None:
    shown = [
        repr(MailServer("smtp.example.com", tls=tls, ca_file=own.ca_file))
        for tls in ("starttls", "ssl", "none")
    ]
    assert shown == [
        "<MailServer smtp.example.com:587 starttls>",
        "<MailServer smtp.example.com:465 ssl>",
        "<MailServer smtp.example.com:25 none>",
    ]
    assert repr(client(7, time, **LOGIN)) == "<MailServer 127.0.0.1:7 none>"


BAD: list[Callable[[], Any]] = [
    lambda: MailServer("smtp.example.com", tls="none", user=USER, password=PASSWORD),
    lambda: MailServer("smtp.example.com", tls="none", user="", password=PASSWORD),
    lambda: MailServer("smtp.example.com", user=USER),
    lambda: MailServer("smtp.example.com", user=USER, password=f"{PASSWORD}\ud800"),
    lambda: MailServer("smtp.example.com", user=USER, password=f"{PASSWORD}\n"),
    lambda: MailServer(""),
    lambda: MailServer(f"smtp://user:{PASSWORD}@smtp.example.com"),
    lambda: MailServer("smtp.example.com", tls="tls"),  # type: ignore[arg-type]
    lambda: MailServer("smtp.example.com", ca_file="/no/such/file"),
    lambda: MailServer("smtp.example.com", ca_file=__file__),
]


@pytest.mark.parametrize("make", BAD)
def test_settings_that_cannot_be_used(make: Callable[[], Any]) -> None:
    with pytest.raises(SettingsError) as caught:
        make()
    for text in texts_of(caught.value):
        assert PASSWORD not in text
    assert "mail_" in str(caught.value)
