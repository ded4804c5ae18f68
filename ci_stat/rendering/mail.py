"""A document as a mail: plain text and HTML of the same report, the chart as a picture inside.

Sends nothing.
"""

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
# Of what RFC 5321 allows, that which every server takes: no quoted names, no letters beyond ASCII.
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
    """A message that is the same, byte for byte, whenever the arguments are.

    - `kind`: mails of one kind are one thread (`hourly`, `daily`).
    - `unique`: names this report and no other. Mails with an equal one have equal ids, so that
      mail programs show one of them.
    - `domain_of_ids`: that of the sender (`domain_of`); `date`: with a zone.
    """
    if date.tzinfo is None:
        raise ValueError("the date of a mail needs a zone")
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
        # `=_` stands in no text that is quoted-printable or base64, so no text can end a part.
        part.set_boundary(f"=_{digest}_{number}")
    return message


def _fill(message: EmailMessage, document: Document, name: str) -> None:
    """The parts, the best last. Quoted-printable: any server takes it, and it stays readable."""
    picture = None
    try:
        picture = _picture(document)
    except MissingExtra as missing:
        note = Span(f"{missing.message} {missing.hint}", Tone.FAINT)
        document = replace(document, foot=(*document.foot, text(note)))
    html = page(document, looks="mail", chart=name if picture else None)
    message.set_content(as_text(document), cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    if picture:
        (_, shown) = message.iter_parts()
        shown.add_related(
            picture, "image", "png", cid=f"<{name}>", disposition="inline", filename="chart.png"
        )
        shown.set_param("type", "text/html")  # RFC 2387: which part is the first to be shown


def _picture(document: Document) -> bytes | None:
    """The first chart; None if there is none. Raises MissingExtra."""
    chart = next(filter(is_drawn, document.blocks), None)
    return chart_png(chart) if isinstance(chart, Chart) else None


def _subject(title: str) -> str:
    """On one line. A header's reader would decode `=?...?=`, whoever wrote it."""
    return cut(title, _SUBJECT).replace("=?", "= ?")


def address(words: str) -> Address:
    """`ci@example.org` or `CI <ci@example.org>`.

    Raises SettingsError for anything else, several addresses too.
    """
    named = _NAMED.fullmatch(words.strip(" "))
    name, plain = named.groups() if named else ("", words.strip(" "))
    if not _ADDRESS.fullmatch(plain):
        raise SettingsError(
            f"{cut(words, 80) or 'nothing'} is not a mail address",
            "Write one address, such as ci@example.org or CI <ci@example.org>.",
        )
    return Address(cut(name, 80).replace("=?", "= ?"), addr_spec=plain)


def domain_of(sender: str) -> str:
    """What follows the @ of an address."""
    return address(sender).domain


def _domain(words: str) -> str:
    if not _DOMAIN.fullmatch(words):
        raise SettingsError(
            f"{cut(words, 80) or 'nothing'} is not a domain", "Write one such as example.org."
        )
    return words
