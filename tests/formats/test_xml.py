"""Our XML reader against another one, and its fast paths against its general one."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.formats import junit
from ci_stat.formats.xml_names import unescape
from ci_stat.formats.xml_tokens import CDATA, EMPTY, END, START, Token, XmlTokens
from ci_stat.records.case_results import CaseResult
from tests.formats.result_files import read

LETTERS = st.characters(
    codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff\ufeff"
)
TEXT = st.text(st.one_of(st.sampled_from("<>&\"' \n\t]-!?/=a"), LETTERS), max_size=12)
NAMES = st.sampled_from(["a", "b.c", "testsuite", "system-out", "x:y", "é_1"])


def _cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']] >')}]]>"


def _attribute(pair: tuple[str, str]) -> str:
    name, value = pair
    return f" {name}={quoteattr(value)}"


def _element(name: str, attributes: dict[str, str], inside: list[str]) -> str:
    begin = name + "".join(map(_attribute, attributes.items()))
    return f"<{begin}>{''.join(inside)}</{name}>" if inside else f"<{begin} />"


CONTENT = st.recursive(
    st.one_of(
        TEXT.map(escape),
        TEXT.map(_cdata),
        TEXT.map(lambda text: f"<!--{text.replace('-', '')}-->"),
        st.just("<?pi a > b?>"),
        st.sampled_from(["&#65;", "&#x1F600;", "&quot;", "&apos;"]),
    ),
    lambda inside: st.builds(
        _element,
        NAMES.filter(lambda name: ":" not in name),
        st.dictionaries(NAMES.filter(lambda name: ":" not in name), TEXT, max_size=3),
        st.lists(inside, max_size=4),
    ),
    max_leaves=12,
)


def ours(document: str, size: int) -> list[tuple[str, object]]:
    """Elements with attributes, and texts, in the order of the document."""
    blocks = [document[at : at + size] for at in range(0, len(document), size)]
    tokens = XmlTokens(blocks)
    tokens.wants_text = True
    events: list[tuple[str, object]] = []
    for kind, value, rest in tokens:
        if kind in (START, EMPTY):
            events.append((value, tokens.attributes(rest)))
        if kind in (END, EMPTY):
            events.append(("/", value))
        if kind not in (START, EMPTY, END):
            text = value if kind == CDATA else unescape(value)
            if events and events[-1][0] == "text":
                text = f"{events.pop()[1]}{text}"
            events.append(("text", text))
    return events


def theirs(element: ElementTree.Element) -> Iterator[tuple[str, object]]:
    yield element.tag, dict(element.attrib)
    if element.text:
        yield "text", element.text
    for child in element:
        yield from theirs(child)
        if child.tail:
            yield "text", child.tail
    yield "/", element.tag


@given(st.lists(CONTENT, max_size=6), st.integers(1, 40))
def test_it_reads_what_another_reader_reads(inside: list[str], size: int) -> None:
    document = _element("root", {}, inside)
    expected = list(theirs(ElementTree.fromstring(document)))
    assert ours(document, size) == expected


ATTRIBUTES = st.dictionaries(
    st.sampled_from(["classname", "name", "time", "file", "line", "timestamp", "status", "id"]),
    st.one_of(TEXT, st.sampled_from(["0.5", "7", "a[1]", "fail"])),
    max_size=4,
)
PARTS = st.lists(
    st.one_of(
        st.builds(
            _element,
            st.sampled_from(["failure", "error", "skipped", "flakyFailure", "rerunError"]),
            st.dictionaries(st.sampled_from(["message", "type"]), TEXT, max_size=2),
            st.lists(st.one_of(TEXT.map(escape), TEXT.map(_cdata)), max_size=2),
        ),
        st.builds(
            _element,
            st.sampled_from(["system-out", "system-err", "other"]),
            st.just({}),
            st.lists(st.one_of(TEXT.map(escape), TEXT.map(_cdata)), max_size=2),
        ),
    ),
    max_size=3,
)
CASES = st.lists(st.builds(_element, st.just("testcase"), ATTRIBUTES, PARTS), max_size=6)


@given(CASES, st.integers(1, 200))
def test_the_fast_paths_give_what_the_general_path_gives(found: list[str], size: int) -> None:
    repeated = [case for case in found for _ in range(3)]
    document = f'<testsuite name="s" file="f">{"  ".join(repeated)}</testsuite>'
    fast = read(document, 1 << 20)[0]
    assert read(document, size)[0] == fast
    assert general(document) == fast


def general(document: str) -> list[CaseResult]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(junit, "COMMON", re.compile(r"(?!)"))
        patch.setattr(junit, "shape_of", lambda _: None)
        return read(document)[0]


def test_the_fast_path_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    tags: list[str] = []
    opened = XmlTokens._opened

    def counted(tokens: XmlTokens, tag: str) -> Token:
        tags.append(tag)
        return opened(tokens, tag)

    monkeypatch.setattr(XmlTokens, "_opened", counted)
    case = '<testcase classname="c" name="n" time="0.1"><failure message="m">t</failure></testcase>'
    assert len(read(f"<testsuite>{case * 50}</testsuite>")[0]) == 50
    assert len(tags) == 2  # the suite and the first case
