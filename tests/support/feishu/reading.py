"""Whole messages as they are read and acted upon: cards of both schemas, posts, texts.

A message is the body that went to a webhook, the content of an app's message, a card, or plain
text; a string with a JSON object counts as that object.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.support.feishu import markup as feishu_markup
from tests.support.feishu.markup import Dialect

_URL_KEYS = ("url", "default_url", "pc_url", "ios_url", "android_url")
_ONLY_ON_HOVER = ("alt", "hover_tips", "disabled_tips", "confirm")
_CELLS = {"lark_md": Dialect.LARK_MD, "markdown": Dialect.MARKDOWN_2}


@dataclass(frozen=True)
class Piece:
    """One text of a message.

    `shown`: False if it appears only under the pointer; `end`: what follows it on the screen.
    """

    text: str
    dialect: Dialect
    shown: bool = True
    end: str = "\n"


def live_mentions(message: Any) -> list[str]:
    """Every mention that would call somebody, as it stands there."""
    inner = content_of(message)
    named = [
        f'<at user_id="{node.get("user_id")}">'
        for node in _post_nodes(inner)
        if node.get("tag") == "at"
    ]
    return named + [
        found
        for piece in pieces(inner)
        for found in feishu_markup.mentions(piece.text, piece.dialect)
    ]


def live_links(message: Any) -> list[str]:
    """Every place that a click can go to, each once; and the keys of images in Markdown."""
    inner = content_of(message)
    found = [str(node.get("href")) for node in _post_nodes(inner) if node.get("tag") == "a"]
    found += _urls(inner) if _is_card(inner) else []
    for piece in pieces(inner):
        found += feishu_markup.links(piece.text, piece.dialect)
    return list(dict.fromkeys(found))


def live_tags(message: Any) -> list[str]:
    """The names of all tags in texts that a parser would see: at, font, person, ..."""
    return [
        name
        for piece in pieces(message)
        for name in feishu_markup.tag_names(piece.text, piece.dialect)
    ]


def visible_text(message: Any) -> str:
    """What a person reads, in order, without the preview and without hover texts."""
    shown = [piece for piece in pieces(message) if piece.shown]
    return "".join(feishu_markup.shown(piece.text, piece.dialect) + piece.end for piece in shown)


def image_keys(message: Any) -> list[str]:
    """The keys of all images, which must have been uploaded."""
    inner = content_of(message)
    keys = [str(value) for name, value in _entries(inner) if name in ("img_key", "image_key")]
    return keys + [
        key
        for piece in pieces(inner)
        for key in feishu_markup.image_keys(piece.text, piece.dialect)
    ]


def content_of(message: Any) -> Any:
    """The card, the post by languages, or the text (`{"text": ...}`) in any of the forms above."""
    if isinstance(message, str):
        with suppress(ValueError):
            if isinstance(found := json.loads(message), dict):
                return content_of(found)
        return {"text": message}
    if not isinstance(message, dict):
        raise TypeError(f"no message: {type(message).__name__}")
    if "msg_type" in message:
        return content_of(message["card"] if "card" in message else message["content"])
    return message.get("post", message)


def pieces(message: Any) -> list[Piece]:
    """All texts of a message in the order in which they are read."""
    inner = content_of(message)
    if _is_card(inner):
        return list(_card_pieces(inner))
    if "text" in inner:
        return [Piece(str(inner["text"]), Dialect.TEXT)]
    return list(_post_pieces(inner))


def _is_card(inner: dict[str, Any]) -> bool:
    return any(
        name in inner
        for name in ("schema", "header", "elements", "i18n_elements", "body", "config")
    )


def _post_nodes(inner: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if _is_card(inner):
        return
    for language in inner.values():
        rows = language.get("content", []) if isinstance(language, dict) else []
        for row in rows:
            yield from row


def _post_pieces(inner: dict[str, Any]) -> Iterator[Piece]:
    for language in inner.values():
        if not isinstance(language, dict):
            continue
        if "title" in language:
            yield Piece(str(language["title"]), Dialect.POST)
        for row in language.get("content", []):
            for at, node in enumerate(row, 1):
                text = str(node.get("text", node.get("user_name", "")))
                dialect = Dialect.TEXT if node.get("un_escape") is True else Dialect.POST
                yield Piece(text, dialect, end="\n" if at == len(row) else "")


def _card_pieces(card: dict[str, Any]) -> Iterator[Piece]:
    markdown = Dialect.MARKDOWN_2 if card.get("schema") == "2.0" else Dialect.MARKDOWN_1
    for part in ("header", "elements", "i18n_elements", "body"):
        yield from _within(card.get(part), markdown, True)


def _within(node: Any, markdown: Dialect, shown: bool) -> Iterator[Piece]:
    if isinstance(node, list):
        for each in node:
            yield from _within(each, markdown, shown)
    if not isinstance(node, dict):
        return
    dialect = {"markdown": markdown, "lark_md": Dialect.LARK_MD, "plain_text": Dialect.PLAIN}.get(
        str(node.get("tag"))
    )
    if dialect is not None:
        words = [node.get("content"), *_languages(node)]
        yield from (Piece(text, dialect, shown) for text in words if isinstance(text, str))
    elif node.get("tag") == "table":
        yield from _table(node)
    elif node.get("tag") == "chart":
        yield from _chart(node.get("chart_spec"))
    else:
        for name, each in node.items():
            yield from _within(each, markdown, shown and name not in _ONLY_ON_HOVER)


def _languages(node: dict[str, Any]) -> list[Any]:
    return [text for name in ("i18n", "i18n_content") for text in (node.get(name) or {}).values()]


def _table(node: dict[str, Any]) -> Iterator[Piece]:
    columns = {column["name"]: column for column in node.get("columns", []) if "name" in column}
    for column in columns.values():
        yield Piece(str(column.get("display_name", "")), Dialect.PLAIN)
    for row in node.get("rows", []):
        for name, cell in row.items():
            dialect = _CELLS.get(columns.get(name, {}).get("data_type", ""), Dialect.PLAIN)
            texts = [
                each.get("text") if isinstance(each, dict) else each for each in _as_list(cell)
            ]
            yield from (Piece(str(text), dialect) for text in texts)


def _chart(spec: Any) -> Iterator[Piece]:
    """The title and every value; which of them a chart prints is up to its kind."""
    if not isinstance(spec, dict):
        return
    for name in ("text", "subtext"):
        title = spec.get("title")
        if isinstance(title, dict) and isinstance(title.get(name), str):
            yield Piece(title[name], Dialect.PLAIN)
    for data in _as_list(spec.get("data", [])):
        for value in data.get("values", []):
            yield from (Piece(str(each), Dialect.PLAIN) for each in value.values())


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _entries(node: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, at any depth.

    The data of charts and tables have keys of their own and are left out.
    """
    if isinstance(node, list):
        for each in node:
            yield from _entries(each)
    if isinstance(node, dict):
        for name, value in node.items():
            if name not in ("chart_spec", "rows"):
                yield name, value
                yield from _entries(value)


def _urls(card: dict[str, Any]) -> list[str]:
    return [str(value) for name, value in _entries(card) if name in _URL_KEYS]
