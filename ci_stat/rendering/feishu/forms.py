"""The forms that a report has for Feishu, the best one first, each cut to what the way there takes."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ci_stat.rendering.document import Document
from ci_stat.rendering.feishu.card import Card, card_v2, with_short_header
from ci_stat.rendering.feishu.card_v1 import card_v1
from ci_stat.rendering.feishu.text import bare_message, plain_message, post
from ci_stat.rendering.fit import Shortened, fitted, shortened

# On the wire. Webhooks take 20 KB and apps 30 KB; a tenth is left, because the server's own tags expand, and cards
# beyond 25 KB were seen to be drawn wrong.
WEBHOOK_BYTES = 18_000
APP_BYTES = 25_000
MOST_NODES = 180  # elements with a tag; the server counts to 200
MOST_TABLES = 4
MOST_TEXT = 4_000  # characters of a text message that anybody reads


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a report: its name, the kind of message, its content. `own_words`: nothing from outside is in it."""

    name: str
    msg_type: str
    content: dict[str, Any]
    own_words: bool = False


Size = Callable[[str, dict[str, Any]], int]  # of a message's kind and content: bytes on the wire


def forms(document: Document, size: Size, most: int) -> Iterator[Form]:
    """Card 2.0, card 1.0, post, text, and text with our own words only. Made when asked for: most reports need one."""
    yield Form("card 2.0", "interactive", _card(document, card_v2, size, most))
    yield Form("card 1.0", "interactive", _card(document, card_v1, size, most))
    yield Form(
        "post", "post", fitted(document, post, lambda content: size("post", content) <= most)
    )
    yield Form(
        "text",
        "text",
        fitted(document, plain_message, lambda content: _text_fits(content, size, most)),
    )
    yield Form("bare text", "text", bare_message(document), own_words=True)


def _text_fits(content: dict[str, str], size: Size, most: int) -> bool:
    return len(content["text"]) <= MOST_TEXT and size("text", content) <= most


def _card(document: Document, render: Callable[[Document], Card], size: Size, most: int) -> Card:
    return fitted(document, render, lambda card: _card_fits(card, size, most))


def _card_fits(card: Card, size: Size, most: int) -> bool:
    if size("interactive", card) > most:
        return False
    nodes, tables = count_tags(card)
    return nodes <= MOST_NODES and tables <= MOST_TABLES


def count_tags(element: object) -> tuple[int, int]:
    """How many nodes have a tag, and how many of them are tables."""
    if isinstance(element, list):
        counted = [count_tags(each) for each in element]
        return sum(nodes for nodes, _ in counted), sum(tables for _, tables in counted)
    if not isinstance(element, dict):
        return 0, 0
    nodes, tables = count_tags(list(element.values()))
    tag = element.get("tag")
    return nodes + (tag is not None), tables + (tag == "table")


def on_card(document: Document) -> Shortened:
    """What a card of schema 2.0 shows of a document through a webhook, the narrower way: for previews."""
    part = shortened(document, _fits_webhook)
    return replace(part, document=with_short_header(part.document))


def fitted_card(document: Document) -> Card:
    """A card of schema 2.0 that fits a webhook, the narrower way."""
    return card_v2(shortened(document, _fits_webhook).document)


def _fits_webhook(document: Document) -> bool:
    return _card_fits(card_v2(document), webhook_bytes, WEBHOOK_BYTES)


_ENVELOPE = 200  # bytes of timestamp, signature and message type


def webhook_bytes(_msg_type: str, content: dict[str, Any]) -> int:
    """About what a webhook's body has, a signature included."""
    return len(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()) + _ENVELOPE
