"""Card schema 1.0, of which we use: div, markdown, hr, img, note, action with buttons.

The real server ignores unknown properties. Here they are faults, as in the vendor's own types
(`feishu-card-v1.schema.json` in a folder beside the checkout, made from its Node SDK). Our own
rules say the same for the elements above, so a checkout alone gives the same answers.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

from tests.support.feishu.shapes import (
    FLAG,
    NUMBER,
    OBJECT,
    TEXT,
    URL,
    Book,
    ByName,
    Each,
    Fault,
    Rule,
    Shape,
    element,
    malformed,
    one_of,
    tags,
)
from tests.support.feishu.shapes_v2 import TEMPLATES

CONTRACT = (
    Path(__file__).resolve().parents[4] / "shared" / "contracts" / "feishu-card-v1.schema.json"
)

_PLAIN, _ANY_TEXT = tags("plain_text"), tags("plain_text", "lark_md")
_LINKS = Shape({"url": URL}, {"pc_url": URL, "ios_url": URL, "android_url": URL})
_BODY = Each(tags("div", "markdown", "hr", "img", "note", "action"))
_IMAGE: dict[str, Rule] = {
    "title": _ANY_TEXT,
    "mode": one_of("crop_center", "fit_horizontal"),
    "preview": FLAG,
    "compact_width": FLAG,
    "custom_width": NUMBER,
}
_BUTTON: dict[str, Rule] = {
    "text": _ANY_TEXT,
    "type": one_of("default", "primary", "danger"),
    "url": URL,
    "multi_url": _LINKS,
    "value": OBJECT,
    "confirm": Shape({"title": _PLAIN, "text": _PLAIN}),
}

_ELEMENTS = {
    "plain_text": element({"content": TEXT}, {"lines": NUMBER, "i18n": ByName(TEXT)}),
    "lark_md": element({"content": TEXT}, {}),
    "div": element(
        {},
        {
            "text": _ANY_TEXT,
            "fields": Each(Shape({"is_short": FLAG, "text": _ANY_TEXT}), least=1),
            "extra": tags("img", "button"),
        },
        "text",
        "fields",
    ),
    "markdown": element(
        {"content": TEXT},
        {"text_align": one_of("left", "center", "right"), "href": ByName(_LINKS)},
    ),
    "hr": element({}, {}),
    "img": element({"img_key": TEXT, "alt": _PLAIN}, _IMAGE),
    "note": element({"elements": Each(tags("plain_text", "lark_md", "img"), least=1)}, {}),
    "action": element(
        {"actions": Each(tags("button"), least=1)},
        {"layout": one_of("bisected", "trisection", "flow")},
    ),
    "button": element({"text": _ANY_TEXT}, _BUTTON, "url", "multi_url", "value"),
}
_BOOK = Book(_ELEMENTS)
_CARD = Shape(
    {},
    {
        "schema": one_of("1.0"),
        "config": Shape(
            {}, {"wide_screen_mode": FLAG, "enable_forward": FLAG, "update_multi": FLAG}
        ),
        "header": Shape(
            {"title": _PLAIN},
            {"template": one_of(*(name for name in TEMPLATES if name != "default"))},
        ),
        "card_link": _LINKS,
        "elements": _BODY,
        "i18n_elements": ByName(_BODY),
    },
)


def check_v1(card: Any) -> list[Fault]:
    """The faults of a card of schema 1.0; none for a good one. `{}` is a blank card, and legal."""
    return list(_BOOK.faults(_CARD, card, "ROOT")) or list(_against_contract(card))


def _against_contract(card: dict[str, Any]) -> Iterator[Fault]:
    found = best_match(
        _contract().iter_errors({name: value for name, value in card.items() if name != "schema"})
    )
    if found is not None:
        path = "".join(f" -> {each}" for each in found.absolute_path)
        yield malformed(f"the vendor's types say: {found.message:.200}", f"ROOT{path}")


@cache
def _contract() -> Draft7Validator:
    """The vendor's types without their two errors.

    Where the types are not available, the validator accepts everything.
    """
    if not CONTRACT.is_file():
        return Draft7Validator({})
    # `multi_utl` is a misspelling. The vendor's pages say that a div with fields needs no text.
    schema = json.loads(CONTRACT.read_text("utf-8").replace('"multi_utl"', '"multi_url"'))
    for each in _objects(schema):
        if {"fields", "text"} <= set(each.get("properties", {})):
            each["required"] = ["tag"]
    return Draft7Validator(schema)


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for each in node.values():
            yield from _objects(each)
    elif isinstance(node, list):
        for each in node:
            yield from _objects(each)
