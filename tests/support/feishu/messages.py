"""Checks of messages from custom bots and apps: texts, posts, images, cards, forbidden words."""

import json
import re
from typing import Any

from tests.support.feishu.cards import check, image_keys, live_mentions, visible_text
from tests.support.feishu.shapes import FLAG, TEXT, URL, Book, Each, Fault, Shape, element, tags
from tests.support.feishu.state import Feishu, Refused

LANGUAGES = (
    "zh_cn",
    "en_us",
    "ja_jp",
    "zh_hk",
    "zh_tw",
    "id_id",
    "vi_vn",
    "th_th",
    "pt_br",
    "es_es",
    "ko_kr",
    "de_de",
    "fr_fr",
    "it_it",
    "ru_ru",
    "ms_my",
)

_NODES = {
    "text": element({"text": TEXT}, {"un_escape": FLAG, "style": Each(TEXT)}),
    "a": element({"text": TEXT, "href": URL}, {"style": Each(TEXT)}),
    "at": element({"user_id": TEXT}, {"user_name": TEXT, "style": Each(TEXT)}),
    "img": element({"image_key": TEXT}, {}),
}
_LANGUAGE = Shape({"content": Each(Each(tags("text", "a", "at", "img")))}, {"title": TEXT})
_CONTENTS = {
    "text": Shape({"text": TEXT}),
    "post": Shape({}, dict.fromkeys(LANGUAGES, _LANGUAGE), any_of=LANGUAGES),
    "image": Shape({"image_key": TEXT}),
    "share_chat": Shape({"share_chat_id": TEXT}, {"chat_id": TEXT}),
}


def from_json(body: bytes | str) -> dict[str, Any]:
    """An object, or ValueError; `NaN` and the like are no JSON."""
    value = json.loads(body, parse_constant=_refuse)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _refuse(name: str) -> None:
    raise ValueError(name)


def content_fault(msg_type: str, content: Any) -> str:
    """What is wrong with the form of a text, post, image or shared group; empty for nothing."""
    faults = list(Book(_NODES).faults(_CONTENTS[msg_type], content, "content"))
    if not faults:
        return ""
    return "illegal href" if "-> href" in str(faults[0]) else faults[0].value


def card_fault(feishu: Feishu, card: Any) -> Fault | None:
    """The first fault of a card, whose images must be known."""
    faults = check(card)
    if not faults and (unknown := unknown_images(feishu, card)):
        return Fault(200570, "card contains invalid image keys", value=f"image key {unknown[0]}")
    return faults[0] if faults else None


def unknown_images(feishu: Feishu, content: dict[str, Any]) -> list[str]:
    return [key for key in image_keys(content) if key not in feishu.images]


def check_words(feishu: Feishu, content: dict[str, Any], forbids_all: bool) -> None:
    """Raise `Refused` for a forbidden mention of everybody, and for forbidden words."""
    if forbids_all and any(re.search(r"\ball\b", each) for each in live_mentions(content)):
        raise Refused(230018, "These operations are NOT allowed at current group settings.")
    text = visible_text(content)
    if any(word in text for word in feishu.words):
        raise Refused(230022, "The content of the message contains sensitive information.")
    if any(re.search(pattern, text) for pattern in feishu.private):
        raise Refused(230028, "The messages do NOT pass the audit.")
