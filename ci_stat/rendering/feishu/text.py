"""A document as Feishu's `post` and `text` messages: what is left when no card gets through."""

from collections.abc import Iterator
from typing import Any

from ci_stat.escape import message_text
from ci_stat.rendering.document import Document, Span, Table, Text, plain, text
from ci_stat.rendering.plain import document_lines, table_lines


def post(document: Document) -> dict[str, Any]:
    """The `post` content: a title and lines of nodes, by locale."""
    lines = [text(document.subtitle), *document_lines(document)]
    return {
        "zh_cn": {
            "title": message_text(document.title, 200),
            "content": [_nodes(line) for line in lines if line],
        }
    }


def _nodes(line: Text) -> list[dict[str, str]]:
    return [_node(span) for span in line if span.text]


def _node(span: Span) -> dict[str, str]:
    words = message_text(span.text)
    return (
        {"tag": "a", "text": words, "href": span.link}
        if span.link
        else {"tag": "text", "text": words}
    )


def plain_message(document: Document) -> dict[str, str]:
    """The `text` content: everything, without links."""
    lines = [document.title, document.subtitle, *map(plain, document_lines(document))]
    return {"text": "\n".join(map(message_text, lines))}


def bare_message(document: Document) -> dict[str, str]:
    """The `text` content with our own words only: for a filter that refuses words of others."""
    words = "A filter of words refused its details."
    return {
        "text": "\n".join(
            map(message_text, (document.title, document.subtitle, *_own_numbers(document), words))
        )
    }


def _own_numbers(document: Document) -> Iterator[str]:
    table = next(
        (block for block in document.blocks if isinstance(block, Table) and not block.title), None
    )
    if table:
        yield from map(plain, table_lines(table))
