"""A document as a mail: plain text and HTML, with a picture of the chart. Sends nothing."""

import re
from dataclasses import replace
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256

from ci_stat.errors import MissingExtra, SettingsError
from ci_stat.rendering.as_html import is_drawn, page
from ci_stat.rendering.as_text import as_text
from ci_stat.rendering.chart import chart_png
from ci_stat.rendering.document import Chart, Document, Span, Tone, cut, text

_SUBJECT = 150  # characters
_NAMED = re.compile(r'"?([^"<>@\r\n]*?)"?\s*<([^<>]*)>')
# The addresses of RFC 5321 that each server accepts: without quoted names, in ASCII.
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*", re.ASCII)
_DOMAIN = re.compile(r"[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*")


def mail(
    document: Document,
    *,
    kind: str,
    sender: str,
    recipient: str,
    domain_of_ids: str,
    unique: str,
    date: datetime,
) -> EmailMessage:
    """A message. Equal arguments give equal bytes.

    - `kind`: mails of one kind form one thread (`hourly`, `daily`).
    - `unique`: id of the report. Mail programs show one of the mails that have the same id.
    - `domain_of_ids`: of message ids, as `domain_of` gives it for the sender.
    - `date`: aware. Raises ValueError for a naive one, SettingsError for a bad address or domain.
    """
    if date.tzinfo is None:
        raise ValueError("The date of a mail must have a time zone.")
    domain = _domain(domain_of_ids)
    digest = sha256(f"{kind}\n{unique}".encode(errors="surrogatepass")).hexdigest()[:32]
    message = EmailMessage(policy=SMTP)
    message["Subject"] = _subject(document.summary)
    message["From"] = address(sender)
    message["To"] = address(recipient)
    message["Date"] = date
    message["Message-ID"] = f"<{digest}@{domain}>"
    thread = f"<ci-stat-{re.sub('[^a-z0-9-]', '-', kind.lower())}@{domain}>"
    message["In-Reply-To"] = message["References"] = thread
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    _fill(message, document, f"chart.{digest}@{domain}")
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        # Quoted-printable and base64 contain no `=_`, so no text can end a part.
        part.set_boundary(f"=_{digest}_{number}")
    return message


def _fill(message: EmailMessage, document: Document, name: str) -> None:
    """Add the parts, the best last. Each server takes quoted-printable, and people can read it."""
    picture = None
    try:
        picture = _picture(document)
    except MissingExtra as missing:
        note = Span(f"{missing.message} {missing.hint}", Tone.FAINT)
        document = replace(document, foot=(*document.foot, text(note)))
    html = page(document, style="mail", chart=name if picture else None)
    message.set_content(as_text(document), cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    if picture:
        (_, shown) = message.iter_parts()
        shown.add_related(
            picture, "image", "png", cid=f"<{name}>", disposition="inline", filename="chart.png"
        )
        shown.set_param("type", "text/html")  # RFC 2387: the part to show first


def _picture(document: Document) -> bytes | None:
    """A PNG of the first chart, or None. Raises MissingExtra."""
    chart = next(filter(is_drawn, document.blocks), None)
    return chart_png(chart) if isinstance(chart, Chart) else None


def _subject(title: str) -> str:
    """The title on one line, without `=?...?=`, which mail programs would decode."""
    return cut(title, _SUBJECT).replace("=?", "= ?")


def address(words: str) -> Address:
    """One address: `ci@example.org` or `CI <ci@example.org>`. Raises SettingsError."""
    named = _NAMED.fullmatch(words.strip(" "))
    name, plain = named.groups() if named else ("", words.strip(" "))
    if not _ADDRESS.fullmatch(plain):
        raise SettingsError(
            f"{cut(words, 80) or 'nothing'} is not a mail address",
            "Write one address, such as ci@example.org or CI <ci@example.org>.",
        )
    return Address(cut(name, 80).replace("=?", "= ?"), addr_spec=plain)


def domain_of(sender: str) -> str:
    """The part of an address behind the @."""
    return address(sender).domain


def _domain(words: str) -> str:
    if not _DOMAIN.fullmatch(words):
        raise SettingsError(
            f"{cut(words, 80) or 'nothing'} is not a domain", "Write one such as example.org."
        )
    return words
