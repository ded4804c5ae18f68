"""Fast path for `testcase` elements as most producers write them: at most one problem, then output.

It gives what the general path gives; a test compares both. It halves the time of a file.
"""

import re

from msgspec.structs import replace

from ci_stat.formats.junit_details import PROBLEMS, message_of, word_of
from ci_stat.formats.text_parts import TextPart, tidy
from ci_stat.formats.xml_names import unescape
from ci_stat.formats.xml_parts import one_line
from ci_stat.formats.xml_tokens import XmlTokens
from ci_stat.records.case_results import CaseResult, Limits

_CDATA = r"<!\[CDATA\[[^\]]*+(?:\](?!\]>)[^\]]*+)*+\]\]>"
_TEXT = rf"([^<]*+|{_CDATA})"
_ATTRIBUTES = r"""((?:\s+[\w:.-]++="[^"<>]*+")*+)\s*+"""
_CDATA_BEGIN, _CDATA_END = len("<![CDATA["), len("]]>")
BODY = (
    rf"\s*+(?:<(?P<problem>failure|error|skipped){_ATTRIBUTES}(?:/>|>{_TEXT}</(?P=problem)>)\s*+)?"
    rf"(?:<system-out>{_TEXT}</system-out>\s*+)?(?:<system-err>{_TEXT}</system-err>\s*+)?"
    r"</testcase>"
)
"""Behind `<testcase ...>`. Groups: problem, its attributes, its text, output, error output."""

COMMON = re.compile(BODY)
Body = tuple[str | None, ...]


def with_body(tokens: XmlTokens, base: CaseResult, body: Body, limits: Limits) -> CaseResult:
    """Return the attempt with what the groups of BODY say."""
    problem, attributes, text, stdout, stderr = body
    out, out_cut = _kept(stdout, limits.output) if stdout else ("", 0)
    err, err_cut = _kept(stderr, limits.output) if stderr else ("", 0)
    if not problem:
        is_plain = not (out or err)
        return (
            base if is_plain else replace(base, stdout=out, stderr=err, left_out=out_cut + err_cut)
        )

    content, cut = _kept(text, limits.text) if text else ("", 0)
    stated = tokens.attributes(one_line(attributes)) if attributes else {}
    outcome = PROBLEMS[problem]
    return replace(
        base,
        outcome=outcome,
        word=word_of(problem, outcome, stated),
        message=message_of(stated, content),
        text=content.strip("\n").rstrip(),
        stdout=out,
        stderr=err,
        left_out=cut + out_cut + err_cut,
    )


def _kept(text: str, limit: int) -> tuple[str, int]:
    """Return the text up to its limit, and the number of characters left out."""
    text = text[_CDATA_BEGIN:-_CDATA_END] if text.startswith("<!") else unescape(text)
    if len(text) <= limit:
        return tidy(text), 0
    part = TextPart(limit)
    part.add(text)
    return part.text(), part.left_out
