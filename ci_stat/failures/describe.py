"""Describe a failure for a user: name, message, place in the code and excerpt from its lines."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from ci_stat.failures.document import Document
from ci_stat.failures.fingerprint import MAX_NAME, fingerprint
from ci_stat.failures.guessing.kinds import kind_of
from ci_stat.failures.guessing.reporters import case_of
from ci_stat.failures.rules import compiled
from ci_stat.failures.select import FailureSpan
from ci_stat.failures.telling import command_above, report_above, telling
from ci_stat.failures.vocabulary import loudness
from ci_stat.records import CaseFailure, FailureKind

MAX_MESSAGE, MAX_EXCERPT = 1000, 8000  # characters
HEAD, TAIL = 60, 20  # lines of an excerpt that is too long to be shown in full

MAX_LINES, MAX_CHARS = 120, 16_000  # of one failure
LONG_LINE = 400  # characters of a line that count
MAX_TOTAL = 12_000  # characters of all failures; those after it show their first lines only
REST = 3  # lines of a failure after that

_SAYS = re.compile(r"^\S+ ?: \S")  # `subject: what is wrong with it`
_NO_WORDS = re.compile(r"^[\W_]*$")  # rulers, dots, frames


def describe(document: Document, span: FailureSpan) -> CaseFailure:
    """Return the failure that these lines of a log show."""
    rule = span.block.rule if span.block else None
    groups = span.block.match.groupdict() if span.block else _guessed_groups(document, span)
    line = _message(document, span, groups)[:MAX_MESSAGE]

    kind = rule.kind if rule else _guessed_kind(document, span, line, groups)
    named = groups.get("case") or groups.get("name") or _named_after_command(document, span, line)
    name = named[:MAX_NAME]

    # The kind of a guess is a guess, too: it does not tell failures apart, but a case does.
    is_named = rule is not None or bool(groups.get("case"))
    identity = kind if is_named else FailureKind.UNKNOWN.value

    return CaseFailure(
        kind=kind,
        name=name,
        message=_told(document, span, line)[:MAX_MESSAGE],
        source="log",
        suite=(groups.get("suite") or "")[:MAX_NAME],
        file=(groups.get("file") or "")[:MAX_NAME],
        line=_line_number(groups.get("line") or ""),
        first_line=document.numbers[span.first],
        last_line=document.numbers[span.last],
        excerpt=_excerpt(document, span),
        rule=rule.name if rule else "general",
        guess=rule is None,
        fingerprint=fingerprint(identity, name, line),
    )


def _guessed_groups(document: Document, span: FailureSpan) -> dict[str, Any]:
    """Return the name of the case whose report a guess shows, as a rule's group."""
    if span.first == span.last:
        return {}
    return {"case": case_of(document.text(span.first), document.text(span.first + 1))}


def _guessed_kind(
    document: Document, span: FailureSpan, message: str, groups: dict[str, Any]
) -> str:
    texts = document.line_texts(span.positions[:HEAD])
    return kind_of(texts, message, groups.get("case") or "").value


def short_spans(document: Document, spans: Sequence[FailureSpan]) -> list[FailureSpan]:
    """Cut failures that are too long to be shown as a cause; the excerpt keeps their end."""
    result: list[FailureSpan] = []
    used = 0
    for span in spans:
        most = MAX_LINES if used < MAX_TOTAL else REST
        last, chars = span.first, _counted(document, span.first)

        for position in range(span.first + 1, min(span.last, span.first + most - 1) + 1):
            chars += _counted(document, position)
            if chars > MAX_CHARS:
                break
            last = position

        used += chars
        result.append(FailureSpan(span.first, last, span.block))
    return result


def _counted(document: Document, position: int) -> int:
    return min(LONG_LINE, size(document, position))


def size(document: Document, position: int) -> int:
    """Return the length of a line in characters, as it stands in the log."""
    return len(document.raw(position).decode("utf-8", "replace")) + 1


def total_size(document: Document, positions: Iterable[int]) -> int:
    """Return the length of lines in characters, as they stand in the log."""
    return sum(size(document, position) for position in positions)


def _line_number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _message(document: Document, span: FailureSpan, groups: dict[str, Any]) -> str:
    """Return the rule's group `message`, or the line that explains the failure best."""
    block = span.block
    if block is None:
        # The first line of a case is its name.
        positions = span.positions[1:] if groups.get("case") else span.positions
        return _loudest(document.line_texts(positions)).strip()

    message = groups.get("message") or groups.get("error")
    if message:
        return str(message).strip()

    line = _message_line(document, span).strip()
    if block.rule.kind == FailureKind.RACE and "race" not in line.casefold():
        # The name of a racing function tells one race from another, but not that it is a race.
        return f"DATA RACE: {line}"
    return line


def _named_after_command(document: Document, span: FailureSpan, line: str) -> str:
    """Return what happened to the command that ended here; the line if the log names no command."""
    block = span.block
    if block is None or not block.rule.ended:
        return line
    command = command_above(document, block.at)
    return f"{command}: {block.rule.ended}" if command else line


def _told(document: Document, span: FailureSpan, line: str) -> str:
    """Return what tells a reader most: the line, or what the lines around it say."""
    block = span.block
    if block is None:
        return line
    texts = document.line_texts(own_positions(document, span)[:MAX_LINES])
    if block.rule.tells:
        pattern = compiled(block.rule.tells)
        return next((text.strip() for text in texts if pattern.search(text)), line)
    if block.rule.ended:
        return _named_after_command(document, span, line)
    if block.at == span.last and "case" in block.match.groupdict():
        return report_above(document, block.at, block.match["case"]) or telling(line, texts)
    return telling(line, texts)


def _loudest(lines: Sequence[str]) -> str:
    """Return the first of the lines that look most like a message."""
    return max(lines, key=lambda line: (loudness(line), bool(_SAYS.search(line))))


def _message_line(document: Document, span: FailureSpan) -> str:
    """Return the line that the rule's `says` matches, else the first one below the case's name."""
    block = span.block
    assert block is not None

    texts: dict[int, str] = {}
    for position in span.positions:
        text = document.text(position)
        if position != block.at and not _NO_WORDS.match(text):
            texts[position] = text

    if block.rule.says:
        pattern = compiled(block.rule.says)
        matches = [match for text in texts.values() if (match := pattern.search(text))]
        if matches:
            match = matches[-1] if block.rule.last else matches[0]
            return str(match.groupdict().get("message") or match.string)

    below = [text for position, text in texts.items() if position > block.at]
    if "case" in block.match.groupdict() and below:
        return below[0]
    return document.text(block.at)


def own_positions(document: Document, span: FailureSpan) -> Sequence[int]:
    """Return the lines of a failure without those that other branches wrote between them."""
    at = span.block.at if span.block else span.first
    own = [position for position in span.positions if document.same_stream(position, at)]
    return own if len(own) < len(span.positions) else span.positions


def _excerpt(document: Document, span: FailureSpan) -> str:
    """Return the lines without colours and time stamps; of many, only the first and the last."""
    lines = document.line_texts(own_positions(document, span))
    omitted = len(lines) - HEAD - TAIL
    if omitted > 0:
        lines[HEAD:-TAIL] = [f"... {omitted} more lines ..."]

    text = "\n".join(lines)
    return text if len(text) <= MAX_EXCERPT else text[: MAX_EXCERPT - 4] + "\n..."
