"""The forms of a report for Feishu, the best one first, each cut to the limits of the client."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ci_stat.rendering.document import Document
from ci_stat.rendering.feishu.card import Card, card_v2, with_short_header
from ci_stat.rendering.feishu.card_v1 import card_v1
from ci_stat.rendering.feishu.text import bare_message, plain_message, post
from ci_stat.rendering.fit import Shortened, fitted, shortened

# Bytes of a request. Webhooks take 20 KB and apps 30 KB. A tenth is left because the server expands
# its tags, and cards of more than 25 KB were drawn wrong.
WEBHOOK_BYTES = 18_000
APP_BYTES = 25_000
MOST_NODES = 180  # elements with a tag; the server takes 200
MOST_TABLES = 4
MOST_TEXT = 4_000  # characters of a text message; nobody reads more
_ENVELOPE = 200  # bytes of timestamp, signature and message type

Size = Callable[[str, dict[str, Any]], int]  # message type and content -> bytes of the request


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a report. `own_words`: it contains no foreign words, such as names of cases."""

    name: str
    msg_type: str
    content: dict[str, Any]
    own_words: bool = False


def forms(document: Document, size: Size, most: int) -> Iterator[Form]:
    """Card 2.0, card 1.0, post, text, and text without foreign words, each made when needed.

    `most`: bytes of a request.
    """
    yield Form("card 2.0", "interactive", _card(document, card_v2, size, most))
    yield Form("card 1.0", "interactive", _card(document, card_v1, size, most))

    post_content = fitted(document, post, lambda content: size("post", content) <= most)
    yield Form("post", "post", post_content)

    text = fitted(document, plain_message, lambda content: _text_fits(content, size, most))
    yield Form("text", "text", text)
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
    tags = Counter(_tags(element))
    return tags.total(), tags["table"]


def _tags(element: object) -> Iterator[object]:
    """The tags of an element and of all elements in it."""
    if isinstance(element, dict):
        if element.get("tag") is not None:
            yield element["tag"]
        for value in element.values():
            yield from _tags(value)
    elif isinstance(element, list):
        for value in element:
            yield from _tags(value)


def on_card(document: Document) -> Shortened:
    """The part of a document that a card 2.0 of a webhook shows; for previews."""
    part = shortened(document, _fits_webhook)
    return replace(part, document=with_short_header(part.document))


def fitted_card(document: Document) -> Card:
    """A card of schema 2.0 that fits a webhook, whose limit is lower than that of an app."""
    return card_v2(shortened(document, _fits_webhook).document)


def _fits_webhook(document: Document) -> bool:
    return _card_fits(card_v2(document), webhook_bytes, WEBHOOK_BYTES)


def webhook_bytes(_msg_type: str, content: dict[str, Any]) -> int:
    """About the bytes of a webhook's request, with a signature."""
    return len(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()) + _ENVELOPE
