"""What Feishu's parsers make of one text: what in it acts, and what a person reads.

Where the documentation has several readings, a thing is live if it is live in one of them: a test
that sees nothing live here can trust that. HTML entities are never live. A backslash does not
escape.
"""

import html
import re
from collections.abc import Iterator
from enum import Enum

from markdown_it import MarkdownIt
from markdown_it.token import Token


class Dialect(Enum):
    """Who parses a text."""

    PLAIN = "plain_text"  # nobody
    POST = "text of a post"  # mentions and bare links; entities stay as they are
    TEXT = "text message"  # the same, and entities are decoded
    LARK_MD = "lark_md"  # inline markup; backticks mean nothing, neither one nor three
    MARKDOWN_1 = "markdown of schema 1.0"  # lark_md with fenced code, no code within a line
    MARKDOWN_2 = "markdown of schema 2.0"  # CommonMark without HTML, Setext or indented code


_CODE = "\0"  # each character of code; no pattern below begins with it
_FENCE = re.compile(r" {0,3}(?P<run>`{3,}|~{3,})(?P<info>.*)")
_AT = re.compile(r"<\s*at\b[^>]*>", re.I)
_AT_TAGS = re.compile(r"<\s*/?\s*at\b[^>]*>", re.I)
_TAG = re.compile(r"<\s*/?\s*(?P<name>[a-z_]+)(?=[\s/>])[^>]*>", re.I)
_TARGET = re.compile(r"\]\(\s*<?(?P<url>[^)\s>]*)[^)]*\)")
_REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?(?P<url>[^\s>]+)", re.M)
_ATTRIBUTE = re.compile(r"\b(?:\w*url|href|link)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+)", re.I)
_BARE = re.compile(r"(?:https?://|\bwww\.)[^\s<>\"'`()\[\]|\0]+", re.I)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]*);")
_COMMONMARK = (
    MarkdownIt("commonmark", {"html": True})
    .disable(["html_block", "lheading", "code"])
    .enable(["table", "strikethrough"])
)


def mentions(text: str, dialect: Dialect) -> list[str]:
    """The `<at ...>` that call somebody."""
    return [] if dialect is Dialect.PLAIN else _AT.findall(_without_code(text, dialect))


def tag_names(text: str, dialect: Dialect) -> list[str]:
    """The names of all tags that the parser sees: at, font, person, link, ..."""
    if dialect is Dialect.PLAIN:
        return []
    names = [found["name"].lower() for found in _TAG.finditer(_without_code(text, dialect))]
    return (
        names
        if dialect not in (Dialect.TEXT, Dialect.POST)
        else [name for name in names if name == "at"]
    )


def links(text: str, dialect: Dialect) -> list[str]:
    """Where a click can go, entities decoded, each once; and the keys of images."""
    if dialect is Dialect.PLAIN:
        return []
    rest = _without_code(text, dialect)
    found, rest = ([], rest) if dialect in (Dialect.TEXT, Dialect.POST) else _marked_links(rest)
    found += [match[0].rstrip(".,;:!?") for match in _BARE.finditer(rest)]
    return list(dict.fromkeys(decoded(url) for url in found if url))


def image_keys(text: str, dialect: Dialect) -> list[str]:
    """The keys in `![hover](key)`."""
    if dialect in (Dialect.PLAIN, Dialect.TEXT, Dialect.POST):
        return []
    return re.findall(r"!\[[^\]]*\]\(([^)\s]*)\)", _without_code(text, dialect))


def tables(text: str) -> int:
    """How many Markdown tables a text of schema 2.0 has."""
    return sum(token.type == "table_open" for token in _COMMONMARK.parse(text))


def shown(text: str, dialect: Dialect) -> str:
    """What a person reads: markup taken off, entities decoded."""
    match dialect:
        case Dialect.PLAIN:
            return text
        case Dialect.POST:
            return _AT_TAGS.sub("", text)
        case Dialect.MARKDOWN_2:
            return "\n".join(_lines(_COMMONMARK.parse(text)))
        case Dialect.MARKDOWN_1:
            return "\n".join(each if code else _unmarked(each) for code, each in _fenced(text))
    return decoded(_AT_TAGS.sub("", text)) if dialect is Dialect.TEXT else _unmarked(text)


def decoded(text: str) -> str:
    """Entities with their semicolon, as CommonMark has them; `&lt` without is a plain text."""
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text)


