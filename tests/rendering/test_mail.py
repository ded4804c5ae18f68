"""A document as a mail: parts, headers, reproducible bytes, and texts that imitate headers."""

import re
import sys
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.policy import default as policy
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from ci_stat.errors import SettingsError
from ci_stat.rendering.as_text import as_text
from ci_stat.rendering.chart import chart_png
from ci_stat.rendering.document import Chart, Document, Tone, cut
from ci_stat.rendering.mail import address, domain_of, mail
from tests.support.documents import EXAMPLES, busy, daily, documents, hostile, quiet

_DATE = datetime(2021, 6, 16, 15, 10, 4, tzinfo=UTC)


def _mail(document: Document, **changes: Any) -> EmailMessage:
    arguments: dict[str, Any] = {
        "kind": "hourly",
        "sender": "CI <ci@example.org>",
        "recipient": "team@example.com",
        "domain_of_ids": "example.org",
        "unique": "hourly 2021-06-16 14:00",
        "date": _DATE,
    }
    return mail(document, **{**arguments, **changes})


def _sent(message: EmailMessage) -> EmailMessage:
    """What a mail program reads of it."""
    data = message.as_bytes(policy=SMTP)
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert data.isascii()
    read = message_from_bytes(data, policy=policy)
    assert isinstance(read, EmailMessage)
    return read


def _structure(message: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in message.walk()]


def test_text_html_and_picture() -> None:
    read = _sent(_mail(daily()))
    assert _structure(read) == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
    ]
    _, plain, related, html, picture = read.walk()
    assert plain.get_content().replace("\r\n", "\n") == as_text(daily())
    assert related["Content-Type"].params["type"] == "text/html"
    assert picture.get_content() == chart_png(
        next(block for block in daily().blocks if isinstance(block, Chart))
    )
    assert picture["Content-Disposition"].content_disposition == "inline"
    (name,) = re.findall(r'<img src="cid:([^"]+)"', html.get_content())
    assert picture["Content-ID"] == f"<{name}>"


def test_without_a_chart_there_is_no_picture() -> None:
    assert _structure(_sent(_mail(quiet()))) == ["multipart/alternative", "text/plain", "text/html"]


def test_without_the_extra_the_numbers_are_a_table_and_the_mail_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # None: an import of it fails as if it were not installed.
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    read = _sent(_mail(daily()))
    assert _structure(read) == ["multipart/alternative", "text/plain", "text/html"]
    _, plain, html = read.walk()
    shown = unescape(html.get_content())
    assert "<img" not in shown
    assert "19,120" in shown
    for words in (plain.get_content(), re.sub("<[^>]+>", "", shown)):
        assert "needs the extra `charts`" in words
        assert "pip install 'ci-stat[charts]'" in words


def test_the_extra_that_is_named_is_one_of_the_package() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert any(need.startswith("resvg-py") for need in project["optional-dependencies"]["charts"])
    assert not any(need.startswith("resvg-py") for need in project["dependencies"])


def test_without_the_extra_a_mail_without_a_chart_says_nothing_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_extra = _mail(quiet()).as_bytes()
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    assert _mail(quiet()).as_bytes() == with_extra


def test_headers() -> None:
    read = _sent(_mail(busy()))
    assert read["Subject"] == busy().summary
    assert read["From"] == "CI <ci@example.org>"
    assert read["To"] == "team@example.com"
    assert read["Date"] == "Wed, 16 Jun 2021 15:10:04 +0000"
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.org>", read["Message-ID"])
    assert read["In-Reply-To"] == read["References"] == "<ci-stat-hourly@example.org>"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["X-Auto-Response-Suppress"] == "All"


def test_equal_arguments_give_equal_bytes_and_another_report_another_id() -> None:
    for make in EXAMPLES.values():
        assert _mail(make()).as_bytes() == _mail(make()).as_bytes()
    ids = {_mail(quiet(), unique=unique)["Message-ID"] for unique in ("a", "b", "\ud800")}
    assert len(ids | {_mail(quiet(), unique="a", kind="daily")["Message-ID"]}) == 4


def test_a_report_said_anew_keeps_its_id() -> None:
    assert _mail(quiet())["Message-ID"] == _mail(busy())["Message-ID"]


