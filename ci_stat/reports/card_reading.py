"""A Feishu card of ours read back into a document: what a preview draws is what the card says, and nothing else."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ci_stat.escape import visible, web_link
from ci_stat.reports.document import (
    Block,
    Button,
    Chart,
    Document,
    Item,
    Paragraph,
    Section,
    Span,
    Table,
    Text,
    Tone,
)
from ci_stat.reports.feishu_card import COLORS, Card
from ci_stat.reports.feishu_forms import fitted_card

_TONES = {"green": Tone.GOOD, "red": Tone.BAD, "orange": Tone.WARN, "grey": Tone.FAINT}
_COUNT = re.compile(r" \([\d,]+\)$")
_LEFT_OUT = re.compile(r"… and ([\d,]+) (more \D+?)s?")
_MARK = re.compile(
    r"\*\*|\[(?P<words>[^\]]*)\]\((?P<link>[^)]*)\)|<font color='(?P<color>\w+)'>|</font>|[^*\[<]+|."
)


def preview(document: Document) -> Document:
    """What the card of a document says, read back from the card itself."""
    return card_document(fitted_card(document))


def card_document(card: Card) -> Document:
    """What a client shows of a card of schema 2.0 or 1.0."""
    header = card.get("header", {})
    body = card["body"]["elements"] if "body" in card else card.get("elements", [])
    blocks, foot = _split(body)
    tone = next(
        (tone for tone, color in COLORS.items() if color == header.get("template")), Tone.PLAIN
    )
    summary = card.get("config", {}).get("summary", {}).get("content", "")
    return Document(
        _content(header.get("title")),
        _content(header.get("subtitle")),
        tone,
        summary,
        tuple(blocks),
        foot,
    )


def _content(element: dict[str, Any] | None) -> str:
    return visible((element or {}).get("content", ""))


def _split(elements: Sequence[Card]) -> tuple[list[Block], tuple[Text, ...]]:
    """The blocks, and what stands below the last rule."""
    rules = [at for at, element in enumerate(elements) if element["tag"] == "hr"]
    last = rules[-1] if rules else len(elements)
    blocks = [block for element in _whole(elements[:last]) for block in _blocks(element)]
    foot = [line for element in elements[last + 1 :] for line in _foot_lines(element)]
    return _joined(blocks), tuple(foot)


def _whole(elements: Sequence[Card]) -> Iterator[Card]:
    """Elements with the pieces of a long list put together again: a piece goes on where it begins with an entry."""
    held: Card | None = None
    for element in elements:
        content = str(element.get("content", ""))
        if (
            held
            and element["tag"] == "markdown"
            and content.startswith(("• ", "　", "<font color='grey'>… and"))
        ):
            held = {**held, "content": f"{held['content']}\n{content}"}
            continue
        if held:
            yield held
        held = element if element["tag"] == "markdown" else None
        if held is None:
            yield element
    if held:
        yield held


def _foot_lines(element: Card) -> Iterator[Text]:
    if element["tag"] == "note":
        yield from ((Span(_content(each), Tone.FAINT),) for each in element["elements"])
    else:
        yield from map(read_markup, str(element.get("content", "")).split("\n"))


def _blocks(element: Card) -> Iterator[Block]:
    tag = element["tag"]
    if tag == "markdown":
        yield _markdown(element["content"])
    elif tag == "table":
        yield _table(element)
    elif tag == "collapsible_panel":
        yield _panel(element)
    elif tag == "chart":
        yield _chart(element["chart_spec"])
    elif tag == "action":
        yield from (_button(each) for each in element["actions"])
    elif tag == "button":
        yield _button(element)


def _button(element: Card) -> Button:
    link = element.get("url") or element["behaviors"][0]["default_url"]
    return Button(_content(element["text"]), web_link(link) or "")


def _markdown(content: str) -> Block:
    """A titled list where there are bullets in it, else lines."""
    lines = content.split("\n")
    first = next((at for at, line in enumerate(lines) if line.startswith("• ")), None)
    if first is None:
        return Paragraph(tuple(map(read_markup, lines)))
    title = _title("\n".join(lines[:first]))
    return _section(title, lines[first:])


def _title(content: str) -> str:
    """A title without the number of entries, which whoever draws the section writes himself."""
    return _COUNT.sub("", "".join(span.text for span in read_markup(content)))


def _section(title: str, lines: Sequence[str], folded: bool = False) -> Section:
    """Bullets with the lines below them, and how many are left out of each list."""
    below = [at for at, line in enumerate(lines) if not line.startswith("　")]
    parts = [
        lines[at:following] for at, following in zip(below, [*below[1:], len(lines)], strict=True)
    ]
    more, what = _more(parts[-1][0]) if parts else (0, "")
    items = tuple(map(_item, parts[:-1] if more else parts))
    return Section(title, items, 0, more, what, folded)


def _item(lines: Sequence[str]) -> Item:
    inner = [line.strip("　") for line in lines[1:]]
    more, what = _more(inner[-1]) if inner else (0, "")
    shown = inner[:-1] if more else inner
    return Item(
        read_markup(lines[0].removeprefix("• ")), tuple(map(read_markup, shown)), more, what
    )


def _more(line: str) -> tuple[int, str]:
    """What a line says of things left out: how many of what; none for any other line."""
    found = _LEFT_OUT.fullmatch("".join(span.text for span in read_markup(line)))
    return (int(found[1].replace(",", "")), found[2]) if found else (0, "")


def _table(element: Card) -> Table:
    names = [column["name"] for column in element["columns"]]
    rows = tuple(tuple(read_markup(row.get(name, "")) for name in names) for row in element["rows"])
    return Table("", tuple(column["display_name"] for column in element["columns"]), rows)


def _panel(element: Card) -> Section:
    title = _title(element["header"]["title"]["content"])
    lines = [line for each in element["elements"] for line in each["content"].split("\n")]
    return _section(title, lines, folded=not element["expanded"])


def _chart(spec: Card) -> Chart:
    bars, line = (data["values"] for data in spec["data"])
    shares = {value["x"]: value["y"] / 100 for value in line}
    return Chart(
        "", tuple(value["x"] for value in bars), bars[0]["name"] if bars else "", tuple(value["y"] for value in bars),
        line[0]["name"].removesuffix(" (%)") if line else "", tuple(shares.get(value["x"]) for value in bars),
    )  # fmt: skip


def _joined(blocks: Sequence[Block]) -> list[Block]:
    """Titles, which are paragraphs of one bold line in a card, go to the table or chart below them."""
    joined: list[Block] = []
    for block in blocks:
        before = joined[-1] if joined else None
        if (
            isinstance(block, (Table, Chart))
            and isinstance(before, Paragraph)
            and _is_title(before)
        ):
            joined[-1] = _titled(block, before.lines[0][0].text)
        else:
            joined.append(block)
    return joined


def _is_title(block: Paragraph) -> bool:
    return (
        len(block.lines) == 1
        and len(block.lines[0]) == 1
        and block.lines[0][0].bold
        and not block.lines[0][0].tone
    )


def _titled(block: Table | Chart, title: str) -> Block:
    return replace(block, title=title)


def read_markup(content: str) -> Text:
    """One line of card markup as spans."""
    spans: list[Span] = []
    bold, tone = False, Tone.PLAIN
    for mark in _MARK.finditer(content):
        if mark[0] == "**":
            bold = not bold
        elif mark["color"]:
            tone = _TONES.get(mark["color"], Tone.PLAIN)
        elif mark[0] == "</font>":
            tone = Tone.PLAIN
        elif mark["link"] is not None:
            spans.append(Span(html.unescape(mark["words"]), tone, bold, web_link(mark["link"])))
        else:
            spans.append(Span(html.unescape(mark[0]), tone, bold))
    return tuple(spans)