def _marked_links(text: str) -> tuple[list[str], str]:
    """The targets of the marked links, and the text without links but with their labels."""
    targets = [match for match in _TARGET.finditer(text) if "[" in text[: match.start()]]
    found = [match["url"] for match in targets]
    found += [match["url"] for match in _REFERENCE.finditer(text)]
    for tag in _TAG.finditer(text):
        found += [value.strip("\"'") for value in _ATTRIBUTE.findall(tag[0])]
    for match in reversed(targets):
        text = f"{text[: match.start()]}] {text[match.end() :]}"
    return found, _TAG.sub(" ", text)


def _unmarked(text: str) -> str:
    """lark_md without its markup."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"<a\s[^>]*?href\s*=\s*[\"']?([^\s\"'>]+)[\"']?[^>]*>\s*</a>", r"\1", text)
    text = _TAG.sub("", text)
    text = re.sub(r"(\*\*|__|~~)(?=\S)(.+?)(?<=\S)\1", r"\2", text)
    return decoded(re.sub(r"\*(?=\S)(.+?)(?<=\S)\*", r"\1", text))


def _lines(tokens: list[Token]) -> Iterator[str]:
    """The texts of the blocks; a row of a table is one line."""
    row: list[str] | None = None
    for token in tokens:
        if token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and row is not None:
            yield " ".join(row)
            row = None
        elif token.type == "fence":
            yield token.content
        elif token.type == "inline":
            text = "".join(_inline(each) for each in token.children or ())
            if row is None:
                yield text
            else:
                row.append(text)


def _inline(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return "\n"
    if token.type == "html_inline":
        return "\n" if re.match(r"<br\b", token.content) else ""
    return token.content if token.type in ("text", "code_inline") else ""


def _fenced(text: str) -> Iterator[tuple[bool, str]]:
    """The parts of a text without the fences, and whether each part is fenced code.

    A fence that is not closed goes on to the end.
    """
    fence = ""
    part: list[str] = []
    for line in re.split(r"\r\n|\n|\r", text):
        found = _FENCE.fullmatch(line)
        if not fence and found and not (found["run"][0] == "`" and "`" in found["info"]):
            yield False, "\n".join(part)
            fence, part = found["run"], []
        elif fence and found and found["run"].startswith(fence) and not found["info"].strip():
            yield True, "\n".join(part)
            fence, part = "", []
        else:
            part.append(line)
    yield bool(fence), "\n".join(part)


def _without_code(text: str, dialect: Dialect) -> str:
    """The text with `_CODE` for all that is code beyond doubt."""
    text = text.replace(_CODE, "\ufffd")
    if dialect not in (Dialect.MARKDOWN_1, Dialect.MARKDOWN_2):
        return text
    spans = dialect is Dialect.MARKDOWN_2
    parts = [
        _CODE if code else _without_spans(part) if spans else part for code, part in _fenced(text)
    ]
    return "\n".join(parts)


def _without_spans(text: str) -> str:
    """The text without code spans.

    A span ends with its paragraph, line or cell, and a backslash may or may not escape a backtick.
    Only what is code in all of these readings counts as code.
    """
    code = ["`" in text] * len(text)
    for ends in (r"\n", r"\n\s*\n", r"\n|\|"):
        for escapes in (False, True):
            within = _spans(text, ends, escapes)
            code = [both and at in within for at, both in enumerate(code)]
    return "".join(_CODE if hidden else char for char, hidden in zip(text, code, strict=True))


def _spans(text: str, ends: str, escapes: bool) -> set[int]:
    """The positions within code spans, their backticks included."""
    inside: set[int] = set()
    begin = 0
    for block in [*re.finditer(ends, text), None]:
        end = block.start() if block else len(text)
        pattern = re.compile(r"\\.|(?P<run>`+)" if escapes else r"(?P<run>`+)", re.S)
        runs = [found for found in pattern.finditer(text, begin, end) if found["run"]]
        inside |= _between(text, runs, end)
        begin = block.end() if block else end
    return inside


def _between(text: str, runs: list[re.Match[str]], end: int) -> set[int]:
    inside: set[int] = set()
    done = 0
    for run in runs:
        if run.start() < done:
            continue
        # In a span a backslash is a plain character, so its end is any run of the text, also one
        # that is not in `runs`.
        close = re.compile(rf"(?<!`)`{{{len(run[0])}}}(?!`)").search(text, run.end(), end)
        if close:
            inside |= set(range(run.start(), close.end()))
            done = close.end()
    return inside