def test_no_title_adds_a_header() -> None:
    document = hostile()
    read = _sent(_mail(replace(document, summary=document.title)))
    assert read["Bcc"] is None
    assert read["Subject"].startswith(
        r"= ?utf-8?q?a=0d=0aBcc:_x@evil.example?=\r\nBcc: x@evil.example"
    )
    assert len(read["Subject"]) <= 151


@settings(max_examples=60)
@given(documents())
def test_any_document_can_be_mailed(document: Document) -> None:
    pictures = {type(block) for block in document.blocks} & {Chart}
    read = _sent(_mail(document)) if not pictures else _sent(_mail(_without_charts(document)))
    assert set(read.keys()) == set(_mail(quiet()).keys())
    assert (
        " ".join(read["Subject"].split()) == cut(document.summary, 150).replace("=?", "= ?").strip()
    )


def _without_charts(document: Document) -> Document:
    """Drawing takes a tenth of a second; any chart is drawn elsewhere."""
    blocks = tuple(block for block in document.blocks if not isinstance(block, Chart))
    return Document(
        document.title, document.subtitle, document.tone, document.summary, blocks, document.foot
    )


def test_no_text_can_end_a_part() -> None:
    boundary = _mail(quiet()).get_boundary()
    read = _sent(_mail(Document("t", f"--{boundary}--", Tone.PLAIN, "", ())))
    assert read.get_boundary() == boundary
    assert _structure(read) == ["multipart/alternative", "text/plain", "text/html"]
    assert f"--{boundary}--" in list(read.walk())[1].get_content()


def test_long_domains_are_not_torn() -> None:
    domain = f"{'a' * 60}.{'b' * 60}.example.org"
    read = _sent(_mail(quiet(), sender=f"ci@{domain}", domain_of_ids=domain))
    assert str(read["Message-ID"]).strip().endswith(f"@{domain}>")
    assert (
        str(read["References"]).strip()
        == str(read["In-Reply-To"]).strip()
        == f"<ci-stat-hourly@{domain}>"
    )
    assert read["From"].addresses[0].addr_spec == f"ci@{domain}"


def test_a_kind_is_an_id_whatever_it_is_called() -> None:
    assert (
        _mail(quiet(), kind="Team A\r\nBcc: x>")["References"]
        == "<ci-stat-team-a--bcc--x-@example.org>"
    )


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("ci@example.org", "ci@example.org"),
        (" ci+a@localhost ", "ci+a@localhost"),
        ("CI <ci@example.org>", "CI <ci@example.org>"),
        ('"CI, the one" <ci@example.org>', '"CI, the one" <ci@example.org>'),
        ("构建 <ci@example.org>", "构建 <ci@example.org>"),
    ],
)
def test_addresses(words: str, shown: str) -> None:
    assert str(address(words)) == shown
    assert _sent(_mail(quiet(), sender=words))["From"] == shown
    assert domain_of(words) == shown.rstrip(">").rpartition("@")[2]


@pytest.mark.parametrize(
    "words",
    [
        "",
        "ci",
        "@",
        "a@b@c",
        "a@",
        "@b",
        "a b@c",
        "a@b c",
        "a@b\r\nBcc: c@d",
        "a@b\n",
        "a@b, c@d",
        "a@b;c@d",
        "<a@b> <c@d>",
        "A\nB <a@b>",
        "A <a@b",
        "é@example.org",
        "a@exämple.org",
        "a@-..b",
        'a"@b',
        "a@[127.0.0.1]",
        "a@b\x00",
        "a@\u202eb",
    ],
)
@pytest.mark.parametrize("field", ["sender", "recipient"])
def test_what_is_no_address_is_refused(words: str, field: str) -> None:
    with pytest.raises(SettingsError, match="is not a mail address"):
        _mail(quiet(), **{field: words})


@pytest.mark.parametrize("words", ["", "a b", "a>", "a\r\nBcc: b", "exämple.org", "a@b"])
def test_what_is_no_domain_is_refused(words: str) -> None:
    with pytest.raises(SettingsError, match="is not a domain"):
        _mail(quiet(), domain_of_ids=words)


def test_a_date_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        _mail(quiet(), date=datetime(2021, 6, 16))
