"""Cards checked as strictly as Feishu's own server checks them, and read as a person reads them.

No validator is published. The rules come from the vendor's component pages, the codes from its
error list and from published answers. Where a page does not say whether the server refuses
something, this validator refuses it.
"""

from collections.abc import Iterator
from typing import Any

from tests.support.feishu import markup as feishu_markup
from tests.support.feishu.cards_v1 import check_v1
from tests.support.feishu.data import chart_faults, table_faults
from tests.support.feishu.reading import (
    image_keys,
    live_links,
    live_mentions,
    live_tags,
    visible_text,
)
from tests.support.feishu.shapes import Book, Fault, malformed, step
from tests.support.feishu.shapes_v2 import CARD, ELEMENTS, GONE

__all__ = [
    "Fault",
    "check",
    "check_v1",
    "check_v2",
    "image_keys",
    "live_links",
    "live_mentions",
    "live_tags",
    "tagged_nodes",
    "visible_text",
]

_MOST_NODES = 200
_MOST_TABLES = 5
_MOST_TABLES_IN_ONE_TEXT = 4
_DEEPEST = 5


def check(card: Any) -> list[Fault]:
    """The faults of a card by the rules of the schema that it names."""
    if isinstance(card, dict) and card.get("type") == "template":
        told = "template does not exist, please confirm whether this template has been released"
        return [
            Fault(200380, told, value=f"templateID: {_object(card.get('data')).get('template_id')}")
        ]
    return (
        check_v2(card) if isinstance(card, dict) and card.get("schema") == "2.0" else check_v1(card)
    )


def check_v2(card: Any) -> list[Fault]:
    """Why a card of schema 2.0 would be refused; nothing for a good one."""
    style = _object(_object(_object(card).get("config")).get("style"))
    custom = {name: frozenset(_object(style.get(name))) for name in ("text_size", "color")}
    faults = list(Book(ELEMENTS, GONE, custom).faults(CARD, card, "ROOT"))
    # The other rules may rely on a good shape.
    return faults or [*_data_faults(card), *_counts(card), *_ids(card), *_depth(card)]


def tagged_nodes(card: Any) -> int:
    """The number of elements in a card: texts and icons count as their components do."""
    return sum("tag" in node for _, node in _nodes(card, "ROOT"))


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _nodes(node: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """All objects of a card with their places; data of tables and charts contain no elements."""
    if isinstance(node, list):
        for at, each in enumerate(node):
            yield from _nodes(each, step(path, f"[{at}]", each))
    elif isinstance(node, dict):
        yield path, node
        for name, each in node.items():
            if name not in ("rows", "chart_spec"):
                yield from _nodes(each, step(path, name, each))


def _data_faults(card: dict[str, Any]) -> Iterator[Fault]:
    for path, node in _nodes(card, "ROOT"):
        if node.get("tag") == "table":
            yield from table_faults(node, path)
        elif node.get("tag") == "chart":
            yield from chart_faults(node, path)


def _counts(card: dict[str, Any]) -> Iterator[Fault]:
    """Code 11310 for all of them; a table written in Markdown is a table."""
    if tagged_nodes(card) > _MOST_NODES:
        yield Fault(11310, "element exceeds the limit")
    nodes = [node for _, node in _nodes(card, "ROOT")]
    written = [
        feishu_markup.tables(node["content"]) for node in nodes if node.get("tag") == "markdown"
    ]
    tables = sum(node.get("tag") == "table" for node in nodes) + sum(written)
    if tables > _MOST_TABLES or max(written, default=0) > _MOST_TABLES_IN_ONE_TEXT:
        yield Fault(11310, "card table number over limit", value="table")


def _ids(card: dict[str, Any]) -> Iterator[Fault]:
    seen: set[str] = set()
    for path, node in _nodes(card, "ROOT"):
        name = node.get("element_id")
        if name in seen:
            yield malformed(f"duplicate element_id: {name}", path)
        seen |= {name} if name else set()


def _depth(card: dict[str, Any]) -> Iterator[Fault]:
    """Containers within containers: a column is part of its set and counts no level."""
    for path, _ in _nodes(card, "ROOT"):
        containers = ("(tag: column_set)", "(tag: collapsible_panel)")
        if path.endswith(containers) and sum(map(path.count, containers)) > _DEEPEST:
            yield malformed(f"containers nested more than {_DEEPEST} deep", path)
