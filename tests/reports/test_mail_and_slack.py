"""Reports by mail through a real SMTP server, and to Slack's stand-in: as a cron job sends them."""

import email
import email.policy
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from sqlalchemy import Engine

from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from tests.support import slack
from tests.support.busy import NOW, busy
from tests.support.command import Call
from tests.support.connectors import certified
from tests.support.proxy import closed_port

pytest.importorskip("trustme")


class Mailbox:
    """Takes mail for everybody but `nobody@`."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, email.message.EmailMessage]] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody@"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(message, email.message.EmailMessage)
        self.mails.append((envelope.rcpt_tos[0], message))
        return "250 OK"


def _login(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"ci", b"s3cr3t")
    return AuthResult(success=right, handled=False)


@pytest.fixture
def mailbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """A server that wants STARTTLS and a login, and the settings to reach it."""
    certificates = certified(tmp_path)
    box, port = Mailbox(), closed_port()
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=port,
        tls_context=certificates.server,
        require_starttls=True,
        auth_required=True,
        auth_require_tls=True,
        authenticator=_login,
    )
    controller.start()
    settings = {
        "HOST": "localhost",
        "PORT": str(port),
        "CA": certificates.ca_file,
        "USER": "ci",
        "PASSWORD": "s3cr3t",
        "FROM": "CI <ci@example.com>",
        "TO": '"Doe, Ann" <ann@example.com>, bob@example.com',
    }
    for key, value in settings.items():
        monkeypatch.setenv(f"CI_STAT_MAIL_{key}", value)
    yield box
    controller.stop()


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    url = f"sqlite:///{tmp_path / 'ci.sqlite'}"
    monkeypatch.setenv("CI_STAT_URL", url)
    engine = open_engine(url)
    prepare(engine)
    write_rows(engine, busy())
    return engine


def test_a_report_by_mail(mailbox: Mailbox, call: Call) -> None:
    for _ in range(2):
        code, _, err = call("report", "daily", "--begin", "2021-06-19", "--now", NOW, "--post")
        assert (code, err) == (0, "")
    assert [to for to, _ in mailbox.mails] == ["ann@example.com", "bob@example.com"]
    (_, first), (_, second) = mailbox.mails
    assert first["Message-ID"] != second["Message-ID"]
    assert first["References"] == second["References"] == "<ci-stat-daily@example.com>"
    assert first["To"].addresses[0].display_name == "Doe, Ann"
    assert first["Subject"].startswith(
        "CI daily: 9 runs, 3 failures (33.3%), 2 new, 2021-06-19 00:00 to"
    )
    kinds = [part.get_content_type() for part in first.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "image/png"]
    text = first.get_body(("plain",))
    assert text is not None
    assert "s.TestNew" in text.get_content()


def test_who_is_refused_and_a_wrong_password(
    mailbox: Mailbox, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_MAIL_TO", "nobody@example.com, bob@example.com")
    code, _, err = call("report", "hourly", "--now", NOW, "--post")
    assert (code, [to for to, _ in mailbox.mails]) == (8, ["bob@example.com"])
    assert "mail nobody@example.com" in err
    monkeypatch.setenv("CI_STAT_MAIL_PASSWORD", "hunter2")
    code, out, err = call("report", "daily", "--begin", "2021-06-19", "--now", NOW, "--post")
    assert (code, len(mailbox.mails), "hunter2" in out + err) == (8, 1, False)


@pytest.mark.parametrize("way", ["webhook", "bot"])
def test_a_report_to_slack(call: Call, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    with slack.running(per_second=0) as server:
        if way == "webhook":
            monkeypatch.setenv("CI_STAT_SLACK_WEBHOOK", server.hook_url)
        else:
            monkeypatch.setenv("CI_STAT_SLACK_URL", server.url)
            monkeypatch.setenv("CI_STAT_SLACK_TOKEN", server.token)
            monkeypatch.setenv("CI_STAT_SLACK_CHANNEL", "C1")
        for _ in range(2):
            code, _, err = call("report", "hourly", "--now", NOW, "--post")
            assert (code, err) == (0, "")
        (message,) = server.messages
        shown = json.dumps(message, default=str)
        assert "s.TestNew" in shown
        assert "8 runs" in shown


def test_slack_that_refuses_blocks_gets_the_text(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    with slack.running(per_second=0) as server:
        monkeypatch.setenv("CI_STAT_SLACK_WEBHOOK", server.hook_url)
        server.faults.append(slack.Trouble(status=400, body=b"invalid_blocks"))
        assert call("report", "hourly", "--now", NOW, "--post").code == 0
        (message,) = server.messages
        assert "s.TestNew" in json.dumps(message, default=str)
