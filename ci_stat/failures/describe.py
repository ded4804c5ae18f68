"""A failure in words: name, message, place and excerpt from the lines that were found."""

import re
from typing import Any

from ci_stat.failures.document import Document
from ci_stat.failures.fingerprint import fingerprint
from ci_stat.failures.rules import compiled
from ci_stat.failures.select import Found
from ci_stat.failures.vocabulary import loudness
from ci_stat.records import CaseFailure, FailureKind

NAME, MESSAGE, EXCERPT = 300, 1000, 8000  # characters kept
HEAD, TAIL = 60, 20  # lines of a long excerpt

_ENDS = re.compile(r"^[\W_]*$")  # rules, dots, boxes: no words


def told(document: Document, found: Found) -> CaseFailure:
    """What a user is shown of it."""
    groups: dict[str, Any] = found.block.match.groupdict() if found.block else {}
    rule = found.block.rule if found.block else None
    kind = rule.kind if rule else FailureKind.UNKNOWN.value
    message = _message(document, found, groups)
    name = (groups.get("case") or groups.get("name") or message)[:NAME]
    line = groups.get("line") or ""
    return CaseFailure(
        kind=kind, name=name, message=message, source="log",
        suite=(groups.get("suite") or "")[:NAME], file=(groups.get("file") or "")[:NAME],
        line=int(line) if line.isdecimal() and len(line) < 10 else 0,
        first_line=document.numbers[found.first], last_line=document.numbers[found.last],
        excerpt=_excerpt(document, found), rule=rule.name if rule else "general", guess=rule is None,
        fingerprint=fingerprint(kind, name, message),
    )  # fmt: skip


def _message(document: Document, found: Found, groups: dict[str, Any]) -> str:
    """The group `message`, or the line that the rule says speaks, or the loudest one of a guess."""
    block = found.block
    if block is None:
        at = max(
            range(found.first, found.last + 1),
            key=lambda each: (loudness(document.text(each)), -each),
        )
        return document.text(at).strip()[:MESSAGE]
    given = groups.get("message") or groups.get("error")
    if given:
        return str(given).strip()[:MESSAGE]
    said = _spoken(document, found).strip()
    # The function that races tells one race from another; by itself it would not say that it is one.
    where = block.rule.kind == FailureKind.RACE and "race" not in said.casefold()
    return f"DATA RACE: {said}"[:MESSAGE] if where else said[:MESSAGE]


def _spoken(document: Document, found: Found) -> str:
    block = found.block
    assert block is not None
    said = [each for each in range(found.first, found.last + 1) if each != block.at]
    texts = [(each, text) for each in said if not _ENDS.match(text := document.text(each))]
    if block.rule.says:
        hits = [hit for _, text in texts if (hit := compiled(block.rule.says).search(text))]
        if hits:
            hit = hits[-1] if block.rule.last else hits[0]
            return str(hit.groupdict().get("message") or hit.string)
    below = [text for each, text in texts if each > block.at]
    if "case" in block.match.groupdict() and below:
        return below[0]
    return document.text(block.at)


def _excerpt(document: Document, found: Found) -> str:
    """The lines without colours and time stamps; of many lines the first and the last."""
    count = found.last - found.first + 1
    shown = list(range(found.first, found.last + 1))
    if count > HEAD + TAIL:
        head = [document.text(each) for each in shown[:HEAD]]
        tail = [document.text(each) for each in shown[-TAIL:]]
        lines = [*head, f"... {count - HEAD - TAIL} more lines ...", *tail]
    else:
        lines = [document.text(each) for each in shown]
    text = "\n".join(lines)
    return text if len(text) <= EXCERPT else text[: EXCERPT - 4] + "\n..."
