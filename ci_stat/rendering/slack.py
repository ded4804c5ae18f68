"""A document as a Slack message: Block Kit, with a text for notifications."""

from collections.abc import Iterable, Iterator
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
from ci_stat.rendering.plain import block_lines, document_lines

Payload = dict[str, Any]
_SECTION = 2_900  # characters; a section takes 3,000
_LINE = 1_900  # characters; a context takes 2,000
_BLOCKS = 50
_ALL = 12_000  # characters of all sections: beyond that nobody reads a chat message
_IN_LINK = {"|": "%7C", ">": "%3E", "<": "%3C", "&": "&amp;"}


def slack(document: Document) -> Payload:
    """The payload of `chat.postMessage` or a webhook (without a channel), cut to Slack's limits."""
    return fitted(document, _payload, _fits)


def _fits(payload: Payload) -> bool:
    blocks = payload["blocks"]
    return len(blocks) <= _BLOCKS and sum(len(_content(block)) for block in blocks) <= _ALL


def _content(block: Payload) -> str:
    return str(block.get("text", {}).get("text", ""))


def _payload(document: Document) -> Payload:
    subtitle = _context([text(document.subtitle)])
    blocks = [
        _header(document.title),
        subtitle,
        *(each for block in document.blocks for each in _blocks(block)),
    ]
    return {
        "text": slack_text(document.summary, 500),
        "blocks": [*blocks, {"type": "divider"}, *_contexts(document.foot)],
    }


def _header(title: str) -> Payload:
    return {
        "type": "header",
        "text": {"type": "plain_text", "text": cut(title, 150), "emoji": False},
    }


def _context(lines: Iterable[Text]) -> Payload:
    return {"type": "context", "elements": [_mrkdwn(_marked(line)) for line in lines]}


def _contexts(lines: tuple[Text, ...]) -> Iterator[Payload]:
    """At most ten elements each."""
    for first in range(0, len(lines), 10):
        yield _context(lines[first : first + 10])


def _mrkdwn(content: str) -> Payload:
    # verbatim: Slack looks for no names and addresses in it.
    return {"type": "mrkdwn", "text": content, "verbatim": True}


def _blocks(block: Block) -> Iterator[Payload]:
    if isinstance(block, Button):
        button = {
            "type": "button",
            "text": {"type": "plain_text", "text": cut(block.text, 75)},
            "url": block.link,
        }
        yield {"type": "actions", "elements": [button]}
        return
    lines = block.lines if isinstance(block, Paragraph) else block_lines(block)
    for piece in _pieces(map(_marked, lines)):
        yield {"type": "section", "text": _mrkdwn(piece)}


def _pieces(lines: Iterable[str]) -> Iterator[str]:
    held = ""
    for line in lines:
        if held and len(held) + len(line) + 1 > _SECTION:
            yield held
            held = ""
        held = f"{held}\n{line}" if held else line
    if held:
        yield held


def _marked(line: Text) -> str:
    """A line with its links; only its words where that is too long for a section, so that no link is cut open."""
    marked = "".join(map(_span, line))
    return marked if len(marked) <= _LINE else slack_text(cut(plain(line), _LINE // 5))


def slack_words(document: Document) -> Payload:
    """The same without blocks, for a server that refuses them."""
    return {"text": fitted(document, _words, lambda words: len(words) <= _ALL)}


def _words(document: Document) -> str:
    lines = (document.title, document.subtitle, *map(plain, document_lines(document)))
    return "\n".join(slack_text(line) for line in lines)


def _span(span: Span) -> str:
    shown = slack_text(span.text)
    words = shown.strip()
    if not words:
        return shown
    before, _, after = shown.partition(words)
    if span.link:
        address = "".join(_IN_LINK.get(sign, sign) for sign in span.link)
        words = f"<{address}|{words.replace('|', '¦')}>"
    # A star inside would end the emphasis early.
    bold = span.bold and "*" not in words
    return f"{before}{f'*{words}*' if bold else words}{after}"
