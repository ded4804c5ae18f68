"""A document as a Slack message: Block Kit, with a text for notifications."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from ci_stat.escape import slack_text
from ci_stat.rendering.document import (
    Block,
    Button,
    Document,
    Paragraph,
    Span,
    Text,
    cut,
    plain,
    text,
)
from ci_stat.rendering.fit import fitted
from ci_stat.rendering.plain import block_lines, document_lines, joined

Payload = dict[str, Any]
_SECTION = 2_900  # characters; Slack takes 3,000
_LINE = 1_900  # characters; a context takes 2,000
_BLOCKS = 50
_ELEMENTS = 10  # of a context
_ALL = 12_000  # characters of all sections: nobody reads more in a chat
_IN_LINK = str.maketrans({"|": "%7C", ">": "%3E", "<": "%3C", "&": "&amp;"})


def slack(document: Document) -> Payload:
    """The payload of `chat.postMessage` or a webhook (without a channel), cut to Slack's limits."""
    return fitted(document, _payload, _fits)


def slack_plain(document: Document) -> Payload:
    """The payload without blocks, for a server that refuses them."""
    return {"text": fitted(document, _lines, lambda lines: len(lines) <= _ALL)}


def _fits(payload: Payload) -> bool:
    blocks = payload["blocks"]
    return len(blocks) <= _BLOCKS and sum(map(_text_len, blocks)) <= _ALL


def _text_len(block: Payload) -> int:
    return len(block.get("text", {}).get("text", ""))


def _payload(document: Document) -> Payload:
    content = chain.from_iterable(map(_blocks, document.blocks))
    blocks = [
        _header(document.title),
        _context([text(document.subtitle)]),
        *content,
        {"type": "divider"},
        *_contexts(document.foot),
    ]
    return {"text": slack_text(document.summary, 500), "blocks": blocks}


def _header(title: str) -> Payload:
    return {
        "type": "header",
        "text": {"type": "plain_text", "text": cut(title, 150), "emoji": False},
    }


def _contexts(lines: tuple[Text, ...]) -> Iterator[Payload]:
    for first in range(0, len(lines), _ELEMENTS):
        yield _context(lines[first : first + _ELEMENTS])


def _context(lines: Iterable[Text]) -> Payload:
    return {"type": "context", "elements": [_mrkdwn(_line(line)) for line in lines]}


def _mrkdwn(content: str) -> Payload:
    # verbatim: Slack turns no names and addresses in it into links.
    return {"type": "mrkdwn", "text": content, "verbatim": True}


def _blocks(block: Block) -> Iterator[Payload]:
    if isinstance(block, Button):
        yield {"type": "actions", "elements": [_button(block)]}
        return
    lines = block.lines if isinstance(block, Paragraph) else block_lines(block)
    for piece in joined(map(_line, lines), _SECTION):
        yield {"type": "section", "text": _mrkdwn(piece)}


def _button(block: Button) -> Payload:
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": cut(block.text, 75)},
        "url": block.link,
    }


def _line(line: Text) -> str:
    """A line with links. A line that is too long for a section has none, so that none is cut."""
    linked = "".join(map(_span, line))
    return linked if len(linked) <= _LINE else slack_text(cut(plain(line), _LINE // 5))


def _lines(document: Document) -> str:
    lines = (document.title, document.subtitle, *map(plain, document_lines(document)))
    return "\n".join(map(slack_text, lines))


def _span(span: Span) -> str:
    shown = slack_text(span.text)
    words = shown.strip()
    if not words:
        return shown
    before, _, after = shown.partition(words)
    if span.link:
        words = f"<{span.link.translate(_IN_LINK)}|{words.replace('|', '¦')}>"
    # A star in the words would end the bold text early.
    if span.bold and "*" not in words:
        words = f"*{words}*"
    return f"{before}{words}{after}"
