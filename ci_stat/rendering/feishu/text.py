"""A document as Feishu's `post` and `text` messages, for servers that refuse each card."""

from collections.abc import Iterator
from typing import Any

from ci_stat.escape import message_text
from ci_stat.rendering.document import Document, Span, Table, Text, plain, text
from ci_stat.rendering.plain import document_lines, table_lines

_REFUSED = "A content filter refused the details."


def post(document: Document) -> dict[str, Any]:
    """The content of a `post`: a title and lines of nodes, by locale."""
    lines = (text(document.subtitle), *document_lines(document))
    title = message_text(document.title, 200)
    return {"zh_cn": {"title": title, "content": [_nodes(line) for line in lines if line]}}


def _nodes(line: Text) -> list[dict[str, str]]:
    return [_node(span) for span in line if span.text]


def _node(span: Span) -> dict[str, str]:
    words = message_text(span.text)
    if span.link:
        return {"tag": "a", "text": words, "href": span.link}
    return {"tag": "text", "text": words}


def plain_message(document: Document) -> dict[str, str]:
    """The content of a `text` with the whole document, without links."""
    lines = map(plain, document_lines(document))
    return _message(document.title, document.subtitle, *lines)


def bare_message(document: Document) -> dict[str, str]:
    """The content of a `text` without foreign words, for a content filter."""
    return _message(document.title, document.subtitle, *_numbers(document), _REFUSED)


def _message(*lines: str) -> dict[str, str]:
    return {"text": "\n".join(map(message_text, lines))}


def _numbers(document: Document) -> Iterator[str]:
    """The table of numbers, which has no title."""
    tables = (block for block in document.blocks if isinstance(block, Table) and not block.title)
    for table in list(tables)[:1]:
        yield from map(plain, table_lines(table))
